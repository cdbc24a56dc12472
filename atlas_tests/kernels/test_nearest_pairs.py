"""Lists of single rows, counted again into lists that are there; whole passes are tested as ``stages.neighbours``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.kernels.incidence import whole
from atlas_assets.kernels.nearest_pairs import NONE, empty_lists, fill, nearest_reference
from atlas_assets.kernels.pair_counts import count_pairs_reference
from atlas_assets.stages.relation.neighbours import scoring
from atlas_assets.stages.relation.pair_count_plan import prepare
from atlas_tests.relations import amount, parts, relation


@pytest.mark.parametrize("kind", ["unit", "rows"])
@given(
    seed=st.integers(0, 2**32 - 1),
    counted=st.sets(st.integers(0, 11)),
    slots=st.sampled_from([1, 30, 10**6]),
    n_parts=st.sampled_from([1, 2, 7]),
)
def test_counted_rows_list_all_their_pairs_and_others_those_with_counted_rows(kind, seed, counted, slots, n_parts):
    index, weights = relation(seed, kind).pack()
    counting, rows, ranks = prepare(index, weights), np.array(sorted(counted), np.int64), np.arange(12)[::-1].copy()
    lists = empty_lists(12, 3)
    lists.entry[rows] = np.inf
    visits = whole(counting.indptr, counting.entities, 12, rows=rows, weighted=weights is not None)
    with parts(n_parts):
        tally = fill(
            lists,
            rows,
            np.arange(rows.size),
            visits,
            prefix=False,
            weighting=counting.weighting,
            offer_slots=slots,
            scoring=scoring(counting, "jaccard", 0.0, ranks),
        )
    pairs = count_pairs_reference(counting.indptr, counting.entities, amount(weights))
    pairs = {pair: c for pair, c in pairs.items() if counted.intersection(pair)}
    expected = nearest_reference(
        pairs, name="jaccard", occurrences=counting.occurrences, total=counting.total, shrinkage=0.0, ties=ranks, k=3
    )
    for i, row in enumerate(expected):
        assert (lists.names[i, len(row) :] == NONE).all()
        np.testing.assert_allclose(lists.scores[i], [s for _, s in row] + [0.0] * (3 - len(row)), rtol=1e-9)
        if kind == "unit":
            assert lists.names[i, : len(row)].tolist() == [j for j, _ in row]
        assert tally[i] * counting.unit == pytest.approx(
            sum(c for (a, _), c in pairs.items() if a == i and a in counted), rel=1e-9
        )
