"""Neighbours straight from collections: the lists of a sort, whatever the order, the memory and the threads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.kernels.nearest_pairs import nearest_reference
from atlas_assets.kernels.pair_counts import count_pairs_reference
from atlas_assets.kernels.similarities import CODES
from atlas_assets.stages.relation import neighbours
from atlas_assets.stages.relation.neighbours import Neighbours
from atlas_assets.stages.relation.pair_count_plan import prepare
from atlas_tests.relations import KINDS, Relation, amount, index_of, parts, relation

seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(1, 8)
similarities = st.sampled_from(list(CODES))
shrinkages = st.sampled_from([0.0, 1.0, 2.5])


def assert_sound(found: Neighbours) -> None:
    assert not [check.name for check in found.check() if not check.passed]


def by_id(found: Neighbours, index) -> dict[int, list[tuple[int, float, float]]]:
    """Lists of (id, similarity, shared) by id: the same for the same relation, whatever the order of rows."""
    ids = index.ids["id"].to_list()
    assert found.shared is not None
    rows = zip(ids, found.indices.tolist(), found.similarity.tolist(), found.shared.tolist(), strict=True)
    return {i: [(ids[j], s, c) for j, s, c in zip(*row, strict=True) if j >= 0] for i, *row in rows}


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds, k=lengths, similarity=similarities, shrinkage=shrinkages, largest=st.sampled_from([6, 60]))
@example(seed=29299, k=7, similarity="cosine", shrinkage=1.0, largest=6)
def test_lists_are_those_of_a_sort_by_the_definition(kind, seed, k, similarity, shrinkage, largest):
    n = 12 if largest < 12 else 70
    index, weights = relation(seed, kind, n=n, n_collections=8 if n > 12 else 25, largest=largest).pack()
    found = neighbours.from_collections(
        index, n_neighbors=k, similarity=similarity, shrinkage=shrinkage, weights=weights
    )
    assert_sound(found)
    assert found.shared is not None
    assert [a.dtype for a in (found.indices, found.similarity, found.shared)] == [np.int32, np.float64, np.float32]
    counting = prepare(index, weights)
    pairs = count_pairs_reference(counting.indptr, counting.entities, amount(weights))
    every = nearest_reference(
        pairs,
        name=similarity,
        occurrences=counting.occurrences,
        total=counting.total,
        shrinkage=shrinkage,
        ties=np.arange(n),
        k=n,
    )
    for i, row in enumerate(every):
        row = [(j, s) for j, s in row if s > 1e-12]  # of npmi, what is no more than rounding above chance
        listed = min(k, len(row))
        assert (found.similarity[i, listed:] <= 1e-12).all()
        missing = found.indices[i] < 0
        assert not missing[:listed].any()
        assert (found.similarity[i][missing] == 0).all()
        assert (found.shared[i][missing] == 0).all()
        # weights are summed in steps of 2^-52 of the largest, which of tiny sums is more than a share of 1e-9
        np.testing.assert_allclose(found.similarity[i, :listed], [s for _, s in row[:listed]], rtol=1e-9, atol=1e-15)
        # which of equal ones it is may depend on rounding here; where it must not, the next test says so
        mine = found.indices[i, :listed].tolist()
        np.testing.assert_allclose([dict(row)[j] for j in mine], found.similarity[i, :listed], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(found.shared[i, :listed], [pairs[i, j] for j in mine], rtol=1e-6)
        for a, b in zip(range(listed - 1), range(1, listed), strict=True):
            assert found.similarity[i, a] > found.similarity[i, b] or mine[a] < mine[b]


@given(seed=seeds, k=lengths, similarity=st.sampled_from(["count", "cosine", "jaccard", "lift"]), names=st.randoms())
def test_equal_similarities_of_whole_counts_go_to_the_smaller_id(seed, k, similarity, names):
    """Judged in rational numbers (cosine by its square), so no rounding decides; and whatever rows the ids are in."""
    order = list(range(12))
    names.shuffle(order)
    index, _ = relation(seed, "unit").pack(names=order)
    counting, ids = prepare(index), index.ids["id"].to_list()
    a, n = [int(x) for x in counting.occurrences], int(counting.total)
    rows: list[list[tuple[Fraction, int]]] = [[] for _ in range(12)]
    for (i, j), count in count_pairs_reference(counting.indptr, counting.entities).items():
        c = Fraction(int(count))
        exact = {"count": c, "cosine": c * c / (a[i] * a[j]), "jaccard": c / (a[i] + a[j] - c), "lift": c * n / a[i]}
        rows[i].append((-exact[similarity] / (a[j] if similarity == "lift" else 1), ids[j]))
    found = neighbours.from_collections(index, n_neighbors=k, similarity=similarity)
    listed = by_id(found, index)
    for i, row in enumerate(rows):
        assert [j for j, *_ in listed[ids[i]]] == [j for _, j in sorted(row)[:k]]


def same(one: Neighbours, other: Neighbours) -> bool:
    arrays = all(np.array_equal(getattr(one, a), getattr(other, a)) for a in ("indices", "similarity", "shared"))
    return arrays and one.pair_weight == other.pair_weight and one.pair_weight_expected == other.pair_weight_expected


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds, k=lengths, similarity=similarities, memory=st.sampled_from([1, 100, 1000, None]), data=st.data())
def test_bits_do_not_depend_on_memory_threads_or_the_order_of_collections(kind, seed, k, similarity, memory, data):
    made = relation(seed, kind)

    def find(order, **options) -> Neighbours:
        index, weights = made.pack(order=order)
        return neighbours.from_collections(
            index, n_neighbors=k, similarity=similarity, shrinkage=1.0, weights=weights, **options
        )

    straight = range(len(made.collections))
    plain = find(straight)
    order = data.draw(st.permutations(straight))
    for n_parts in (1, 2, 7):
        with parts(n_parts):
            assert same(find(straight, memory=memory), plain)
            assert same(find(order, memory=memory), plain)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds, k=lengths, similarity=similarities, memory=st.sampled_from([1, None]), names=st.randoms())
def test_bits_do_not_depend_on_the_order_of_rows(kind, seed, k, similarity, memory, names):
    made, order = relation(seed, kind), list(range(12))
    names.shuffle(order)
    packed = [made.pack(), made.pack(names=order)]
    found = [
        neighbours.from_collections(index, n_neighbors=k, similarity=similarity, weights=weights, memory=memory)
        for index, weights in packed
    ]
    assert by_id(found[0], packed[0][0]) == by_id(found[1], packed[1][0])


@pytest.mark.parametrize("kind", ["unit", "all"])
def test_a_larger_relation_has_the_same_bits_in_any_order_and_on_any_threads(kind):
    generator = np.random.default_rng(0)
    made = relation(3, kind, n=300, n_collections=2000, largest=60)
    plain_index, plain_weights = made.pack()
    plain = neighbours.from_collections(plain_index, n_neighbors=15, weights=plain_weights)
    index, weights = made.pack(
        names=generator.permutation(300).tolist(), order=generator.permutation(len(made.collections)).tolist()
    )
    assert plain_index.entities.size > 1000
    for n_parts in (1, 3, 7):
        with parts(n_parts):
            found = neighbours.from_collections(index, n_neighbors=15, weights=weights, memory=2000)
        assert by_id(found, index) == by_id(plain, plain_index)


def test_names_may_need_more_than_16_bits():
    sets = [{0, 70_000, 65_536}, {65_535, 65_536}, {1, 70_000, 0}, {70_000, 3}]
    found = neighbours.from_collections(index_of(sets, 70_001), n_neighbors=2)
    assert_sound(found)
    assert found.indices[[0, 1, 3, 65_535, 65_536, 70_000]].tolist() == [
        [70_000, 1],
        [0, 70_000],
        [70_000, -1],
        [65_536, -1],
        [65_535, 0],
        [0, 1],
    ]
    # 0 and 70,000 share 2 of 3 collections; 65,536 shares 1 of 2 with 65,535
    assert found.similarity[[0, 65_536], 0].tolist() == [2 / 3, 1 / 2]


def test_ids_of_text_break_ties_in_their_own_order():
    index = index_of([{0, 1, 2}], 3)
    ids = index.ids.with_columns(id=np.array(["c", "a", "b"]))
    found = neighbours.from_collections(replace(index, ids=ids), n_neighbors=2)
    assert found.indices.tolist() == [[1, 2], [2, 0], [1, 0]]


def test_longer_lists_begin_with_the_shorter_ones():
    index, _ = relation(1, "unit", n=40, n_collections=200).pack()
    long, short = (neighbours.from_collections(index, n_neighbors=k) for k in (20, 5))
    assert np.array_equal(long.indices[:, :5], short.indices)
    assert np.array_equal(long.similarity[:, :5], short.similarity)


def test_entities_without_company_have_empty_lists():
    found = neighbours.from_collections(index_of([{0, 1}, {2}, {2}, {}], 4), n_neighbors=2)
    assert_sound(found)
    assert found.indices.tolist() == [[1, -1], [0, -1], [-1, -1], [-1, -1]]
    assert (found.pair_weight, found.pair_weight_expected) == (2, 2)


def test_no_collections_give_empty_lists():
    found = neighbours.from_collections(index_of([], 3), n_neighbors=2)
    assert_sound(found)
    assert (found.indices == -1).all()


@pytest.mark.parametrize("n_neighbors", [4, 9])
def test_too_few_entities_say_both_numbers_and_what_to_do(n_neighbors):
    with pytest.raises(DataError, match=rf"number of entities is 4; .*which is {n_neighbors}. Lower sweep.n_neighbors"):
        neighbours.from_collections(index_of([{0, 1, 2, 3}], 4), n_neighbors=n_neighbors)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda f: replace(f, indices=np.tile(np.arange(12, dtype=np.int32)[:, None], (1, 3))), "its own neighbour"),
        (lambda f: replace(f, indices=np.zeros_like(f.indices)), "listed twice"),
        (lambda f: replace(f, indices=np.where([True, False, False], -1, f.indices)), "missing neighbours come last"),
        (lambda f: replace(f, similarity=-f.similarity), "similarity falls"),
        (lambda f: replace(f, similarity=f.similarity * np.nan), "similarity is finite"),
        (lambda f: replace(f, pair_weight=f.pair_weight - 2), "sum of pair weights"),
    ],
)
def test_damaged_lists_fail_their_check(damage, check):
    index, _ = relation(5, "unit").pack()
    found = neighbours.from_collections(index, n_neighbors=3)
    assert_sound(found)
    assert any(check in c.name for c in damage(found).check() if not c.passed)


def test_a_pair_that_is_lost_is_noticed(monkeypatch):
    """The kernel's own sum is held against that of the collections: visits that miss a member do not pass."""
    from atlas_assets.kernels import incidence

    whole_visits = incidence.prefixes

    def short_visits(*arguments, **options):
        made = whole_visits(*arguments, **options)
        return made._replace(
            last=np.where(
                np.arange(made.last.size) == np.argmax(made.last - made.first), made.last - 1, made.last
            ).astype(made.last.dtype)
        )

    monkeypatch.setattr(incidence, "prefixes", short_visits)
    index, _ = relation(5, "unit").pack()
    found = neighbours.from_collections(index, n_neighbors=3)
    [failed] = [c for c in found.check() if not c.passed]
    assert failed.name == "sum of pair weights equals the independent count"
    assert f"{found.pair_weight_expected:,.6g} expected" in failed.detail


def test_lists_read_back_are_those_written(tmp_path):
    index, weights = relation(3, "all").pack()
    found = neighbours.from_collections(index, n_neighbors=3, weights=weights)
    found.save(tmp_path)
    again = Neighbours.load(tmp_path)
    assert same(again, found)
    assert again.method == "jaccard"
    assert_sound(again)


def test_progress_rises_to_its_end():
    said: list[float] = []
    index, _ = relation(3, "unit").pack()
    neighbours.from_collections(index, n_neighbors=3, memory=1, progress=lambda share, _: said.append(share))
    assert said == sorted(said)
    assert 0 <= said[0] < said[-1] <= 1


def test_neighbours_do_not_load_torch():
    code = "import sys; from atlas_assets.stages.relation import neighbours; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_relation_of_the_tests_is_not_trivial():
    """The property tests above mean something: pairs, ties, zero weights and unknown values occur."""
    made = [relation(seed, "all") for seed in range(20)]
    rows = [row for one in made for rows in one.collections for row in rows]
    assert isinstance(made[0], Relation)
    assert sum(len(c) > 1 for one in made for c in one.collections) > 100
    assert any(row[1] == 0 for row in rows)
    assert any(np.isnan(row[2]) for row in rows)
