"""Numbers and times of a relation, batch by batch, in one way throughout; a value that is none names its row.

How a column is written is told from the first rows that show it. Rows are counted from 1, without a header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources.columns import ROW, place
from atlas_assets.sources.locate import Located
from atlas_assets.sources.values import times
from atlas_assets.sources.values.numbers import COMMA, PLAIN, NumberWay, way_of
from atlas_assets.sources.values.parsed import known
from atlas_assets.sources.values.times import TimeWay


@dataclass
class Numbers:
    """The numbers of one column. name: in the batches; label: in the file; negative: whether they may be below 0.

    way: how they are written, once a batch has shown it.
    """

    file: Located
    name: str
    label: str
    negative: bool = True
    way: NumberWay | None = None
    _has_point: bool = False

    def read(self, frame: pl.DataFrame) -> pl.Series:
        """The column as float64, null where there is no number. Needs the column ROW.

        Raises DataError at the first value that is no finite number, or negative where that means nothing.
        """
        column, dtype = frame[self.name], frame.schema[self.name]
        if not (dtype.is_numeric() or dtype in (pl.String, pl.Boolean)):
            raise self._wrong_type(dtype)
        if self.way in (None, PLAIN):
            number = column if dtype.is_float() else column.cast(pl.Float64, strict=False)
            if number.null_count() == column.null_count() and bool(number.is_finite().all()):
                if dtype == pl.String and self.way is None and not self._has_point:
                    self._has_point = bool(column.str.contains(".", literal=True).any())
                return self._signed(frame, number)
        there = known(pl.col(self.name), dtype)
        if dtype != pl.String:
            number = there.cast(pl.Float64, strict=False)
            number = pl.when(~number.is_nan()).then(number)
        else:
            number = self._way(frame.select(there).to_series().drop_nulls()).numbers(there)
        bad = there.is_not_null() & (number.is_null() if dtype == pl.String else pl.lit(False)) | number.is_infinite()
        facts = frame.select(row=pl.col(ROW).filter(bad).first(), found=pl.col(self.name).filter(bad).first())
        if facts["row"][0] is not None:
            raise DataError(
                file=self.file.name,
                where=place(self.file, facts["row"][0], self.label),
                found=facts["found"][0],
                expected="a finite number, or nothing where it is unknown",
                remedy="Correct the value, or leave it empty.",
            )
        return self._signed(frame, frame.select(number.alias(self.name)).to_series())

    def read_narrow(self, frame: pl.DataFrame) -> pl.Series:
        """The same as float32. Raises DataError, too, at the first number that this cannot hold."""
        number = self.read(frame)
        narrow = number.cast(pl.Float32)
        lost = narrow.is_infinite() | ((narrow == 0) & (number != 0))
        if bool(lost.any()):
            row = int(lost.arg_true()[0])
            raise DataError(
                file=self.file.name,
                where=place(self.file, frame[ROW][row], self.label),
                found=float(number[row]),
                expected="0, or a number between 1e-45 and 3.4e38, whatever its sign",
                remedy="Divide or multiply the column by a power of ten, or choose another one.",
            )
        return narrow

    @property
    def told(self) -> str:
        """How they are written, where that is not plain."""
        return f"its numbers have {self.way.told}" if self.way and self.way.told else ""

    def _way(self, text: pl.Series) -> NumberWay:
        if self.way is None and text.len():
            found = way_of(text)
            if found is COMMA and self._has_point:
                return PLAIN  # earlier rows have a point where this one has a comma: it is told by its row
            self.way = found
        return self.way or PLAIN

    def _signed(self, frame: pl.DataFrame, number: pl.Series) -> pl.Series:
        below = number < 0
        if not self.negative and bool(below.any()):
            row = int(below.arg_true()[0])
            raise DataError(
                file=self.file.name,
                where=place(self.file, frame[ROW][row], self.label),
                found=float(number[row]),
                expected=f"a {self.name} of at least 0",
                remedy=f"Shift or invert the {self.name}s, or choose another column.",
            )
        return number

    def _wrong_type(self, dtype: pl.DataType) -> DataError:
        return DataError(
            file=self.file.name,
            where=f"column {self.label!r}",
            found=Found(f"holds {str(dtype).lower()} values"),
            expected="numbers",
            remedy="Choose another column in source.columns.",
        )


@dataclass
class Clock:
    """How one column writes times. name: in the batches; label: in the file."""

    file: Located
    name: str
    label: str
    way: TimeWay
    n_unknown: int = field(default=0, init=False)

    @classmethod
    def of(cls, file: Located, name: str, label: str, frame: pl.DataFrame) -> Clock | None:
        """Told from the rows of ``frame``, the first of the file that have times; None where none has.

        Raises DataError where none of the values can be a time.
        """
        dtype = frame.schema[name]
        values = frame.select(times.there(pl.col(name), dtype).alias(name)).to_series()
        values = values.fill_nan(None) if dtype.is_float() else values
        if values.null_count() == len(values):
            return None
        way = times.way_of(values)
        if way is None:
            found: Any = values.drop_nulls()[0] if dtype == pl.String else Found(f"holds {str(dtype).lower()} values")
            raise DataError(
                file=file.name,
                where=f"column {label!r}",
                found=found,
                expected="times such as 2026-11-21, 2026-11-21T08:00:00Z, or Unix seconds",
                remedy="Choose another column as timestamp, or write its times in one of these ways.",
            )
        return cls(file, name, label, way)

    @property
    def told(self) -> str:
        """How they are written, where that could be another way."""
        return f"its times are {self.way.told}" if self.way.told else ""

    def seconds(self, frame: pl.DataFrame) -> pl.Series:
        """The column as int64 unix seconds, null where there is no time. A time without a zone is UTC.

        Raises DataError at the first value that is written in another way. Needs the column ROW.
        """
        dtype = frame.schema[self.name]
        value = pl.col(self.name) if dtype.is_integer() else times.there(pl.col(self.name), dtype)
        value = pl.when(~value.is_nan()).then(value) if dtype.is_float() else value
        made = frame.select(ROW, there=value, made=self.way.seconds(value, dtype))
        self._refuse_mixed(made)
        if made["made"].null_count() > made["there"].null_count():
            wrong = made.filter(pl.col("made").is_null() & pl.col("there").is_not_null()).row(0, named=True)
            raise DataError(
                file=self.file.name,
                where=place(self.file, wrong[ROW], self.label),
                found=wrong["there"],
                expected=f"a time written like those before it{f' ({self.way.told})' if self.way.told else ''}",
                remedy="Write all times of the column in one way, such as 2026-11-21T08:00:00Z.",
            )
        return made["made"].alias(self.name)

    def _refuse_mixed(self, made: pl.DataFrame) -> None:
        """Raise DataError where most times count in one unit, and some in another."""
        if made["there"].dtype.is_temporal():
            return
        other = made.filter(times.in_another_unit(pl.col("there"), self.way))
        if 0 < other.height < 0.9 * (made.height - made["there"].null_count()):
            raise DataError(
                file=self.file.name,
                where=place(self.file, other[ROW][0], self.label),
                found=other["there"][0],
                expected=f"{self.way.told}, as the others are",
                remedy="Write all times of the column in one unit.",
            )
