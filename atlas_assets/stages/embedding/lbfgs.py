"""Limited-memory BFGS under constraints, as PyMDE does it, with nothing but the function itself to pay for.

PyMDE's takes 50 passes over vectors and as many calls of torch per iteration, more than the fused distortion costs, and
its sums depend on the number of threads. Here all inner products of an iteration are one pass over the memory, the
direction is worked out in their coordinates (Chen, Wang & Zhou 2014, "vector-free L-BFGS"), and one more pass forms it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.kernels.vectors import combine, inner_products
from atlas_assets.stages.embedding.constraints import Constraint

Objective = Callable[[np.ndarray, np.ndarray], float]
MEMORY = 10  # pairs of steps and changes of the gradient, as in PyMDE
MOST_TRIALS = 25
SUFFICIENT, CURVATURE = 1e-4, 0.9  # the Wolfe conditions' constants, as in PyMDE


class Minimum(NamedTuple):
    """x (n, d) float32 and the function's value there.

    residual: norm of the gradient times norm of x over the value: the relative change of the value that moving by the
    map's own size along the gradient would promise. It depends neither on the number of entities nor on any unit.
    converged: residual fell to the tolerance; else the iterations were used up, or no step led further down.
    """

    x: np.ndarray
    value: float
    residual: float
    iterations: int
    converged: bool


def minimise(
    objective: Objective,
    start: np.ndarray,
    *,
    constraint: Constraint,
    max_iterations: int,
    tolerance: float,
    first_step: float = 0.05,
    refresh: Callable[[int], bool] = lambda iteration: False,
    told: Callable[[int, float, float], None] = lambda iteration, value, residual: None,
) -> Minimum:
    """A local minimum from ``start`` (n, d) float32 on. ``objective(x, gradient)`` gives the value and fills gradient.

    first_step: length of the first one relative to x. refresh(iteration): called before each; true when the objective
    has changed, so that its value is taken anew. told(iteration, value, residual): called after each iteration.
    Raises AtlasError when the value at the start is not finite.
    """
    x = np.array(start, np.float32)
    constraint.project(x)
    gradient, other = np.empty_like(x), np.empty_like(x)
    memory = _Memory(x.size)

    def evaluate(at: np.ndarray, out: np.ndarray) -> float:
        value = objective(at, out)
        constraint.keep_tangent(at, out)
        return value

    value = evaluate(x, gradient)
    if not np.isfinite(value):
        raise AtlasError(f"The distortion of the start positions is {value}; they must be finite and not all alike.")
    residual, iteration = np.inf, 0
    for iteration in range(max_iterations + 1):
        if refresh(iteration):
            value = evaluate(x, gradient)
        direction, slope, gradient_norm = memory.direction(gradient)
        size = float(np.sqrt(inner_products(x.reshape(1, -1), x.reshape(1, -1))[0, 0]))
        residual = gradient_norm * size / max(abs(value), 1e-30)
        if iteration:
            told(iteration, value, residual)
        if residual <= tolerance or iteration == max_iterations:
            break
        length = first_step * size / gradient_norm if memory.empty else 1.0
        found = _search(evaluate, constraint, x, other, direction, value, slope, length)
        if found is None and not memory.empty:  # float32 rounding made the memory useless: once more along the gradient
            memory.forget()
            direction, slope, gradient_norm = memory.direction(gradient)
            length = 0.01 * first_step * size / gradient_norm
            found = _search(evaluate, constraint, x, other, direction, value, slope, length)
        if found is None:
            break
        x, value, length = found
        memory.learn(length, direction, other, gradient)
        gradient, other = other, gradient
    return Minimum(x, value, float(residual), iteration, bool(residual <= tolerance))


def _search(evaluate, constraint, x, out, direction, value, slope, length):
    """The first of bisected or doubled lengths that satisfies the weak Wolfe conditions (Lewis & Overton 2013).

    Returns (x, value, length) and leaves the gradient in ``out``; None when there is none. They keep the curvature
    along the step positive, which is all that the memory needs; the first trial is accepted 99 times out of 100.
    """
    low, high = 0.0, np.inf
    for _ in range(MOST_TRIALS):
        trial = x + np.float32(length) * direction.reshape(x.shape)
        constraint.project(trial)
        found = evaluate(trial, out)
        if not found <= value + SUFFICIENT * length * slope:
            high = length
        elif inner_products(out.reshape(1, -1), direction[None])[0, 0] < CURVATURE * slope:
            low = length
        else:
            return trial, found, length
        length = (low + high) / 2 if np.isfinite(high) else 2 * length
    return None


class _Memory:
    """Rows 0..M-1: steps s, M..2M-1: changes of the gradient y, 2M: the gradient; and all their inner products."""

    def __init__(self, size: int) -> None:
        self._rows = np.zeros((2 * MEMORY + 1, size), np.float32)
        self._products = np.zeros((2 * MEMORY + 1, 2 * MEMORY + 1))
        self._direction = np.empty(size, np.float32)
        self._fresh: list[int] = []
        self._order: list[int] = []  # slots, oldest first

    @property
    def empty(self) -> bool:
        return not self._order

    def forget(self) -> None:
        self._order.clear()

    def learn(self, length: float, direction: np.ndarray, gradient: np.ndarray, previous: np.ndarray) -> None:
        """Keep a step of that length; its curvature counts from the next direction on."""
        slot = self._order.pop(0) if len(self._order) == MEMORY else min(set(range(MEMORY)) - set(self._order))
        np.multiply(direction, np.float32(length), out=self._rows[slot])
        np.subtract(gradient.ravel(), previous.ravel(), out=self._rows[MEMORY + slot])
        self._order.append(slot)
        self._fresh = [slot, MEMORY + slot]

    def direction(self, gradient: np.ndarray) -> tuple[np.ndarray, float, float]:
        """The direction to go (overwritten by the next call), its slope, and the norm of the gradient."""
        last = 2 * MEMORY
        self._rows[last] = gradient.ravel()
        fresh = [*self._fresh, last]
        products = inner_products(self._rows[fresh], self._rows)
        for row, values in zip(fresh, products, strict=True):
            self._products[row] = self._products[:, row] = values
        self._fresh = []
        inner = self._products
        if self._order and inner[self._order[-1], MEMORY + self._order[-1]] <= 0:
            self._order.pop()  # no curvature, by rounding or because the objective has changed
        factors = np.zeros(last + 1)
        factors[last] = -1
        shares = {}
        for slot in reversed(self._order):
            shares[slot] = float(factors @ inner[:, slot]) / inner[slot, MEMORY + slot]
            factors[MEMORY + slot] -= shares[slot]
        if self._order:
            newest = self._order[-1]
            factors *= inner[newest, MEMORY + newest] / inner[MEMORY + newest, MEMORY + newest]
        for slot in self._order:
            factors[slot] += shares[slot] - float(factors @ inner[:, MEMORY + slot]) / inner[slot, MEMORY + slot]
        slope = float(factors @ inner[:, last])
        if not slope < 0 and self._order:
            self.forget()
            return self.direction(gradient)
        combine(self._rows, factors.astype(np.float32), self._direction)
        return self._direction, slope, float(np.sqrt(inner[last, last]))
