"""What ``layout`` runs in processes of its own. Every function warms up on something small before its clock starts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import judge, layout_data, routes
from benchmarks.layout_data import SEED
from benchmarks.layout_methods import ring, told
from benchmarks.peers import Memberships, ours, practice
from benchmarks.routes import NEIGHBOURS, Clock

DIMENSIONS = 3


def embedded_by_atlas(folder: str, out: str) -> dict[str, Any]:
    """Collections in memory -> neighbours -> graph -> embedding; ``out`` gets positions.npy and the graph."""
    data, clock = layout_data.load(Path(folder)), Clock()
    _embed_ours(routes.small(data.n_entities), Clock())
    graph, embedded = _embed_ours(data, clock)
    Path(out).mkdir(parents=True, exist_ok=True)
    graph.save(Path(out) / "graph")
    np.save(Path(out) / "positions.npy", embedded)
    return told(clock, embedded)


def _embed_ours(data: Memberships, clock: Clock) -> tuple[Any, np.ndarray]:
    from atlas_assets.stages.embedding import embedding
    from atlas_assets.stages.relation import knn_graph, neighbours

    index = ours.prepare(data)
    with clock("graph"):
        graph = knn_graph.build(neighbours.from_collections(index, n_neighbors=NEIGHBOURS), n_neighbors=NEIGHBOURS)
    with clock("embedding"):
        return graph, embedding.build(graph, embedding_dim=DIMENSIONS, seed=SEED, device="cpu").positions


def embedded_as_published(folder: str, out: str) -> dict[str, Any]:
    """The published recipe up to its embedding."""
    data, clock = layout_data.load(Path(folder)), Clock()
    routes.published_embedding(routes.small(data.n_entities), Clock(), iterations=3)
    embedded = routes.published_embedding(data, clock)
    Path(out).mkdir(parents=True, exist_ok=True)
    np.save(Path(out) / "positions.npy", embedded)
    return told(clock, embedded)


def iterated(by: str, graph: str, iterations: int, ratio: float, samples: int | None) -> dict[str, Any]:
    """So many iterations on the embedding problem of a graph, by us or by stock PyMDE: same pairs, weights and start.

    ``ratio``: weight of all pushes per edge; ``samples``: pushed pairs per entity, None for those that weigh 1 each.
    The distortion is ``judge``'s in both cases, the seconds are those of the solver alone.
    """
    from atlas_assets.stages.embedding.push_and_pull import PushAndPull
    from atlas_assets.stages.geometry.start_positions import start_positions
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    def problem_of(made: Any) -> tuple[PushAndPull, np.ndarray, np.ndarray]:
        edges, weights, n = np.asarray(made.edges, np.int64), np.asarray(made.edge_weights), made.n_entities
        per_entity = max(round(ratio * len(edges) / n), 1) if samples is None else samples
        start = start_positions("spectral", edges, weights, n_entities=n, n_dims=DIMENSIONS, seed=SEED)
        options = {"n_entities": n, "repulsive_ratio": ratio, "repulsive_pairs": per_entity, "seed": SEED}
        return PushAndPull(edges, weights, **options), start, edges

    solve = _solved_by_atlas if by == "ours" else _solved_by_pymde
    few, start, edges = problem_of(ring(2_000, 2))
    solve(few, start, edges, np.ones(len(edges)), 3)
    made = KnnGraph.load(Path(graph))
    problem, start, edges = problem_of(made)
    weights = np.asarray(made.edge_weights, np.float64)
    positions, seconds, done = solve(problem, start, edges, weights, iterations)
    pairs, signed = _pairs_of(problem, edges, weights)
    distortion = judge.average_distortion(positions, pairs, signed)
    return {"seconds": seconds, "iteration_seconds": seconds / done, "distortion": distortion, "pairs": len(pairs)}


def _pairs_of(problem: Any, edges: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pushed = problem.pairs().astype(np.int64)
    return np.concatenate([edges, pushed]), np.concatenate([weights, np.full(len(pushed), -problem.push_weight)])


def _solved_by_atlas(
    problem: Any, start: np.ndarray, edges: np.ndarray, weights: np.ndarray, iterations: int
) -> tuple[np.ndarray, float, int]:
    from atlas_assets.stages.embedding.constraints import Centered
    from atlas_assets.stages.embedding.lbfgs import minimise
    from atlas_assets.stages.embedding.push_and_pull import FusedDistortion

    begin = time.perf_counter()
    objective = FusedDistortion(problem, attractive="log1p", repulsive="log", n_dims=start.shape[1])
    found = minimise(objective, start, constraint=Centered(), max_iterations=iterations, tolerance=0.0)
    return found.x, time.perf_counter() - begin, found.iterations


def _solved_by_pymde(
    problem: Any, start: np.ndarray, edges: np.ndarray, weights: np.ndarray, iterations: int
) -> tuple[np.ndarray, float, int]:
    pairs, signed = _pairs_of(problem, edges, weights)
    stock = practice.mde_problem(pairs, signed, n=len(start), dims=start.shape[1])
    first = practice.centred(start)
    begin = time.perf_counter()
    positions = stock.embed(X=first, max_iter=iterations, eps=0.0).numpy()
    return positions, time.perf_counter() - begin, stock.solve_stats.iterations


def lists_laid_out(indices: str, similarity: str, layout: str, out: str) -> dict[str, Any]:
    """A map by umap-learn or openTSNE of given neighbour lists."""
    lists = np.load(indices), np.load(similarity)
    few = lists[0].shape[1]
    random = np.random.default_rng(SEED)
    near = np.argsort(random.random((400, 400)), axis=1)[:, :few]
    routes.laid_out((near.astype(np.int32), random.random(near.shape)), layout)
    start = time.perf_counter()
    made = routes.laid_out(lists, layout)
    seconds = time.perf_counter() - start
    np.save(out, made)
    return {"seconds": seconds}


def judged(folder: str, positions: str, lists: list[str]) -> dict[str, Any]:
    """Held-out recall of a map and its triplets against the graph with these lists (indices, similarity).

    What both are the means of goes to the file ``parts``: found and pairs of every held-out collection, shares of rows.
    """
    made = np.load(positions)
    found, pairs = judge.held_out_pairs(made, layout_data.held_out(Path(folder)))
    shares = judge.triplet_accuracy(made, _triplets(lists))
    parts = f"{positions}.parts.npz"
    np.savez(parts, found=found, pairs=pairs, shares=shares)
    recall, recall_error = judge.ratio_with_error(found, pairs)
    triplets, triplets_error = judge.with_error(shares)
    return {
        "recall": recall,
        "recall_error": recall_error,
        "triplets": triplets,
        "triplets_error": triplets_error,
        "parts": parts,
    }


def _triplets(lists: list[str]) -> judge.Triplets:
    """Those of a graph, drawn when first asked for: what orders them takes longer than to judge a map by them."""
    kept = Path(f"{lists[0]}.triplets.npz")
    if not kept.exists():
        drawn = judge.triplets(*(np.load(path) for path in lists))
        np.savez(kept, a=drawn.a, b=drawn.b, c=drawn.c, order=drawn.order)
    with np.load(kept) as parts:
        return judge.Triplets(**{name: parts[name] for name in parts.files})
