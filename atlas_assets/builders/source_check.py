"""Whether what was read from a source may replace what was read before: the check ``source`` of raw tables.

A source that lost too many rows or a column that was used, or that changed under the reader's hands, fails: nothing is
stored, and everything that was published stays. ``accept`` takes the first two as they are. A spec that names another
source begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.fields import FIELD_TYPES
from atlas_assets.kinds import relations
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.plan.source_state import SourceState, what_changed
from atlas_assets.stages.artifact import Check
from atlas_assets.store.artifacts import recipe_hash


def asked_of(run: StageRun) -> str:
    """What the spec says about the source, as a hash: tables of another one are not compared."""
    return recipe_hash(source=run.spec.source.model_dump())


def summary(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared next time, from the tables in ``folder`` and the reader's report."""
    entities = pl.scan_parquet(folder / "entities.parquet")
    described = json.loads((folder / "fields.json").read_text(encoding="utf-8"))
    made: dict[str, Any] = {
        "rows": facts["rows"],
        "entities": entities.select(pl.len()).collect().item(),
        "fields": {field["name"]: field["type"] for field in described},
        "ids": {"entity": str(entities.collect_schema()["id"])},
    }
    for name in filter(None, (relation.rows for relation in relations().values())):
        if (folder / name).exists():
            made["columns"] = pl.scan_parquet(folder / name).collect_schema().names()
    if (folder / "collection_ids.parquet").exists():
        made["ids"]["collection"] = str(pl.scan_parquet(folder / "collection_ids.parquet").collect_schema()["id"])
    if (folder / "vectors.npy").exists():
        import numpy as np

        made["length"] = np.load(folder / "vectors.npy", mmap_mode="r").shape[1]
    return made


def checks(run: StageRun, now: Mapping[str, Any], *, began: SourceState, ended: SourceState) -> list[Check]:
    """now: ``summary`` of what was read; began, ended: what lay there before and after."""
    settled = began.fingerprint == ended.fingerprint
    detail = (
        ""
        if settled
        else (
            f"{what_changed(began, ended)} Run it again once nothing writes there; whoever writes it can write to "
            "another name and rename it at the end"
        )
    )
    made = [Check("unchanged while it was read", settled, detail)]
    stored = run.store.current(run.address(run.pipeline.raw))
    before = (stored.read_from or {}) if stored else {}
    if before.get("asked") != asked_of(run):
        return made
    was = SourceState.of_record(before["state"])
    accept = f"take it as it is with: atlas run {run.name} --accept, or in Dagster with the config accept: true"
    lost = [*_lost_rows(before["summary"], now, run, what_changed(was, ended))]
    missing = [*_lost_columns(before["summary"], now)]
    made.append(_unless_accepted("size", lost, f"Restore the files, or {accept}", run))
    made.append(_unless_accepted("columns", missing, f"Restore them, name others in source, or {accept}", run))
    return made


def _unless_accepted(name: str, problems: list[str], remedy: str, run: StageRun) -> Check:
    said = "; ".join(problems)
    if problems and run.accept:
        return Check(name, True, f"accepted: {said}")
    return Check(name, not problems, f"{said}. {remedy}" if problems else "")


def _lost_rows(before: Mapping[str, Any], now: Mapping[str, Any], run: StageRun, changed: str) -> Iterator[str]:
    allowed = run.spec.refresh.max_shrink
    for what in ("rows", "entities") if run.spec.source.entities else ("rows",):
        had, has = before[what], now[what]
        if had - has > allowed * had:
            yield (
                f"{has:,} {what} are left of {had:,}, {100 * (had - has) / had:.3g} % are gone, and refresh.max_shrink "
                f"allows {100 * allowed:.4g} %: {changed.rstrip('.')}"
            )


def _lost_columns(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in before.get("columns", []):
        if name not in now["columns"]:
            yield f"no column holds a {name} any more"
    for role, dtype in before["ids"].items():
        if role in now["ids"] and now["ids"][role] != dtype:
            yield f"ids of {role} are {_ids(now['ids'][role])}, and were {_ids(dtype)}"
    for name, kind in before["fields"].items():
        found = now["fields"].get(name)
        if found is None:
            yield f"the field {name} of the entities is gone"
        elif _is_measured(kind) != _is_measured(found):  # a text among numbers is more than another guess
            yield f"the field {name} of the entities is a {found}, and was a {kind}"
    if before.get("length") != now.get("length"):
        yield f"vectors have length {now.get('length')}, and had {before.get('length')}"


def _is_measured(type_: str) -> bool:
    return type_ in FIELD_TYPES and FIELD_TYPES[type_].measured


def _ids(dtype: str) -> str:
    return "integers" if dtype.startswith("Int") else "text"
