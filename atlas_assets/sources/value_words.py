"""Words for the values of a field: "white" for W, as the spec gives them, and "white & blue" for WU."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

TYPES = ("category", "list")
JOIN = " & "


def worded(values: pl.Series, words: Mapping[str, str]) -> tuple[pl.Series, list[str]]:
    """The values, texts or lists of texts, in words; and those of the words that are for no value that occurs.

    Where words are given for single letters only, a value of several of these letters is taken for all of them.
    """
    inner = values.explode() if values.dtype.base_type() == pl.List else values
    known = inner.drop_nulls().unique().to_list()
    letters = all(len(value) == 1 for value in words)
    spoken = {value: words[value] for value in known if value in words}
    used = set(spoken)
    for value in known:
        if letters and len(value) > 1 and set(value) <= set(words):
            spoken[value] = JOIN.join(words[letter] for letter in dict.fromkeys(value))
            used |= set(value)
    unused = [value for value in words if value not in used]
    if not spoken:
        return values, unused
    if inner is values:
        return values.replace(spoken), unused
    each = pl.element().replace(spoken)
    return values.to_frame().select(pl.col(values.name).list.eval(each)).to_series(), unused
