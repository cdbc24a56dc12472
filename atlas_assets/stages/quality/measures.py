"""The figures that maps are judged by, in words: what each is called, what it means, and how it is written.

One registry for the pages of the Dagster UI, ``atlas report``, its HTML page and the sites.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from atlas_assets.stages.quality.sampling_error import SURELY

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
    """One measure. short: head of a column; better: which end is good, None where neither is.

    plain: (label, explanation) for visitors of a site, who know nothing of maps; None for what would not help them.
    """

    name: str
    short: str
    title: str
    unit: Literal["share", "times", "length", "count"]
    better: Literal["more", "less"] | None
    meaning: str
    plain: tuple[str, str] | None = None

    @property
    def head(self) -> str:
        """The head of a column of bare figures."""
        return self.short + SIGNS.get(self.unit, "")


SIGNS = {"share": " %", "times": " ×"}
FIGURES = {
    figure.name: figure
    for figure in (
        Figure(
            "held_out_recall",
            "held-out",
            "Held-out recall",
            "share",
            "more",
            "Of the pairs that occur together in collections the map never saw, the share in which the one is among "
            "the other's 15 nearest on the map.",
            plain=(
                "Predicts unseen data",
                "Of the pairs that were kept from the map to test it, the share that it still puts close together.",
            ),
        ),
        Figure(
            "held_out_lift",
            "lift",
            "Lift over chance",
            "times",
            "more",
            "How many times as many of these pairs as on a map with everything in a random place.",
            plain=(
                "Better than chance",
                "How many times as many of these pairs as a map with everything in a random place.",
            ),
        ),
        Figure(
            "neighbour_recall",
            "neighbours",
            "Neighbour recall",
            "share",
            "more",
            "Of the 15 nearest in the data, the share that are among the 15 nearest on the map.",
            plain=(
                "Keeps neighbours",
                "Of each point's true neighbours, the share that are its neighbours on the map.",
            ),
        ),
        Figure(
            "embedding_recall",
            "embedding",
            "Embedding recall",
            "share",
            "more",
            "Of the 15 nearest in the embedding that the map was made from, the share that are among the 15 nearest "
            "on the map.",
            plain=(
                "Keeps the space it was drawn from",
                "Of the neighbours in the space that this map was drawn from, the share that are "
                "neighbours on the map.",
            ),
        ),
        Figure(
            "trustworthiness",
            "trust",
            "Trustworthiness",
            "share",
            "more",
            "100 % when no stranger lies next to anyone on the map; 50 % is chance (Venna & Kaski 2001).",
            plain=("Few strangers side by side", "100 % when the map puts nobody next to a stranger; 50 % is chance."),
        ),
        Figure(
            "continuity",
            "continuity",
            "Continuity",
            "share",
            "more",
            "100 % when no neighbours in the data are torn apart on the map; 50 % is chance (Venna & Kaski 2001).",
            plain=("Few neighbours torn apart", "100 % when the map tears no neighbours apart; 50 % is chance."),
        ),
        Figure(
            "triplet_accuracy",
            "shape",
            "Overall shape",
            "share",
            "more",
            "Of random triplets, the share in which the map keeps which of two entities is closer to the third; "
            "50 % is chance (Wang et al. 2021).",
            plain=(
                "Overall shape",
                "Of three random points, how often the map keeps which of two is the nearer one; 50 % is chance.",
            ),
        ),
        Figure(
            "edge_length_median",
            "edge",
            "Median edge",
            "length",
            "less",
            "Length of the graph's median edge on the map; 1 is the typical distance from the map's centre.",
        ),
        Figure(
            "edge_length_p95",
            "long edge",
            "Long edges",
            "length",
            "less",
            "5 % of the graph's edges are longer than this on the map.",
        ),
        Figure(
            "isolated",
            "isolated",
            "Isolated entities",
            "count",
            None,
            "Entities without any relation; they stand beside the map and are not measured.",
        ),
        Figure(
            "copies",
            "copies",
            "Copies",
            "count",
            None,
            "Entities whose vector is that of another one; they lie beside it and are measured as one.",
        ),
        Figure(
            "parts",
            "parts",
            "Separate parts",
            "count",
            None,
            "Parts of the graph that nothing connects. How they lie to each other on a map means nothing.",
        ),
        Figure(
            "other_parts",
            "of other parts",
            "Neighbours of other parts",
            "share",
            "less",
            "Of the nearest on the map, the share that belong to another part of the graph: strangers of whom the data "
            "says nothing.",
            plain=(
                "Strangers of other parts",
                "The data falls into parts that nothing connects; this share of the nearest on the map are of another.",
            ),
        ),
    )
}
ONCE = ("isolated", "copies", "parts", "held_out_lift")
"""What is the same for all maps of a graph, or is said by another figure: not a column of a table of maps."""
DECISIVE = ("held_out_recall", "neighbour_recall", "trustworthiness", "triplet_accuracy")
"""The columns of narrow tables, the one that decides first."""


def remarks(metrics: dict[str, float | None]) -> list[str]:
    """Sentences on what keeps figures of a map from saying what they usually do."""
    told, parts, strange = [], metrics.get("parts"), metrics.get("other_parts")
    if parts and strange is not None:
        told.append(
            f"The graph falls into {parts:,.0f} parts that nothing connects, so how they lie to each other means "
            f"nothing; {value_text('other_parts', strange)} of the nearest on this map are of another part. Trust and "
            "continuity are judged on as many neighbours as a part has, the shape within parts."
        )
    if copies := metrics.get("copies"):
        told.append(
            f"{copies:,.0f} entities have the vector of another one: they lie in a small disc around it, and the "
            "figures count them once."
        )
    return told


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


def plain_figures(metrics: dict[str, float | None], errors: dict[str, float | None]) -> list[dict[str, Any]]:
    """The figures that a visitor of the site sees, in the registry's order: name, text, error and share of each.

    text: the figure as people read it; error: "± 0.3" in the same unit, or None; share: 0..1, None where it is none.
    """
    shown = []
    for name, figure in FIGURES.items():
        value = metrics.get(name)
        if figure.plain is None or value is None or not isfinite(value):
            continue
        text, _, error = value_text(name, value, errors.get(name)).partition(" ± ")
        share = float(f"{value:.4g}") if figure.unit == "share" else None
        shown.append({"name": name, "text": text, "error": f"± {error}" if error else None, "share": share})
    return shown


def plain_words(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Label and explanation of figures for visitors, by name."""
    known = {name: figure.plain for name in names if (figure := FIGURES[name]).plain}
    return {name: {"label": label, "explanation": why} for name, (label, why) in known.items()}
