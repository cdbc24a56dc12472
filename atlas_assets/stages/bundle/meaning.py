"""Search by meaning: a small model of words, shipped beside a vector of each row, so that a page can embed a question.

The model is static: the vector of a text is the sum of those of its words. So a question is embedded with a table of
words, in the page, and no server is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.bundle.files import Writer

DIMS = 64
MOST_WORDS = 24_000  # 64 bytes each: the table stays below 2 MB
MOST_ROWS = 250_000  # 16 MB, loaded by whoever searches by meaning
_STEPS = 127
_SAMPLE = 50_000  # rows that say which directions matter


@dataclass(frozen=True)
class Meaning:
    """words (v,), and what each adds to the vector of a text: scales (v,) float32 times steps (v, d) int8.

    rows (n, d) int8: the direction of each entity's vector, in index order; zeros where it has none. model: its name.
    """

    words: list[str]
    scales: np.ndarray
    steps: np.ndarray
    rows: np.ndarray
    model: str

    def vector_of(self, words: Sequence[str]) -> np.ndarray:
        """(d,) float64 of the words of a text, in their order, as the page sums them: those not known add nothing."""
        place = {word: i for i, word in enumerate(self.words)}
        vector = np.zeros(self.steps.shape[1])
        for word in words:
            if (at := place.get(word)) is not None:
                vector += np.float64(self.scales[at]) * self.steps[at]
        return vector


def of(
    words: Sequence[str], word_vectors: np.ndarray, word_weights: np.ndarray, rows: np.ndarray, *, model: str
) -> Meaning:
    """Vectors in the DIMS directions in which the rows extend most, in 255 steps.

    word_vectors (v, D), rows (n, D): of the same model. word_weights (v,): how much a word counts in a text.
    """
    random = np.random.default_rng(0)
    some = rows if len(rows) <= _SAMPLE else rows[np.sort(random.choice(len(rows), _SAMPLE, replace=False))]
    unit = _unit(np.asarray(some, np.float64))
    _, directions = np.linalg.eigh(unit.T @ unit)
    directions = directions[:, ::-1][:, :DIMS]
    directions = directions * np.where(
        directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])] < 0, -1, 1
    )
    own = np.asarray(word_vectors, np.float64) @ directions * np.asarray(word_weights)[:, None]
    scales, steps = _stepped(own)
    _, turned = _stepped(np.asarray(rows, np.float64) @ directions)
    return Meaning(list(words), scales, steps, turned, model)


def put(meaning: Meaning, order: np.ndarray, out: Writer) -> dict[str, Any]:
    """The manifest's entry; ``order`` (n,): the entity of each row of the bundle."""
    table = np.asarray(meaning.scales, "<f4").tobytes() + meaning.steps.tobytes()
    return {
        "model": meaning.model,
        "dims": meaning.steps.shape[1],
        "words": out.put("meaning", "words", encoding.encode_lines(meaning.words)),
        "vectors": out.put("meaning", "vectors", table),
        "rows": out.put("meaning", "rows", meaning.rows[order].tobytes()),
    }


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _stepped(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """scales (n,) float32 and steps (n, d) int8 whose product is about the vectors."""
    scales = (np.abs(vectors).max(axis=1, initial=0) / _STEPS).astype(np.float32)
    steps = np.rint(vectors / np.where(scales > 0, scales, 1)[:, None]).clip(-_STEPS, _STEPS).astype(np.int8)
    return scales, steps
