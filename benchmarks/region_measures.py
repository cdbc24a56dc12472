"""How good a division into regions is, and how good their names are, whoever made them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from atlas_assets.stages.regions.naming.kept import is_kept

TRUE, LIFT = 0.6, 3.0  # share of a region that a true name holds for, and how many times as often as on the map
YEARS = 5  # that make a class
COMMON = 0.2  # of the entities: a value of a list that more of them have does not tell them apart
DOUBT = 0.01  # a name that held for all of its region, or for none of the others, may still be wrong
_ID = re.compile(
    r"(?=[0-9a-f]*\d)[0-9a-f]{8,}|\d{5,}|\d+[_-]\d{3,}|(?:id|uuid|cluster|community) ?#?\d+", re.IGNORECASE
)


@dataclass(frozen=True)
class Claim:
    """What a name says of its region: that it holds for this share of it, ``lift`` times as often as on the map.

    holds (n,) bool: of whom it is true.
    """

    share: float
    lift: float
    holds: np.ndarray


def classes(values: pl.Series, kind: str) -> np.ndarray:
    """The class of each entity, (n,) int64, -1 where it is unknown.

    Years are five to a class. Of a list it is the first value that says what something is, not that somebody owns it,
    and that no fifth of the entities has.
    """
    table = pl.DataFrame({"value": values}).with_row_index("row")
    if kind == "year":
        table = table.with_columns(pl.col("value").cast(pl.Int64) // YEARS)
    elif kind == "list":
        table = table.explode("value")
        often = table.group_by("value").len().filter(pl.col("len") < COMMON * len(values))["value"].drop_nulls()
        telling = [value for value in often if not is_kept(value)]
        table = table.filter(pl.col("value").is_in(telling))
    found = table.drop_nulls().group_by("row", maintain_order=True).first()
    codes = np.full(len(values), -1)
    codes[found["row"].to_numpy()] = np.unique(found["value"].cast(pl.String).to_numpy(), return_inverse=True)[1]
    return codes


def agreement(found: np.ndarray, known: np.ndarray) -> float:
    """Adjusted mutual information of groups with known classes; those in no group are one of their own."""
    from sklearn.metrics import adjusted_mutual_info_score

    asked = known >= 0
    return float(adjusted_mutual_info_score(known[asked], found[asked]))


def under_true_names(region: np.ndarray, claims: Sequence[Claim | None]) -> np.ndarray:
    """Which points lie in a region whose name is true of most of it and of little else, (n,) bool.

    region (n,), -1 for none. Counted anew: what a claim says of its share is not taken for granted.
    """
    true = np.zeros(len(claims), bool)
    for number, claim in enumerate(claims):
        inside = region == number
        if claim is not None and inside.any():
            share, usual = float(claim.holds[inside].mean()), float(claim.holds.mean())
            true[number] = share >= TRUE and share >= LIFT * usual
    return (region >= 0) & np.append(true, False)[region]


def named_right(region: np.ndarray, claims: Sequence[Claim | None], asked: np.ndarray) -> tuple[float, float]:
    """How often the name nearest to an entity's values is that of its region, and how often by chance.

    asked: rows of entities that no name was chosen by. Nearest is the name under which what is true of the entity, and
    what is not, is likeliest. By chance: the same answers, given to the entities in any order.
    """
    asked = asked[region[asked] >= 0]
    if not asked.size or not claims:
        return 0.0, 0.0
    score = np.zeros((len(claims), asked.size))
    for number, claim in enumerate(claims):
        if claim is None:
            continue
        share = np.clip(claim.share, DOUBT, 1 - DOUBT)
        usual = np.clip(claim.share / claim.lift, DOUBT / 10, 1 - DOUBT)
        true = claim.holds[asked]
        score[number] = np.where(true, np.log(share / usual), np.log((1 - share) / (1 - usual)))
    answer, right = score.argmax(axis=0), region[asked]
    said, real = (np.bincount(of, minlength=len(claims)) / asked.size for of in (answer, right))
    return float((answer == right).mean()), float(said @ real)


def faults(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that are given twice, that are cut, and that hold an id."""
    folded = [name.casefold() for name in names]
    return {
        "repeated": sorted({name for name, key in zip(names, folded, strict=True) if folded.count(key) > 1}),
        "cut": [name for name in names if "…" in name or "..." in name or name.endswith((",", "-", " &", " ·"))],
        "with an id": [name for name in names if any(_ID.fullmatch(part.strip()) for part in re.split("[·,&]", name))],
    }
