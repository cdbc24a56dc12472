"""The files that the site loads: positions, columns, names, neighbours and details, in the order of their importance.

:func:`build` writes the folder that a site copies to ``data/<hash>/``: ``manifest.json``, which describes everything
else, and one content-named file per thing that a page may need on its own. ``bundle_schema.json`` is the contract with
the viewer, ``encoding`` has the byte formats, ``columns`` decides what becomes a column, ``bundle_reader`` reads it all
back. Equal input gives equal bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets import methods
from atlas_assets.errors import DataError, Found
from atlas_assets.fields import FIELD_TYPES
from atlas_assets.stages.artifact import Progress, no_progress
from atlas_assets.stages.bundle import columns, encoding, meaning, pictures, regions, remarkable, text_index
from atlas_assets.stages.bundle import manifest as manifest_file
from atlas_assets.stages.bundle.files import Writer, describe_file
from atlas_assets.stages.bundle.plain_text import clean_line, clean_lines, clean_text
from atlas_assets.stages.bundle.reader import VERSION, Bundle, read
from atlas_assets.stages.bundle.row_order import bucket_ends, row_order
from atlas_assets.stages.bundle.search_text import choose_fields, search_lines
from atlas_assets.stages.quality.measures import FIGURES, plain_figures, plain_words
from atlas_assets.stages.relation.knn_graph import KnnGraph
from atlas_assets.stages.site.thumbnail import thumbnail

__all__ = ["Bundle", "BundleProjection", "BundleReport", "Logo", "build", "describe_file", "read"]

FORMAT = "atlas-bundle"
MAX_THUMBNAIL_BYTES = 12_000
NEIGHBOUR_SHARD_ROWS, DETAIL_SHARD_ROWS = 2048, 1024
MOST_SHARED = 2**24  # up to which float32 tells counts apart
MAX_SHARDS = 256  # larger atlases get larger shards, so that the manifest can list them
POPULARITY = "popularity"
OPEN_DATA = "atlas.parquet"


@dataclass(frozen=True)
class BundleProjection:
    """One map of the atlas, in index order.

    positions (n, 2 or 3), finite. metrics: figures of its quality, None where unknown; errors: their standard errors.
    distortion (n,) 0..1 or None. region (n,) integer, -1 for none, and regions (region, name, x, y, z, size, level,
    priority, maybe parent, share, typical, stability), or both None. thumbnail: a PNG of at most MAX_THUMBNAIL_BYTES;
    drawn here where there is none.
    """

    key: str
    name: str
    method: str
    params: dict[str, Any]
    positions: np.ndarray
    metrics: dict[str, float | None] = field(default_factory=dict)
    errors: dict[str, float | None] = field(default_factory=dict)
    distortion: np.ndarray | None = None
    region: np.ndarray | None = None
    regions: pl.DataFrame | None = None
    thumbnail: bytes | None = None
    recommended: bool = False


@dataclass(frozen=True)
class Logo:
    """A picture that a site shows beside its title; suffix: svg, png, webp or jpg."""

    data: bytes
    suffix: str


@dataclass(frozen=True)
class BundleReport:
    """What was written: the manifest's hash, bytes by kind of file, and what a page needs before it can draw.

    first_paint_bytes: the manifest, and of the first bucket names, colours, sizes and the default projection's
    positions, with its regions.
    notes: fields that could not be shown as columns, and why.
    """

    manifest_hash: str
    bytes_per_part: dict[str, int]
    files: int
    first_paint_bytes: int
    notes: list[str]


def build(
    folder: Path,
    *,
    atlas: dict[str, Any],
    entities: pl.DataFrame,
    fields: list[dict[str, Any]],
    graph: KnnGraph,
    projections: Sequence[BundleProjection],
    default: dict[str, Any],
    provenance: dict[str, Any],
    search: list[str] | None = None,
    logo: Logo | None = None,
    missing: Sequence[dict[str, str]] = (),
    text_words: text_index.TextWords | None = None,
    by_meaning: meaning.Meaning | None = None,
    tours: Sequence[dict[str, Any]] = (),
    suggest_tours: bool = False,
    progress: Progress = no_progress,
) -> BundleReport:
    """Write the bundle of an atlas into ``folder``, check it against its schema, and say what it weighs.

    atlas: "name", "title", "description", "attribution", "entity" and "collection" (singular, plural), "kind", maybe
    "licence", "links" and "theme". entities: n rows in index order: id, label, popularity, then one column per field.
    fields: "name", "label", "type", "unit" of each. graph: the lists of neighbours to show. default: "projection" key,
    "colour" and "size" column names or None. search: fields to be searched beside the label; None chooses some.
    missing: "name" and "reason" of each map of the sweep that could not be made, or is not made yet.
    text_words, by_meaning: what visitors can search beside names and short fields. tours: "title", "about" and "stops"
    of each, with "view" and "text"; suggest_tours: more of them, of what the data shows.
    Raises DataError where these do not fit together, AtlasError where the manifest cannot be kept small.
    """
    _check_input(entities, fields, graph, projections, default)
    opening = next(projection for projection in projections if projection.key == default["projection"])
    progress(0.0, f"ordering {entities.height:,} rows")
    order = row_order(_popularity(entities), opening.positions)
    rows = entities[order]
    out = Writer(folder)
    ends = bucket_ends(len(order))
    buckets = [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]

    ids = clean_lines(_as_texts(rows["id"])).to_list()
    labels = _labels(rows["label"], ids)
    names = out.put_lines("names", labels, buckets)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "atlas": {"description": "", "attribution": ""} | _texts(atlas) | _theme(atlas, logo, out),
        "n": len(order),
        "buckets": ends,
        "names": names,
        "ids": names if ids == labels else out.put_lines("ids", ids, buckets),
    }
    progress(0.1, f"encoding {len(fields)} fields")
    described = _described(rows, fields, atlas)
    manifest["columns"], notes = _columns(rows, described, buckets, out)
    album, note = pictures.put(rows, fields, out)
    if album is not None:
        manifest["pictures"] = album
    notes += [note] if note else []
    manifest["search"] = _search(rows, fields, search, buckets, out)
    if text_words is not None:
        manifest["texts"] = text_index.put(text_words, _inverse(order), out)
    if by_meaning is not None:
        manifest["meaning"] = meaning.put(by_meaning, order, out)
    manifest["projections"] = []
    for number, projection in enumerate(projections):
        progress(0.2 + 0.5 * number / len(projections), f"encoding {projection.name}")
        manifest["projections"].append(_projection(projection, number, order, buckets, out))
    manifest["methods"] = methods.words(dict.fromkeys(projection.method for projection in projections))
    shown = {figure["name"] for entry in manifest["projections"] for figure in entry["figures"]}
    manifest["figures"] = plain_words(name for name in FIGURES if name in shown)
    progress(0.7, "encoding neighbours")
    manifest["neighbours"] = _neighbours(graph, order, out)
    progress(0.8, "encoding details")
    manifest["details"] = _details(rows, described, out)
    found, figures = _remarkable(entities, graph, opening, manifest["atlas"]["entity"]) if suggest_tours else ([], [])
    if told := _texts([*tours, *found]):
        file = out.put("tours", "tours", encoding.encode_json(told))
        manifest["tours"] = {"titles": [tour["title"] for tour in told], "file": file}
    progress(0.9, "writing the open data")
    more = [figure.gather(order) for figure in figures]
    _write_open_data(folder / OPEN_DATA, rows, order, projections, opening, about=manifest["atlas"], more=more)
    manifest["default"] = {
        "projection": opening.key,
        "colour": _column_name(default.get("colour"), manifest, "colour"),
        "size": _column_name(default.get("size"), manifest, "size"),
    }
    manifest["downloads"] = [describe_file(folder / OPEN_DATA, f"downloads/{OPEN_DATA}")]
    manifest["provenance"] = provenance
    if missing:
        manifest["missing"] = [{key: clean_line(text) for key, text in entry.items()} for entry in missing]
    out.finish()
    data = manifest_file.as_bytes(manifest)
    (folder / "manifest.json").write_bytes(data)
    out.bytes_per_part |= {"manifest": len(data), "open data": (folder / OPEN_DATA).stat().st_size}
    progress(1.0, f"{sum(out.bytes_per_part.values()):,} bytes written")
    return BundleReport(
        manifest_hash=hashlib.sha256(data).hexdigest(),
        bytes_per_part=out.bytes_per_part,
        files=out.files + 2,
        first_paint_bytes=_first_paint(manifest, len(data)),
        notes=notes,
    )


def _remarkable(
    entities: pl.DataFrame, graph: KnnGraph, opening: BundleProjection, entity: list[str]
) -> tuple[list[dict[str, Any]], list[pl.Series]]:
    """Tours of what the data shows, and the figures that they rest on, in index order."""
    popularity, (coarse, names) = _popularity(entities), regions.coarsest(opening.regions, opening.region)
    figures = remarkable.measure(graph, popularity, coarse)
    ids = clean_lines(_as_texts(entities["id"])).to_list()
    labels = _labels(entities["label"], ids)
    found = remarkable.tours(
        figures, graph=graph, ids=ids, labels=labels, popularity=popularity, coarse=coarse, names=names, entity=entity
    )
    return list(found), figures.columns()


def _labels(labels: pl.Series, ids: list[str]) -> list[str]:
    """A name for everybody: the cleaned label, else the id, else the number of the row."""
    cleaned = clean_lines(_as_texts(labels)).to_list()
    return [label or id_ or f"#{row}" for row, (label, id_) in enumerate(zip(cleaned, ids, strict=True))]


def _as_texts(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String or values.dtype.is_integer():
        return values.cast(pl.String)
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)


def _popularity(entities: pl.DataFrame) -> np.ndarray:
    return entities[POPULARITY].cast(pl.Float64).fill_null(0).fill_nan(0).to_numpy()


def _texts(value: Any) -> Any:
    """``value`` with every text in it cleaned, and without keys that hold None."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_texts(item) for item in value]
    return clean_text(value) if isinstance(value, str) else value


def _described(rows: pl.DataFrame, fields: list[dict[str, Any]], atlas: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields that people see: popularity first, under the name of what it counts."""
    if rows[POPULARITY].n_unique() <= 1:  # vectors come without any: a column of ones would only be in the way
        return fields
    plural = str((atlas.get("collection") or ["", POPULARITY])[1])
    return [{"name": POPULARITY, "label": plural[:1].upper() + plural[1:], "type": "number", "unit": None}, *fields]


def _theme(atlas: dict[str, Any], logo: Logo | None, out: Writer) -> dict[str, Any]:
    if logo is None:
        return {}
    file = out.put_plain("theme", "logo", logo.data, logo.suffix)
    return {"theme": _texts(atlas.get("theme") or {}) | {"logo": file}}


def _search(
    rows: pl.DataFrame, fields: list[dict[str, Any]], names: list[str] | None, buckets: list[slice], out: Writer
) -> dict[str, Any] | None:
    names = choose_fields(rows, fields) if names is None else names
    if not names:
        return None
    return {"fields": names, "files": out.put_lines("search", search_lines(rows, fields, names), buckets)}


def _columns(
    rows: pl.DataFrame, fields: list[dict[str, Any]], buckets: list[slice], out: Writer
) -> tuple[list[dict[str, Any]], list[str]]:
    """The manifest's columns, and notes on fields that gave none."""
    found, notes = [], []
    for one in fields:
        values, put = rows[one["name"]], partial(out.put, "columns")
        entry, note = columns.column(one, values, buckets, put)
        found += [entry] if entry else []
        notes += [note] if note else []
    return found, notes


def _projection(
    projection: BundleProjection, number: int, order: np.ndarray, buckets: list[slice], out: Writer
) -> dict[str, Any]:
    positions = np.asarray(projection.positions)[order]
    box = [positions.min(axis=0).tolist(), positions.max(axis=0).tolist()]
    region = None if projection.region is None else np.asarray(projection.region)[order]
    picture = projection.thumbnail
    if picture is None or len(picture) > MAX_THUMBNAIL_BYTES:
        picture = thumbnail(positions, region=region, size=200, max_bytes=MAX_THUMBNAIL_BYTES, transparent=True)

    def put(what: str, parts: list[bytes] | None) -> list[dict[str, Any]] | None:
        # Named by number, as the manifest repeats the names and a key may be long.
        return (
            None
            if parts is None
            else [out.put("projections", f"{number}-{what}-{i}", data) for i, data in enumerate(parts)]
        )

    return {
        "key": projection.key,
        "name": clean_line(projection.name),
        "method": projection.method,
        "params": projection.params,
        "dims": positions.shape[1],
        "bbox": box,
        "encoding": "u16-delta-split",
        "buckets": put("positions", [encoding.encode_positions(positions[rows], box) for rows in buckets]),
        "distortion": put("distortion", _distortion(projection.distortion, order, buckets)),
        "regions": regions.listed(projection.regions, positions.shape[1], number, out),
        "region_rows": put("region", regions.of_rows(projection.regions, region, buckets)),
        "figures": plain_figures(projection.metrics, projection.errors),
        "thumbnail": out.put_plain("thumbnails", str(number), picture, "png"),
        "recommended": projection.recommended,
    }


def _distortion(distortion: np.ndarray | None, order: np.ndarray, buckets: list[slice]) -> list[bytes] | None:
    if distortion is None:
        return None
    share = np.clip(np.nan_to_num(np.asarray(distortion, np.float64)[order]), 0, 1)
    return [np.rint(share[rows] * 255).astype(np.uint8).tobytes() for rows in buckets]


def _neighbours(graph: KnnGraph, order: np.ndarray, out: Writer) -> dict[str, Any]:
    """Lists in row order, with neighbours as rows; shared counts only where they are counts, not weights."""
    row_of = _inverse(order)
    indices = np.asarray(graph.indices)[order]
    indices = np.where(indices < 0, -1, row_of[indices])
    similarity = np.asarray(graph.similarity)[order]
    shared = None if graph.shared is None else np.asarray(graph.shared)[order]
    if shared is not None and not (np.array_equal(shared, np.rint(shared)) and shared.max(initial=0) <= MOST_SHARED):
        shared = None  # every float32 above is whole, and more than is stored of a count
    shards, n_rows = [], _shard_rows(NEIGHBOUR_SHARD_ROWS, len(order))
    for begin in range(0, len(order), n_rows):
        part = slice(begin, begin + n_rows)
        data = encoding.encode_neighbours(indices[part], similarity[part], None if shared is None else shared[part])
        shards.append(out.put("neighbours", str(begin // n_rows), data))
    return {
        "k": indices.shape[1],
        "shard_rows": n_rows,
        "shards": shards,
        "shared": shared is not None,
        "similarity": graph.method,
    }


def _inverse(order: np.ndarray) -> np.ndarray:
    """The row of each entity."""
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.arange(len(order))
    return row_of


def _details(rows: pl.DataFrame, fields: list[dict[str, Any]], out: Writer) -> dict[str, Any]:
    values = [FIELD_TYPES[field["type"]].detail(rows[field["name"]]) for field in fields]
    table = list(zip(*values, strict=True)) if values else [()] * rows.height
    n_rows = _shard_rows(DETAIL_SHARD_ROWS, rows.height)
    shards = [
        out.put("details", str(begin // n_rows), encoding.encode_json(table[begin : begin + n_rows]))
        for begin in range(0, rows.height, n_rows)
    ]
    types = [FIELD_TYPES[field["type"]].in_viewer for field in fields]
    described = [
        {"name": field["name"], "label": clean_line(field["label"]), "type": type_, "unit": field.get("unit")}
        for field, type_ in zip(fields, types, strict=True)
    ]
    return {"shard_rows": n_rows, "shards": shards, "fields": described}


def _shard_rows(least: int, n_rows: int) -> int:
    while least * MAX_SHARDS < n_rows:
        least *= 2
    return least


def _write_open_data(
    path: Path,
    rows: pl.DataFrame,
    order: np.ndarray,
    projections: Sequence[BundleProjection],
    opening: BundleProjection,
    *,
    about: dict[str, Any],
    more: Sequence[pl.Series],
) -> None:
    """Everything an atlas knows as one Parquet file, for those who would rather compute than look.

    What it is, where it is from and what may be done with it stays with it, as the file's metadata.
    """
    named = list(more)
    for projection in projections:
        positions = np.asarray(projection.positions, np.float32)[order]
        named += [
            pl.Series(f"{axis}__{projection.key}", positions[:, dim])
            for dim, axis in enumerate("xyz"[: positions.shape[1]])
        ]
    if opening.region is not None and opening.regions is not None:
        regions = opening.regions.select(pl.col("region").cast(pl.Int64), pl.col("name").cast(pl.String))
        region = pl.Series("region", np.asarray(opening.region)[order]).cast(pl.Int64)
        names = region.replace_strict(regions["region"], regions["name"], default=None, return_dtype=pl.String)
        named.append(names.alias("region__" + opening.key))
    said = {key: about[key] for key in ("title", "description", "attribution", "licence") if about.get(key)}
    rows.hstack(named).write_parquet(
        path, compression="zstd", compression_level=9, statistics=True, metadata=said or None
    )


def _column_name(name: str | None, manifest: dict[str, Any], purpose: str) -> str | None:
    known = [entry["name"] for entry in manifest["columns"]]
    if name is None or name in known:
        return name
    if name == POPULARITY:  # the same for everybody, so there is no such column and nothing to be told apart
        return None
    raise DataError(
        file="bundle",
        where=f"display.{purpose}",
        found=name,
        expected=f"one of {', '.join(known) or 'no column'}",
        remedy="Fields that are links, images, texts or different for nearly every entity cannot be used for it.",
    )


def _first_paint(manifest: dict[str, Any], manifest_size: int) -> int:
    default = manifest["default"]
    opening = next(p for p in manifest["projections"] if p["key"] == default["projection"])
    shown = [c for c in manifest["columns"] if c["name"] in (default["colour"], default["size"])]
    needed = [opening["buckets"][0], opening["regions"], manifest["names"][0], *[c["files"][0] for c in shown]]
    needed += [c["dictionary"] for c in shown if "dictionary" in c]
    return manifest_size + sum(file["bytes"] for file in needed if file)


def _check_input(
    entities: pl.DataFrame,
    fields: list[dict[str, Any]],
    graph: KnnGraph,
    projections: Sequence[BundleProjection],
    default: dict[str, Any],
) -> None:
    n = entities.height
    if n == 0:
        raise DataError(
            file="entities", where="number of rows", found=0, expected="at least 1", remedy="Filter less strictly."
        )
    missing = {"id", "label", POPULARITY, *(f["name"] for f in fields)} - set(entities.columns)
    if missing:
        raise DataError(
            file="entities",
            where="columns",
            found=Found(f"lack {', '.join(sorted(missing))}"),
            expected="id, label, popularity and every described field",
            remedy="Read the source again.",
        )
    if len(graph.indices) != n:
        raise _wrong_rows("knn_graph", len(graph.indices), n)
    for projection in projections:
        if len(projection.positions) != n:
            raise _wrong_rows(f"projection {projection.key}", len(projection.positions), n)
        bad = np.flatnonzero(~np.isfinite(projection.positions).all(axis=1))
        if bad.size:
            raise DataError(
                file=f"projection {projection.key}",
                where=f"row {bad[0]}",
                found=Found("has no finite position"),
                expected="finite numbers in every row",
                remedy="Materialise the projection again with another seed.",
            )
    keys = [projection.key for projection in projections]
    if default["projection"] not in keys:
        raise DataError(
            file="bundle",
            where="display.projection",
            found=default["projection"],
            expected=f"one of {', '.join(keys) or 'the projections, of which there are none'}",
            remedy="Name a projection that is part of the sweep.",
        )


def _wrong_rows(what: str, found: int, expected: int) -> DataError:
    return DataError(
        file=what,
        where="number of rows",
        found=found,
        expected=f"{expected}, one per entity",
        remedy="It was made from another version of the index: materialise it again.",
    )
