"""Which words and phrases each text holds, how often, and what each is worth.

Counted batch by batch in numbers, so that memory grows by some bytes per word of the texts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from atlas_assets.sources.id_codes import IdCodes, id_batch
from atlas_assets.sources.prose.tokens import words_of
from atlas_assets.stages.artifact import Progress, no_progress

BATCH = 10_000  # texts
FEWEST_OF_A_PHRASE = 5  # texts
TOGETHER = 0.3  # normalised pointwise mutual information of the two words of a phrase, at least
_HALF = 32  # bits


@dataclass(frozen=True)
class Words:
    """text, word, times (m,) int32: text i holds word j so often; sorted by text, then by word, each pair once.

    names (v,): of the words, phrases as two words with a blank. n_texts: of all, also those without any word.
    """

    names: pl.Series
    text: np.ndarray
    word: np.ndarray
    times: np.ndarray
    n_texts: int

    @property
    def holders(self) -> np.ndarray:
        """(v,) int64: the number of texts that hold each word."""
        return np.bincount(self.word, minlength=len(self.names))

    def only(self, wanted: np.ndarray) -> Words:
        """With the words of a mask (v,) only."""
        number = np.cumsum(wanted, dtype=np.int32) - 1
        kept = wanted[self.word]
        names = self.names.filter(pl.Series(wanted))
        return Words(names, self.text[kept], number[self.word[kept]], self.times[kept], self.n_texts)

    def weights(self) -> np.ndarray:
        """(m,) float64: (1 + ln times) * (1 + ln((1 + n) / (1 + holders))), scikit-learn's tf-idf with sublinear_tf."""
        rarity = 1 + np.log((1 + self.n_texts) / (1 + self.holders))
        return (1 + np.log(self.times)) * rarity[self.word]


def count(
    texts: pl.Series, *, stop_words: Collection[str] = (), phrases: bool = False, progress: Progress = no_progress
) -> Words:
    """The words of each text but ``stop_words``, and with ``phrases`` those two that keep standing side by side.

    A phrase is two words that follow each other in FEWEST_OF_A_PHRASE texts or more, far more than by chance.
    """
    codes, ignored = IdCodes(), pl.Series(sorted(stop_words), dtype=pl.String).implode()
    held: list[np.ndarray] = []
    often: list[np.ndarray] = []
    followed: list[np.ndarray] = []
    by: list[np.ndarray] = []
    for first in range(0, len(texts), BATCH):
        progress(first / max(1, len(texts)), f"words of {len(texts):,} texts")
        found = words_of(texts.slice(first, BATCH), first=first)
        found = found.with_columns(ignored=pl.col("word").is_in(ignored))
        if found.is_empty():
            continue
        coded = codes.encode(id_batch(found["word"], only_text=True)).astype(np.int64)
        text, ignored_here = found["text"].to_numpy().astype(np.int64), found["ignored"].to_numpy()
        meant = ~ignored_here
        pairs, times = np.unique((text << _HALF | coded)[meant], return_counts=True)
        held.append(pairs)
        often.append(times.astype(np.int32))
        if phrases:
            beside = (text[:-1] == text[1:]) & meant[:-1] & meant[1:] & (coded[:-1] != coded[1:])
            at = np.flatnonzero(beside)
            followed.append(coded[at] << _HALF | coded[at + 1])
            by.append(text[at].astype(np.int32))
    names = codes.ids(pl.String()).rename("word")
    pairs, times = _joined(held, np.int64), _joined(often, np.int32)
    if phrases and len(names):
        holders = np.bincount(pairs & (1 << _HALF) - 1, minlength=len(names))
        added, more, more_times = _phrases(_joined(followed, np.int64), _joined(by, np.int32), holders, len(texts))
        both = names.gather(added >> _HALF) + " " + names.gather(added & (1 << _HALF) - 1)
        # appended in their order: a phrase may be spelt like a word of no other text, but words hold no blanks
        pairs, times = np.concatenate([pairs, more + len(names)]), np.concatenate([times, more_times])
        order = np.argsort(pairs, kind="stable")
        pairs, times, names = pairs[order], times[order], pl.concat([names, both])
    text, word = (pairs >> _HALF).astype(np.int32), (pairs & (1 << _HALF) - 1).astype(np.int32)
    words = Words(names, text, word, times, len(texts))
    return words.only(words.holders > 0)


def _phrases(
    followed: np.ndarray, by: np.ndarray, holders: np.ndarray, n_texts: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(phrases as pairs of words, text and number of the phrase in one number, times), of those that are phrases."""
    kinds, which = np.unique(followed, return_inverse=True)
    held, times = np.unique(by.astype(np.int64) << _HALF | which, return_counts=True)
    together = np.bincount(held & (1 << _HALF) - 1, minlength=kinds.size)
    chance = holders[kinds >> _HALF] / n_texts * holders[kinds & (1 << _HALF) - 1] / n_texts
    share = np.minimum(together / n_texts, 1 - 1e-9)
    closeness = np.log(share / chance) / -np.log(share)
    chosen = (together >= FEWEST_OF_A_PHRASE) & (closeness >= TOGETHER)
    number = np.cumsum(chosen) - 1
    place = held & (1 << _HALF) - 1
    kept = chosen[place]
    return kinds[chosen], (held >> _HALF << _HALF | number[place])[kept], times[kept].astype(np.int32)


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
