"""From what the spec says about a source to the reader that knows it, and a record of what was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from atlas_assets import project
from atlas_assets.builders import source_check
from atlas_assets.errors import DataError, Found, of_the_machine
from atlas_assets.kinds import Reading
from atlas_assets.plan import source_state
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.reports import pages
from atlas_assets.sources import memory, transposed
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.stages.artifact import Outcome, Progress


def make_tables(run: StageRun, folder: Path) -> Outcome:
    """The canonical tables of the source; what lay there when they were read is recorded with them."""
    began = source_state.observe(run.spec.source, base=run.base)
    turned = run.spec.source.entity == "collection"  # what is stored is no beginning of what will be read
    known = Memory() if turned else memory_of(run)
    facts = read(run.spec.source, folder, base=run.base, progress=run.progress, memory=known)
    ended = source_state.observe(run.spec.source, base=run.base)
    summary = source_check.summary(folder, facts)
    run.read_from = {
        "state": ended.as_record(),
        "asked": source_check.asked_of(run),
        "summary": summary,
        "memory": {"versions": memory.versions(), "files": [] if turned else known.as_record()},
    }
    told = pages.raw(facts) | ({"rows_known_before": known.n_kept} if known.n_kept else {})
    return Outcome(source_check.checks(run, summary, began=began, ended=ended), told)


def memory_of(run: StageRun) -> Memory:
    """What the stored tables know of the files; nothing where they were made of another source or in another way."""
    address = run.address(run.pipeline.raw)
    stored = run.store.current(address)
    record = (stored.read_from or {}) if stored else {}
    same = record.get("asked") == source_check.asked_of(run) and record["memory"]["versions"] == memory.versions()
    # What lies elsewhere would have to be fetched first.
    if not same or run.anew or not run.store.is_local:
        return Memory()
    return Memory.of_record(run.store.folder(address), record["memory"]["files"])


def read(source: SourceSpec, folder: Path, *, base: Path, progress: Progress, memory: Memory) -> dict[str, Any]:
    """Write the canonical tables into ``folder``; returns the reader's report. Raises DataError on bad input."""
    turned = source.entity == "collection"
    entity_columns = source.entity_columns.model_dump(exclude_none=True)
    fields = {name: field.model_dump() for name, field in source.fields.items()} if source.fields else None
    options = Options(source.form, source.query, source.trust, separator=source.separator)
    reading = Reading(
        base=base,
        columns=source.columns.model_dump(exclude_none=True),
        entities=source.members if turned else source.entities,
        entity_columns={} if turned else entity_columns,
        fields={} if turned else fields,
        cache=project.cache_folder(),
        memory=memory,
        progress=progress,
        form=options,
    )
    with _damage_told(source):
        report = source.kind.read(folder, source.options, reading)
        if not turned:
            return report
        return transposed.transpose(
            folder,
            report,
            entities=source.entities,
            entity_columns=entity_columns,
            fields=fields,
            member=source.columns.entity,
            base=base,
            progress=progress,
            options=options,
        )


@contextmanager
def _damage_told(source: SourceSpec) -> Iterator[None]:
    """What libraries raise, or panic with, where bytes inside a file are not what its format promises."""
    try:
        yield
    except (pa.ArrowException, pl.exceptions.ComputeError, pl.exceptions.PanicException, OSError) as error:
        if (isinstance(error, OSError) and error.errno is not None) or of_the_machine(error):  # and not of the file
            raise
        files = source.model_dump(mode="json", include={source.kind.name, "entities"}, exclude_none=True)
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            file=", ".join(str(name) for names in files.values() for name in _listed(names)),
            where="",
            found=Found(f"is damaged inside ({said[:200]})"),
            expected="files as their writer left them",
            remedy="Write or fetch the file anew.",
        ) from error


def _listed(names: Any) -> list[Any]:
    return names if isinstance(names, list) else [names]
