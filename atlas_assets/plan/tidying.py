"""``atlas prune``, the job of the same name, and the tidying after each run: what goes, said in words."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from atlas_assets import project
from atlas_assets.plan.pipeline import VIEWER, Pipeline, folders
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load_all
from atlas_assets.spec.refresh import RetentionSpec
from atlas_assets.store.artifacts import RUNS, ArtifactStore, project_store
from atlas_assets.store.pruning import Pruned, prune

PLURALS = {
    "earlier version": "earlier versions",
    "unfinished version": "unfinished versions",
    "removed point": "artifacts of removed points",
    "left by a killed run": "left by killed runs",
    "cached copy": "cached copies",
    "broken version": "broken versions, set aside",
    "picture of a run": "pictures of earlier runs",
}


def tidy(pipeline: Pipeline, store: ArtifactStore, *, dry_run: bool = False) -> Pruned:
    """Take away what an atlas can do without, by its ``retention``."""
    retention = pipeline.spec.retention
    if retention.runs is not None and not dry_run:
        store.forget(RUNS, before=time.time() - retention.runs)
    return prune(
        store, pipeline.name, live=pipeline.addresses(), stages=folders(), retention=retention, dry_run=dry_run
    )


def tidy_viewer(store: ArtifactStore, *, dry_run: bool = False) -> Pruned:
    """The same for the viewer, which all atlases share."""
    retention = RetentionSpec.model_validate({})
    return prune(store, VIEWER.atlas, live=[VIEWER], stages=[VIEWER.stage], retention=retention, dry_run=dry_run)


def tidy_all(specs: list[AtlasSpec] | None = None, *, dry_run: bool = False) -> list[tuple[str, Pruned]]:
    """Tidy these atlases; None: every one of the project, and the viewer."""
    store, base = project_store(), project.root()
    found = load_all(project.spec_files()) if specs is None else specs
    pipelines = [Pipeline(spec, base=base) for spec in found]
    results = [(pipeline.name, tidy(pipeline, store, dry_run=dry_run)) for pipeline in pipelines]
    results += [] if specs else [(VIEWER.atlas, tidy_viewer(store, dry_run=dry_run))]
    return results


def summary(done: Pruned) -> list[dict[str, Any]]:
    """What went, a row for each stage and reason, the largest first."""
    numbers, sizes = Counter(), Counter()
    for waste in done.gone:
        row = (_stage(waste.name), PLURALS[waste.kind])
        numbers[row] += 1
        sizes[row] += waste.bytes
    return [
        {"stage": stage, "what": what, "number": numbers[stage, what], "size": size_text(size)}
        for (stage, what), size in sizes.most_common()
    ]


def waiting(done: Pruned) -> str | None:
    """What stays for now although the sweep does not have it any more, in a sentence."""
    if not done.waiting:
        return None
    first, n = datetime.fromtimestamp(min(done.waiting.values()), UTC).date(), len(done.waiting)
    what = "1 artifact" if n == 1 else f"{n:,} artifacts"
    return f"{what} of points that the sweep does not have any more: kept until {first} or later."


def show(results: Iterable[tuple[str, Pruned]], console: Console) -> None:
    """What goes, or would go, as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("atlas")
    table.add_column("stage")
    table.add_column("what goes")
    table.add_column("number", justify="right")
    table.add_column("size", justify="right")
    for name, done in results:
        for row in summary(done):
            table.add_row(name, row["stage"], row["what"], f"{row['number']:,}", row["size"])
    if table.row_count:
        console.print(table)
    for name, done in results:
        if told := waiting(done):
            console.print(f"{name}: {told}", soft_wrap=True)


def size_text(n_bytes: float) -> str:
    """Bytes as people read them: 1.2 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:,.0f} {unit}" if unit == "bytes" or n_bytes >= 100 else f"{n_bytes:,.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError("unreachable")


def _stage(name: str) -> str:
    """The stage of a waste's name, which is an address, or a file of no stage."""
    parts = name.split(" ")[0].split("/")
    return parts[1] if len(parts) > 1 else ""
