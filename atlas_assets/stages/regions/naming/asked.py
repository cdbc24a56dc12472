"""What a language model is told of a region, and which of its answers are names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from atlas_assets.stages.regions.naming import readable

if TYPE_CHECKING:
    from atlas_assets.stages.regions.regions import Regions

EXEMPLARS, SIBLINGS, LONGEST = 12, 8, 40
MODEL = "model"
AUDIT = {
    "region": pl.Int32,
    "before": pl.String,
    "question": pl.String,
    "answer": pl.String,
    "taken": pl.Boolean,
    "why_not": pl.String,
}


@dataclass(frozen=True)
class Question:
    """region: row of the table of regions; text: what is asked about it."""

    region: int
    text: str


@dataclass(frozen=True)
class Answer:
    """text: None where there was none, and why."""

    question: Question
    text: str | None
    why_not: str = ""


def instruction(entities: str, language: str) -> str:
    """What is said before every question; entities: what visitors call them, in the plural."""
    return (
        f"You name regions of a map of {entities}. Answer with the name alone: one to five words of {language} that "
        f"somebody who knows {entities} would use for what the region holds. It must be true of most of it, say what "
        "sets it apart from the regions beside it, and repeat neither their names nor that of the region around it."
    )


def questions(regions: Regions, *, labels: Sequence[str], popularity: np.ndarray, most: int) -> list[Question]:
    """One question for each of the ``most`` largest regions that nobody named by hand."""
    table = regions.table
    names, around_it = table["name"].to_list(), table.select("level", "parent").rows()
    inside = _members(regions)
    order = np.argsort(-np.asarray(popularity, np.float64), kind="stable")
    asked = table.filter(pl.col("kind") != "hand").sort("level", "size", descending=[False, True]).head(most)
    found = []
    for row in asked.iter_rows(named=True):
        number = row["region"]
        known = [str(labels[entity]) for entity in order[inside[number][order]][:EXEMPLARS].tolist()]
        kin = [at for at, around in enumerate(around_it) if around == (row["level"], row["parent"]) and at != number]
        beside = [names[at] for at in kin[:SIBLINGS]]
        typical = [f"{one['text']} ({one['share']:.0%} of them)" for one in row["typical"]]
        lines = [
            f"Best known: {'; '.join(known)}",
            f"Typical: {'; '.join(typical)}" if typical else "",
            f"Inside: {names[row['parent']]}" if row["parent"] is not None else "",
            f"Beside: {'; '.join(beside)}" if beside else "",
            f"Called so far: {row['name']}",
        ]
        found.append(Question(number, "\n".join(filter(None, lines))))
    return found


def _members(regions: Regions) -> np.ndarray:
    """Which entities lie in each region, or in one inside it, (regions, n) bool."""
    parents = regions.table["parent"].fill_null(-1).to_numpy()
    inside = np.zeros((regions.table.height, len(regions.region)), bool)
    at = np.asarray(regions.region).astype(np.int64)
    while (at >= 0).any():
        entities = np.flatnonzero(at >= 0)
        inside[at[entities], entities] = True
        at = np.append(parents, -1)[at]
    return inside


def renamed(regions: Regions, answers: Sequence[Answer]) -> Regions:
    """With the answers that are names, and a table of all of them; where one is none, the name stays as it was."""
    names, kinds = regions.table["name"].to_list(), regions.table["kind"].to_list()
    share, lift = regions.table["share"].to_list(), regions.table["lift"].to_list()
    audit = []
    for answer in answers:
        number, before = answer.question.region, names[answer.question.region]
        text = " ".join((answer.text or "").split()).strip(" .\"'“”*")
        others = {name.casefold() for at, name in enumerate(names) if at != number}
        why_not = answer.why_not or _why_not(text, others)
        if not why_not:
            names[number], kinds[number], share[number], lift[number] = text, MODEL, None, None
        audit.append((number, before, answer.question.text, answer.text, not why_not, why_not or None))
    table = regions.table.with_columns(
        pl.Series("name", names),
        pl.Series("kind", kinds),
        pl.Series("share", share, pl.Float32),
        pl.Series("lift", lift, pl.Float32),
    )
    return replace(regions, table=table, audit=pl.DataFrame(audit, schema=AUDIT, orient="row"))


def _why_not(text: str, others: set[str]) -> str:
    if not any(c.isalpha() for c in text) or readable.is_machine_made(text):
        return "it is no name"
    if len(text) > LONGEST or "…" in text or "..." in text:
        return f"it is longer than {LONGEST} characters, or cut"
    return "another region has this name" if text.casefold() in others else ""
