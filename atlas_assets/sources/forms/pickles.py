"""Pickles of pandas and NumPy, for who trusts the file: reading one can run any code that its writer put there."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.sources.forms.arrays import with_columns
from atlas_assets.sources.forms.form import ANY, Form, Given, Head, Pieces, Role, missing, write_parquet

_SUFFIXES = (".pkl", ".pickle")


def _recognises(head: Head, role: Role) -> bool:
    start = head.bytes
    return start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def read(given: Given) -> Pieces:
    """A table, an array, or a dictionary of vectors. Raises DataError unless ``trust`` is given."""
    if not given.options.trust:
        raise given.wrong(
            "is a pickle, and reading one runs whatever code its writer put into it",
            expected="a file that only holds data",
            remedy="If you trust who wrote it: --trust (source.trust: true). Better convert it where it was made: "
            "df.to_parquet('out.parquet'), or numpy.save('out.npy', array).",
        )
    try:
        import pandas as pd
    except ImportError as error:
        raise missing(given, "pandas", error) from error
    try:
        value: Any = pd.read_pickle(given.path)
    except (pickle.UnpicklingError, EOFError, ImportError, AttributeError, ValueError, TypeError, KeyError) as error:
        raise given.unreadable(error, "a pickle") from error
    told = (f"{given.name}: a pickle of {type(value).__module__}.{type(value).__name__}, trusted",)
    if isinstance(value, pd.Series):
        value = value.to_frame(value.name or "value")
    if isinstance(value, pd.DataFrame):
        named = value if isinstance(value.index, pd.RangeIndex) else value.reset_index()
        named.columns = [str(name) for name in named.columns]
        return Pieces(write_parquet(given, _table(given, named)), "parquet", told=told)
    if (
        isinstance(value, dict)
        and value
        and all(np.ndim(one) == 1 for one in value.values())
        and given.role == "vectors"
    ):
        ids = pl.Series("id", [str(key) for key in value])
        return Pieces(*with_columns(given, np.stack(list(value.values())), {"id": ids}), told=told)
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "fiu" and given.role == "vectors":
        target = given.target("vectors.npy")
        np.save(target, value)
        return Pieces(target, "npy", told=told)
    raise given.wrong(
        f"holds a {type(value).__module__}.{type(value).__name__}",
        expected="a DataFrame, or vectors as a 2-D array or a dictionary of them",
        remedy="Save one of these, or a Parquet file.",
    )


def _table(given: Given, frame: Any) -> pl.DataFrame:
    try:
        return pl.from_pandas(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        columns = {name: frame[name] for name in frame.columns}
        return pl.DataFrame([pl.Series(name, list(values), strict=False) for name, values in columns.items()])


FORM = Form("pickle", "a pickle", _SUFFIXES, ANY, _recognises, read, needs="pandas")
