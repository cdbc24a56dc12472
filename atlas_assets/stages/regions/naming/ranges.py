"""Years, dates and numbers as ranges: what most of a region lies in and little else does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import polars as pl

from atlas_assets.stages.regions.naming import readable

HELD = (0.65, 0.8, 0.92)  # shares of a region that a range is fitted to
WEIGHTS = {"year": 0.55, "date": 0.5, "number": 0.35}


@dataclass(frozen=True)
class Quantity:
    """A field of n numbers; dates are seconds of the epoch. kind: year, date or number. Missing: nan."""

    name: str
    said: str
    unit: str | None
    kind: str
    values: np.ndarray
    sorted: np.ndarray

    @cached_property
    def usual(self) -> float:
        """How far eight of ten values lie apart; asked for thousands of ranges."""
        low, high = np.quantile(self.sorted, [0.1, 0.9])
        return float(high - low) or float(self.sorted[-1] - self.sorted[0])

    @cached_property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return bool((self.sorted == np.rint(self.sorted)).all())


@dataclass(frozen=True)
class Range:
    """low and high, both within; None: open. share of the region and base: of the map that lie in it."""

    text: str
    quantity: Quantity
    low: float | None
    high: float | None
    share: float
    base: float

    def mask(self) -> np.ndarray:
        """Who lies in it, (n,) bool."""
        return self._holds(self.quantity.values)

    def share_of(self, rows: np.ndarray) -> float:
        return float(self._holds(self.quantity.values[rows]).mean())

    def _holds(self, values: np.ndarray) -> np.ndarray:
        holds = np.isfinite(values)
        if self.low is not None:
            holds &= values >= self.low
        if self.high is not None:
            holds &= values <= self.high
        return holds


def quantities(
    fields: pl.DataFrame, types: dict[str, str], said: dict[str, str], units: dict[str, str | None]
) -> list[Quantity]:
    """The fields whose numbers say what an entity is: no ids, coordinates, or measures of how well known it is."""
    found = []
    for column in fields.get_columns():
        name = column.name
        kind = types.get(name) or (
            "date" if column.dtype.is_temporal() else "number" if column.dtype.is_numeric() else ""
        )
        if kind not in WEIGHTS or readable.tells_nothing(name) or (kind == "number" and readable.tells_fame(name)):
            continue
        values = _numbers(column, kind)
        known = np.sort(values[np.isfinite(values)])
        if known.size and known[0] < known[-1]:
            found.append(Quantity(name, said.get(name) or name, units.get(name), kind, values, known))
    return found


def ranges_of(quantity: Quantity, inside: np.ndarray) -> list[Range]:
    """Ranges that may name the region of the rows ``inside``, at most one for each of HELD, and open ones."""
    values = np.sort(quantity.values[inside])
    values = values[np.isfinite(values)]
    found: dict[str, Range] = {}
    for held in HELD:
        needed = int(np.ceil(held * inside.size))
        if values.size < max(needed, 3):
            continue
        spans = values[needed - 1 :] - values[: values.size - needed + 1]
        begin = int(spans.argmin())
        low, high = values[begin], values[begin + needed - 1]
        for bounds in ((low, high), (values[-needed], None), (None, values[needed - 1])):
            one = _range(quantity, *bounds, values, inside.size)
            if one is not None:
                found.setdefault(one.text, one)
    return list(found.values())


def _range(quantity: Quantity, low: float | None, high: float | None, region: np.ndarray, size: int) -> Range | None:
    """With round bounds; region: its values, sorted, of ``size`` entities. None where it holds for all."""
    everything = quantity.sorted
    if quantity.kind == "number":
        step = _step(quantity, low, high)
        low = None if low is None else float(np.floor(low / step) * step)
        high = None if high is None else float(np.ceil(high / step) * step)
    low = None if low is not None and low <= everything[0] else low
    high = None if high is not None and high >= everything[-1] else high
    if low is None and high is None:
        return None
    share, base = (_within(values, low, high) for values in (region, everything))
    return Range(_text(quantity, low, high), quantity, low, high, share / size, base / quantity.values.size)


def _within(values: np.ndarray, low: float | None, high: float | None) -> int:
    """How many of the sorted values."""
    begin = 0 if low is None else int(np.searchsorted(values, low))
    end = values.size if high is None else int(np.searchsorted(values, high, side="right"))
    return end - begin


def _step(quantity: Quantity, low: float | None, high: float | None) -> float:
    """A round number, a tenth to a fifth of what is between the bounds, or of the usual values: 1, 2, 5, 10, 20 ..."""
    width = (high - low) if low is not None and high is not None and high > low else quantity.usual
    raw = max(width / 10, quantity.usual / 1000)
    size = 10 ** np.floor(np.log10(raw))
    step = float(size * (1 if raw / size < 2 else 2 if raw / size < 5 else 5))
    return max(step, 1.0) if quantity.whole else step


def _text(quantity: Quantity, low: float | None, high: float | None) -> str:
    if quantity.kind == "year":
        return _between(low, high, _year, "since", "until")
    if quantity.kind == "date":
        span = None if low is None or high is None else (high - low) / 86_400 / 365
        by_year = span is None or span > 1
        return _between(low, high, lambda t: _date(t, by_year), "since", "until")
    text = _between(low, high, lambda v: f"{v:,.10g}", "over", "up to")
    return f"{text} {quantity.unit}" if quantity.unit else f"{quantity.said.lower()} {text}"


def _between(low, high, show, over: str, under: str) -> str:
    if low is None:
        return f"{under} {show(high)}"
    if high is None:
        return f"{over} {show(low)}"
    return show(low) if show(low) == show(high) else f"{show(low)} – {show(high)}"


def _year(year: float) -> str:
    return f"{-year:.0f} BCE" if year < 0 else f"{year:.0f}"


def _date(seconds: float, by_year: bool) -> str:
    day = datetime.fromtimestamp(seconds, UTC)
    return f"{day.year}" if by_year else f"{day:%b %Y}"


def _numbers(column: pl.Series, kind: str) -> np.ndarray:
    if column.dtype.is_temporal():
        column = column.cast(pl.Datetime("us")).dt.epoch("s")
    values = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return np.where(np.abs(values) < 1e17, values, np.nan)
