"""Projections: every method from every source keeps groups, reproduces, copes with broken graphs, and is aligned."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from atlas_assets import methods
from atlas_assets.stages.geometry import neighbour_lists
from atlas_assets.stages.geometry.alignment import align, canonical
from atlas_assets.stages.projection import projection
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_assets.stages.quality import quality
from atlas_tests.stages.maps import Embedded, broken_graph, grouped_vectors, isolated_graph, share_of_own_group
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors

DRAWN = [name for name, facts in methods.METHODS.items() if facts.library]  # those that take many steps


def routes(names=tuple(methods.METHODS), dims=(2, 3)):
    """(method, engine, source, dims): everything that can be asked for.

    Slow ones: by libraries, which compile for long, and of an embedding in three dimensions where a graph in three is
    laid out by the same steps each time.
    """

    def marks(engine, sources, source, n_dims):
        again = n_dims == 3 and source == "embedding" and "graph" in sources
        return [pytest.mark.slow] if engine == "library" or again else []

    return [
        pytest.param(name, engine, source, n_dims, marks=marks(engine, facts.sources, source, n_dims))
        for name, facts in methods.METHODS.items()
        if name in names
        for engine in facts.engines
        for source in facts.sources
        for n_dims in dims
    ]


# of a map's width, by the same data again; a map from another seed lies 0.2 to 0.3 away. Libraries bring a start to a
# size or shape of their own first
LEAST_MOVEMENT = {"atlas": 0.03, "library": 0.18}


def inputs_of(graph, embedded, source) -> LayoutInputs:
    return LayoutInputs(graph, embedded if source == "embedding" else None)


@pytest.fixture(scope="module")
def grouped():
    vectors, group = grouped_vectors()
    graph = from_vectors(vectors, k=6, metric="euclidean")
    return graph, Embedded(positions=vectors.vectors[:, :3]), group


@pytest.fixture(scope="module")
def broken():
    graph = broken_graph()
    return graph, Embedded(positions=np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32))


@pytest.mark.parametrize(("method", "engine", "source", "dims"), routes())
def test_every_route_keeps_groups_apart_around_the_origin(grouped, method, engine, source, dims):
    graph, embedded, group = grouped
    made = projection.project(method, inputs=inputs_of(graph, embedded, source), engine=engine, dims=dims)
    assert all(check.passed for check in made.check())
    assert made.positions.shape == (90, dims)
    assert made.positions.dtype == np.float32
    assert share_of_own_group(made.positions, group) > 0.95
    np.testing.assert_allclose(made.positions.mean(axis=0), 0, atol=1e-4 * np.abs(made.positions).max())


@pytest.mark.parametrize(("method", "engine", "source", "dims"), routes(dims=(2,)))
def test_the_same_seed_reproduces_every_bit_and_leaves_what_is_shared_alone(grouped, method, engine, source, dims):
    graph, embedded, _ = grouped
    inputs = inputs_of(graph, embedded, source)
    made = [projection.project(method, inputs=inputs, engine=engine, dims=dims, seed=3) for _ in range(2)]
    assert np.array_equal(made[0].positions, made[1].positions)


@pytest.mark.parametrize(("method", "engine", "source", "dims"), routes())
def test_a_broken_graph_gives_finite_positions(broken, method, engine, source, dims):
    graph, embedded = broken
    made = projection.project(method, inputs=inputs_of(graph, embedded, source), engine=engine, dims=dims)
    assert np.isfinite(made.positions).all()
    assert len(np.unique(made.positions[graph.isolated], axis=0)) == 2
    assert np.abs(made.positions).max() < 20 * np.median(np.linalg.norm(made.positions, axis=1))


def test_a_graph_without_edges_gives_finite_positions():
    made = projection.project("umap", inputs=LayoutInputs(isolated_graph()))
    assert np.isfinite(made.positions).all()
    assert len(np.unique(made.positions, axis=0)) == 6


def width(positions: np.ndarray) -> float:
    low, high = np.quantile(positions, [0.01, 0.99], axis=0)
    return float((high - low).max())


@pytest.fixture(scope="module")
def sheet():
    """200 entities of a connected square in five dimensions, and their places on it."""
    places = np.random.default_rng(0).random((200, 2))
    vectors = np.pad(places, ((0, 0), (0, 3))) + 0.02 * np.random.default_rng(1).standard_normal((200, 5))
    graph = from_vectors(VectorIndex(vectors.astype(np.float32)), k=8, metric="euclidean")
    return graph, Embedded(positions=vectors[:, :3].astype(np.float32)), places


def moved(positions: np.ndarray, earlier: np.ndarray) -> float:
    """The median movement in widths of the map."""
    return float(np.median(np.linalg.norm(positions - earlier, axis=1))) / width(earlier)


@pytest.mark.parametrize(("method", "engine", "source", "dims"), routes(DRAWN))
def test_the_same_data_again_leave_the_map_where_it_is(sheet, method, engine, source, dims):
    graph, embedded, _ = sheet
    inputs = inputs_of(graph, embedded, source)
    first = projection.project(method, inputs=inputs, engine=engine, dims=dims).positions
    again = projection.project(method, inputs=inputs, engine=engine, dims=dims, start=first, changed=0.0).positions
    assert moved(again, first) < LEAST_MOVEMENT[engine]


@pytest.mark.parametrize("changed", [1.0, 0.02])
@pytest.mark.parametrize("method", DRAWN)
def test_a_newcomer_joins_its_neighbours_and_the_others_stay(sheet, method, changed):
    graph, _, places = sheet
    before = projection.project(method, inputs=LayoutInputs(graph)).positions @ np.array([[0, 1], [1, 0]]) + 5
    start, new = before.copy(), [4, 40, 150]
    start[new] = np.nan
    after = projection.project(method, inputs=LayoutInputs(graph), start=start, changed=changed).positions
    on_sheet, on_map = cdist(places[new], places).argsort(axis=1)[:, 1:9], cdist(after[new], after).argsort(axis=1)
    assert all(np.isin(near, far[1:25]).mean() > 0.7 for near, far in zip(on_sheet, on_map, strict=True))
    assert moved(np.delete(after, new, 0), np.delete(before, new, 0)) < 0.08


@pytest.mark.parametrize("method", DRAWN)
def test_where_little_has_changed_a_map_takes_fewer_steps_and_stays_where_it_is(sheet, method):
    graph, _, _ = sheet
    start = projection.project(method, inputs=LayoutInputs(graph)).positions
    little, much = (
        projection.project(method, inputs=LayoutInputs(graph), start=start, changed=changed) for changed in (0.01, 1.0)
    )
    assert moved(little.positions, start) < 0.03
    assert not np.array_equal(little.positions, much.positions)


@pytest.mark.parametrize("method", DRAWN)
def test_every_step_is_told_and_ctrl_c_ends_a_layout_at_once(sheet, method):
    """Of a million entities one step takes a second or two: nothing longer passes without a word."""
    graph, _, _ = sheet
    inputs, told, steps = LayoutInputs(graph), [], {"umap": 200, "tsne": 340, "localmap": 430, "pacmap": 450}
    undisturbed = projection.project(method, inputs=inputs, progress=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert len(told) == 1 + steps[method]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(str(number) in words for number, (_, words) in enumerate(told[1:], 1))

    after = []

    def interrupt(share: float, words: str) -> None:
        after.append(words)
        if len(after) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        projection.project(method, inputs=inputs, progress=interrupt)
    assert len(after) == 20
    again = projection.project(method, inputs=inputs)  # what is shared has not come to harm
    assert np.array_equal(again.positions, undisturbed.positions)


def test_steps_grow_with_what_has_changed():
    efforts = [projection.effort(changed, "umap") for changed in (0.0, 0.02, 0.05, 0.5, 1.0)]
    assert efforts == sorted(efforts)
    assert 0 < efforts[0] < efforts[2] < efforts[-1] == 1


@pytest.mark.filterwarnings("ignore:Tensorflow")
@pytest.mark.parametrize(
    ("method", "name"),
    [
        pytest.param("umap", "UMAP", marks=pytest.mark.slow),  # which compiles itself for half a minute
        ("tsne", "TSNEEmbedding"),
        ("localmap", "LocalMAP"),
    ],
)
def test_a_library_is_asked_in_public_with_our_neighbours_our_start_and_the_parameters(grouped, method, name):
    import openTSNE
    import pacmap
    import umap

    graph, embedded, _ = grouped
    inputs = LayoutInputs(graph, embedded)
    library = {"umap": umap, "tsne": openTSNE, "localmap": pacmap}[method]
    with mock.patch.object(library, name, wraps=getattr(library, name)) as asked:
        projection.project(method, inputs=inputs, engine="library", seed=5)
        [call] = asked.call_args_list
    assert call.kwargs["random_state"] == 5
    if method == "umap":
        near, away = call.kwargs["precomputed_knn"]
        assert np.array_equal(near[:, 1:], inputs.lists(15).indices)
        np.testing.assert_allclose(away[:, 1:], inputs.lists(15).distances, rtol=1e-6)
        np.testing.assert_allclose(call.kwargs["init"], inputs.start(2), atol=1e-2)
        assert (call.kwargs["spread"], call.kwargs["negative_sample_rate"]) == (1.0, 5)
    elif method == "tsne":
        begin, affinities = call.args
        expected = inputs.affinities(30, n_neighbors=89)
        np.testing.assert_allclose(affinities.P.toarray(), expected.toarray(), rtol=1e-12)
        assert np.corrcoef(begin[:, 0], inputs.start(2)[:, 0])[0, 1] == pytest.approx(1)
    else:
        assert np.array_equal(call.kwargs["pair_neighbors"][:, 1].reshape(90, -1), inputs.lists(15).indices)
        assert call.kwargs["low_dist_thres"] == 10


@pytest.mark.parametrize("method", ["tsne", "localmap", "pacmap"])
def test_where_much_has_changed_a_map_is_as_true_as_one_from_scratch(grouped, method):
    """Begun in a map in which everybody stands elsewhere: few steps would leave them there."""
    graph, _, _ = grouped
    fresh = projection.project(method, inputs=LayoutInputs(graph)).positions
    wrong = np.random.default_rng(0).permutation(fresh)
    made = projection.project(method, inputs=LayoutInputs(graph), start=wrong, changed=0.5).positions
    known = [
        quality.recall(graph.indices[:, :5], neighbour_lists.from_positions(positions, 5).indices) or 0
        for positions in (made, fresh)
    ]
    assert known[0] > 0.9 * known[1] > 0.3


def test_entities_without_neighbours_stay_where_they_stood(broken):
    graph, _ = broken
    before = projection.project("umap", inputs=LayoutInputs(graph)).positions
    after = projection.project("umap", inputs=LayoutInputs(graph), start=before).positions
    assert np.array_equal(after[graph.isolated], before[graph.isolated])


def test_a_start_that_knows_too_few_entities_is_none(grouped):
    graph, _, _ = grouped
    start = np.full((90, 2), np.nan, np.float32)
    start[:2] = 1
    made = projection.project("umap", inputs=LayoutInputs(graph), start=start).positions
    assert np.array_equal(made, projection.project("umap", inputs=LayoutInputs(graph)).positions)


def test_a_reference_turns_the_map_towards_itself(grouped):
    graph, embedded, _ = grouped
    plain = projection.project("umap", inputs=LayoutInputs(graph, embedded)).positions
    turn = np.array([[0.0, -1.0], [1.0, 0.0]]) @ np.diag([1.0, -1.0])
    reference = (plain @ turn + 5).astype(np.float32)
    reference[7] = np.nan  # an entity it does not know
    aligned = projection.project("umap", inputs=LayoutInputs(graph, embedded), reference=reference).positions
    np.testing.assert_allclose(np.delete(aligned, 7, 0), np.delete(reference, 7, 0), atol=1e-3)


def test_parameters_are_completed_and_limited_to_what_the_graph_lists(grouped):
    graph, embedded, _ = grouped
    made = projection.project("umap", inputs=LayoutInputs(graph), params={"min_dist": 0.3})
    assert made.params == {"n_neighbors": 6, "min_dist": 0.3}
    assert projection.project("tsne", inputs=LayoutInputs(graph)).params == {"perplexity": pytest.approx(4)}
    assert projection.project("pca", inputs=LayoutInputs(graph, embedded)).params == {}


def test_impossible_requests_are_named(grouped):
    graph, embedded, _ = grouped
    with pytest.raises(methods.ParameterError, match="min_dist is 2; expected a number from 0 to 1"):
        projection.project("umap", inputs=LayoutInputs(graph, embedded), params={"min_dist": 2})
    with pytest.raises(methods.ParameterError, match="pca cannot lay out a graph"):
        projection.project("pca", inputs=LayoutInputs(graph))


@pytest.mark.parametrize("dims", [2, 3])
def test_alignment_recovers_a_rotation_a_reflection_a_scale_and_a_shift(dims):
    generator = np.random.default_rng(0)
    positions = generator.standard_normal((40, dims)).astype(np.float32)
    rotation = np.linalg.qr(generator.standard_normal((dims, dims)))[0]
    for mirror in (1.0, -1.0):
        reference = positions @ (rotation * np.array([mirror] + [1.0] * (dims - 1))) * 2.5 + 7
        np.testing.assert_allclose(align(positions, reference), reference, atol=1e-4)


def test_a_map_aligned_to_its_predecessor_again_and_again_keeps_its_size():
    generator = np.random.default_rng(0)
    first = canonical(generator.standard_normal((200, 2)))
    positions = first
    for _ in range(20):
        positions = align(canonical(positions + 0.3 * generator.standard_normal((200, 2))), positions)
    assert np.sqrt((positions**2).sum(axis=1).mean()) == pytest.approx(1, rel=1e-3)


def test_alignment_never_bends_the_map():
    generator = np.random.default_rng(0)
    positions, reference = generator.standard_normal((2, 30, 2)).astype(np.float32)
    moved = align(positions, reference)

    def distances(x):
        return np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(30, 1)]

    ratio = distances(moved) / distances(positions)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_the_canonical_position_forgets_how_the_map_was_turned():
    generator = np.random.default_rng(0)
    positions = generator.standard_normal((200, 2)) ** 3 * [3, 1]
    turned = positions @ np.linalg.qr(generator.standard_normal((2, 2)))[0] * 4 + 9
    np.testing.assert_allclose(canonical(turned), canonical(positions), atol=1e-5)


def test_too_few_common_entities_to_align_by_leave_the_canonical_position():
    positions = np.random.default_rng(0).standard_normal((10, 2)).astype(np.float32)
    assert np.array_equal(align(positions, np.full((10, 2), np.nan)), canonical(positions))
    assert np.isfinite(align(np.ones((5, 2), np.float32), np.ones((5, 2)))).all()


def test_lists_from_positions_are_exact_and_without_self_even_among_duplicates():
    points = np.random.default_rng(0).standard_normal((60, 3))
    points[:20] = points[0]
    lists = neighbour_lists.from_positions(points, 5)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (lists.indices != np.arange(60)[:, None]).all()
    np.testing.assert_allclose(lists.distances, np.sort(distances, axis=1)[:, :5], atol=1e-12)


def test_equally_near_neighbours_come_in_the_order_of_rows():
    points = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    lists = neighbour_lists.from_positions(points, 24)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(lists.indices, np.argsort(distances, axis=1, kind="stable")[:, :24])


def test_lists_from_the_graph_keep_its_order_and_put_unbounded_similarity_between_0_and_1():
    graph = broken_graph()
    lists = neighbour_lists.from_graph(graph)
    assert (np.diff(np.where(graph.indices >= 0, lists.distances, 1e9), axis=1) >= 0).all()
    assert np.isinf(lists.distances[graph.indices < 0]).all()
    from dataclasses import replace

    large = neighbour_lists.from_graph(replace(graph, similarity=graph.similarity * 1000))
    listed = large.distances[graph.indices >= 0]
    assert listed.min() >= 0
    assert listed.max() <= 1
