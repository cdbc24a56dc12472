"""The points of a sweep side by side, and the one to open the map on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atlas_assets.errors import AtlasError
from atlas_assets.stages.artifact import Artifact, Check

RANKED_BY = ("held_out_recall", "neighbour_recall")
CLOSE = 0.03  # relative difference up to which the global shape decides: about what another seed changes


@dataclass(frozen=True)
class SweepReport(Artifact):
    """rows: the points by falling rank, each with its rank added; recommended: a key; reason: one or two sentences."""

    rows: list[dict[str, Any]]
    recommended: str
    reason: str

    def check(self) -> list[Check]:
        keys = [row["key"] for row in self.rows]
        return [
            Check("every point is reported once", len(set(keys)) == len(keys), f"{len(keys)} points"),
            Check("the recommended point exists", self.recommended in keys, self.recommended),
        ]


def build(rows: Sequence[Mapping[str, Any]]) -> SweepReport:
    """Rank the points of a sweep and recommend one; rows: mappings with "key", "dims" and "metrics" (name -> value).

    Ranked by held-out recall, or by neighbour recall unless every point has the former. The recommended point is the
    one with the best triplet accuracy among the two-dimensional points (all, if there is none) within ``CLOSE`` of the
    best recall. Other entries of a row are kept. Raises AtlasError for an empty sweep.
    """
    if not rows:
        raise AtlasError("The sweep has no finished projection to compare; make at least one.")
    measure = next((name for name in RANKED_BY if all(_figure(row, name) is not None for row in rows)), RANKED_BY[-1])
    ranked = sorted(rows, key=lambda row: (-(_figure(row, measure) or 0.0), -(_triplets(row)), str(row["key"])))
    flat = [row for row in ranked if row["dims"] == 2] or ranked
    best = _figure(flat[0], measure) or 0.0
    close = [row for row in flat if (_figure(row, measure) or 0.0) >= best * (1 - CLOSE)]
    chosen = max(close, key=_triplets)  # the first, that is the best recall, among equals
    return SweepReport(
        rows=[{**row, "rank": rank} for rank, row in enumerate(ranked, start=1)], recommended=str(chosen["key"]),
        reason=_reason(chosen, flat, close, measure),
    )  # fmt: skip


def _reason(chosen: Mapping[str, Any], flat: list, close: list, measure: str) -> str:
    what = {
        "held_out_recall": "of the pairs in collections the map never saw lie among each other's 15 nearest",
        "neighbour_recall": "of each entity's closest relations are among its 15 nearest on the map",
    }[measure]
    value = _figure(chosen, measure)
    figure = "Its quality was not measured" if value is None else f"{100 * value:.1f} % {what}"
    if len(flat) == 1:
        return f"{figure}. It is the only {chosen['dims']}-D map of the sweep."
    if chosen is flat[0] and len(close) == 1:
        return f"{figure}, the most of {len(flat)} {chosen['dims']}-D maps."
    rivals = f"{len(close)} of {len(flat)} {chosen['dims']}-D maps come within {100 * CLOSE:.0f} % of the best"
    shape = f"{100 * _triplets(chosen):.1f} % of random triplets in order"
    return f"{figure}. {rivals}; of these it keeps the large shape best ({shape})."


def _figure(row: Mapping[str, Any], name: str) -> float | None:
    return row["metrics"].get(name)


def _triplets(row: Mapping[str, Any]) -> float:
    return _figure(row, "triplet_accuracy") or 0.0
