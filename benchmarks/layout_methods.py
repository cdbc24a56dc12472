"""Our layouts beside those of the libraries, of one graph or of one embedding: what ``layout`` lays out and times.

Of a graph, everybody gets the same neighbour lists and the same start positions, and whoever takes them the same
affinities and the same outline. Of an embedding, everybody searches neighbours and finds a start as usual. Time begins
when all of that is in memory, after something small has been laid out in the same process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks import measure
from benchmarks.layout_data import SEED
from benchmarks.peers import practice
from benchmarks.routes import GRAPH_PERPLEXITY, NEIGHBOURS, PERPLEXITY, UMAP, Clock

GRAPH, EMBEDDING = "graph", "embedding"
Source = Literal["graph", "embedding"]
UMAP_LEARN, OPEN_TSNE, PACMAP, DIRE = "umap-learn", "openTSNE", "pacmap", "dire-rapids"
SIMILARITY_POWER = 1.5  # what ``atlas new`` writes
OUTLINE_DIMS = 10  # of the positions by which PaCMAP draws mid-near pairs
SMALL = 4_200  # entities to warm up on, or as many as there are: from 4,096 on, umap-learn runs other code


@dataclass(frozen=True)
class Given:
    """What a layout of a graph starts from. Only the m entities that it connects.

    lists: indices (m, k) and similarities, -1 and 0 where there are fewer. start (m, 2), outline (m, OUTLINE_DIMS);
    affinities (m, m), of GRAPH_PERPLEXITY.
    """

    lists: practice.Lists
    start: np.ndarray
    outline: np.ndarray
    affinities: Any


@dataclass(frozen=True)
class Ours:
    """``label`` is what tables call it; a method of ours with its parameters."""

    label: str
    method: str
    parameters: dict[str, float]


@dataclass(frozen=True)
class Theirs:
    """How a peer is called, and that call: ``lay_out(given, seed=0)`` of a Given or of vectors.

    few: entities that are enough to warm up on.
    """

    peer: str
    how: str
    lay_out: Callable[..., np.ndarray]
    few: int = SMALL

    @property
    def name(self) -> str:
        return f"{self.peer}, {self.how}" if self.how else self.peer


@dataclass(frozen=True)
class Contest:
    """Layouts of ours and of others that take part in one measurement, each compared with each."""

    source: Source
    ours: tuple[Ours, ...]
    theirs: tuple[Theirs, ...]


def _umap_of_graph(given: Given, *, seed: int | None) -> np.ndarray:
    return practice.umap_of_lists(given.lists, min_dist=UMAP["min_dist"], seed=seed, start=given.start)


def _tsne_of_graph(given: Given, *, seed: int) -> np.ndarray:
    return practice.tsne_of_affinities(given.affinities, given.start, seed=seed)


def _tsne_of_graph_in_less(given: Given, *, seed: int) -> np.ndarray:
    return practice.tsne_in_less(given.affinities, given.start, seed=seed)


def _pacmap_of_graph(given: Given, *, local: bool) -> np.ndarray:
    return practice.pacmap_of_lists(given.lists, given.outline, given.start, local=local)


def _unseeded(lay_out: Callable[..., np.ndarray], **options: Any) -> Callable[..., np.ndarray]:
    """The same whatever the seed."""
    return lambda given, seed: lay_out(given, **options)


UMAP_OF_OURS = Ours("UMAP", "umap", UMAP)
CONTESTS = (
    Contest(
        GRAPH,
        (UMAP_OF_OURS,),
        (
            Theirs(UMAP_LEARN, "seeded", _umap_of_graph),
            Theirs(UMAP_LEARN, "unseeded", _unseeded(_umap_of_graph, seed=None)),
        ),
    ),
    Contest(
        GRAPH,
        (
            Ours("t-SNE", "tsne", {"perplexity": GRAPH_PERPLEXITY}),
            Ours("t-SNE by similarity", "tsne", {"similarity_power": SIMILARITY_POWER}),
        ),
        (Theirs(OPEN_TSNE, "", _tsne_of_graph, few=400), Theirs(OPEN_TSNE, "in less", _tsne_of_graph_in_less, few=400)),
    ),
    Contest(
        GRAPH,
        (Ours("PaCMAP", "pacmap", {"n_neighbors": NEIGHBOURS}),),
        (Theirs(PACMAP, "", _unseeded(_pacmap_of_graph, local=False)),),
    ),
    Contest(
        GRAPH,
        (Ours("LocalMAP", "localmap", {"n_neighbors": NEIGHBOURS}),),
        (Theirs(PACMAP, "", _unseeded(_pacmap_of_graph, local=True)),),
    ),
    Contest(
        EMBEDDING,
        (UMAP_OF_OURS,),
        (
            Theirs(UMAP_LEARN, "seeded", partial(practice.umap, **UMAP)),
            Theirs(UMAP_LEARN, "unseeded", _unseeded(practice.umap, seed=None, **UMAP)),
            Theirs(DIRE, "", partial(practice.dire, **UMAP), few=400),
        ),
    ),
    Contest(
        EMBEDDING,
        (Ours("t-SNE", "tsne", {"perplexity": PERPLEXITY}),),
        (Theirs(OPEN_TSNE, "", partial(practice.tsne, perplexity=PERPLEXITY), few=400),),
    ),
)
PEERS = (UMAP_LEARN, OPEN_TSNE, PACMAP, DIRE)


def compared(ours: Ours, theirs: Theirs, source: Source) -> str:
    """What rows say that they are of: ``UMAP of the graph, seeded``."""
    return ", ".join(filter(None, (f"{ours.label} of the {source}", theirs.how)))


def settings() -> dict[str, dict[str, float]]:
    """The parameters of all layouts, theirs as far as they have them."""
    return {f"{ours.label} of the {contest.source}": ours.parameters for contest in CONTESTS for ours in contest.ours}


def prepared(embedded: str, out: str) -> dict[str, Any]:
    """Leave in the folder ``out`` what every layout of the graph in ``embedded`` starts from, for ``_given``."""
    from scipy.sparse import csr_matrix, save_npz

    inputs = _inputs(Path(embedded) / "graph", None)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "indices": inputs.lists(NEIGHBOURS).indices,
        "similarity": inputs.graph.similarity[inputs.rows],
        "start": inputs.start(2),
        "outline": inputs.start(OUTLINE_DIMS),
        "isolated": inputs.graph.isolated,
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    affinities = inputs.affinities(GRAPH_PERPLEXITY, n_neighbors=3 * GRAPH_PERPLEXITY)
    save_npz(folder / "affinities.npz", csr_matrix(affinities), compressed=False)
    return {"entities": inputs.n_entities, "isolated": int(inputs.graph.isolated.sum())}


def laid_out_by_atlas(contest: int, label: str, embedded: str, out: str, seed: int) -> dict[str, Any]:
    """A map by one of ours, left in ``out``."""
    from atlas_assets.stages.projection.projection import project

    source = CONTESTS[contest].source
    (ours,) = (one for one in CONTESTS[contest].ours if one.label == label)
    folder, clock = Path(embedded), Clock()
    vectors = np.load(folder / "positions.npy") if source == EMBEDDING else None
    inputs = _inputs(folder / "graph", vectors)
    few = min(SMALL, inputs.n_entities)
    small = _inputs(None, None if vectors is None else _some(few, vectors.shape[1]), few=few)
    project(ours.method, inputs=small, params=ours.parameters, seed=SEED)
    if source == GRAPH:  # given to everybody
        inputs.lists(NEIGHBOURS)
        inputs.start(2)
        inputs.start(OUTLINE_DIMS)
    with clock("layout"):
        made = project(ours.method, inputs=inputs, params=ours.parameters, seed=seed).positions
    return _told(made, clock, out)


def laid_out_by_peer(contest: int, name: str, embedded: str, problem: str, out: str, seed: int) -> dict[str, Any]:
    """A map by one of theirs. Entities that no graph connects are put where ours are, which is not timed."""
    source = CONTESTS[contest].source
    (theirs,) = (one for one in CONTESTS[contest].theirs if one.name == name)
    clock = Clock()
    given = np.load(Path(embedded) / "positions.npy") if source == EMBEDDING else _given(Path(problem))
    there = len(given) if isinstance(given, np.ndarray) else len(given.start)
    theirs.lay_out(_small(source, min(theirs.few, there)), seed=seed)
    with clock("layout"):
        made = theirs.lay_out(given, seed=seed)
    if source == GRAPH:
        from atlas_assets.stages.geometry.isolated_entities import place_isolated

        isolated = np.load(Path(problem) / "isolated.npy")
        whole = np.zeros((isolated.size, 2), np.float32)
        whole[~isolated] = made
        made = place_isolated(whole, isolated)
    return _told(made, clock, out)


@dataclass(frozen=True)
class _Embedded:
    positions: np.ndarray


def _inputs(graph: Path | None, vectors: np.ndarray | None, *, few: int = SMALL) -> Any:
    """What our layouts take; without a graph, one of so few entities to warm up on."""
    from atlas_assets.stages.projection.layout_inputs import LayoutInputs
    from atlas_assets.stages.relation.knn_graph import KnnGraph

    made = ring(few, NEIGHBOURS) if graph is None else KnnGraph.load(graph)
    most = NEIGHBOURS if vectors is None else 3 * PERPLEXITY
    return LayoutInputs(made, None if vectors is None else _Embedded(vectors), most_neighbors=most, seed=SEED)


def ring(n: int, k: int) -> Any:
    """A graph in which nobody is isolated: everybody lists the next k on a ring, the next one most."""
    from atlas_assets.stages.relation.knn_graph import build
    from atlas_assets.stages.relation.neighbours import Neighbours

    indices, similarity = _ring(n, k)
    return build(Neighbours(indices, similarity, None, "jaccard", guaranteed=k), n_neighbors=k)


def _ring(n: int, k: int) -> practice.Lists:
    steps = np.arange(1, k + 1)
    indices = ((np.arange(n)[:, None] + steps) % n).astype(np.int32)
    return indices, np.tile(1 / steps, (n, 1))


def _some(n: int, dims: int) -> np.ndarray:
    return np.random.default_rng(SEED).standard_normal((n, dims)).astype(np.float32)


def _given(folder: Path) -> Given:
    from scipy.sparse import load_npz

    indices, similarity, start, outline = (
        np.load(folder / f"{name}.npy") for name in ("indices", "similarity", "start", "outline")
    )
    return Given((indices, similarity), start, outline, load_npz(folder / "affinities.npz"))


def _small(source: Source, n: int) -> Given | np.ndarray:
    """Something to warm up on."""
    from scipy.sparse import csr_matrix

    if source == EMBEDDING:
        return _some(n, 3)
    indices, similarity = _ring(n, NEIGHBOURS)
    rows = np.repeat(np.arange(n), NEIGHBOURS)
    matrix = csr_matrix((similarity.ravel(), (rows, indices.ravel())), shape=(n, n))
    both = csr_matrix(matrix + matrix.T)
    return Given((indices, similarity), _some(n, 2), _some(n, OUTLINE_DIMS), both / both.sum())


def _told(made: np.ndarray, clock: Clock, out: str) -> dict[str, Any]:
    np.save(out, made)
    return told(clock, made)


def told(clock: Clock, made: np.ndarray) -> dict[str, Any]:
    """What a job returns that has made positions."""
    return {
        "seconds": sum(clock.seconds.values()),
        "steps": clock.seconds,
        "peak_bytes": measure.peak_bytes(),
        "digest": hashlib.sha256(np.ascontiguousarray(made).tobytes()).hexdigest(),
    }
