"""What belongs together is counted as it is, and both ways of an atlas find it where it is plain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from benchmarks import data, texts, texts_data
from benchmarks.texts_data import Case

TOPICS = (
    ["bread", "flour", "oven", "yeast", "loaf", "crust"],
    ["star", "galaxy", "nebula", "orbit", "quasar", "comet"],
)
N = 40


def case() -> Case:
    """Texts of four words, of two topics in turn; the groups are the topics."""
    random = np.random.default_rng(3)
    found = [" ".join(random.permutation(TOPICS[i % 2])[:4]) for i in range(N)]
    belongs = np.eye(2, dtype=np.float32)[np.arange(N) % 2]
    return Case("toy", found, sparse.csr_array(belongs))


def test_those_that_share_a_group_belong_and_absent_ones_do_not() -> None:
    groups = sparse.csr_array(np.array([[1, 0], [1, 1], [0, 1]], np.float32))
    nearest = np.array([[1, 2], [0, 2], [1, -1]])
    assert texts.belonging(nearest, Case("toy", ["a", "b", "c"], groups)) == pytest.approx(4 / 6)


@pytest.mark.parametrize("way", [texts.DEFAULT, "wordllama", "words and wordllama"])
def test_an_atlas_finds_what_belongs_together(way: str) -> None:
    found = texts.measure(case(), texts.WAYS[way])
    assert found.belong > 0.9


def test_a_case_that_is_not_there_is_said() -> None:
    with pytest.raises(data.Absent, match="known are acl-titles, reddit-titles, docstrings, joined-100k"):
        texts_data.find("novels")
