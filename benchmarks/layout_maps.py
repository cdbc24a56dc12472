"""Every route from collections to a map beside the maps that Atlas makes of the same collections, judged by one code.

Ours are those of a new atlas, made by ``atlas run``, and the one among them that its sweep report recommends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from atlas_assets.errors import AtlasError
from benchmarks import atlas_run, judge, layout_data, measure, routes
from benchmarks.measure import Job, Limits
from benchmarks.report import Kind, Row

ATLAS, CHANCE = "atlas", "chance"
RECALL, TRIPLETS, SECONDS = "held-out recall", "triplet accuracy", "map seconds"
Told = Callable[[str], None]


@dataclass
class Map:
    """One map and its figures; ``note`` says why there are none."""

    name: str
    peer: str
    seconds: float | None = None
    recall: float | None = None
    triplets: float | None = None
    triplets_error: float | None = None
    shares: np.ndarray | None = None  # of the triplets, a by a
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
    lists = [str(scratch / "indices.npy"), str(scratch / "similarity.npy")]
    for path, array in zip(lists, made.lists(best.graph), strict=True):
        np.save(path, array)
    found = []
    for key, point in points.items():
        np.save(scratch / f"{key}.npy", point.positions)
        one = Map(key, ATLAS, point.seconds, recommended=key == made.recommended)
        found.append(_judged(one, scratch / f"{key}.npy", folder, lists, limits))
    jobs = {
        (name, route.peer): Job("benchmarks.routes:walked", {"route": name, "folder": str(folder)})
        for name, route in routes.ROUTES.items() if route.peer in peers
    }  # fmt: skip
    for layout, name, peer in (("umap", "UMAP", "umap-learn"), ("tsne", "t-SNE", "openTSNE")):
        if peer in peers:
            arguments = {"indices": lists[0], "similarity": lists[1], "layout": layout}
            jobs[same_graph(best.graph, name), peer] = Job("benchmarks.layout_jobs:lists_laid_out", arguments)
    for at, ((name, peer), job) in enumerate(jobs.items()):
        progress(f"{case}: {name}")
        out = scratch / f"route-{at}.npy"
        outcome = measure.run(Job(job.call, {**job.arguments, "out": str(out)}), limits)
        if outcome.values is None:
            found.append(Map(name, peer, note=outcome.note))
        else:
            one = Map(name, peer, outcome.values["seconds"])
            found.append(_judged(one, out, folder, lists, limits))
    n = layout_data.about(folder)["entities"]
    return [*found, Map("any", CHANCE, recall=judge.NEIGHBOURS / (n - 1), triplets=0.5)]


def same_graph(graph: str, layout: str) -> str:
    """The name of a peer's layout of the graph that the recommended map was made from."""
    return f"Atlas's graph {graph}, {layout}"


def _atlas_run(case: str, folder: Path, project: Path, limits: Limits) -> atlas_run.Made:
    kept = layout_data.setting(case)
    atlas_run.make_project(
        project, folder / "rows.parquet", columns={"collection": "collection", "entity": "entity"},
        filter={"min_collections": kept.min_collections, "max_collection_size": kept.max_collection_size},
        quality={"holdout": layout_data.HOLDOUT}, seed=layout_data.SEED,
    )  # fmt: skip
    outcome = measure.run(Job("benchmarks.atlas_run:run", {"folder": str(project)}), limits)
    if outcome.values is None:
        raise AtlasError(f"atlas run gave no maps: {outcome.note}")
    made = atlas_run.Made(project)
    expected = pl.read_parquet(folder / "index" / "ids.parquet")["id"]
    if not made.ids().equals(expected):
        raise AtlasError("atlas run kept other entities than the benchmark has prepared; the two filters differ.")
    return made


def _judged(one: Map, positions: Path, folder: Path, lists: list[str], limits: Limits) -> Map:
    arguments = {"folder": str(folder), "positions": str(positions), "lists": lists}
    outcome = measure.run(Job("benchmarks.layout_jobs:judged", arguments), limits)
    values = outcome.values or {}
    one.recall, one.triplets = values.get("recall"), values.get("triplets")
    one.triplets_error, one.note = values.get("triplets_error"), outcome.note
    one.shares = np.array(values["shares"]) if "shares" in values else None
    return one


def difference(ours: Map, theirs: Map) -> str:
    """By how much our map keeps more triplets in order, with the error of that: both are judged by the same ones."""
    if ours.shares is None or theirs.shares is None:
        return ""
    mean, error = judge.with_error(ours.shares - theirs.shares)
    return f"ours keeps {mean:+.4f} ± {error:.4f} more"


def rows(case: str, found: Sequence[Map]) -> list[Row]:
    """The recommended map against every other; our other maps stand alone. None where there are no maps."""
    ours = next((one for one in found if one.recommended), None)
    made = []
    for one in found:
        if ours is None or one is ours:
            continue
        of = f"map by {one.name}"
        figures: tuple[tuple[str, Kind, float | None, float | None], ...] = (
            (RECALL, "gain", ours.recall, one.recall), (TRIPLETS, "gain", ours.triplets, one.triplets),
            (SECONDS, "cost", ours.seconds, one.seconds),
        )  # fmt: skip
        for metric, kind, mine, theirs in figures:
            note = one.note or (difference(ours, one) if metric == TRIPLETS else "")
            if one.peer == ATLAS:
                made.append(Row("layout", case, metric, ATLAS, theirs, None, kind, note, of=of))
            else:
                made.append(Row("layout", case, metric, one.peer, mine, theirs, kind, note, of=of))
    return made


def show(case: str, folder: Path, found: Sequence[Map], console: Console) -> None:
    """Print all maps, best recall first, with what the figures mean."""
    about = layout_data.about(folder)
    console.print(
        f"[bold]{case}[/bold] ({layout_data.setting(case).about}): {about['entities']:,} entities, "
        f"{about['collections']:,} collections, {about['held_out_collections']:,} held out", soft_wrap=True,
    )  # fmt: skip
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("map", overflow="fold")
    table.add_column("by", overflow="fold")
    for heading in ("recall", "triplets", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in sorted(found, key=lambda one: -(one.recall or 0)):
        name = f"→ {one.name}" if one.recommended else one.name
        if one.recall is None:
            table.add_row(name, one.peer, one.note, "", "")
            continue
        error = "" if one.triplets_error is None else f" ± {one.triplets_error:.4f}"
        triplets = "" if one.triplets is None else f"{one.triplets:.4f}{error}"
        table.add_row(
            name, one.peer, f"{one.recall:.4f}", triplets, "" if one.seconds is None else f"{one.seconds:.1f}"
        )
    console.print(table)
    console.print(
        "→ recommended. Recall: pairs of held-out collections among each other's 15 nearest, all pairs. Triplets: as "
        "ordered by shortest paths on the recommended map's graph, with the standard error over rows. Seconds: from "
        "collections to map, without imports and compilation.", soft_wrap=True,
    )  # fmt: skip
