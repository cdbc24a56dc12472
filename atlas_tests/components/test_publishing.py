"""Which maps a site offers when a sweep has made more than visitors could choose from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.builders.publishing import found_keys, offered_maps
from atlas_tests import toy

RANKED = ["found 1", "found 2", "mine 1", "found 3", "mine 2"]
FOUND = {"found 1", "found 2", "found 3"}


def test_of_too_many_those_written_down_stay_and_then_the_best() -> None:
    assert offered_maps(RANKED, first="found 3", found=FOUND, most=4) == {"found 3", "mine 1", "mine 2", "found 1"}
    assert offered_maps(RANKED, first="mine 2", found=set(), most=2) == {"mine 2", "found 1"}


@given(st.integers(1, 9))
def test_the_map_that_is_opened_is_there_and_never_more_than_asked(most: int) -> None:
    offered = offered_maps(RANKED, first="found 2", found=FOUND, most=most)
    assert "found 2" in offered
    assert len(offered) == min(most, len(RANKED))


def test_a_point_that_is_written_down_too_is_no_find() -> None:
    points = [{"n_neighbors": 5, "projection": {"method": name}} for name in ("pca", "mde")]
    sweep = {"n_neighbors": [5], "embedding_dim": [3], "projections": [{"method": "pca"}], "found": points}
    assert found_keys(toy.spec(sweep=sweep)) == {"k5_d3_mde"}
