"""PyMDE's constraints on positions: how to come back to one, and the part of a gradient along it.

As in ``pymde.constraints``; the sums are taken in a fixed order, so that positions do not depend on threads.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Constraint(Protocol):
    """Both methods change their last argument in place; arrays are (n, d) float32."""

    def project(self, x: np.ndarray) -> None:
        """Move x onto the constraint."""
        ...

    def keep_tangent(self, x: np.ndarray, gradient: np.ndarray) -> None:
        """Keep of the gradient at x only what moves along the constraint."""
        ...


class Centered:
    """Mean zero. Distortions do not change when all positions move together, so gradients need nothing."""

    def project(self, x: np.ndarray) -> None:
        x -= x.mean(axis=0, dtype=np.float64).astype(np.float32)

    def keep_tangent(self, x: np.ndarray, gradient: np.ndarray) -> None:
        pass


class Standardized:
    """Mean zero and covariance one: x^T x = n I. Projection is onto the nearest such x (polar decomposition)."""

    def project(self, x: np.ndarray) -> None:
        x -= x.mean(axis=0, dtype=np.float64).astype(np.float32)
        wide = x.astype(np.float64)
        values, vectors = np.linalg.eigh(np.einsum("na,nb->ab", wide, wide) / len(x))
        root = (vectors / np.sqrt(np.maximum(values, 1e-24))) @ vectors.T
        x[:] = np.einsum("na,ab->nb", wide, root)

    def keep_tangent(self, x: np.ndarray, gradient: np.ndarray) -> None:
        product = np.einsum("na,nb->ab", gradient, x, dtype=np.float64) / len(x)
        gradient -= np.einsum("na,ab->nb", x, product.astype(np.float32))


class Anchored:
    """Rows ``anchors`` (n,) bool stay where ``values`` (n, d) has them."""

    def __init__(self, anchors: np.ndarray, values: np.ndarray) -> None:
        self.anchors, self.values = anchors, values[anchors]

    def project(self, x: np.ndarray) -> None:
        x[self.anchors] = self.values

    def keep_tangent(self, x: np.ndarray, gradient: np.ndarray) -> None:
        gradient[self.anchors] = 0
