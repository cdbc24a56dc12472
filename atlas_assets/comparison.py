"""The maps of one atlas as they are stored now, compared: what ``atlas report`` shows, made or half made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atlas_assets.components.pipeline import Pipeline, StageRun, seconds_of
from atlas_assets.errors import AtlasError
from atlas_assets.figures import FIGURES
from atlas_assets.report_page import ReportPage
from atlas_assets.small_multiples import coarse
from atlas_assets.stages import sweep_report
from atlas_assets.stages.projection import Projection
from atlas_assets.stages.quality import Quality
from atlas_assets.stages.regions import Regions
from atlas_assets.stages.sweep_report import SweepReport
from atlas_assets.sweep import ProjectionPoint


@dataclass(frozen=True)
class Comparison:
    """What is known of each point of a sweep.

    summary: the points that are measured, ranked. missing: keys of those that are not. outdated: keys of those whose
    figures are of an earlier state of the data, the spec or the program. seconds: what each projection took.
    """

    atlas: str
    title: str
    points: dict[str, ProjectionPoint]
    summary: SweepReport
    seconds: dict[str, float | None]
    missing: list[str]
    outdated: list[str]
    run: StageRun

    def page(self) -> ReportPage:
        """The same with all maps, coloured by the regions of the recommended one where they are made."""
        recommended = self.run.address("regions", self.summary.recommended)
        known = self.run.store.current(recommended) is not None
        return ReportPage(
            title=self.title, summary=self.summary, points=self.points, seconds=self.seconds,
            maps={
                row["key"]: self.run.load(Projection, "projection", row["key"]).positions for row in self.summary.rows
            },
            regions=coarse(self.run.load(Regions, "regions", self.summary.recommended)) if known else None,
            missing=self.missing, outdated=self.outdated,
        )  # fmt: skip

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values for JSON: errors are single standard errors, shares lie between 0 and 1."""
        rows = [
            row | {"seconds": self.seconds.get(row["key"]), "parameters": self.points[row["key"]].describe()}
            for row in self.summary.rows
        ]
        return {
            "atlas": self.atlas, "title": self.title, "recommended": self.summary.recommended,
            "reason": self.summary.reason, "ranked_by": self.summary.ranked_by, "points": rows,
            "missing": self.missing, "outdated": self.outdated,
            "figures": {name: {"title": f.title, "unit": f.unit, "meaning": f.meaning} for name, f in FIGURES.items()},
        }  # fmt: skip


def compare(run: StageRun) -> Comparison:
    """Compare what is stored of the run's atlas. Raises AtlasError while not one of its maps is measured."""
    spec, store = run.spec, run.store
    stage = Pipeline(spec, base=run.base).stages["quality"]
    measured, missing, outdated = [], [], []
    for key, point in run.sweep.projections.items():
        stored = store.current(run.address("quality", key))
        if stored is None:
            missing.append(key)
            continue
        if stored.recipe != stage.recipe(store, key):
            outdated.append(key)
        quality = run.load(Quality, "quality", key)
        measured.append(sweep_report.Point(key, point.name, point.dims, quality, point.graph.key))
    if not measured:
        raise AtlasError(
            f"No map of {run.name} has been made yet, so there is nothing to compare. Make its "
            f"{len(missing)} maps with: atlas run {run.name}"
        )
    return Comparison(
        atlas=run.name, title=spec.title or run.name.replace("_", " ").capitalize(),
        points=dict(run.sweep.projections), summary=sweep_report.build(measured), seconds=seconds_of(run),
        missing=missing, outdated=outdated, run=run,
    )  # fmt: skip
