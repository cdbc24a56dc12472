"""Names for groups of entities: what most of a group has in common and others have not, else its best known members."""

from __future__ import annotations

import numpy as np
import polars as pl

MIN_SHARE = 0.3  # a name that fits fewer of a region's entities would mislead
MIN_LIFT = 2.0  # a value this little more frequent than on the whole map says nothing
MIN_COUNT = 3
LONGEST_PART = 32
JOIN = " · "


def name_regions(
    members: np.ndarray,
    *,
    popularity: np.ndarray,
    labels: list[str],
    fields: pl.DataFrame | None,
    within: list[str] | None = None,
) -> list[str]:
    """One name per region 0...members.max(), no two alike. within: the name of the larger region around each, if any.

    A region is named by the field value with the largest share * ln(share / share on the map), the value's part in the
    Kullback-Leibler divergence of the region from the map, if it holds for at least MIN_SHARE of the region and is
    MIN_LIFT times as frequent there; else by its two most popular entities. A name that is taken is made specific by
    the next best value, or by the most popular entity. What the larger region is called is not said again inside it.
    """
    n_regions = int(members.max()) + 1 if members.size else 0
    known = _best_known(members, n_regions, popularity, labels)
    candidates = _candidates(members, n_regions, fields)
    if within is not None:
        said = [set(name.split(JOIN)) for name in within]
        candidates = [[c for c in listed if c[1] not in said[r]] for r, listed in enumerate(candidates)]
    strength = [candidates[r][0][0] if candidates[r] else 0.0 for r in range(n_regions)]
    names, taken = [""] * n_regions, set()
    for region in sorted(range(n_regions), key=lambda r: (-strength[r], r)):
        names[region] = _first_free(candidates[region], known[region], taken, region)
        taken.add(names[region])
    return names


def _first_free(candidates: list[tuple[float, str]], known: list[str], taken: set[str], region: int) -> str:
    values = [value for _, value in candidates]
    options = values[:1]
    # A second value that repeats the first ("torch" the package, "torch" the module) makes nothing specific.
    options += [
        f"{values[0]}{JOIN}{other}" for other in (*values[1:3], *known[:3]) if other not in values[:1] and values
    ]
    options += [JOIN.join(known[:2]), JOIN.join(known[:3]), *known]
    for option in options:
        if option and option not in taken:
            return option
    return f"{options[0] or 'Region'} ({region + 1})"


def _best_known(members: np.ndarray, n_regions: int, popularity: np.ndarray, labels: list[str]) -> list[list[str]]:
    """The labels of the (up to) four most popular entities of each region, shortened, without repeats."""
    order = np.argsort(-np.asarray(popularity, np.float64), kind="stable")
    order = order[np.argsort(members[order], kind="stable")]  # region by region, in each the most popular first
    known: list[list[str]] = []
    for inside in np.split(order, np.cumsum(np.bincount(members, minlength=n_regions))[:-1]):
        known.append([])
        for entity in inside:
            label = _shorten(labels[entity].split(" (")[0])  # without "(Series, #1)"
            if label and label not in known[-1]:
                known[-1].append(label)
            if len(known[-1]) == 4:
                break
    return known


def _candidates(members: np.ndarray, n_regions: int, fields: pl.DataFrame | None) -> list[list[tuple[float, str]]]:
    """(score, name) of the values that may name each region, best first."""
    found: list[list[tuple[float, str]]] = [[] for _ in range(n_regions)]
    if fields is None or n_regions < 2:
        return found
    sizes = np.bincount(members, minlength=n_regions)
    n = members.size
    for column in fields.columns:
        counts = _value_counts(fields[column], members)
        if counts is None:
            continue
        share = pl.col("inside") / pl.lit(sizes.astype(np.float64)).gather(pl.col("region"))
        lift = share / (pl.col("everywhere") / n)
        counts = counts.with_columns(share=share, lift=lift).filter(
            (pl.col("share") >= MIN_SHARE) & (pl.col("lift") >= MIN_LIFT) & (pl.col("inside") >= MIN_COUNT)
        )
        for region, value, part, ratio in counts.select("region", "value", "share", "lift").iter_rows():
            # one or two letters, or a bare number, mean nothing without the field's name
            clear = len(value) > 2 and not value.replace(".", "").isdigit()
            name = _shorten(value if clear else f"{column} {value}")
            found[region].append((part * float(np.log(ratio)), name))
    return [sorted(set(region), key=lambda c: (-c[0], c[1])) for region in found]


def _value_counts(column: pl.Series, members: np.ndarray) -> pl.DataFrame | None:
    """region, value, inside, everywhere for each value of a text, category or list column; None for other types."""
    listed = isinstance(column.dtype, pl.List | pl.Array)
    inner = column.dtype.inner if isinstance(column.dtype, pl.List | pl.Array) else column.dtype
    if inner not in (pl.String, pl.Categorical, pl.Enum) and not isinstance(inner, pl.Categorical | pl.Enum):
        return None
    table = pl.DataFrame({"region": members, "value": column})
    if listed:
        table = table.with_columns(pl.col("value").cast(pl.List(pl.String)).list.unique()).explode("value")
    table = table.with_columns(pl.col("value").cast(pl.String).str.strip_chars()).filter(pl.col("value") != "")
    everywhere = table.group_by("value").agg(everywhere=pl.len())
    return table.group_by("region", "value").agg(inside=pl.len()).join(everywhere, on="value")


def _shorten(text: str) -> str:
    """At most LONGEST_PART characters, cut at a word where there is one."""
    text = " ".join(text.split())
    if len(text) <= LONGEST_PART:
        return text
    cut = text[: LONGEST_PART - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[LONGEST_PART // 2 :] else cut).rstrip(" ,;:-") + "…"
