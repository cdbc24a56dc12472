"""The intermediate embedding: a PyMDE problem on the neighbour graph's own edges.

Attractive edges are the graph's, weighted 2 where mutual; repulsive ones are seeded random pairs. Never
``pymde.preserve_neighbors``: on a graph it runs all-pairs shortest paths first.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pymde
import torch

from atlas_assets.errors import AtlasError
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.knn_graph import KnnGraph
from atlas_assets.stages.placement import place_isolated
from atlas_assets.stages.spectral import spectral_positions

ATTRACTIVE = {
    "log1p": pymde.penalties.Log1p,
    "linear": pymde.penalties.Linear,
    "quadratic": pymde.penalties.Quadratic,
    "cubic": pymde.penalties.Cubic,
    "huber": pymde.penalties.Huber,
}
REPULSIVE = {"log": pymde.penalties.Log, "invpower": pymde.penalties.InvPower, "logratio": pymde.penalties.LogRatio}
ITERATION = re.compile(r"iteration (\d+) \| distortion (\S+)")  # how pymde 0.3 words its log
Constraint = Literal["centered", "standardized"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Embedding(Artifact):
    """positions (n, d) float32; loss: average distortion at the end; residual: norm of its gradient; device used.

    Entities without any neighbour took no part; they stand on a thin shell around the others.
    """

    positions: np.ndarray
    loss: float
    iterations: int
    residual: float
    device: str

    def check(self) -> list[Check]:
        finite = np.isfinite(self.positions).all(axis=1)
        spread = self.positions.astype(np.float64).std(axis=0)
        return [
            Check("all positions are finite", bool(finite.all()), f"{int((~finite).sum())} of {finite.size} are not"),
            Check("every dimension is used", bool((spread > 0).all()), f"spread {np.round(spread, 3).tolist()}"),
        ]


def build(
    graph: KnnGraph, *, embedding_dim: int = 3, repulsive_ratio: float = 3.0, attractive_penalty: str = "log1p",
    repulsive_penalty: str = "log", constraint: Constraint = "centered", max_iterations: int = 400,
    init: Literal["spectral", "random"] | np.ndarray = "spectral", seed: int = 0, device: Device = "auto",
    progress: Progress = no_progress,
) -> Embedding:  # fmt: skip
    """Place every entity in ``embedding_dim`` dimensions so that neighbours are close and random pairs are not.

    Defaults by held-out recall of the 3-D embedding on mtg-decks (5,105 entities): log1p with 1, 3 and 6 repulsive
    edges per attractive one 0.128, 0.134, 0.137 (6 has twice the edges of 3); linear 0.128; quadratic, standardized
    0.105.

    Minimises the mean over attractive edges of w p(d) and over repulsive_ratio times as many random pairs of
    -q(d) (Agrawal, Ali & Boyd 2021, ch. 6), by L-BFGS. ``init`` may be an (n, embedding_dim) array: a warm start; rows
    that are not finite start near the middle of their neighbours. The same seed and device give the same positions.
    CUDA running out of memory falls back to the CPU with a warning. Raises AtlasError for an unknown penalty.
    """
    attractive = _choose(attractive_penalty, ATTRACTIVE, "attractive_penalty")
    repulsive = _choose(repulsive_penalty, REPULSIVE, "repulsive_penalty")
    connected = np.flatnonzero(~graph.isolated)
    if connected.size == 0:
        positions = place_isolated(np.zeros((graph.n_entities, embedding_dim), np.float32), graph.isolated)
        return Embedding(positions=positions, loss=0.0, iterations=0, residual=0.0, device="cpu")
    local = np.full(graph.n_entities, -1, np.int64)
    local[connected] = np.arange(connected.size)
    edges = local[graph.edges]
    start = _start(init, graph, edges, connected, embedding_dim, seed)
    repelled = _random_pairs(edges, connected.size, round(repulsive_ratio * len(edges)), seed)
    last: Exception | None = None
    for place in _devices(device):
        try:
            solved, loss, iterations, residual = _solve(
                edges, repelled, np.asarray(graph.edge_weights), start, attractive, repulsive, constraint,
                max_iterations, place, seed, progress,
            )  # fmt: skip
            break
        except torch.cuda.OutOfMemoryError as error:
            last = error
            torch.cuda.empty_cache()
            warnings.warn(
                f"The GPU ran out of memory with {len(edges) + len(repelled):,} edges; going on with the CPU, which is "
                "slower. Lower n_neighbors or repulsive_ratio to fit.", RuntimeWarning, stacklevel=2,
            )  # fmt: skip
    else:
        raise AtlasError(
            f"The GPU ran out of memory with {len(edges) + len(repelled):,} edges, and device is 'cuda'. "
            "Set device to 'auto' to fall back to the CPU."
        ) from last
    positions = np.zeros((graph.n_entities, embedding_dim), np.float32)
    positions[connected] = solved
    positions = place_isolated(positions, graph.isolated)
    return Embedding(positions=positions, loss=loss, iterations=iterations, residual=residual, device=place)


def _choose(name: str, known: dict, parameter: str):
    if name not in known:
        raise AtlasError(f"embedding.{parameter} is {name!r}; expected one of {', '.join(known)}.")
    return known[name]


def _devices(device: Device) -> list[str]:
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return ["cpu"]
    if not torch.cuda.is_available():
        warnings.warn("No CUDA device was found; going on with the CPU.", RuntimeWarning, stacklevel=3)
        return ["cpu"]
    return ["cuda", "cpu"]


def _start(
    init: str | np.ndarray, graph: KnnGraph, edges: np.ndarray, connected: np.ndarray, n_dims: int, seed: int
) -> np.ndarray:
    """Start positions of the connected entities, (n_connected, n_dims) float32, about one unit in size."""
    if isinstance(init, np.ndarray):
        if init.shape != (graph.n_entities, n_dims):
            raise AtlasError(f"The start positions have shape {init.shape}; expected ({graph.n_entities}, {n_dims}).")
        return _complete(np.array(init[connected], np.float32), edges, seed)
    if init == "random":
        return np.random.default_rng(seed).standard_normal((connected.size, n_dims)).astype(np.float32)
    if init != "spectral":
        raise AtlasError(f"embedding.init is {init!r}; expected 'spectral', 'random' or start positions.")
    start = spectral_positions(edges, graph.edge_weights, n_entities=connected.size, n_dims=n_dims, seed=seed)
    return start / max(float(start.std()), 1e-12)


def _complete(start: np.ndarray, edges: np.ndarray, seed: int) -> np.ndarray:
    """Give rows without a position the mean of their neighbours' (a few rounds), with a little seeded noise."""
    known = np.array(np.isfinite(start).all(axis=1), dtype=bool)
    if not known.any():
        return np.random.default_rng(seed).standard_normal(start.shape).astype(np.float32)
    missing = ~known
    start = np.where(known[:, None], start, 0).astype(np.float64)
    both = np.concatenate([edges, edges[:, ::-1]])
    for _ in range(5):
        if known.all():
            break
        usable = both[known[both[:, 1]] & ~known[both[:, 0]]]
        counts = np.bincount(usable[:, 0], minlength=len(start))
        new = counts > 0
        for d in range(start.shape[1]):
            sums = np.bincount(usable[:, 0], weights=start[usable[:, 1], d], minlength=len(start))
            start[new, d] = sums[new] / counts[new]
        known = known | new
    noise = np.random.default_rng(seed).standard_normal((int(missing.sum()), start.shape[1]))
    start[missing] += 0.05 * start.std() * noise
    return start.astype(np.float32)


def _random_pairs(edges: np.ndarray, n: int, count: int, seed: int) -> np.ndarray:
    """At most ``count`` distinct random pairs that are not edges, (m, 2) int64; the same for the same seed."""
    taken = np.unique(edges.min(axis=1) * n + edges.max(axis=1))
    count = min(count, n * (n - 1) // 2 - taken.size)
    if count <= 0:
        return np.empty((0, 2), np.int64)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, n, size=(int(count * 1.2) + 64, 2))
    keys = drawn.min(axis=1) * n + drawn.max(axis=1)
    keys = np.unique(keys[drawn[:, 0] != drawn[:, 1]])
    keys = generator.permutation(keys[~np.isin(keys, taken, assume_unique=True)])[:count]
    return np.stack([keys // n, keys % n], axis=1)


def _solve(
    edges: np.ndarray, repelled: np.ndarray, edge_weights: np.ndarray, start: np.ndarray, attractive, repulsive,
    constraint: Constraint, max_iterations: int, device: str, seed: int, progress: Progress,
) -> tuple[np.ndarray, float, int, float]:  # fmt: skip
    pymde.seed(seed)
    weights = np.concatenate([edge_weights, np.full(len(repelled), -1.0)]).astype(np.float32)
    function = pymde.penalties.PushAndPull(
        torch.tensor(weights, device=device), attractive_penalty=attractive, repulsive_penalty=repulsive
    )
    problem = pymde.MDE(
        n_items=len(start), embedding_dim=start.shape[1], distortion_function=function, device=device,
        edges=torch.tensor(np.concatenate([edges, repelled]), device=device),
        constraint=pymde.Standardized() if constraint == "standardized" else pymde.Centered(),
    )  # fmt: skip
    initial = problem.constraint.project_onto_constraint(torch.tensor(start, device=device), inplace=False)
    with _reported(progress, max_iterations):
        positions = problem.embed(
            X=initial, max_iter=max_iterations, verbose=True, print_every=max(1, max_iterations // 10)
        )
    stats: Any = problem.solve_stats
    loss, residual = float(stats.average_distortions[-1]), float(stats.residual_norms[-1])
    return positions.detach().cpu().numpy().astype(np.float32), loss, stats.iterations, residual


@contextlib.contextmanager
def _reported(progress: Progress, max_iterations: int) -> Iterator[None]:
    """Turn pymde's log lines into progress, and keep them from stderr: it offers no callback."""
    logger = logging.getLogger("__pymde__")

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                warnings.warn(record.getMessage(), RuntimeWarning, stacklevel=2)
            elif found := ITERATION.match(record.getMessage()):
                progress(int(found[1]) / max_iterations, f"iteration {int(found[1])}, distortion {float(found[2]):.4f}")

    forward: list[logging.Handler] = [Forward()]
    handlers, logger.handlers = logger.handlers, forward
    try:
        yield
    finally:
        logger.handlers = handlers
