"""Pictures of a folder, or of a column of a table, as ``raw_vectors``: pixels, thumbnails, and what else is known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, entity_table, files, tables
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.listing import Listed, list_all
from atlas_assets.sources.locate import Located
from atlas_assets.sources.pictures.listing import list_pictures
from atlas_assets.sources.pictures.pixels import Picture, look_at_all, vectors_of
from atlas_assets.sources.rows.read import typed_rows
from atlas_assets.stages.artifact import Progress, no_progress

_PICTURE = {"name": "picture", "label": "Picture", "type": "image", "unit": None}
_FOLDER = {"name": "folder", "label": "Folder", "type": "category", "unit": None}
_SIZE = [{"name": name, "label": name.capitalize(), "type": "number", "unit": "px"} for name in ("width", "height")]


def read_pictures(
    out: Path,
    *,
    images: Sequence[str],
    column: str | None = None,
    side: int = 32,
    thumbnail: int = 64,
    columns: Mapping[str, Any] | None = None,
    entity_columns: Mapping[str, str] | None = None,
    fields: files.FieldSpecs = None,
    base: Path = Path(),
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_vectors`` into ``out``, one vector for each picture; returns the report that is written beside it.

    images: folders, globs or files of pictures; or, with ``column``, a table in which that column holds paths (from the
    table's folder) or the pictures themselves. side: pixels of the square by which pictures are compared; thumbnail:
    of those that are shown. Pictures that cannot be read are left out, and said. Raises DataError where fewer than two
    are left, and for everything else that cannot be read as meant.
    """
    with files.workspace(out) as scratch:
        progress(0.02, "looking for pictures")
        album = find(
            images,
            column=column,
            columns=columns or {},
            entity_columns=entity_columns or {},
            fields=fields,
            base=base,
            scratch=scratch,
            options=options,
        )
        looked = partial(_told, progress, len(album.sources))
        seen = look_at_all(album.sources, side=side, thumbnail=thumbnail, progress=looked)
        pictures, are, left = those_that_are(seen, album)
        matrix = vectors_of(pictures)
        colours = "in grey" if matrix.shape[1] == side**2 else "in colour"
        notes = [*album.notes, *left, f"compared by their pixels, {side} × {side}, {colours}"]
        frame = album.table.filter(are).select(
            "id",
            "label",
            pl.Series("picture", [one.thumbnail for one in pictures]),
            *(one["name"] for one in album.fields),
            *(pl.Series(name, [getattr(one, name) for one in pictures]) for name in ("width", "height")),
        )
        report = files.report_of(album.told, len(pictures), notes)
        described = [_PICTURE, *album.fields, *_SIZE]
        canonical.write_vectors(out, vectors=matrix, entities=frame, fields=described, report=report)
    progress(1.0, f"{len(pictures):,} pictures")
    return report


@dataclass(frozen=True)
class Album:
    """Where n pictures are: sources (n,) paths, or what they are made of, None where there is none.

    table: id, label and fields of each, in that order; fields: their descriptions; told: name and size of each file.
    """

    name: str
    sources: list[Path | bytes | None]
    table: pl.DataFrame
    fields: list[dict[str, Any]]
    notes: list[str]
    told: list[tuple[str, int]]


def find(
    images: Sequence[str],
    *,
    column: str | None,
    columns: Mapping[str, Any],
    entity_columns: Mapping[str, str],
    fields: files.FieldSpecs,
    base: Path,
    scratch: Path,
    options: Options | None,
) -> Album:
    """The pictures, none of them opened; parameters as for ``read_pictures``."""
    if column is None:
        listed = _pictures(images, base)
        told = [(f"{len(listed):,} pictures", sum(file.bytes or 0 for file in listed))]
        return Album(images[0], [Path(file.name) for file in listed], _of_files(listed), [_FOLDER], [], told)
    located = tables.located(images, base=base, scratch=scratch / "table", role="entities", options=options)
    held = _held(images, column, base)
    sources = _paths(located, column) if held is None else held
    table, described, notes = typed_rows(located, columns, entity_columns, fields)
    described = [one for one in described if one["name"] != entity_table.field_name(column)]
    notes = [note for note in notes if "it holds pictures" not in note]
    return Album(images[0], sources, table, described, notes, [(file.name, file.bytes) for file in located])


def _told(progress: Progress, n: int, i: int) -> None:
    progress(0.05 + 0.8 * i / n, f"{i:,} pictures")


def _pictures(patterns: Sequence[str], base: Path) -> list[Listed]:
    found = {file.name: file for pattern in patterns for file in list_pictures(pattern, base=base)}
    if remote := next((name for name in found if "://" in name), None):
        raise DataError(
            file=remote,
            where="",
            found=Found("is not on this machine"),
            expected="pictures in a folder",
            remedy="Download them first.",
        )
    return list(found.values())


def _of_files(listed: Sequence[Listed]) -> pl.DataFrame:
    """Ids are paths below the folder that all pictures have in common, labels their names without the ending."""
    paths = [Path(file.name) for file in listed]
    common = Path(os.path.commonpath([path.parent for path in paths]))
    below = [path.relative_to(common) for path in paths]
    folders = ["/".join(path.parts[:-1]) or None for path in below]
    return pl.DataFrame(
        {"id": [path.as_posix() for path in below], "label": [path.stem for path in below], "folder": folders},
        schema={"id": pl.String, "label": pl.String, "folder": pl.String},
    )


def _held(patterns: Sequence[str], column: str, base: Path) -> list[Path | bytes | None] | None:
    """The pictures that a column of Parquet or Arrow files holds itself; None where it holds something else."""
    found: list[Path | bytes | None] = []
    for file in list_all(patterns, base=base):
        rows = _column(Path(file.name), column)
        if rows is None:
            return None
        inner = rows.combine_chunks().field("bytes") if pa.types.is_struct(rows.type) else rows
        found += inner.to_pylist()
    return found


def _column(path: Path, column: str) -> pa.ChunkedArray | None:
    from pyarrow import dataset

    form = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "feather"}.get(path.suffix.lower())
    if form is None:
        return None
    whole = dataset.dataset(path, format=form)
    if column not in whole.schema.names:
        return None
    dtype = whole.schema.field(column).type
    holds = pa.types.is_struct(dtype) and {field.name for field in dtype} == {"bytes", "path"}
    if holds or pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype):
        return whole.to_table(columns=[column])[column]
    return None


def _paths(located: Sequence[Located], column: str) -> list[Path | bytes | None]:
    """Where the pictures lie that a column names, from the folder of its file."""
    found: list[Path | bytes | None] = []
    for file in located:
        frame = tables.scan(file)
        tables.column(file, frame.collect_schema().names(), column, field="source.images.column")
        named = tables.collect(frame.select(pl.col(column).cast(pl.String)), file)[column]
        beside = Path(file.name.partition("#")[0]).parent
        found += [None if one is None else beside / one for one in named]
    return found


def those_that_are(
    seen: Sequence[Picture | Exception | None], album: Album
) -> tuple[list[Picture], pl.Series, list[str]]:
    """The pictures, a mask of which of all they are, and notes on the others. Raises DataError for too few."""
    broken = [(album.table["id"][i], one) for i, one in enumerate(seen) if isinstance(one, Exception)]
    notes = []
    if broken:
        first, error = broken[0]
        notes.append(f"{len(broken):,} pictures that cannot be read were left out; the first is {first} ({error})")
    if n_none := sum(one is None for one in seen):
        notes.append(f"{n_none:,} rows without a picture were left out")
    pictures = [one for one in seen if isinstance(one, Picture)]
    if len(pictures) < 2:
        why = f", and of {broken[0][0]} it is said: {broken[0][1]}" if broken else ""
        raise DataError(
            file=album.name,
            where="",
            found=Found(f"has {len(pictures)} pictures that can be read{why}"),
            expected="two at least",
            remedy="Give a folder of pictures, or a table and the column that holds them.",
        )
    return pictures, pl.Series([isinstance(one, Picture) for one in seen]), notes
