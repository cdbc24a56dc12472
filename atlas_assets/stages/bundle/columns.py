"""Metadata fields as columns of the bundle: what can be coloured, filtered and counted, in its smallest form.

A field becomes a column where its values are comparable (numbers, dates, truth values) or few enough to be listed
(categories, lists). Links, images, texts and categories that are as good as unique are left to the detail shards; that
decision, and every value that had to be set aside, is told to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.fields import FIELD_TYPES, Column
from atlas_assets.fields.numbers import as_dates
from atlas_assets.stages.bundle import encoding
from atlas_assets.stages.bundle.plain_text import clean_line, clean_lines

MAX_CATEGORIES = 65_534
UNIQUE_SHARE = 0.5  # a "category" whose values mostly occur once neither colours nor filters anything
FEW = 64  # below this many different values even a small atlas profits from the column
LOG_RATIO = 100  # a logarithmic scale needs at least two orders of magnitude

Put = Callable[[str, bytes], dict[str, Any]]
"""Stores packed bytes under a name and returns the file's entry in the manifest."""


Entry = tuple[dict[str, Any] | None, str | None]
"""What the manifest says of a column (None: it became none), and a note for the person who builds the atlas."""


def column(field: dict[str, Any], values: pl.Series, buckets: list[slice], put: Put) -> Entry:
    """(entry in the manifest or None, note or None) of a field; ``values`` are in row order, one file per bucket.

    A field of a type that is shown in details only gives (None, None); one that could not be used gives a note why.
    """
    type_ = FIELD_TYPES[field["type"]]
    if type_.column is None:
        return None, None
    entry, note = _MAKE[type_.column](field, values, buckets, put)
    if entry is not None:
        head = {"name": field["name"], "label": clean_line(field["label"]), "type": type_.in_viewer}
        unit = {"unit": clean_line(field["unit"])} if field.get("unit") else {}
        entry = head | unit | entry
    return entry, note and f"{field['name']}: {note}"


def as_numbers(field: dict[str, Any], values: pl.Series) -> np.ndarray:
    """A number, year or date field as float64; NaN where there is no finite value; dates as days since 1970-01-01."""
    if FIELD_TYPES[field["type"]].in_viewer == "date":
        return as_dates(values).to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    numbers = values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
    if values.dtype == pl.String and np.isnan(numbers).sum() > values.null_count():
        raise _wrong_type(field, values, "numbers")
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _number_column(field: dict[str, Any], values: pl.Series, buckets: list[slice], put: Put) -> Entry:
    wide = as_numbers(field, values)
    beyond = np.abs(wide) > np.finfo(np.float32).max
    numbers = np.where(beyond, np.nan, wide).astype(np.float32)
    known = np.sort(numbers[~np.isnan(numbers)]).astype(np.float64)
    if not known.size:
        return (
            None,
            "has no values" if not beyond.any() else "has no values below 3.4e38, so it is shown in details only",
        )
    inner = np.quantile(known, np.linspace(0.05, 0.95, 19)).tolist()
    # The ends are exact, so that a filter from min to max leaves nobody out; seven digits are enough between.
    quantiles = [known[0].item(), *(float(f"{value:.7g}") for value in inner), known[-1].item()]
    return {
        "files": [put(_file_name(field, i), encoding.encode_numbers(numbers[rows])) for i, rows in enumerate(buckets)],
        "encoding": "f32-split",
        "nulls": int(len(numbers) - known.size),
        "min": known[0].item(),
        "max": known[-1].item(),
        "integer": bool((known == np.rint(known)).all()),
        "scale": "log" if FIELD_TYPES[field["type"]].logarithmic and _is_skewed(known) else "linear",
        "quantiles": quantiles,
    }, f"{beyond.sum():,} values beyond 3.4e38 are shown in details only" if beyond.any() else None


def _is_skewed(known: np.ndarray) -> bool:
    """Whether positive values spread over orders of magnitude, and more evenly by their logarithm."""
    if known[0] <= 0 or known[-1] / known[0] < LOG_RATIO:
        return False
    return _skewness(known) > 2 * abs(_skewness(np.log(known)))


def _skewness(values: np.ndarray) -> float:
    centred = values - values.mean()
    spread = float(np.sqrt((centred**2).mean()))
    return float((centred**3).mean()) / spread**3 if spread > 0 else 0.0


def _category_column(field: dict[str, Any], values: pl.Series, buckets: list[slice], put: Put) -> Entry:
    texts = clean_lines(values.cast(pl.String)).replace("", None)
    known = len(texts) - texts.null_count()
    dictionary = _dictionary(texts.drop_nulls())
    if not dictionary:
        return None, "has no values"
    if len(dictionary) > MAX_CATEGORIES or len(dictionary) > max(FEW, UNIQUE_SHARE * known):
        return None, f"has {len(dictionary):,} different values in {known:,} rows, so it is shown in details only"
    codes = _codes(texts, dictionary).fill_null(-1).to_numpy()
    encoded = [encoding.encode_codes(codes[rows], cardinality=len(dictionary)) for rows in buckets]
    return {
        "files": [put(_file_name(field, i), data) for i, (_, data) in enumerate(encoded)],
        "encoding": encoded[0][0],
        "nulls": texts.null_count(),
        "dictionary": put(f"{field['name']}-values", encoding.encode_json(dictionary)),
        "cardinality": len(dictionary),
    }, None


def _boolean_column(field: dict[str, Any], values: pl.Series, buckets: list[slice], put: Put) -> Entry:
    if not (values.dtype == pl.Boolean or values.dtype.is_numeric()):
        raise _wrong_type(field, values, "true or false")
    truth = values.cast(pl.Boolean)
    if truth.null_count() == len(truth):
        return None, "has no values"
    encoded = [encoding.encode_booleans(truth[rows].to_list()) for rows in buckets]
    files = [put(_file_name(field, i), data) for i, data in enumerate(encoded)]
    return {"files": files, "encoding": "bool-u8", "nulls": truth.null_count()}, None


def _list_column(field: dict[str, Any], values: pl.Series, buckets: list[slice], put: Put) -> Entry:
    if not isinstance(values.dtype, pl.List):
        raise _wrong_type(field, values, "lists")
    table = pl.DataFrame({"row": pl.Series(range(len(values)), dtype=pl.Int64), "value": values})
    flat = table.explode("value").drop_nulls("value")
    flat = flat.with_columns(clean_lines(flat["value"].cast(pl.String)))
    flat = flat.filter(pl.col("value") != "").unique(maintain_order=True)
    kept = flat.filter(pl.int_range(pl.len()).over("row") < encoding.MAX_LIST_LENGTH)
    dictionary = _dictionary(kept["value"])
    if not dictionary:
        return None, "has no values"
    if len(dictionary) > MAX_CATEGORIES:
        return None, f"has {len(dictionary):,} different values, so it is shown in details only"
    lengths = np.bincount(kept["row"].to_numpy(), minlength=len(values))
    codes, begins = _codes(kept["value"], dictionary).to_numpy(), np.concatenate([[0], np.cumsum(lengths)])
    encoded = [encoding.encode_lists(lengths[rows], codes[begins[rows.start] : begins[rows.stop]]) for rows in buckets]
    cut = flat.height - kept.height
    return {
        "files": [put(_file_name(field, i), data) for i, data in enumerate(encoded)],
        "encoding": "list-u16",
        "nulls": values.null_count(),
        "dictionary": put(f"{field['name']}-values", encoding.encode_json(dictionary)),
        "cardinality": len(dictionary),
    }, f"{cut:,} values beyond the {encoding.MAX_LIST_LENGTH}th of a list are shown in details only" if cut else None


_MAKE: dict[Column, Callable[[dict[str, Any], pl.Series, list[slice], Put], Entry]] = {
    "numbers": _number_column,
    "codes": _category_column,
    "flags": _boolean_column,
    "lists": _list_column,
}


def _file_name(field: dict[str, Any], bucket: int) -> str:
    return f"{field['name']}-{bucket}"


def _dictionary(texts: pl.Series) -> list[tuple[str, int]]:
    """Every value with its number of rows, the most frequent first, equal ones by name."""
    counts = texts.alias("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
    return counts.rows()


def _codes(texts: pl.Series, dictionary: list[tuple[str, int]]) -> pl.Series:
    names = [name for name, _ in dictionary]
    return texts.replace_strict(names, range(len(names)), default=None, return_dtype=pl.Int64)


def _wrong_type(field: dict[str, Any], values: pl.Series, expected: str) -> DataError:
    return DataError(
        file="entities",
        where=f"field {field['name']}",
        found=Found(f"holds {str(values.dtype).lower()} values"),
        expected=f"{expected}, as its type is {field['type']}",
        remedy="Give the field another type in the spec, or mend the values in the source.",
    )
