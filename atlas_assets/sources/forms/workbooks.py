"""Workbooks: ``.xlsx``, ``.xls``, ``.xlsb`` and ``.ods``, read by calamine. A sheet is a table below a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from atlas_assets.errors import AtlasError
from atlas_assets.sources.forms.form import ANY, Form, Given, Head, Pieces, Role, no_rows, write_parquet

if TYPE_CHECKING:
    import fastexcel

_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_UNNAMED = "__UNNAMED__"
_MOST_ABOVE = 12  # rows above a header
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _recognises(head: Head, role: Role) -> bool:
    start = head.bytes
    if start.startswith(_OLE):
        return True
    if not start.startswith(b"PK\x03\x04"):
        return False
    return head.suffix in _SUFFIXES or b"[Content_Types].xml" in start or b"mimetypeapplication/vnd.oasis" in start


def read(given: Given) -> Pieces:
    """One sheet; ``part`` is its name, and where there are several, which are not empty, one must be named."""
    import fastexcel

    try:
        book = fastexcel.read_excel(given.path)
        names = book.sheet_names
        sheet = _sheet(given, book, names)
        table = book.load_sheet(sheet, schema_sample_rows=None).to_polars()
    except AtlasError:
        raise
    except Exception as error:  # of archives, of their compression, and of what is encrypted
        raise given.unreadable(error, "a workbook") from error
    table, above = _below_titles(table, book, sheet)
    empty = [name for name in table.columns if name.startswith(_UNNAMED) and table[name].null_count() == table.height]
    table = table.drop(empty).filter(~pl.all_horizontal(pl.all().is_null())) if table.width > len(empty) else table
    if not table.height:
        raise no_rows(given)
    others = [name for name in names if name != sheet]
    told = f"{given.name}: the sheet {sheet!r}" + (f"; not read: {', '.join(map(repr, others[:4]))}" if others else "")
    if above:
        told += f"; what stands above its header was left out ({' / '.join(above)[:120]})"
    return Pieces(write_parquet(given, table), "parquet", told=(told,))


def _below_titles(table: pl.DataFrame, book: fastexcel.ExcelReader, sheet: str) -> tuple[pl.DataFrame, list[str]]:
    """The table below its header where lines of one cell stand above that, and these lines."""
    titles = [name for name in table.columns if not name.startswith(_UNNAMED)]
    if table.width < 2 or len(titles) != 1:
        return table, []
    for row in table.head(_MOST_ABOVE).iter_rows():
        cells = [cell for cell in row if cell is not None]
        if len(cells) == table.width and all(isinstance(cell, str) for cell in cells):
            # Rows are counted with blank ones, which may have been left out above.
            for place in range(1, 2 * _MOST_ABOVE):
                made = book.load_sheet(sheet, header_row=place, schema_sample_rows=None).to_polars()
                if made.columns == cells:
                    return made, titles
        if len(cells) > 1:
            break
        titles += map(str, cells)
    return table, []


def _sheet(given: Given, book: fastexcel.ExcelReader, names: list[str]) -> str:
    if given.part is not None:
        if given.part not in names:
            raise given.wrong(
                f"has no sheet {given.part!r}",
                expected=f"one of {', '.join(names)}",
                remedy="Name another behind the #.",
            )
        return given.part
    filled = [name for name in names if book.load_sheet(name, n_rows=1).height] if len(names) > 1 else names
    if len(filled) > 1:
        raise given.wrong(
            f"has {len(filled)} sheets ({', '.join(filled[:6])})",
            expected="one",
            remedy=f"Name the one that is meant behind a #: {given.name}#{filled[0]}",
        )
    return (filled or names)[0]


FORM = Form("workbook", "a workbook", _SUFFIXES, ANY, _recognises, read)
