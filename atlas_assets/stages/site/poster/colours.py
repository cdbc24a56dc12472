"""What the colours of a poster mean: one colour per point, and the legend that explains them.

As on the site in its light scheme (``frontend/src/core/colour``), so that a map is recognised on paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_assets.fields import FIELD_TYPES
from atlas_assets.stages.bundle.reader import Bundle

CATEGORIES = (
    "#2468b4",
    "#d06a08",
    "#12806a",
    "#c22f57",
    "#a27b00",
    "#7145c4",
    "#4c8a1a",
    "#c95796",
    "#0f87a0",
    "#85552f",
)
RAMP = ("#8fd04a", "#35b779", "#21918c", "#2c728e", "#3b528b", "#472d7b", "#440154")
OTHER, UNKNOWN, PLAIN, NO = "#8b929c", "#c3c9d1", "#52708f", "#a0a7b1"
RAMP_STEPS = 256
SKEWED = 0.35  # share of the range that the middle 80 % of values take, below which ranks are coloured instead


@dataclass(frozen=True)
class Entry:
    """A colour, what it stands for, and for how many points."""

    colour: str
    label: str
    count: int


@dataclass(frozen=True)
class Colours:
    """rgb (n, 3) from 0 to 1. The legend: entries, or places 0 to 1 on the ramp with their texts; or neither."""

    rgb: np.ndarray
    title: str = ""
    entries: tuple[Entry, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()


def colours_of(bundle: Bundle, name: str | None) -> Colours:
    """The colours of the column ``name`` of a bundle; without one, all points have the same."""
    column = next((entry for entry in bundle.manifest["columns"] if entry["name"] == name), None)
    if column is None:
        return Colours(np.tile(_rgb(PLAIN), (bundle.n_rows, 1)))
    if column["encoding"] == "f32-split":
        return _ramped(column, np.asarray(bundle.column(column["name"]), np.float64))
    if column["encoding"] == "bool-u8":
        groups = [-1 if value is None else int(value) for value in bundle.column(column["name"])]
        return _grouped(column["label"], groups, ["No", "Yes"], [NO, CATEGORIES[1]])
    own = bundle.manifest["atlas"].get("theme", {}).get("palette", ())
    palette = [*own, *CATEGORIES[len(own) :]]
    if column["encoding"].startswith("codes"):
        codes = bundle.codes(column["name"]).tolist()
        names = {
            code: str(value) for code, value in zip(codes, bundle.column(column["name"]), strict=True) if code >= 0
        }
        return _grouped(column["label"], codes, [names[code] for code in sorted(names)], palette)
    return _grouped(column["label"], *_first_of_the_frequent(bundle.column(column["name"])), palette)


def _first_of_the_frequent(lists: Any) -> tuple[list[int], list[str]]:
    """Of each list its most frequent value, as a place among all values by frequency."""
    counts: dict[str, int] = {}
    for values in lists:
        for value in values or ():
            counts[value] = counts.get(value, 0) + 1
    order = sorted(counts, key=lambda value: (-counts[value], value))
    place = {value: i for i, value in enumerate(order)}
    return [min((place[value] for value in values or ()), default=-1) for values in lists], order


def _grouped(title: str, groups: list[int], names: list[str], palette: list[str]) -> Colours:
    """groups: a place in ``names`` per point, -1 for unknown; those beyond the palette share one colour."""
    code = np.array(groups)
    shown = min(len(names), len(palette))
    table = np.array([_rgb(colour) for colour in [*palette[:shown], OTHER, UNKNOWN]])
    slot = np.where(code < 0, shown + 1, np.minimum(code, shown))
    counts = np.bincount(slot, minlength=shown + 2)
    entries = [Entry(palette[i], names[i], int(counts[i])) for i in range(shown) if counts[i]]
    rest = len(names) - shown
    if counts[shown]:
        entries.append(Entry(OTHER, f"{rest:,} other" + "s" * (rest != 1), int(counts[shown])))
    if counts[shown + 1]:
        entries.append(Entry(UNKNOWN, "unknown", int(counts[shown + 1])))
    return Colours(table[slot], title, tuple(entries))


def _ramped(column: dict[str, Any], values: np.ndarray) -> Colours:
    known = np.isfinite(values)
    place = np.zeros(len(values))
    place[known] = _places(column, values[known])
    stops = np.array([_rgb(colour) for colour in RAMP])
    axis = np.linspace(0, 1, len(stops))
    rgb = np.stack([np.interp(place, axis, stops[:, channel]) for channel in range(3)], axis=1)
    rgb[~known] = _rgb(UNKNOWN)
    ticks = [(at, _text(_value_at(column, at), column["type"])) for at in (0, 0.25, 0.5, 0.75, 1)]
    distinct = [tick for i, tick in enumerate(ticks) if tick[1] not in {text for _, text in ticks[:i]}]
    unknown = int((~known).sum())
    entries = (Entry(UNKNOWN, "unknown", unknown),) if unknown else ()
    return Colours(rgb, column["label"], entries, tuple(distinct))


def ramp() -> np.ndarray:
    """The ramp from low to high, (RAMP_STEPS, 3)."""
    stops = np.array([_rgb(colour) for colour in RAMP])
    at = np.linspace(0, len(stops) - 1, RAMP_STEPS)
    return np.stack([np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)], axis=1)


def _scale(column: dict[str, Any]) -> str:
    low, high, quantiles = column["min"], column["max"], column["quantiles"]
    if column["scale"] == "log":
        return "log"
    if len(quantiles) < 21 or high <= low:
        return "linear"
    return "quantile" if (quantiles[18] - quantiles[2]) / (high - low) < SKEWED else "linear"


def _places(column: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Places from 0 to 1 on the ramp."""
    low, high, scale = column["min"], column["max"], _scale(column)
    if high <= low:
        return np.full(len(values), 0.5)
    if scale == "quantile":
        return np.interp(values, column["quantiles"], np.linspace(0, 1, len(column["quantiles"])))
    if scale == "log":
        shift = 0 if low > 0 else 1 - low
        return np.clip(np.log((np.maximum(values, low) + shift) / (low + shift)) / _span(low, high, shift), 0, 1)
    return np.clip((values - low) / (high - low), 0, 1)


def _value_at(column: dict[str, Any], place: float) -> float:
    """The value at a place on the ramp."""
    low, high, scale = column["min"], column["max"], _scale(column)
    if scale == "quantile":
        return float(np.interp(place, np.linspace(0, 1, len(column["quantiles"])), column["quantiles"]))
    if scale == "log":
        shift = 0 if low > 0 else 1 - low
        return float((low + shift) * np.exp(place * _span(low, high, shift)) - shift)
    return low + place * (high - low)


def _span(low: float, high: float, shift: float) -> float:
    return float(np.log((high + shift) / (low + shift)))


def _text(value: float, kind: str) -> str:
    return _plain_text(value, kind).replace("-", "−")


def _plain_text(value: float, kind: str) -> str:
    if tick := FIELD_TYPES[kind].tick:
        return tick(value)
    for size, sign in ((1e9, "B"), (1e6, "M"), (1e4, "K")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'K' else size):.3g}{sign}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
