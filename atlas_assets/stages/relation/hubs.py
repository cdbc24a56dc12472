"""How much neighbour lists concentrate on a few entities, and similarities rescaled against it.

A hub is on the lists of a great many entities; an orphan on nobody's. Both make a map that shows less than the lists
of its entities hold: hubs pull everything to the middle, orphans drift.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CANDIDATES = 3  # times k: how far down the lists better ones are looked for


def local_scaling(indices: np.ndarray, similarity: np.ndarray, *, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each list after similarities are divided by what is usual for the two entities.

    indices (n, K) int32, similarity (n, K) >= 0, most similar first, -1 and 0 at the end of rows with fewer, K >= k
    (``CANDIDATES`` k serves well). Not modified. Returns (n, k) of both: the places in the lists of the k best, int64,
    and their new similarity, float64, falling along each row.
    A pair becomes s_ij / sqrt(m_i m_j), m being the mean similarity of an entity to the first k of its list; so a pair
    that is usual for both is 1. Equal ones stay in the order of the given lists. A pair of similarity 0 stays 0.
    References: Zelnik-Manor & Perona 2005 (local scaling); Schnitzer et al. 2012 (NICDM, mean instead of k-th).
    """
    if not 1 <= k <= indices.shape[1]:
        raise ValueError(f"k is {k}; expected 1 to {indices.shape[1]}, the length of the lists")
    listed = indices >= 0
    similarity = np.where(listed, similarity, 0.0).astype(np.float64)
    usual = similarity[:, :k].sum(axis=1) / np.maximum(listed[:, :k].sum(axis=1), 1)
    # one square root each: the product of two small means may underflow, that of their roots does not
    root = np.sqrt(usual)
    scale = root[:, None] * root[np.where(listed, indices, 0)]
    rescaled = np.divide(similarity, scale, out=np.zeros_like(similarity), where=scale > 0)
    order = np.argsort(np.where(listed, -rescaled, np.inf), axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(rescaled, order, axis=1)


def hubness(indices: np.ndarray) -> dict[str, Any]:
    """Figures on how often entities are listed by others; indices (n, k), -1 where a row has fewer.

    skewness: third standardised moment of the number of lists an entity is on; 0 where lists are spread evenly, above
    about 1.5 a few are on very many (Radovanovic et al. 2010). most_listed: the largest of these numbers;
    most_listed_entity: whose it is, the first of equal ones, None where nobody is listed. never_listed: how many are on
    no list; never_listed_share: of all.
    """
    n = indices.shape[0]
    counts = np.bincount(indices[indices >= 0], minlength=n)
    apart = counts - counts.mean() if n else np.zeros(0)
    variance = float(np.mean(apart**2)) if n else 0.0
    never = int(np.count_nonzero(counts == 0))
    return {
        "skewness": float(np.mean(apart**3)) / variance**1.5 if variance > 0 else 0.0,
        "most_listed": int(counts.max()) if n else 0,
        "most_listed_entity": int(counts.argmax()) if counts.any() else None,
        "never_listed": never,
        "never_listed_share": never / n if n else 0.0,
    }
