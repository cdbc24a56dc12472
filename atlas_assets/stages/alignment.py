"""Similarity transforms of layouts: onto a reference, or into a canonical position and size."""

from __future__ import annotations

import numpy as np


def align(positions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """positions (n, d) turned, mirrored, scaled and moved to lie as close as possible to reference (n, d).

    Ordinary Procrustes with one scale for all axes (Schönemann & Carroll 1970): shapes and ratios of distances stay.
    Rows of the reference that are not finite (entities new since then) do not count. With fewer than d + 1 common rows
    there is nothing to align to, and the canonical position is returned. Float32; inputs are not modified.
    """
    common = np.isfinite(reference).all(axis=1)
    if common.sum() <= positions.shape[1]:
        return canonical(positions)
    source, target = positions[common].astype(np.float64), reference[common].astype(np.float64)
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    source, target = source - source_centre, target - target_centre
    left, strengths, right = np.linalg.svd(source.T @ target)
    norm = (source**2).sum()
    if norm == 0 or strengths.sum() == 0:
        return canonical(positions)
    scale = strengths.sum() / norm
    turned = (positions.astype(np.float64) - source_centre) @ (left @ right) * scale
    return (turned + target_centre).astype(np.float32)


def canonical(positions: np.ndarray) -> np.ndarray:
    """positions (n, d) centred, principal axes first, at root mean square radius 1; the same for any rotated input.

    The sign of an axis makes its third moment positive, so that mirrored input gives the same result. Float32.
    """
    centred = positions.astype(np.float64) - positions.mean(axis=0, dtype=np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    skew = (turned**3).sum(axis=0)
    turned *= np.where(skew < 0, -1.0, 1.0)
    radius = np.sqrt((turned**2).sum(axis=1).mean())
    return (turned / (radius if radius > 0 else 1.0)).astype(np.float32)
