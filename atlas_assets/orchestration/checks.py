"""Checks that stop nothing and say something: whether a site is whole, and whether a map became worse."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from math import hypot
from typing import Any

import dagster as dg

from atlas_assets.plan.pipeline import Pipeline, StageRun
from atlas_assets.reports import pages
from atlas_assets.stages.quality.measures import DECISIVE, FIGURES, value_text
from atlas_assets.stages.quality.sampling_error import SURELY
from atlas_assets.stages.site import versions as site_versions
from atlas_assets.store.artifacts import Stored

LEAST = 0.005  # of a share: less is no news, also where every entity was measured and nothing is left to chance
NAMED_BY_CONTENT = re.compile(r"\.([0-9a-f]{16})\.\w+$")  # as stages.bundle_files names files
LISTED = 20


@dataclass(frozen=True)
class Remark:
    """One kind of remark: on which stage, what it is called and what it says."""

    stage: str
    name: str
    description: str


REMARKS = {
    remark.stage: remark
    for remark in (
        Remark(
            "site",
            "complete",
            "Every file that the published version lists is there, and is what it was when it was written.",
        ),
        Remark(
            "quality",
            "no_worse",
            "The map is as true as its version before, within twice the sampling error. A warning: nothing is stopped.",
        ),
    )
}


def spec(stage: str, key: dg.AssetKey, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """The remark on a stage, if there is one."""
    remark = REMARKS.get(stage)
    if remark is None:
        return []
    return [dg.AssetCheckSpec(remark.name, asset=key, description=remark.description, partitions_def=partitions)]


def result(stage: str, key: dg.AssetKey, run: StageRun, stored: Stored) -> list[dg.AssetCheckResult]:
    """The remark on what has just been stored, if there is one."""
    if stage not in REMARKS:
        return []
    name = REMARKS[stage].name
    passed, told, facts = _site(run) if stage == "site" else _quality(run, stored)
    severity = dg.AssetCheckSeverity.ERROR if stage == "site" else dg.AssetCheckSeverity.WARN
    return [
        dg.AssetCheckResult(
            asset_key=key, check_name=name, passed=passed, severity=severity, description=told, metadata=facts
        )
    ]


def broken_files(pipeline: Pipeline, run: StageRun) -> tuple[int, list[str]]:
    """How many files the site's newest version lists, and what is wrong with some of them."""
    published = site_versions.parse(run.store.read(pipeline.name, "site", site_versions.VERSIONS))
    if not published:
        return 0, [f"{site_versions.VERSIONS} lists no version"]
    newest, wrong = published[-1], []
    manifest = json.loads(run.store.read(pipeline.name, "site", newest.manifest) or b"{}")
    known = {entry["path"]: entry["sha256"] for entry in manifest.get("downloads", [])}
    for name in newest.files:
        content = run.store.read(pipeline.name, "site", name)
        named = NAMED_BY_CONTENT.search(name)
        expected = known.get(name) or (named[1] if named else "")
        if content is None:
            wrong.append(f"{name} is missing")
        elif not hashlib.sha256(content).hexdigest().startswith(expected):
            wrong.append(f"{name} is not what was written")
    return len(newest.files), wrong


def _site(run: StageRun) -> tuple[bool, str, dict[str, Any]]:
    n, wrong = broken_files(run.pipeline, run)
    told = f"{n:,} files, all as they were written" if not wrong else f"{len(wrong):,} of {n:,} files: {wrong[0]}"
    facts: dict[str, Any] = {"files": n, "wrong": len(wrong)}
    if wrong:
        facts["which"] = dg.MetadataValue.md(pages.table({"file": file} for file in wrong[:LISTED]))
    return not wrong, told, facts


def _quality(run: StageRun, stored: Stored) -> tuple[bool, str, dict[str, Any]]:
    address = run.address("quality", run.key)
    files = [run.store.file(address, version, "info.json") for version in (stored.earlier or [])[:1]]
    if not files or files[0] is None:
        return True, "There is no version before to compare with.", {}
    before = json.loads(files[0].read_text(encoding="utf-8"))
    now = json.loads((run.store.folder(address) / "info.json").read_text(encoding="utf-8"))
    worse, rows = compare(before, now)
    told = "No figure is worse." if not worse else f"Worse than the version before: {', '.join(worse)}."
    return not worse, told, {"compared": dg.MetadataValue.md(pages.table(rows))}


def compare(before: dict[str, Any], now: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """The titles of the figures that became worse beyond their errors, and all that decide, before and now."""
    worse, rows = [], []
    for name in DECISIVE:
        old, new = before["metrics"].get(name), now["metrics"].get(name)
        if old is None or new is None:
            continue
        errors = [(taken.get("errors") or {}).get(name) for taken in (before, now)]
        fell = old - new > max(LEAST, SURELY * hypot(*(error or 0.0 for error in errors)))
        texts = [value_text(name, value, error) for value, error in zip((old, new), errors, strict=True)]
        rows.append({"figure": FIGURES[name].title, "before": texts[0], "now": texts[1], "worse": fell})
        if fell:
            worse.append(f"{FIGURES[name].title.lower()} {texts[0]} → {texts[1]}")
    return worse, rows
