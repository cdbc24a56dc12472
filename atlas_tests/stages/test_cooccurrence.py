"""Co-occurrence: nothing is lost, weights mean what they say, blocks change no byte, and damage is noticed."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.kernels.pair_counts import count_pairs_reference
from atlas_assets.stages.artifact import ArrayWriter
from atlas_assets.stages.relation import cooccurrence
from atlas_assets.stages.relation.pair_count_plan import prepare
from atlas_assets.stages.relation.pair_weights import PairWeights
from atlas_tests.relations import KINDS, amount, index_of, parts, relation


def as_dict(found: cooccurrence.Cooccurrence) -> dict[tuple[int, int], float]:
    rows = np.repeat(np.arange(found.n_entities), np.diff(found.indptr))
    return dict(zip(zip(rows.tolist(), found.indices.tolist(), strict=True), found.data.tolist(), strict=True))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1), memory=st.sampled_from([1, 300, 2000]), n_parts=st.sampled_from([1, 2, 7]))
def test_every_pair_of_every_collection_is_counted_once_in_blocks_of_any_size(kind, seed, memory, n_parts):
    index, weights = relation(seed, kind).pack()
    expected = count_pairs_reference(index.indptr, index.entities, amount(weights))
    with tempfile.TemporaryDirectory() as name:
        whole, blocks = Path(name) / "whole", Path(name) / "blocks"
        if not expected:
            with pytest.raises(DataError, match=r"no two entities share a collection.* Filter less strictly"):
                cooccurrence.build(index, whole, weights=weights)
            return
        found = cooccurrence.build(index, whole, weights=weights)
        assert not [check.name for check in found.check() if not check.passed]
        assert as_dict(found) == pytest.approx(expected, rel=1e-9)
        assert found.data.dtype == (np.float32 if kind == "unit" else np.float64)
        counting = prepare(index, weights)
        assert np.array_equal(found.occurrences, counting.occurrences)
        assert found.total == counting.total
        with parts(n_parts):
            cooccurrence.build(index, blocks, weights=weights, memory=memory)
        assert files(blocks) == files(whole)


def test_the_matrix_is_not_read_into_memory(tmp_path):
    found = cooccurrence.build(index_of([{0, 1, 2}, {1, 2}], 3), tmp_path)
    assert all(isinstance(array, np.memmap) for array in (found.indices, found.data))
    assert (found.total, found.pair_weight_expected) == (2.0, 8.0)  # 3 * 2 + 2 * 1 ordered pairs
    written = files(tmp_path)
    found.save(tmp_path / "again")
    assert files(tmp_path / "again") == written


def test_whole_counts_that_float32_cannot_hold_are_kept_in_float64(tmp_path):
    count = 2**24 + 1
    index = index_of([{0, 1}], 2)
    many = replace(index, indptr=np.arange(count + 1) * 2, entities=np.tile(index.entities, count))
    found = cooccurrence.build(many, tmp_path)
    assert found.data.dtype == np.float64
    assert found.data.tolist() == [count, count]


def test_an_array_written_in_pieces_is_the_file_that_numpy_writes(tmp_path):
    pieces = [np.arange(n, dtype=np.float32) for n in (0, 3, 0, 1000)]
    with ArrayWriter(tmp_path / "pieces.npy", np.float32) as writer:
        for piece in pieces:
            writer.append(piece)
    np.save(tmp_path / "numpy.npy", np.concatenate(pieces))
    assert (tmp_path / "pieces.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


@pytest.mark.parametrize("weights", [None, PairWeights(rows=np.array([1.0, 0.0, 1.0, 1.0]))])
def test_no_pair_at_all_is_an_error(weights, tmp_path):
    index = index_of([{0}, {1}, {2}, {}, {3}] if weights is None else [{0, 1}, {2}, {3}], 4)
    with pytest.raises(DataError, match=r"collections hold no pair: no two entities share a collection"):
        cooccurrence.build(index, tmp_path, weights=weights)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda c: replace(c, data=c.data[:-1]), "every pair has a column and a weight"),
        (lambda c: replace(c, data=c.data * 2), "sum of pair weights equals the independent count"),
        (lambda c: replace(c, indices=c.indices[::-1]), "rows are sorted and unique"),
        (lambda c: replace(c, indices=np.repeat(np.arange(4), np.diff(c.indptr))), "no entity is paired with itself"),
        (lambda c: replace(c, data=np.arange(1, c.data.size + 1, dtype=np.float32)), "pairs are stored both ways"),
        (lambda c: replace(c, data=-c.data), "all weights are positive"),
        (lambda c: replace(c, data=c.data * np.inf), "all weights are positive"),
    ],
)
def test_a_damaged_matrix_fails_its_check(damage, check, tmp_path, monkeypatch):
    found = cooccurrence.build(index_of([{0, 1, 2}, {1, 2, 3}], 4), tmp_path)
    for at_once in (1, 250_000):
        monkeypatch.setattr(cooccurrence, "CHECKED_AT_ONCE", at_once)
        assert all(c.passed for c in found.check())
        assert check in {c.name for c in damage(found).check() if not c.passed}
