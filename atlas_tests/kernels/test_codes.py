"""Codes of ids against a dictionary, for ids that are near, far apart, negative, at the ends of int64, and text."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels import codes as kernels
from atlas_assets.sources.id_codes import IdCodes, id_batch

INT64 = st.integers(-(2**63), 2**63 - 1)
IDS = st.one_of(st.integers(-5, 5), st.integers(-300, 5_000), INT64, st.sampled_from([-(2**63), 2**63 - 1, 10**18]))
TEXTS = st.one_of(st.sampled_from(["a", "ab", "b", "Ж", "a\x00", "7", "007"]), st.text(min_size=1, max_size=9))


@given(batches=st.lists(st.lists(IDS, max_size=30), max_size=6))
def test_integers_are_encoded_as_by_a_dictionary_over_all_batches(batches):
    encoder = kernels.IntegerCodes()
    found = [encoder.encode(np.array(batch, dtype=np.int64)).tolist() for batch in batches]
    expected, ids = kernels.codes_reference(itertools.chain(*batches))
    assert list(itertools.chain(*found)) == expected
    assert encoder.ids().tolist() == ids
    assert len(encoder) == len(ids)


def test_ids_that_drift_apart_change_the_table_and_no_code():
    near, far = np.arange(1000), np.arange(1000) * 2**40 - 2**45
    encoder = kernels.IntegerCodes()
    for ids in (near, near[::-1] - 700, far, near, far):
        codes = encoder.encode(ids)
        assert encoder.ids()[codes].tolist() == ids.tolist()


@given(batches=st.lists(st.lists(TEXTS, max_size=30), max_size=6))
def test_texts_are_encoded_as_by_a_dictionary_over_all_batches(batches):
    encoder = kernels.TextCodes()
    found = []
    for batch in batches:
        content = [text.encode() for text in batch]
        offsets = np.cumsum([0, *map(len, content)]).astype(np.int64)
        found += encoder.encode(offsets, np.frombuffer(b"".join(content), np.uint8)).tolist()
    expected, ids = kernels.codes_reference(itertools.chain(*batches))
    assert found == expected
    ends, content = encoder.ids()
    assert [content[a:b].tobytes().decode() for a, b in itertools.pairwise(ends)] == ids


@given(number=INT64, sign=st.sampled_from(["", "+", "0", "00", " "]))
def test_only_integers_as_python_writes_them_are_as_long_as_their_text(number, sign):
    text = f"{sign}{number}"
    place = kernels.first_longer(np.array([number]), np.array([len(text)], dtype=np.uint32))
    assert place == (-1 if text == str(number) else 0)


MIXED = st.one_of(st.integers(-9, 9).map(str), st.sampled_from(["007", "x", "-0", "+1"]))


@given(batches=st.lists(st.lists(MIXED, min_size=1, max_size=9), min_size=1, max_size=5), distinct=st.booleans())
def test_ids_stay_what_they_are_when_a_later_batch_is_no_longer_all_integers(batches, distinct):
    encoder, found = IdCodes(), []
    for batch in batches:
        values, indices = pl.Series(batch), None
        if distinct:  # as Parquet holds text: values, of which one is not used, and indices
            values = pl.Series(["unused", *dict.fromkeys(batch)])
            indices = np.array([values.to_list().index(text) for text in batch], dtype=np.int32)
        found += encoder.encode(id_batch(values, indices)).tolist()
    ids = encoder.ids(pl.String())
    assert ids.gather(found).to_list() == list(itertools.chain(*batches))
    assert sorted(ids.to_list()) == sorted(set(itertools.chain(*batches)))
