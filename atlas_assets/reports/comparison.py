"""The maps of one atlas as they are stored now, compared: what ``atlas report`` shows, made or half made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atlas_assets.errors import AtlasError
from atlas_assets.plan.freshness import Freshness
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.reports.html import ReportPage
from atlas_assets.reports.small_multiples import coarse
from atlas_assets.spec.sweep import ProjectionPoint
from atlas_assets.stages.projection.projection import Projection
from atlas_assets.stages.quality import sweep_report
from atlas_assets.stages.quality.measures import FIGURES
from atlas_assets.stages.quality.quality import Quality
from atlas_assets.stages.quality.sweep_report import SweepReport
from atlas_assets.stages.regions.regions import Regions


@dataclass(frozen=True)
class Comparison:
    """What is known of each point of a sweep.

    summary: the points that are compared, ranked, and why others are missing. outdated: keys of those whose figures are
    of an earlier state of the data, the spec or the program. seconds: what each projection took.
    """

    atlas: str
    title: str
    points: dict[str, ProjectionPoint]
    summary: SweepReport
    seconds: dict[str, float | None]
    outdated: list[str]
    run: StageRun

    def page(self) -> ReportPage:
        """The same with all maps, coloured by the regions of the recommended one where they are made."""
        recommended = self.run.address("regions", self.summary.recommended)
        known = self.run.store.current(recommended) is not None
        return ReportPage(
            title=self.title,
            summary=self.summary,
            points=self.points,
            seconds=self.seconds,
            maps={
                row["key"]: self.run.load(Projection, "projection", row["key"]).positions for row in self.summary.rows
            },
            regions=coarse(self.run.load(Regions, "regions", self.summary.recommended)) if known else None,
            outdated=self.outdated,
        )

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values for JSON: errors are single standard errors, shares lie between 0 and 1."""
        rows = [
            row | {"seconds": self.seconds.get(row["key"]), "parameters": self.points[row["key"]].describe()}
            for row in self.summary.rows
        ]
        return {
            "atlas": self.atlas,
            "title": self.title,
            "recommended": self.summary.recommended,
            "reason": self.summary.reason,
            "ranked_by": self.summary.ranked_by,
            "points": rows,
            "missing": self.summary.missing,
            "failures": self.summary.failures,
            "outdated": self.outdated,
            "figures": {name: {"title": f.title, "unit": f.unit, "meaning": f.meaning} for name, f in FIGURES.items()},
        }


def compare(run: StageRun) -> Comparison:
    """Compare all that is measured of the run's atlas, also what is out of date. Raises AtlasError while nothing is."""
    fresh = Freshness(run.pipeline, run.store)
    measured = [key for key in run.sweep.projections if fresh.store.current(run.address("quality", key)) is not None]
    if not measured:
        raise AtlasError(
            f"No map of {run.name} has been made yet, so there is nothing to compare. Make its "
            f"{len(run.sweep.projections)} maps with: atlas run {run.name}"
        )
    outdated = [key for key in measured if not fresh.up_to_date(run.address("quality", key))]
    missing = {key: why for key, why in fresh.join.missing.items() if key not in measured}
    return _comparison(run, measured, missing, fresh.join.failures, outdated)


def compare_joined(run: StageRun) -> Comparison:
    """Compare what is up to date, and name the rest. Raises AtlasError while nothing is."""
    join = Freshness(run.pipeline, run.store).join
    if not join.keys:
        raise AtlasError(
            f"No map of {run.name} is up to date with its data, so there is nothing to compare. Make its "
            f"{len(join.missing)} maps with: atlas run {run.name}"
        )
    return _comparison(run, join.keys, join.missing, join.failures, [])


def _comparison(
    run: StageRun, keys: list[str], missing: dict[str, str], failures: dict[str, str], outdated: list[str]
) -> Comparison:
    points = [(key, run.sweep.projections[key], run.load(Quality, "quality", key)) for key in keys]
    measured = [sweep_report.Point(key, p.name, p.dims, quality, p.graph.key) for key, p, quality in points]
    return Comparison(
        atlas=run.name,
        title=run.spec.title or run.name.replace("_", " ").capitalize(),
        points=dict(run.sweep.projections),
        summary=sweep_report.build(measured, missing=missing, failures=failures),
        seconds=seconds_of(run),
        outdated=outdated,
        run=run,
    )


def seconds_of(run: StageRun) -> dict[str, float | None]:
    """What each projection took. Not part of any artifact: two runs with one result would differ."""
    stored = {key: run.store.current(run.address("projection", key)) for key in run.sweep.projections}
    return {key: version.cost.get("seconds") if version else None for key, version in stored.items()}
