"""Words that say nothing about a text: the lists of the languages that the texts are written in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.language import english_stop_words
from atlas_assets.sources.prose.tokens import words_of

SAMPLE = 2_000  # texts that are looked at for their language
LEAST = 0.05  # of these, in a language whose list is used
KNOWN = 0.15  # of the words of a text, in the list of its language; prose has 0.3 to 0.6, titles less
# What scikit-learn's list of English has beside words without meaning.
_MEANT = """
    amount bill bottom call computer cry describe detail empty fifteen fifty fill fire forty front full hundred interest
    mill mine move name serious sincere sixty system thick thin top
"""


@cache
def available() -> tuple[str, ...]:
    """The languages that there are lists of, by their English names."""
    from stop_words import AVAILABLE_LANGUAGES

    return tuple(sorted(AVAILABLE_LANGUAGES))


@cache
def list_of(language: str) -> frozenset[str]:
    """The words of a language that say nothing about a text."""
    if language == "english":  # that of stop_words has 1,333, "computer" and "big" among them
        return english_stop_words() - set(_MEANT.split())
    from stop_words import get_stop_words

    return frozenset(word.lower() for word in get_stop_words(language))


def languages_of(texts: pl.Series) -> dict[str, float]:
    """Which share of the texts, by a sample, is in which language, most frequent first; those below LEAST left out.

    A text counts for the first language that explains it, since "in" and "for" are words of several.
    """
    some = texts.drop_nulls().gather_every(max(1, len(texts) // SAMPLE)).head(SAMPLE)
    words = words_of(some)
    held = words.group_by("text").agg(pl.len().alias("all"), *(_listed(name) for name in available()))
    spoken = (held.select(available()).to_numpy() >= KNOWN * held["all"].to_numpy()[:, None]).astype(np.int64)
    found: dict[str, float] = {}
    while len(spoken):
        n_texts = spoken.sum(axis=0)
        best = int(n_texts.argmax())
        if n_texts[best] < LEAST * len(some):
            break
        found[available()[best]] = int(n_texts[best]) / len(some)
        spoken = spoken[spoken[:, best] == 0]
    return found


def of(languages: Sequence[str]) -> frozenset[str]:
    """All words of the lists of these languages. Raises DataError for one that there is no list of."""
    for name in languages:
        if name not in available():
            raise DataError(
                file="source",
                where="texts.stop_words",
                found=name,
                expected=f"auto, or some of {', '.join(available())}",
                remedy="Choose the language of the texts, or write [] to keep all words.",
            )
    return frozenset().union(*(list_of(name) for name in languages))


def _listed(language: str) -> pl.Expr:
    return pl.col("word").is_in(pl.Series(sorted(list_of(language))).implode()).sum().alias(language)
