"""The field that tells most about a map: the one that neighbours share more often than chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from atlas_assets.fields import Column, column_of
from atlas_assets.stages.regions.naming.readable import tells_nothing
from atlas_assets.stages.relation.knn_graph import KnnGraph

MAX_CATEGORIES_SHARE = 0.25  # a field with more values than this share of its entities is nearly a name
MIN_KNOWN_SHARE = 0.3
LEAST = 0.03  # a score below is no colour: the map is coloured by its regions


def telling_field(entities: pl.DataFrame, fields: list[dict[str, Any]], graph: KnnGraph) -> str | None:
    """The name of the best field to colour a map by, or None where no field says anything.

    entities: n rows in the order of the graph. A field's score is how far neighbours agree beyond chance, 0 for chance
    and 1 for always (Cohen 1960, with the marginals of the neighbours), times the share of entities it is known for.
    Ids, coordinates and numbers of clusters are no colours, however well neighbours agree: they say nothing to people.
    """
    near = np.asarray(graph.indices)
    left = np.repeat(np.arange(len(near)), near.shape[1])[near.ravel() >= 0]
    right = near.ravel()[near.ravel() >= 0]
    scores = {
        field["name"]: _score(entities[field["name"]], column_of(field["type"]), left, right)
        for field in fields
        if not tells_nothing(field["name"])
    }
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best] >= LEAST else None


def _score(values: pl.Series, kind: Column | None, left: np.ndarray, right: np.ndarray) -> float:
    if kind == "lists":
        values = _most_common(values)
    known = values.is_not_null().to_numpy()
    share = float(known.mean()) if len(known) else 0.0
    both = known[left] & known[right]
    if share < MIN_KNOWN_SHARE or not both.any():
        return 0.0
    left, right = left[both], right[both]
    if kind in ("codes", "lists", "flags"):
        return share * _agreement_of_categories(values, left, right)
    if kind == "numbers":
        return share * _agreement_of_numbers(values, left, right)
    return 0.0


def _most_common(lists: pl.Series) -> pl.Series:
    """Of each list the value that most entities have, which is the one that the viewer colours by."""
    rows = pl.DataFrame({"row": pl.int_range(len(lists), eager=True), "value": lists}).explode("value")
    counted = rows.drop_nulls().with_columns(pl.len().over("value").alias("count"))
    chosen = counted.sort("count", "value", descending=[True, False]).unique("row", keep="first", maintain_order=True)
    return rows.select(pl.col("row").unique().sort()).join(chosen, on="row", how="left", maintain_order="left")["value"]


def _agreement_of_categories(values: pl.Series, left: np.ndarray, right: np.ndarray) -> float:
    codes = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    n_known, n_distinct = int((codes > 0).sum()), int(codes.max())
    if n_distinct < 2 or n_distinct > MAX_CATEGORIES_SHARE * n_known:
        return 0.0
    agreed = float((codes[left] == codes[right]).mean())
    shares = [np.bincount(codes[side], minlength=n_distinct + 1) / len(side) for side in (left, right)]
    by_chance = float(shares[0] @ shares[1])
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _agreement_of_numbers(values: pl.Series, left: np.ndarray, right: np.ndarray) -> float:
    """Ranks, so that skew does not count; two random ranks between 0 and 1 differ by 1/3 on average."""
    ranks = values.cast(pl.Float64).fill_nan(None).rank("average").fill_null(0).to_numpy() / max(1, len(values))
    if float(ranks.max()) == 0 or float(np.ptp(ranks[left])) == 0:
        return 0.0
    apart = float(np.abs(ranks[left] - ranks[right]).mean())
    by_chance = float(np.abs(ranks[left] - np.random.default_rng(0).permutation(ranks[right])).mean())
    return 1 - apart / by_chance if by_chance > 0 else 0.0
