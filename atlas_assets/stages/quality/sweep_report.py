"""The points of a sweep side by side, and the one to open the map on.

A difference that the sample explains is no difference, and neither is one that another seed of the layout would make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.stages.artifact import Artifact, Check
from atlas_assets.stages.quality.measures import DECISIVE, value_text
from atlas_assets.stages.quality.quality import Quality
from atlas_assets.stages.quality.sampling_error import error_of_parts, tells_apart

RANKED_BY = ("held_out_recall", "neighbour_recall")
CLOSE = 0.03  # relative difference up to which the overall shape decides: about what another seed changes


@dataclass(frozen=True, eq=False)
class Point:
    """One finished map of a sweep. graph: the neighbour graph that it shows and that its shape is measured against."""

    key: str
    name: str
    dims: int
    quality: Quality
    graph: str = ""

    def figure(self, name: str) -> float | None:
        return self.quality.metrics.get(name)

    def rank_by(self, name: str) -> float:
        """The figure, or less than any that was measured."""
        value = self.figure(name)
        return -np.inf if value is None else value


@dataclass(frozen=True)
class SweepReport(Artifact):
    """The points by falling rank, and the one to open the map on.

    rows: key, name, dims, rank, metrics, errors, as_good_as_best (whether it competes for the recommendation with the
    others of its dimensions) and best_at (figures of which it has the best, or one that the sample cannot tell from the
    best). ranked_by: the figure; recommended: a key; reason: a few sentences. missing: why other points of the
    sweep are not among the rows; failures: messages of those that failed.
    """

    rows: list[dict[str, Any]]
    recommended: str
    reason: str
    ranked_by: str = RANKED_BY[0]
    missing: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def check(self) -> list[Check]:
        keys = [row["key"] for row in self.rows]
        return [
            Check("every point is reported once", len(set(keys)) == len(keys), f"{len(keys)} points"),
            Check("the recommended point exists", self.recommended in keys, self.recommended),
        ]


def build(
    points: Sequence[Point], *, missing: Mapping[str, str] | None = None, failures: Mapping[str, str] | None = None
) -> SweepReport:
    """Rank the points of a sweep and recommend one; missing, failures: what is said of those that are not there.

    Ranked by held-out recall, or by neighbour recall unless every point has the former; equal ones by triplet
    accuracy, then by key. Among the two-dimensional points (all, if there is none), those are as good as the best that
    the sample cannot tell from it (``difference_error``) or that lie within ``CLOSE`` of it. Of those that show the
    graph of the best (other graphs are other measures of shape) the one with the best triplet accuracy is recommended,
    or the first by rank that the sample cannot tell from that one. Raises AtlasError for an empty sweep.
    """
    if not points:
        raise AtlasError("The sweep has no finished projection to compare; make at least one.")
    name = next((name for name in RANKED_BY if all(p.figure(name) is not None for p in points)), RANKED_BY[-1])
    ranked = sorted(points, key=lambda p: (-p.rank_by(name), -p.rank_by("triplet_accuracy"), p.key))
    as_good = {dims: _as_good([p for p in ranked if p.dims == dims], name) for dims in {p.dims for p in ranked}}
    dims = 2 if 2 in as_good else ranked[0].dims
    alike = [p for p in as_good[dims] if p.graph == as_good[dims][0].graph]
    shape = max(alike, key=lambda p: p.rank_by("triplet_accuracy"))
    chosen = next(p for p in alike if not _tells_apart(shape, p, "triplet_accuracy"))
    best_at = {figure: _best_at(ranked, figure) for figure in DECISIVE}
    rows = [
        {
            "key": p.key,
            "name": p.name,
            "dims": p.dims,
            "rank": rank,
            "as_good_as_best": p in as_good[p.dims],
            "best_at": [figure for figure, best in best_at.items() if p in best],
            "metrics": p.quality.metrics,
            "errors": p.quality.errors or {},
        }
        for rank, p in enumerate(ranked, start=1)
    ]
    return SweepReport(
        rows=rows,
        recommended=chosen.key,
        reason=_reason(chosen, ranked, as_good[dims], name),
        ranked_by=name,
        missing=dict(missing or {}),
        failures=dict(failures or {}),
    )


def difference_error(one: Quality, other: Quality, name: str) -> float:
    """Standard error of the difference of one figure of two maps; 0 where it is exact.

    On the same sample part by part, since what is hard for one map is hard for the other; else as of independent ones.
    """
    mine, theirs = one.parts(name), other.parts(name)
    if mine and theirs and mine[0] == theirs[0]:
        return error_of_parts(np.asarray(mine[1], np.float64) - theirs[1])
    return float(np.hypot((one.errors or {}).get(name) or 0.0, (other.errors or {}).get(name) or 0.0))


def _tells_apart(one: Point, other: Point, name: str) -> bool:
    mine, theirs = one.figure(name), other.figure(name)
    if mine is None or theirs is None:
        return mine is not theirs
    return tells_apart(mine - theirs, difference_error(one.quality, other.quality, name))


def _as_good(ranked: list[Point], name: str) -> list[Point]:
    best = ranked[0]
    least = (best.figure(name) or 0.0) * (1 - CLOSE)
    return [p for p in ranked if p.rank_by(name) >= least or not _tells_apart(best, p, name)]


def _best_at(points: list[Point], name: str) -> list[Point]:
    known = [p for p in points if p.figure(name) is not None]
    best = max(known, key=lambda p: p.rank_by(name), default=None)
    return [p for p in known if best and not _tells_apart(best, p, name)]


def _reason(chosen: Point, ranked: list[Point], as_good: list[Point], name: str) -> str:
    rivals = [p for p in ranked if p.dims == chosen.dims]
    kind = f"{chosen.dims}-D map"
    figure = _figure_in_words(chosen, name)
    if len(rivals) == 1:
        return f"{figure} It is the only {kind} of the sweep." + _deeper(chosen, ranked, name)
    if len(as_good) == 1:
        others = f"other {kind} does not" if len(rivals) == 2 else f"{len(rivals) - 1} other {kind}s do not"
        return f"{figure} The {others} come as close." + _deeper(chosen, ranked, name)
    many = f"All {len(rivals)}" if len(as_good) == len(rivals) else f"{len(as_good)} of the {len(rivals)}"
    close = (
        f"{many} {kind}s do about as well: they differ by less than the sampling error, or by less than the "
        f"{100 * CLOSE:.0f} % that another seed of the layout could change."
    )
    return f"{figure} {close} {_decision(chosen, as_good)}" + _deeper(chosen, ranked, name)


def _decision(chosen: Point, as_good: list[Point]) -> str:
    """Why this one of several that are equally good."""
    alike = [p for p in as_good if p.graph == chosen.graph]
    if len(alike) == 1:
        return "The first is taken: shapes of maps that are made from different graphs cannot be compared."
    shapes = sorted(alike, key=lambda p: p.rank_by("triplet_accuracy"))
    if not _tells_apart(chosen, shapes[0], "triplet_accuracy"):
        return "Nor does the overall shape tell them apart, so the first in the table is taken."
    of_these = "Of these" if len(alike) == len(as_good) else f"Of the {len(alike)} made from {chosen.graph}"
    best = "best" if chosen is shapes[-1] else "as well as any, within the sampling error,"
    what = _share(chosen, "triplet_accuracy")
    return f"{of_these} it keeps the overall shape {best}: which of two entities is closer to a third, in {what}."


def _figure_in_words(point: Point, name: str) -> str:
    if point.figure(name) is None:
        return "Its quality was not measured."
    share = _share(point, name)
    if name == "neighbour_recall":
        return f"Of each entity's closest relations, {share} are among its 15 nearest on the map."
    lift = point.figure("held_out_lift")
    chance = f", {lift:,.0f} times as many as by chance" if lift else ""
    return (
        f"Of the pairs that occur together in collections the map never saw, {share} are among each other's 15 nearest "
        f"on the map{chance}."
    )


def _share(point: Point, name: str) -> str:
    return value_text(name, point.figure(name), (point.quality.errors or {}).get(name))


def _deeper(chosen: Point, ranked: list[Point], name: str) -> str:
    """What a map with more dimensions would give, where that is more."""
    best = ranked[0]
    if best.dims <= chosen.dims or best.rank_by(name) <= chosen.rank_by(name) or not _tells_apart(best, chosen, name):
        return ""
    return f" {best.name} has more ({_share(best, name)}), but a {chosen.dims}-D map is easier to read."
