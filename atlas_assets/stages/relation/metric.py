"""Which distance tells vectors apart, where nobody has said: by what their lengths and directions are like."""

from __future__ import annotations

from typing import Literal

import numpy as np

Metric = Literal["cosine", "euclidean", "dot"]
SAMPLE = 2_000
FEW = 20  # numbers per vector: what a model learns has more, what somebody measured has fewer
TELLING = 0.5  # spread of lengths, of the spread of directions, from which on lengths are thought to mean something
SAME_LENGTH = 1e-3


def guess_metric(vectors: np.ndarray, *, measured: bool = False) -> tuple[Metric, str]:
    """cosine or euclidean for vectors (n, d), and why, for people. measured: each number has a name of its own.

    Cosine throws lengths away, which is right for embeddings (word2vec's grow with how often a word occurs) and wrong
    where groups differ by size, or for coordinates. Never ``dot``: that a vector is meant for inner products is not to
    be seen in it.
    """
    n, d = vectors.shape
    if measured:
        return "euclidean", "columns with names of their own are measurements, and their size counts"
    if d < FEW:
        return "euclidean", f"{d} numbers are few for an embedding, so their size counts"
    sample = np.asarray(vectors[np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))], np.float64)
    lengths = np.linalg.norm(sample, axis=1)
    sample, lengths = sample[lengths > 0], lengths[lengths > 0]
    if len(sample) < 3:
        return "cosine", "there are too few vectors to tell"
    spread = float(np.std(np.log(lengths)))
    if spread < SAME_LENGTH:
        return "cosine", "all vectors have the same length"
    units = sample / lengths[:, None]
    chords = np.linalg.norm(units - np.roll(units, len(units) // 2, axis=0), axis=1)
    directions = float(np.median(chords))
    if spread > TELLING * directions:
        return "euclidean", "vectors differ more in length than in direction"
    return "cosine", "vectors differ more in direction than in length"
