"""Numbers as people and programs write them, in whatever signs."""

from __future__ import annotations

import polars as pl
import pytest

from atlas_assets.sources.values import numbers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["\u22123.5", "2", "\u22121,000.25"], [-3.5, 2, -1000.25]),
        (["\u20133", "4"], [-3, 4]),
        (["\uff11\uff12", "\uff13.\uff15"], [12, 3.5]),
        (["1\u2009234", "12\u2009345\u2009678"], [1234, 12345678]),
        (["1\u202f234,5", "0,5"], [1234.5, 0.5]),
    ],
    ids=["minus sign", "dash", "full width", "thin space", "narrow space and comma"],
)
def test_signs_of_typographers_are_those_of_keyboards(written: list[str], meant: list[float]) -> None:
    parsed = numbers.parse(pl.Series("x", written))
    assert parsed.values.to_list() == meant
    assert not parsed.wrong.any()


def test_a_range_is_no_number() -> None:
    parsed = numbers.parse(pl.Series("x", ["1\u20133", "2"]))
    assert parsed.wrong.to_list() == [True, False]
