"""``points.yaml`` beside a ``defs.yaml``: points of the sweep that were found or added, one per line.

Sweeps and the job ``add_point`` add lines at its end; nothing else in it is ever touched, so that people can edit it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from atlas_assets.errors import Found, SpecError
from atlas_assets.spec import yaml_file

if TYPE_CHECKING:
    from atlas_assets.spec.sweep import ProjectionPoint

NAME = "points.yaml"
HEAD = """\
# Points of the sweep beside those of defs.yaml, one per line. `atlas sweep` and the job add_point add lines at the end;
# edit and delete them as you like.
"""


def beside(spec_file: Path) -> Path:
    return spec_file.parent / NAME


def read(path: Path) -> list[Any]:
    """The points in the file as they are written, none where there is no file. Raises SpecError where it is no list."""
    try:
        points = yaml_file.read(path)
    except FileNotFoundError:
        return []
    if points is None:
        return []
    if not isinstance(points, list):
        raise SpecError(
            file=path,
            field="",
            found=Found("holds no list"),
            expected="one point per line, each after a '- '",
            remedy="Write '- {n_neighbors: 15, embedding_dim: 3, projection: {method: umap}}', or delete the file.",
        )
    return points


def add(path: Path, points: Iterable[ProjectionPoint], *, because: str) -> None:
    """Write the points at the end, each with the reason as a comment."""
    lines = "".join(f"- {_line(as_written(point))}  # {because}\n" for point in points)
    if not lines:
        return
    with path.open("a+", encoding="utf-8") as file:
        file.seek(0)
        before = file.read()
        file.write(("" if before else HEAD) + ("" if not before or before.endswith("\n") else "\n") + lines)


def as_written(point: ProjectionPoint) -> dict[str, Any]:
    """The point as people write it in a spec; what does not matter for it is left out."""
    projection: dict[str, Any] = {"method": point.method}
    if point.source == "graph":
        projection["from"] = "graph"
    if point.dims != 2:
        projection["dims"] = point.dims
    if point.engine != "atlas":
        projection["engine"] = point.engine
    made = {"embedding_dim": point.embedding.embedding_dim} if point.embedding else {}
    return {"n_neighbors": point.graph.n_neighbors, **made, "projection": projection | dict(point.parameters)}


def _line(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6).strip()
