"""From what the spec says about a source to the reader that knows it, and a record of what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atlas_assets import project, report, source_state
from atlas_assets.components import source_check
from atlas_assets.components.pipeline import Outcome, StageRun
from atlas_assets.spec import SourceSpec
from atlas_assets.stages.artifact import Progress


def make_tables(run: StageRun, folder: Path) -> Outcome:
    """The canonical tables of the source; what lay there when they were read is recorded with them."""
    began = source_state.observe(run.spec.source, base=run.base)
    facts = read(run.spec.source, folder, base=run.base, progress=run.progress)
    ended = source_state.observe(run.spec.source, base=run.base)
    summary = source_check.summary(folder, facts)
    run.read_from = {"state": ended.as_record(), "asked": source_check.asked_of(run), "summary": summary}
    return Outcome(source_check.checks(run, summary, began=began, ended=ended), report.raw(facts))


def read(source: SourceSpec, folder: Path, *, base: Path, progress: Progress) -> dict[str, Any]:
    """Write the canonical tables into ``folder``; returns the reader's report. Raises DataError on bad input."""
    if source.python_api is not None:
        from atlas_assets.sources import python_api

        roots = [Path(root) for root in source.python_api.roots] if source.python_api.roots else None
        return python_api.scan(folder, roots=roots, cache=project.cache_folder() / "python_api", progress=progress)
    from atlas_assets.sources import files

    options: dict[str, Any] = {
        "columns": source.columns.model_dump(exclude_none=True),
        "entities": source.entities,
        "entity_columns": source.entity_columns.model_dump(exclude_none=True),
        "fields": {name: field.model_dump() for name, field in source.fields.items()} if source.fields else None,
        "base": base,
        "progress": progress,
    }
    if source.edges:
        return files.read_edges(folder, edges=source.edges, **options)
    if source.vectors:
        return files.read_vectors(folder, vectors=source.vectors, **options)
    assert source.interactions is not None
    return files.read_collections(folder, interactions=source.interactions, **options)
