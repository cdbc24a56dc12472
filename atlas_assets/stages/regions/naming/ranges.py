"""Years, dates and numbers as ranges: what most of a region lies in and little else does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import polars as pl

from atlas_assets.stages.regions.naming import readable

HELD = (0.65, 0.8, 0.92)  # shares of a region that a range is fitted to
SAME_YEARS = 0.8  # of two fields that say the same of when something was
WEIGHTS = {"year": 0.55, "date": 0.5, "number": 0.35}


@dataclass(frozen=True)
class Quantity:
    """A field of n numbers; dates are seconds of the epoch. kind: year, date or number. Missing: nan.

    alone: a range need not say of what it is, since no other field of years or dates says anything else.
    """

    name: str
    said: str
    unit: str | None
    kind: str
    values: np.ndarray
    sorted: np.ndarray
    alone: bool = True

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
    times = [one for one in found if one.kind != "number"]
    return [replace(one, alone=_alone(one, times)) if one.kind == "date" else one for one in found]


def _alone(dates: Quantity, times: list[Quantity]) -> bool:
    """Whether a range of these dates need not say what it is of: there is nothing else, or it is in the same years."""
    first = times[0]
    if first is dates:
        return True
    both = np.isfinite(dates.values) & np.isfinite(first.values)
    years = _years(dates.values[both])
    others = first.values[both] if first.kind == "year" else _years(first.values[both])
    return bool((years == others).mean() >= SAME_YEARS) if both.any() else False


def _years(seconds: np.ndarray) -> np.ndarray:
    return seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(np.float64) + 1970


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


def range_of(text: str, quantity: Quantity, inside: np.ndarray) -> Range | None:
    """The range that a text says, as ``ranges_of`` had it before; None where it is none of this quantity."""
    bounds = _read(text, quantity)
    if bounds is None or not inside.size:
        return None
    values = np.sort(quantity.values[inside])
    share, base = (_within(some, *bounds) for some in (values[np.isfinite(values)], quantity.sorted))
    return Range(text, quantity, *bounds, share / inside.size, base / quantity.values.size)


def _read(text: str, quantity: Quantity) -> tuple[float | None, float | None] | None:
    """The bounds that ``_text`` wrote; those of a date are its month's or year's."""
    said, unit = quantity.said.lower() + " ", f" {quantity.unit}"
    if quantity.kind == "number" and quantity.unit:
        text, fits = text.removesuffix(unit), text.endswith(unit)
    elif quantity.kind == "number" or not quantity.alone:
        text, fits = text.removeprefix(said), text.startswith(said)
    else:
        fits = True
    over, under = ("over ", "up to ") if quantity.kind == "number" else ("since ", "until ")
    first, _, second = text.partition(" – ")
    low = _value(first.removeprefix(over), quantity)
    high = _value((second or first).removeprefix(under), quantity)
    open_below, open_above = text.startswith(under), text.startswith(over)
    if not fits or (low is None and not open_below) or (high is None and not open_above):
        return None
    return None if low is None else low[0], None if high is None else high[1]


def _value(text: str, quantity: Quantity) -> tuple[float, float] | None:
    """The first and the last value that a text stands for, None for no value."""
    try:
        if quantity.kind == "number":
            return float(text.replace(",", "")), float(text.replace(",", ""))
        if quantity.kind == "year":
            year = -float(text.removesuffix(" BCE")) if text.endswith(" BCE") else float(text)
            return year, year
        by_year = len(text) == 4
        begin = datetime.strptime(text, "%Y" if by_year else "%b %Y").replace(tzinfo=UTC)
        after = begin.month + (12 if by_year else 1) - 1
        end = begin.replace(year=begin.year + after // 12, month=after % 12 + 1)
        return begin.timestamp(), end.timestamp() - 1
    except ValueError:
        return None


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
        text = _between(low, high, lambda t: _date(t, by_year), "since", "until")
        return text if quantity.alone else f"{quantity.said.lower()} {text}"
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
