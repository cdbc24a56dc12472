"""Average distortion of a push-and-pull embedding problem and its gradient, in one pass without races.

Neighbours pull along a symmetric CSR matrix: every row gathers its own gradient, so no two threads write one place, and
sums are taken in the order of the rows: the result is the same for any number of threads. Pushing pairs need no list.
Entities stand on a ring in random order, and those s places apart push each other, for a handful of random s: all
distances of one s are differences of two contiguous runs, without a single gather.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from atlas_assets.kernels.penalties import FAST, SMALLEST_SQUARE, pull, push

ROWS = 128  # per task; fixed, so that sums do not depend on the number of threads


@njit(cache=True, parallel=True, **FAST)
def value_and_gradient(
    x,
    indptr,
    columns,
    weights,
    widest,
    place,
    ring,
    steps,
    push_weight,
    scale,
    pull_kind,
    push_kind,
    doubled,
    pushed,
    gradient,
):
    """Distortion of positions x (n, d) float32; ``gradient`` (n, d) float32 is overwritten with its derivative.

    indptr, columns, weights: symmetric CSR of the pulling edges, each in both directions; widest: most entries in
    ``ROWS`` rows that begin at a multiple of ROWS. ring (n,): entity on each place; place (n,): its inverse. steps
    (s,) in 1..(n-1)/2, distinct: entities that many places apart push each other with weight ``push_weight``. scale:
    factor of the sum over all pairs. doubled (d, 2n), pushed (d, n) float32: working memory.
    """
    n, n_dims = x.shape
    n_tasks = (n + ROWS - 1) // ROWS
    parts = np.zeros(n_tasks)
    for task in prange(n_tasks):
        for p in range(task * ROWS, min(n, (task + 1) * ROWS)):
            i = ring[p]
            for c in range(n_dims):
                doubled[c, p] = x[i, c]
                doubled[c, p + n] = x[i, c]
    for task in prange(n_tasks):
        parts[task] += push_weight * _push_rows(task * ROWS, n, steps, push_kind, doubled, pushed)
    for task in prange(n_tasks):
        first, last = task * ROWS, min(n, (task + 1) * ROWS)
        parts[task] += _pull_rows(first, last, x, indptr, columns, weights, widest, pull_kind, gradient)
        for i in range(first, last):
            p = place[i]
            for c in range(n_dims):
                gradient[i, c] = scale * (gradient[i, c] + push_weight * pushed[c, p])
    total = 0.0
    for task in range(n_tasks):
        total += parts[task]
    return total * scale


@njit(**FAST)
def _push_rows(first, n, steps, kind, doubled, pushed):
    """Gradient of the pushes on places first.. (ROWS of them) into pushed; returns the sum of their values."""
    n_dims = doubled.shape[0]
    size = min(ROWS, n - first)
    squares, slopes, values = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32), np.empty(ROWS, np.float32)
    for c in range(n_dims):
        pushed[c, first : first + size] = 0
    total = 0.0
    for turn in range(2 * steps.size):  # ahead, which also counts the value, then behind
        ahead = turn < steps.size
        other = first + (steps[turn] if ahead else n - steps[turn - steps.size])
        if n_dims == 3:
            a0, a1, a2 = doubled[0, first:], doubled[1, first:], doubled[2, first:]
            b0, b1, b2 = doubled[0, other:], doubled[1, other:], doubled[2, other:]
            for k in range(size):
                d0, d1, d2 = a0[k] - b0[k], a1[k] - b1[k], a2[k] - b2[k]
                squares[k] = max(d0 * d0 + d1 * d1 + d2 * d2, SMALLEST_SQUARE)
        else:
            squares[:size] = 0
            for c in range(n_dims):
                a, b = doubled[c, first:], doubled[c, other:]
                for k in range(size):
                    squares[k] += (a[k] - b[k]) * (a[k] - b[k])
            for k in range(size):
                squares[k] = max(squares[k], SMALLEST_SQUARE)
        push(kind, squares, slopes, values, size, ahead)
        for c in range(n_dims):
            a, b, out = doubled[c, first:], doubled[c, other:], pushed[c, first:]
            for k in range(size):
                out[k] += slopes[k] * (a[k] - b[k])
        if ahead:
            part = np.float32(0)
            for k in range(size):
                part += values[k]
            total += part
    return total


@njit(**FAST)
def _pull_rows(first, last, x, indptr, columns, weights, widest, kind, gradient):
    """Gradient of the pulls on rows first..last-1 into gradient; returns half the sum of their values.

    Indices are unsigned: for signed ones numba adds the test for Python's negative ones, half of the time.
    """
    n_dims = x.shape[1]
    differences = np.empty((n_dims, widest), np.float32)
    squares, slopes, values = np.empty(widest, np.float32), np.empty(widest, np.float32), np.empty(widest, np.float32)
    begin, size = indptr[first], indptr[last] - indptr[first]
    columns, weights = columns[begin:], weights[begin:]
    zero, one, two = np.uint64(0), np.uint64(1), np.uint64(2)
    if n_dims == 3:
        e0, e1, e2 = differences[0], differences[1], differences[2]
        for i in range(first, last):
            x0, x1, x2 = x[i, 0], x[i, 1], x[i, 2]
            for slot in range(np.uint64(indptr[i] - begin), np.uint64(indptr[i + 1] - begin)):
                j = np.uint64(columns[slot])
                e0[slot], e1[slot], e2[slot] = x0 - x[j, zero], x1 - x[j, one], x2 - x[j, two]
        for k in range(size):
            squares[k] = max(e0[k] * e0[k] + e1[k] * e1[k] + e2[k] * e2[k], SMALLEST_SQUARE)
    else:
        for i in range(first, last):
            for slot in range(np.uint64(indptr[i] - begin), np.uint64(indptr[i + 1] - begin)):
                j = np.uint64(columns[slot])
                for c in range(np.uint64(n_dims)):
                    differences[c, slot] = x[i, c] - x[j, c]
        squares[:size] = 0
        for c in range(n_dims):
            e = differences[c]
            for k in range(size):
                squares[k] += e[k] * e[k]
        for k in range(size):
            squares[k] = max(squares[k], SMALLEST_SQUARE)
    pull(kind, squares, slopes, values, size)
    total = np.float32(0)
    for k in range(size):
        total += weights[k] * values[k]
        slopes[k] *= weights[k]
    for i in range(first, last):
        low, high = np.uint64(indptr[i] - begin), np.uint64(indptr[i + 1] - begin)
        if n_dims == 3:
            e0, e1, e2 = differences[0], differences[1], differences[2]
            g0 = g1 = g2 = np.float32(0)
            for slot in range(low, high):
                slope = slopes[slot]
                g0 += slope * e0[slot]
                g1 += slope * e1[slot]
                g2 += slope * e2[slot]
            gradient[i, 0], gradient[i, 1], gradient[i, 2] = g0, g1, g2
        else:
            for c in range(n_dims):
                e, g = differences[c], np.float32(0)
                for slot in range(low, high):
                    g += slopes[slot] * e[slot]
                gradient[i, c] = g
    return 0.5 * np.float64(total)
