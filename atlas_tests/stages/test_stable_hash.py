"""Hashes that choose what is held out: of the id and the seed alone, in every version and kernel."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.splitmix import splitmix64 as in_kernels
from atlas_assets.stages.index.stable_hash import hash_ids, splitmix64


@given(st.lists(st.text(max_size=8), min_size=1, max_size=30, unique=True), st.integers(0, 2**31))
def test_hashes_of_texts_depend_on_the_text_and_the_seed_alone(texts, seed):
    texts = [t for t in texts if t.encode("utf-8", "ignore").decode() == t] or ["a"]
    together = hash_ids(pl.Series(texts, dtype=pl.String), seed)
    alone = [int(hash_ids(pl.Series([text], dtype=pl.String), seed)[0]) for text in texts]
    assert together.tolist() == alone
    assert len(set(alone)) == len(texts)
    assert not set(alone) & set(hash_ids(pl.Series(texts, dtype=pl.String), seed + 1).tolist())


def test_hashes_are_the_same_in_every_version():
    """Pinned: another value would move collections between map and hold-out in every existing atlas."""
    assert hash_ids(pl.Series([0, 1, -5]), 0).tolist() == [
        12035550249420947055,
        627405149472732430,
        10264745916827506848,
    ]
    assert hash_ids(pl.Series(["", "a", "Lórien"]), 7).tolist() == [
        13309476754707697221,
        895702615371617117,
        12918900198665556793,
    ]


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_kernels_hash_as_whole_arrays_do(values):
    array = np.array(values, np.uint64)
    assert [int(in_kernels(value)) for value in array] == splitmix64(array).tolist()
