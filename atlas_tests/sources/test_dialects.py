"""A text table in any dialect gives what Python's csv module and pyarrow read of it with the right options."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from atlas_assets.errors import DataError
from atlas_assets.sources import tables
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.values import numbers, times

TABLE = Options(form="table")
CELLS = st.text(alphabet="abcXYZ019 äßж-_'", min_size=1, max_size=8).map(lambda text: f"v{text.strip()}")
MARKED = st.text(alphabet='ab1,;\t|"ä', min_size=1, max_size=8).map(lambda text: f"v{text}w")
NAMES = ("reader", "book title", "remark", "shelf")


def tables_of(cells: st.SearchStrategy[str], *, least_rows: int = 3) -> st.SearchStrategy[list[list[str]]]:
    return st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(cells, min_size=width, max_size=width), min_size=least_rows, max_size=30, unique_by=tuple
        )
    )


def read(content: bytes, ending: str = "csv") -> list[list[str]]:
    """The rows below the header as the readers get them."""
    with TemporaryDirectory() as folder:
        base = Path(folder)
        (base / f"a.{ending}").write_bytes(content)
        [file] = tables.located([f"a.{ending}"], base=base, scratch=base / "scratch", role="entities", options=TABLE)
        frame = tables.collect(tables.scan(file), file)
        return [[*map(str, row)] for row in frame.filter(~pl.all_horizontal(pl.all().is_null())).rows()]


def written(rows: list[list[str]], **options: object) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows([NAMES[: len(rows[0])], *rows])  # type: ignore[arg-type]
    return text.getvalue()


@given(
    rows=tables_of(CELLS),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    blank=st.booleans(),
)
def test_separators_encodings_and_ends_of_lines_are_found(rows, separator, end, encoding, blank):
    text = written(rows, delimiter=separator, lineterminator=end)
    assume(len(text) > 60)  # a few characters in 16 bits show nothing
    lines = text.split(end)
    if blank:
        lines.insert(2, "")
    assert read(end.join(lines).encode(encoding)) == rows


@given(rows=tables_of(MARKED), separator=st.sampled_from(",;\t|"), quoting=st.sampled_from([0, 1]))
def test_fields_between_quotation_marks_are_read_as_csv_and_pyarrow_read_them(rows, separator, quoting):
    text = written(rows, delimiter=separator, quoting=quoting, lineterminator="\n")
    got = read(text.encode(), "tsv" if separator == "\t" else "csv")
    assert got == [*csv.reader(io.StringIO(text, newline=""), delimiter=separator)][1:] == rows
    parsed = pa_csv.read_csv(
        io.BytesIO(text.encode()),
        parse_options=pa_csv.ParseOptions(delimiter=separator),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string())),
    )
    assert got == [[str(value) for value in row.values()] for row in parsed.to_pylist()]


@given(rows=tables_of(MARKED.map(lambda cell: cell.replace(",", "\n")), least_rows=6))
def test_fields_over_several_lines_are_one_field(rows):
    assume(any("\n" in cell for row in rows for cell in row))
    text = written(rows, delimiter=",", quoting=1, lineterminator="\n")
    assert read(text.encode()) == rows


@given(rows=tables_of(st.text(alphabet="ab1'\"ä", min_size=1, max_size=6).map(lambda text: f"v{text}"), least_rows=5))
def test_marks_that_enclose_nothing_are_read_as_they_are(rows):
    text = "\n".join("\t".join(row) for row in [NAMES[: len(rows[0])], *rows])
    assume('"' in text)
    assert read(text.encode(), "tsv") == rows


@given(words=st.lists(st.sampled_from(["Müller", "Café", "naïve", "Ærø", "Élan", "señor"]), min_size=4, max_size=40))
def test_western_texts_in_8_bits_are_read(words):
    text = "reader;word\n" + "".join(f"r{i};{word}\n" for i, word in enumerate(words))
    assert [row[1] for row in read(text.encode("cp1252"))] == words


@given(rows=tables_of(CELLS, least_rows=5), place=st.integers(0, 4), more=st.booleans())
def test_a_row_with_another_number_of_fields_is_never_read(rows, place, more):
    lines = written(rows, delimiter=",", lineterminator="\n").splitlines()
    lines[place + 1] = f"{lines[place + 1]},one more" if more else lines[place + 1].rpartition(",")[0]
    with pytest.raises(DataError, match=rf"line {place + 2} has \d fields .*expected {len(rows[0])}, as in the header"):
        read("\n".join(lines).encode())


@given(rows=tables_of(CELLS), lines=st.integers(1, 4))
def test_what_stands_above_the_header_is_left_out(rows, lines):
    above = ["Sales of the year", "", "# made by hand", "Draft"][:lines]
    text = "\n".join([*above, written(rows, delimiter=";", lineterminator="\n")])
    assert read(text.encode()) == rows


@given(values=st.lists(st.decimals(-(10**6), 10**6, places=2, allow_nan=False), min_size=1, max_size=20))
@pytest.mark.parametrize(("thousands", "decimal"), [(",", "."), (".", ","), ("\u00a0", ","), ("", ","), ("", ".")])
def test_numbers_are_read_in_the_way_of_their_column(values, thousands, decimal):
    made = [f"{v:,.2f}".replace(",", "t").replace(".", decimal).replace("t", thousands) for v in values]
    parsed = numbers.parse(pl.Series("x", made))
    assert parsed.fits
    assert parsed.values.cast(pl.Float64).to_list() == [float(v) for v in values]


FORMATS = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%b %d, %Y %H:%M:%S"]


@given(moments=st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=20))
@pytest.mark.parametrize("format_", FORMATS)
def test_times_are_read_in_the_way_of_their_column(moments, format_):
    moments = [moment.replace(microsecond=0) for moment in moments] + [datetime(2020, 12, 31)]  # which is no month
    values = pl.Series("x", [moment.strftime(format_) for moment in moments])
    way = times.way_of(values)
    assert way is not None
    seconds = values.to_frame().select(way.seconds(pl.col("x"), pl.String())).to_series()
    assert seconds.to_list() == [int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments]
