"""Where a map comes from, for whoever receives it: data, parameters, and the contents that it was made from.

Nothing in it depends on when, where or by whom it was made, so equal maps have equal provenance; and nothing tells
outsiders where files lie.
"""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib import metadata
from typing import Any

from atlas_assets import __version__, methods
from atlas_assets.kinds import last_parts
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.spec.sweep import Sweep

# What results depend on: another version of one of these may give another map. So may the library of a layout by one.
LIBRARIES = ("numba", "numpy", "polars", "pymde", "scikit-learn", "scipy", "torch")
PARAMETERS = {"filter", "relation", "embedding", "sweep", "quality", "display", "seed"}


def of(run: StageRun, joined: Sweep) -> dict[str, Any]:
    """Of the bundle of an atlas that holds the points of ``joined``, as JSON."""
    spec = run.spec
    source = spec.source.model_dump(mode="json", exclude_none=True)
    source[spec.source.kind.name] = spec.source.kind.told(spec.source.options)
    if "entities" in source:
        source["entities"] = last_parts(source["entities"])
    for private in ("query", "trust"):
        source.pop(private, None)
    return {
        "atlas": {"name": run.name, "title": spec.title or run.name, "description": spec.description},
        "data": {"attribution": spec.attribution, "licence": spec.licence, "source": source},
        "parameters": spec.model_dump(mode="json", by_alias=True, exclude_none=True, include=PARAMETERS),
        "made_with": {"atlas": __version__, "python": platform.python_version()}
        | _versions({*LIBRARIES, *_layout_libraries(joined)}),
        "artifacts": _artifacts(run, {*joined.graphs, *joined.embeddings, *joined.projections, None}),
    }


def _versions(libraries: set[str]) -> dict[str, str]:
    """Of those that are installed: the others were not used."""
    found: dict[str, str] = {}
    for name in sorted(libraries, key=str.lower):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _layout_libraries(joined: Sweep) -> set[str]:
    chosen = (methods.METHODS[p.method].library for p in joined.projections.values() if p.engine == "library")
    return {library.distribution for library in chosen if library}


def _artifacts(run: StageRun, keys: set[str | None]) -> dict[str, dict[str, str]]:
    """Everything that went into the bundle, by address: the hash of its content, and what it was made to resemble."""
    pipeline = run.pipeline
    found: dict[str, dict[str, str]] = {}
    waiting = list(pipeline.stages["bundle"].inputs(None))
    while waiting:
        address = waiting.pop()
        stage = pipeline.stages[address.stage]
        if str(address) in found or address.partition not in keys:
            continue
        stored = run.store.current(address)
        if stored is None:
            continue
        found[str(address)] = {"content": stored.version, "code": stage.code_version}
        before = (stored.predecessor or {}).get("version")
        if before and before != stored.version:  # itself: it was made again and came out the same
            found[str(address)]["resembles"] = before
        waiting += stage.inputs(address.partition)
    return dict(sorted(found.items()))
