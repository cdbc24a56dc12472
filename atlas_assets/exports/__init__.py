"""What an atlas knows, as files that other programs open: tables, graphs, and the formats of other map makers.

Each format declares itself in ``FORMATS``; the command line, its help and its mistakes derive from that.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.exports import frames_of_maps, graphs, projector, tables
from atlas_assets.exports.tables import write_table
from atlas_assets.frames import Atlas

__all__ = ["FORMATS", "Format", "export", "write_table"]

Write = Callable[[Atlas, str, Path], None]
"""Writes an atlas, or one map of it by its key, to a file or a new folder."""


@dataclass(frozen=True)
class Format:
    """about: for whom it is. suffix: of the file, none where it is a folder. one_map: it holds one map, not all."""

    name: str
    about: str
    write: Write
    suffix: str
    one_map: bool = False


FORMATS = {
    one.name: one
    for one in (
        Format("csv", "a table for spreadsheets, all maps", tables.write_csv, ".csv"),
        Format("parquet", "a table in its types, all maps", tables.write_parquet, ".parquet"),
        Format("npz", "NumPy arrays, all maps", tables.write_npz, ".npz"),
        Format("geojson", "points for GIS programs", tables.write_geojson, ".geojson", one_map=True),
        Format("gexf", "the graph with a map's places, for Gephi", graphs.write_gexf, ".gexf", one_map=True),
        Format("graphml", "the same for yEd, Cytoscape, igraph", graphs.write_graphml, ".graphml", one_map=True),
        Format("h5ad", "AnnData with all maps and the graph", graphs.write_h5ad, ".h5ad"),
        Format(
            "embedding-atlas",
            "Parquet for Apple's Embedding Atlas",
            frames_of_maps.with_lists,
            ".parquet",
            one_map=True,
        ),
        Format("datamapplot", "Parquet with names by level", frames_of_maps.with_layers, ".parquet", one_map=True),
        Format("jupyter-scatter", "Parquet of one map", frames_of_maps.with_layers, ".parquet", one_map=True),
        Format("tensorboard", "a folder for TensorBoard's Projector", projector.write, ""),
    )
}


def export(atlas: Atlas, form: str | None, output: Path | None, *, key: str | None = None) -> tuple[Path, Format]:
    """Write an atlas; returns the file or folder, and the format.

    form: one of FORMATS; without it, what the suffix of ``output`` says, else CSV. output: a file, or a folder to put
    it in; by default the current folder. key: the map, of formats that hold one; the recommended one without. Raises
    AtlasError for what cannot be written.
    """
    chosen = _format(form, output)
    if key is not None and not chosen.one_map:
        raise AtlasError(f"{chosen.name} holds all maps, so there is none to choose; leave --map out.")
    if key is not None and key not in atlas.maps:
        raise AtlasError(f"{atlas.name} has no map {key!r}; expected one of {', '.join(atlas.maps)}.")
    name = f"{atlas.name}{chosen.suffix or f'-{chosen.name}'}"
    target = project.output_file(output, name)
    if not chosen.suffix and target.is_file():
        raise AtlasError(f"{target} is a file, and {chosen.name} is a folder; write elsewhere.")
    chosen.write(atlas, key or atlas.recommended, target)
    return target, chosen


def _format(form: str | None, output: Path | None) -> Format:
    if form is None:
        suffix = output.suffix.lower() if output and not output.is_dir() else ""
        by_suffix = {one.suffix: one for one in reversed(FORMATS.values()) if one.suffix}
        if suffix and suffix not in by_suffix:
            raise AtlasError(f"{output} ends in {suffix}, which says no format. Use --format: {', '.join(FORMATS)}.")
        return by_suffix[suffix] if suffix else FORMATS["csv"]
    if form not in FORMATS:
        close = difflib.get_close_matches(form, FORMATS, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise AtlasError(f"{form} is not a format that can be written; expected one of {', '.join(FORMATS)}.{hint}")
    return FORMATS[form]
