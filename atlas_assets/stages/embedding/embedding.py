"""The intermediate embedding: neighbours pull, random pairs push, and the mean distortion of both is minimised.

PyMDE's problem, penalties, constraints and optimiser (Agrawal, Ali & Boyd 2021, "Minimum-Distortion Embedding", ch. 6),
on the neighbour graph's own edges; never ``pymde.preserve_neighbors``, which on a graph runs all-pairs shortest paths
first. Penalties that have a compiled kernel need neither PyMDE nor torch, whose import alone takes 3 seconds.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from atlas_assets.errors import AtlasError, NotInstalled
from atlas_assets.kernels import penalties
from atlas_assets.stages.artifact import Artifact, Check, Progress, no_progress
from atlas_assets.stages.embedding.constraints import Anchored, Centered, Constraint, Standardized
from atlas_assets.stages.embedding.lbfgs import Minimum, Objective, minimise
from atlas_assets.stages.embedding.push_and_pull import DeviceMemoryError, FusedDistortion, PushAndPull
from atlas_assets.stages.geometry.alignment import align
from atlas_assets.stages.geometry.isolated_entities import gather_components, place_isolated
from atlas_assets.stages.geometry.start_positions import complete, start_positions
from atlas_assets.stages.relation.knn_graph import KnnGraph

GPU_PAIRS = 10_000_000  # per iteration: some 10 ms of two cores, an estimate of what a GPU's calls alone cost
GPU_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # one of them exists where torch can find a GPU
FIRST_STEP, WARM_STEP = 0.05, 1e-3  # relative to the map
WARM_ITERATIONS = 25  # 1 % new entities move the others by 1.1 % of the map's width; 10: 0.6 %, 53, converged: 1.6 %
# A large map finds its shape by fewer pushing pairs and iterations, and comes to rest by all of them. Neighbour recall
# after iterations by 50 pairs + by 200 pairs: of a million made-up entities 75 + 0, 0.064; 100 + 50, 0.065; 100 + 100,
# 0.0655; of 88,000 words 100 + 100, 0.0669; 0 + 200, 0.0676 (200 by 100 pairs: 0.0625).
LARGE = 200_000
COARSE_PAIRS, COARSE_SHARE = 50, 2 / 3
ITERATIONS, ITERATIONS_OF_LARGE = 300, 120
SETTLING = 30  # iterations that new entities alone are moved for, when the others have been placed before
Penalty = str | dict[str, Any]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Embedding(Artifact):
    """positions (n, d) float32; loss: average distortion at the end; residual: how far from a minimum it is, free of
    units (see ``lbfgs.Minimum``); converged: whether that fell to the tolerance; device used.

    Entities without any neighbour took no part; they stand on a thin shell around the others.
    """

    positions: np.ndarray
    loss: float
    iterations: int
    residual: float
    device: str
    converged: bool = True

    @property
    def ending(self) -> str:
        """How it ended, in a few words."""
        return "converged" if self.converged else f"stopped after {self.iterations} iterations"

    def check(self) -> list[Check]:
        finite = np.isfinite(self.positions).all(axis=1)
        spread = self.positions.astype(np.float64).std(axis=0)
        return [
            Check("all positions are finite", bool(finite.all()), f"{int((~finite).sum())} of {finite.size} are not"),
            Check("every dimension is used", bool((spread > 0).all()), f"spread {np.round(spread, 3).tolist()}"),
        ]


def build(
    graph: KnnGraph,
    *,
    embedding_dim: int = 3,
    repulsive_ratio: float = 6.0,
    repulsive_pairs: int = 200,
    attractive_penalty: Penalty = "log1p",
    repulsive_penalty: Penalty = "log",
    constraint: Literal["centered", "standardized", "anchored"] = "centered",
    max_iterations: int | None = None,
    tolerance: float = 0.05,
    resample: int = 0,
    init: Literal["spectral", "random"] | np.ndarray = "spectral",
    seed: int = 0,
    device: Device = "auto",
    progress: Progress = no_progress,
) -> Embedding:
    """Place every entity in ``embedding_dim`` dimensions so that neighbours are close and other pairs are not.

    Minimises the average over edges of w p(d) and over random pairs of q(d); see ``push_and_pull.PushAndPull`` for
    repulsive_ratio and repulsive_pairs. resample: draw other random pairs every so many iterations; 0: never.
    tolerance: on the residual of ``lbfgs.Minimum``. Penalties are PyMDE's, by name or as
    ``{"name": ..., **parameters}``.

    Defaults by held-out recall of the 3-D embedding of mtg-decks (4,486 entities; PyMDE with 3 random pairs per edge:
    0.152). With 200 pairs, repulsive_ratio 3, 6, 12, 24: 0.156, 0.158, 0.161, 0.159; logratio 0.160, invpower 0.159,
    linear 0.149, quadratic 0.114, standardized 0.149. Other pairs every 25 iterations are no help (100 pairs: 0.156
    for 0.157); more at once are. Recall is there long before the residual: 50, 100, 185 iterations, at residuals of
    0.29, 0.12, 0.047, have 0.159, 0.159, 0.158; the rest is the large-scale shape settling. max_iterations: ITERATIONS,
    or where there are more than LARGE entities, ITERATIONS_OF_LARGE, two thirds of them by fewer pairs.

    ``init`` may be an (n, embedding_dim) array, a warm start: rows that are not finite (new entities) start at their
    neighbours' and settle before the others may move, a few iterations follow, and the result is turned and moved, not
    scaled, onto the other rows. With constraint ``anchored`` those do not move at all (without any, it is none).

    The same seed and machine give the same positions, for any number of threads. CUDA running out of memory takes fewer
    pairs at once, then falls back to the CPU with a warning. Raises AtlasError for options that do not exist.
    """
    warm = isinstance(init, np.ndarray)
    if warm and init.shape != (graph.n_entities, embedding_dim):
        expected = graph.n_entities, embedding_dim
        raise AtlasError(f"The start positions have shape {init.shape}; expected {expected}.")
    connected = np.flatnonzero(~graph.isolated)
    if connected.size == 0:
        positions = place_isolated(np.zeros((graph.n_entities, embedding_dim), np.float32), graph.isolated)
        return Embedding(positions=positions, loss=0.0, iterations=0, residual=0.0, device="cpu")
    local = np.full(graph.n_entities, -1, np.int64)
    local[connected] = np.arange(connected.size)
    edges, weights = local[graph.edges], np.asarray(graph.edge_weights)
    if warm:
        before = np.array(init[connected], np.float32)
        held, start = np.asarray(np.isfinite(before).all(axis=1)), complete(before, edges, seed=seed)
    else:
        held = np.zeros(connected.size, bool)
        start = start_positions(init, edges, weights, n_entities=connected.size, n_dims=embedding_dim, seed=seed)
    problem = PushAndPull(
        edges,
        weights,
        n_entities=connected.size,
        repulsive_ratio=repulsive_ratio,
        repulsive_pairs=repulsive_pairs,
        seed=seed,
    )
    limit = max_iterations or (ITERATIONS_OF_LARGE if connected.size > LARGE else ITERATIONS)
    run = _Run(problem, start, held, _constraint(constraint, held, start), limit, tolerance, resample, progress)
    found, device_used = _on_devices(run, attractive_penalty, repulsive_penalty, device)
    positions = np.zeros((graph.n_entities, embedding_dim), np.float32)
    if constraint == "centered":
        component = _components(problem)
        positions[connected] = _put_back(gather_components(found.x, component), component, start, held)
    elif constraint == "standardized" and held.any():
        turned = align(found.x, np.where(held[:, None], start, np.nan), scale=False)
        positions[connected] = turned - turned.mean(axis=0, dtype=np.float64).astype(np.float32)
    else:
        positions[connected] = found.x
    positions = place_isolated(positions, graph.isolated)
    return Embedding(
        positions=positions,
        loss=found.value,
        iterations=found.iterations,
        residual=found.residual,
        device=device_used,
        converged=found.converged,
    )


def _constraint(name: str, held: np.ndarray, start: np.ndarray) -> Constraint:
    if name not in ("centered", "standardized", "anchored"):
        raise AtlasError(f"embedding.constraint is {name!r}; expected one of centered, standardized, anchored.")
    return {"centered": Centered, "standardized": Standardized}.get(name, lambda: Anchored(held, start))()


def _put_back(positions: np.ndarray, component: np.ndarray, before: np.ndarray, held: np.ndarray) -> np.ndarray:
    """positions (n, d) with every component turned and moved, not scaled, onto its ``held`` rows of ``before``.

    One by one: how components stand to each other means nothing, so a change of one should not move the others.
    """
    placed = positions.copy()
    order = np.argsort(component, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(component))[:-1]):
        known = held[rows]
        if known.sum() > positions.shape[1]:
            target = np.where(known[:, None], before[rows], np.nan)
            placed[rows] = align(positions[rows], target, scale=False)
        elif known.any():
            shift = (before[rows] - positions[rows])[known].mean(axis=0)
            placed[rows] = positions[rows] + shift
    return placed


def _components(problem: PushAndPull) -> np.ndarray:
    shape = (problem.n_entities, problem.n_entities)
    matrix = csr_array((problem.weights, problem.columns.astype(np.int32), problem.indptr), shape=shape)
    return connected_components(matrix, directed=False)[1]


@dataclass
class _Run:
    """Everything about an embedding but what computes its distortion."""

    problem: PushAndPull
    start: np.ndarray
    held: np.ndarray
    constraint: Constraint
    max_iterations: int
    tolerance: float
    resample: int
    progress: Progress

    def embed(self, objective: Objective) -> Minimum:
        if self.held.any():
            return self._from_before(objective)
        start, coarse, first_step = self.start, 0, FIRST_STEP
        if len(start) > LARGE:
            self.problem.push_by(COARSE_PAIRS)
            coarse = round(COARSE_SHARE * self.max_iterations)
            found = self._minimise(objective, start, coarse, first_step, is_last=False)
            self.problem.push_by(sys.maxsize)
            start, coarse, first_step = found.x, found.iterations, WARM_STEP
        found = self._minimise(objective, start, self.max_iterations - coarse, first_step, before=coarse)
        return found._replace(iterations=coarse + found.iterations)

    def _from_before(self, objective: Objective) -> Minimum:
        """With most entities where they were: few iterations, and before them some of the new ones alone."""
        start, new = self.start, 1 - float(self.held.mean())
        limit = min(self.max_iterations, WARM_ITERATIONS + round(new * self.max_iterations))
        if not self.held.all() and not isinstance(self.constraint, Anchored):
            start = minimise(
                objective,
                start,
                constraint=Anchored(self.held, start),
                max_iterations=min(SETTLING, limit),
                tolerance=self.tolerance,
                first_step=WARM_STEP,
            ).x
        return self._minimise(objective, start, limit, WARM_STEP, of=limit)

    def _minimise(
        self,
        objective: Objective,
        start: np.ndarray,
        limit: int,
        first_step: float,
        *,
        before: int = 0,
        of: int | None = None,
        is_last: bool = True,
    ) -> Minimum:
        """``limit`` iterations at most, told as those that follow ``before`` others, ``of`` so many in all."""
        return minimise(
            objective,
            start,
            constraint=self.constraint,
            max_iterations=limit,
            tolerance=self.tolerance,
            first_step=first_step,
            refresh=self._refresh,
            told=self._told(before, of or self.max_iterations, is_last),
        )

    def _refresh(self, iteration: int) -> bool:
        if not self.resample or iteration == 0 or iteration % self.resample:
            return False
        self.problem.resample()
        return True

    def _told(self, before: int, limit: int, is_last: bool) -> Callable[[int, float, float], None]:
        every = max(1, limit // 20)

        def tell(iteration: int, value: float, residual: float) -> None:
            iteration, done = before + iteration, is_last and residual <= self.tolerance
            if done or iteration % every == 0:
                ending = ", converged" if done else f", stopped at {limit} iterations" if iteration == limit else ""
                self.progress(
                    1.0 if done else iteration / limit,
                    f"iteration {iteration}, distortion {value:.4f}, residual {residual:.3f}{ending}",
                )

        return tell


def _on_devices(run: _Run, attractive: Penalty, repulsive: Penalty, device: Device) -> tuple[Minimum, str]:
    """Embed on the GPU where that is wanted and there is one, else or if its memory does not do, on the CPU."""
    pairs = len(run.problem.columns) + 2 * run.problem.n_entities * run.problem.steps.size
    if device == "cuda" or (device == "auto" and pairs >= GPU_PAIRS):
        if gpu_present():
            try:
                objective = _through_torch(run.problem, attractive, repulsive, "cuda")
                return run.embed(objective), "cuda"
            except DeviceMemoryError as error:
                warnings.warn(
                    f"The GPU ran out of memory with {run.problem.n_entities:,} entities and {run.problem.n_edges:,} "
                    f"edges ({error}); going on with the CPU. Free its memory, or set the device to 'cpu'.",
                    RuntimeWarning,
                    stacklevel=3,
                )
        elif device == "cuda":
            warnings.warn(no_gpu(), RuntimeWarning, stacklevel=3)
    if attractive in penalties.ATTRACTIVE and repulsive in penalties.REPULSIVE:
        objective = FusedDistortion(
            run.problem, attractive=str(attractive), repulsive=str(repulsive), n_dims=run.start.shape[1]
        )
    else:
        objective = _through_torch(run.problem, attractive, repulsive, "cpu")
    return run.embed(objective), "cpu"


def _through_torch(problem: PushAndPull, attractive: Penalty, repulsive: Penalty, device: str) -> Objective:
    try:
        from atlas_assets.stages.embedding.torch_distortion import TorchDistortion, penalty
    except ModuleNotFoundError as missing:
        asked = next(
            (p for p, own in ((attractive, penalties.ATTRACTIVE), (repulsive, penalties.REPULSIVE)) if p not in own), ""
        )
        raise NotInstalled(f"The penalty {asked}", str(missing.name), "pymde") from missing

    return TorchDistortion(
        problem,
        attractive=penalty(attractive, role="attractive_penalty"),
        repulsive=penalty(repulsive, role="repulsive_penalty"),
        device=device,
    )


def gpu_present() -> bool:
    """Whether torch finds a GPU; without any of its device files not even torch is imported, which takes 3 seconds."""
    if not any(Path(file).exists() for file in GPU_FILES) or not torch_installed():
        return False
    import torch

    return torch.cuda.is_available()


def torch_installed() -> bool:
    """Whether there is what GPUs are used through."""
    return find_spec("torch") is not None


def no_gpu() -> str:
    """Why a device that was asked for is not used."""
    if torch_installed():
        return "No CUDA device was found; going on with the CPU."
    return "PyTorch is not installed; going on with the CPU. Install it with: pip install 'atlas-assets[pymde]'"
