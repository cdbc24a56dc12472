"""Similarity transforms of layouts: onto a reference, or into a canonical position and size.

Sums run in a fixed order (einsum, which is never handed to BLAS), so that every bit of a map is the same for any number
of threads; the factorisations left are of d x d matrices.
"""

from __future__ import annotations

import numpy as np


def align(positions: np.ndarray, reference: np.ndarray, *, scale: bool = True) -> np.ndarray:
    """positions (n, d) turned, mirrored, scaled and moved to lie as close as possible to reference (n, d).

    Ordinary Procrustes (Schönemann & Carroll 1970), but with the scale that gives both the same root mean square
    radius: the least-squares scale is smaller by their correlation, so that a map aligned to its predecessor again and
    again would shrink to a point. Shapes and ratios of distances stay. Rows of the reference that are not finite
    (entities new since then) do not count. With fewer than d + 1 common rows there is nothing to align to, and the
    canonical position is returned. Without ``scale`` the size stays too. Float32; inputs are not modified.
    """
    common = np.isfinite(reference).all(axis=1)
    if common.sum() <= positions.shape[1]:
        return canonical(positions, scale=scale)
    source, target = positions[common].astype(np.float64), reference[common].astype(np.float64)
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    source, target = source - source_centre, target - target_centre
    source_size, target_size = np.sqrt((source**2).sum()), np.sqrt((target**2).sum())
    if source_size == 0 or target_size == 0:
        return canonical(positions, scale=scale)
    left, _, right = np.linalg.svd(np.einsum("ni,nj->ij", source, target))
    turn = np.einsum("ij,jk->ik", left, right) * (target_size / source_size if scale else 1.0)
    turned = np.einsum("ni,ij->nj", positions.astype(np.float64) - source_centre, turn)
    return (turned + target_centre).astype(np.float32)


def canonical(positions: np.ndarray, *, scale: bool = True) -> np.ndarray:
    """positions (n, d) centred, principal axes first, at root mean square radius 1; the same for any rotated input.

    The sign of an axis makes its third moment positive, so that mirrored input gives the same result. Without ``scale``
    the size stays. Float32.
    """
    centred = positions.astype(np.float64) - positions.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(np.einsum("ni,nj->ij", centred, centred))
    turned = np.einsum("ni,ij->nj", centred, axes[:, ::-1])
    skew = (turned**3).sum(axis=0)
    turned *= np.where(skew < 0, -1.0, 1.0)
    radius = np.sqrt((turned**2).sum(axis=1).mean()) if scale else 1.0
    return (turned / (radius if radius > 0 else 1.0)).astype(np.float32)
