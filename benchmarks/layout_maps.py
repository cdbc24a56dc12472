"""Every route from collections to a map beside the maps that Atlas makes of the same collections, judged by one code.

Ours are those of a new atlas, made by ``atlas run``, and the one among them that its sweep report recommends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from atlas_assets.errors import AtlasError
from benchmarks import atlas_run, judge, layout_data, layout_figures, measure, routes
from benchmarks.layout_figures import RECALL, TRIPLETS, Figures
from benchmarks.measure import Job, Limits
from benchmarks.report import Row, with_error

ATLAS, CHANCE = "atlas", "chance"
SECONDS, MAP_BY = "map seconds", "map by "
Told = Callable[[str], None]


@dataclass
class Map:
    """One map and its figures; the note of these, or its own, says why there are none."""

    name: str
    peer: str
    seconds: float | None = None
    figures: Figures = field(default_factory=Figures)
    note: str = ""
    recommended: bool = False


def maps(case: str, folder: Path, peers: Sequence[str], scratch: Path, *, limits: Limits, progress: Told) -> list[Map]:
    """Atlas's maps, those of the routes whose peer is asked for, other layouts of the recommended map's graph, chance.

    Raises AtlasError where ``atlas run`` fails: there is nothing to compare with then.
    """
    progress(f"{case}: atlas run")
    made = _atlas_run(case, folder, scratch / "project", limits)
    points = {point.key: point for point in made.points() if point.dims == 2}
    best = points[made.recommended]
    lists = scratch / "indices.npy", scratch / "similarity.npy"
    for path, array in zip(lists, made.lists(best.graph), strict=True):
        np.save(path, array)
    found = []
    for key, point in points.items():
        np.save(scratch / f"{key}.npy", point.positions)
        figures = layout_figures.judged(scratch / f"{key}.npy", folder, lists, limits)
        found.append(Map(key, ATLAS, point.seconds, figures, figures.note, recommended=key == made.recommended))
    jobs = {
        (name, route.peer): Job("benchmarks.routes:walked", {"route": name, "folder": str(folder)})
        for name, route in routes.ROUTES.items()
        if route.peer in peers
    }
    for layout, name, peer in (("umap", "UMAP", "umap-learn"), ("tsne", "t-SNE", "openTSNE")):
        if peer in peers:
            arguments = {"indices": str(lists[0]), "similarity": str(lists[1]), "layout": layout}
            jobs[same_graph(best.graph, name), peer] = Job("benchmarks.layout_jobs:lists_laid_out", arguments)
    for at, ((name, peer), job) in enumerate(jobs.items()):
        progress(f"{case}: {name}")
        out = scratch / f"route-{at}.npy"
        outcome = measure.run(Job(job.call, {**job.arguments, "out": str(out)}), limits)
        if outcome.values is None:
            found.append(Map(name, peer, note=outcome.note))
        else:
            figures = layout_figures.judged(out, folder, lists, limits)
            found.append(Map(name, peer, outcome.values["seconds"], figures, figures.note))
    n = layout_data.about(folder)["entities"]
    return [*found, Map("any", CHANCE, figures=Figures(judge.NEIGHBOURS / (n - 1), 0.5))]


def same_graph(graph: str, layout: str) -> str:
    """The name of a peer's layout of the graph that the recommended map was made from."""
    return f"Atlas's graph {graph}, {layout}"


def _atlas_run(case: str, folder: Path, project: Path, limits: Limits) -> atlas_run.Made:
    kept = layout_data.setting(case)
    atlas_run.make_project(
        project,
        folder / "rows.parquet",
        columns={"collection": "collection", "entity": "entity"},
        filter={"min_collections": kept.min_collections, "max_collection_size": kept.max_collection_size},
        quality={"holdout": layout_data.HOLDOUT},
        seed=layout_data.SEED,
    )
    outcome = measure.run(Job("benchmarks.atlas_run:run", {"folder": str(project)}), limits)
    if outcome.values is None:
        raise AtlasError(f"atlas run gave no maps: {outcome.note}")
    made = atlas_run.Made(project)
    expected = pl.read_parquet(folder / "index" / "ids.parquet")["id"]
    if not made.ids().equals(expected):
        raise AtlasError("atlas run kept other entities than the benchmark has prepared; the two filters differ.")
    return made


def rows(case: str, found: Sequence[Map]) -> list[Row]:
    """The recommended map against every other; our other maps stand alone. None where there are no maps."""
    ours = next((one for one in found if one.recommended), None)
    made = []
    for one in found:
        if ours is None or one is ours:
            continue
        of = f"{MAP_BY}{one.name}"
        if one.peer == ATLAS:
            made += layout_figures.rows(case, ATLAS, one.figures, Figures(), of=of, note=one.note)
            made.append(Row("layout", case, SECONDS, ATLAS, one.seconds, None, note=one.note, of=of))
        else:
            made += layout_figures.rows(case, one.peer, ours.figures, one.figures, of=of, note=one.note)
            made.append(Row("layout", case, SECONDS, one.peer, ours.seconds, one.seconds, note=one.note, of=of))
    return made


def show(case: str, folder: Path, found: Sequence[Map], console: Console) -> None:
    """Print all maps, best recall first, with what the figures mean."""
    about = layout_data.about(folder)
    console.print(
        f"[bold]{case}[/bold] ({layout_data.setting(case).about}): {about['entities']:,} entities, "
        f"{about['collections']:,} collections, {about['held_out_collections']:,} held out",
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("map", overflow="fold")
    table.add_column("by", overflow="fold")
    for heading in ("recall", "→ keeps more", "triplets", "→ keeps more", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    recommended = next((one for one in found if one.recommended), None)
    for one in sorted(found, key=lambda one: -(one.figures.recall or 0)):
        name = f"→ {one.name}" if one.recommended else one.name
        if one.figures.recall is None:
            table.add_row(name, one.peer, one.note)
            continue
        cells = []
        for metric in (RECALL, TRIPLETS):
            value, error = one.figures.told(metric)
            more = recommended.figures.less(one.figures, metric) if recommended and one is not recommended else None
            cells += [with_error(value, error), with_error(*more, sign="+") if more else ""]
        table.add_row(name, one.peer, *cells, "" if one.seconds is None else f"{one.seconds:.1f}")
    console.print(table)
    console.print(
        "→ recommended; how much more it keeps than the others. Recall: pairs of held-out collections among each "
        "other's 15 nearest, all pairs. Triplets: as ordered by shortest paths on the recommended map's graph. ±: "
        "standard error, over collections and over rows. Seconds: from collections to map, without imports and "
        "compilation.",
        soft_wrap=True,
    )
