"""The figures that maps are judged by, in words: what each is called, what it means, and how it is written.

One registry for the pages of the Dagster UI, ``atlas report`` and its HTML page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from atlas_assets.stages.sampling_error import SURELY

PLUS_MINUS = (
    "± is the sampling error: with other entities or collections in the sample, 19 of 20 times the figure would lie "
    "within it. Another seed of the layout can move a map by more. A figure without ± is of all entities."
)

OWN_GRAPH = (
    "Held-out recall compares any maps. The other figures measure a map against the graph that it was made from: they "
    "compare maps of one k, since the lists of a larger k are another yardstick."
)


@dataclass(frozen=True)
class Figure:
    """One measure. short: head of a column; better: which end is good, None where neither is."""

    name: str
    short: str
    title: str
    unit: Literal["share", "times", "length", "count"]
    better: Literal["more", "less"] | None
    meaning: str

    @property
    def head(self) -> str:
        """The head of a column of bare figures."""
        return self.short + SIGNS.get(self.unit, "")


SIGNS = {"share": " %", "times": " ×"}
FIGURES = {
    figure.name: figure
    for figure in (
        Figure("held_out_recall", "held-out", "Held-out recall", "share", "more",
               "Of the pairs that occur together in collections the map never saw, the share in which the one is among "
               "the other's 15 nearest on the map."),
        Figure("held_out_lift", "lift", "Lift over chance", "times", "more",
               "How many times as many of these pairs as on a map with everything in a random place."),
        Figure("neighbour_recall", "neighbours", "Neighbour recall", "share", "more",
               "Of the 15 nearest in the data, the share that are among the 15 nearest on the map."),
        Figure("embedding_recall", "embedding", "Embedding recall", "share", "more",
               "Of the 15 nearest in the embedding that the map was made from, the share that are among the 15 nearest "
               "on the map."),
        Figure("trustworthiness", "trust", "Trustworthiness", "share", "more",
               "100 % when no stranger lies next to anyone on the map; 50 % is chance (Venna & Kaski 2001)."),
        Figure("continuity", "continuity", "Continuity", "share", "more",
               "100 % when no neighbours in the data are torn apart on the map; 50 % is chance (Venna & Kaski 2001)."),
        Figure("triplet_accuracy", "shape", "Overall shape", "share", "more",
               "Of random triplets, the share in which the map keeps which of two entities is closer to the third; "
               "50 % is chance (Wang et al. 2021)."),
        Figure("edge_length_median", "edge", "Median edge", "length", "less",
               "Length of the graph's median edge on the map; 1 is the typical distance from the map's centre."),
        Figure("edge_length_p95", "long edge", "Long edges", "length", "less",
               "5 % of the graph's edges are longer than this on the map."),
        Figure("isolated", "isolated", "Isolated entities", "count", None,
               "Entities without any relation; they stand beside the map and are not measured."),
    )
}  # fmt: skip
DECISIVE = ("held_out_recall", "neighbour_recall", "trustworthiness", "triplet_accuracy")
"""The columns of narrow tables, the one that decides first."""


def value_text(name: str, value: float | None, error: float | None = None, *, bare: bool = False) -> str:
    """``15.4 % ± 0.3``: a figure as people read it, with twice its standard error; a dash where there is none.

    bare: ``15.4 ±0.3`` in one piece, for columns that have the unit in their head.
    """
    if value is None:
        return "–"
    unit = FIGURES[name].unit
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "share":
        value, error = 100 * value, None if error is None else 100 * error
    shown = None if error is None else SURELY * error
    least = 1 if unit in ("share", "times") else 2
    digits = least if not shown else next((d for d in range(least, 4) if round(shown, d) > 0), 4)
    sign, plus_minus = ("", "\u00a0±") if bare else (SIGNS.get(unit, ""), " ± ")
    return f"{value:.{digits}f}{sign}" + ("" if shown is None else f"{plus_minus}{shown:.{digits}f}")
