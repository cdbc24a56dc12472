"""The transposed relation: what held entities is now what is mapped, described by what it holds.

Works on the canonical tables that a reader of collections has written, whichever it was. Of decks and cards, a map of
cards that share decks becomes one of decks that share cards.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.sources import canonical, entity_table, files
from atlas_assets.sources import columns as read
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.names import noun
from atlas_assets.stages.artifact import Progress

_EXAMPLES = 2_000  # ids by which a table is recognised
SHOWN = 5  # of what a collection holds
_SWAPPED = {"collection": "entity", "entity": "collection"}


@dataclass(frozen=True)
class Holdings:
    """What each of C collections holds. sizes (C,) int64: distinct members; best_known: the members that most
    collections hold, ``SHOWN`` at most, as codes: those of collection c from borders[c] to borders[c + 1].
    """

    sizes: np.ndarray
    best_known: np.ndarray
    borders: np.ndarray


def holdings(collections: np.ndarray, members: np.ndarray, *, n_collections: int, n_members: int) -> Holdings:
    """Of rows (m,) of a collection's and a member's code, some perhaps repeated. Equals go to the lower code."""
    pairs = np.unique(collections.astype(np.int64) * n_members + members)
    held_by = np.bincount(pairs % n_members, minlength=n_members)
    by_fame = np.lexsort((np.arange(n_members), -held_by))
    rank = np.empty(n_members, np.int64)
    rank[by_fame] = np.arange(n_members)
    keys = np.sort(pairs // n_members * n_members + rank[pairs % n_members])
    sizes = np.bincount(keys // n_members, minlength=n_collections)
    begins = np.concatenate([[0], np.cumsum(sizes)])
    place = np.arange(keys.size) - begins[keys // n_members]
    best = by_fame[keys[place < SHOWN] % n_members]
    return Holdings(sizes, best, np.concatenate([[0], np.cumsum(np.minimum(sizes, SHOWN))]))


def transpose(
    folder: Path,
    report: Mapping[str, Any],
    *,
    entities: Sequence[str] | None,
    entity_columns: Mapping[str, str],
    fields: files.FieldSpecs,
    member: str | None,
    base: Path,
    progress: Progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Turn ``raw_collections`` in ``folder`` round; returns the report that is written there.

    entities, entity_columns, fields: a table of the collections, as for the readers in ``files``. member: the column
    of what they hold, for names. Raises DataError where the table cannot be read or has other ids.
    """
    progress(0.9, "turning collections and entities round")
    labels = _labels(folder)
    collections, members = _turn_rows(folder)
    ids = pl.read_parquet(folder / "collection_ids.parquet")["id"]
    (folder / "entity_ids.parquet").replace(folder / "collection_ids.parquet")
    with files.workspace(folder) as scratch:
        frame, described, notes, ids = _entities(ids, entities, entity_columns, fields, base, scratch, options)
    canonical.write_ids(folder / "entity_ids.parquet", ids)
    held = holdings(collections, members, n_collections=len(ids), n_members=len(labels))
    told, more = _described(ids, held, labels, noun([member]))
    frame = frame.join(told, on="id", how="left", maintain_order="left")
    kept = [note for note in report["notes"] if "not in the entity table" not in note]
    notes = [*kept, f"transposed: {len(ids):,} collections are what is mapped, by what they hold", *notes]
    made = {**report, "notes": notes}
    canonical.write_entities(folder, entities=frame, fields=[*described, *more], report=made)
    return made


def _labels(folder: Path) -> pl.Series:
    """What the members are called, by code."""
    ids = pl.read_parquet(folder / "entity_ids.parquet")
    known = pl.read_parquet(folder / "entities.parquet", columns=["id", "label"]).unique("id", keep="first")
    label = pl.col("label").fill_null(pl.col("id").cast(pl.String))
    return ids.join(known, on="id", how="left", maintain_order="left").select(label).to_series()


def _turn_rows(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Write the rows with collections and entities exchanged; the codes of both, as they were."""
    table, turned = folder / "interactions.parquet", folder / "turned"
    collections: list[np.ndarray] = []
    members: list[np.ndarray] = []
    parts = canonical.part_files(table)
    names = pl.scan_parquet(parts[0]).collect_schema().names()
    with canonical.RelationWriter(turned, names) as writer:
        for part in parts:
            rows = pl.read_parquet(part)
            collections.append(rows["collection"].to_numpy())
            members.append(rows["entity"].to_numpy())
            writer.append({name: rows[_SWAPPED.get(name, name)] for name in names})
    shutil.rmtree(table)
    turned.rename(table)
    return np.concatenate(collections), np.concatenate(members)


def _entities(
    ids: pl.Series,
    entities: Sequence[str] | None,
    columns: Mapping[str, str],
    fields: files.FieldSpecs,
    base: Path,
    scratch: Path,
    options: Options | None,
) -> tuple[pl.DataFrame, list[dict[str, Any]], list[str], pl.Series]:
    """The table of the collections, its fields, and notes; and their ids in the type that both have."""
    if not entities:
        return entity_table.of_ids(ids.sort()), [], [], ids
    origin = Located(Path("interactions"), "source.interactions", 0, "parquet")
    facts = ids.to_frame("id").select(read.id_facts("id", ids.dtype)).row(0, named=True)
    ours = read.ids_of(origin, "id", "collection", ids.dtype, facts, typed=True)
    try:
        located = files.entity_files(entities, base, scratch, options)
        table = entity_table.read_table(located, columns=columns, fields=fields, ids=ids.head(_EXAMPLES), relation=[])
        dtype, notes = read.common_type([ours, table.origin])
        ids = ids.to_frame("id").select(read.as_ids("id", ids.dtype, dtype)).to_series()
        frame, described, told = files.entities_of(table, ids.sort(), dtype, origin.name)
    except DataError as error:
        raise DataError(
            file=error.file,
            where=error.where,
            found=error.found,
            expected=error.expected,
            remedy=f"{error.remedy} If it is a table of what collections hold, call it source.members.",
        ) from error
    return frame, described, [*notes, *told], ids


def _described(
    ids: pl.Series, held: Holdings, labels: pl.Series, called: tuple[str, str] | None
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """What is known of each collection by what it holds, and the descriptions of these columns."""
    many = called[1] if called else "members"
    names = pl.DataFrame({"row": np.repeat(np.arange(len(ids)), np.diff(held.borders)), "of": held.best_known})
    lists = names.with_columns(best_known=labels.gather(names["of"])).group_by("row", maintain_order=True)
    best = lists.agg(pl.col("best_known"))["best_known"]
    table = pl.DataFrame({"id": ids, "n_held": held.sizes, "best_known": best})
    return table, [
        {"name": "n_held", "label": many.capitalize(), "type": "number", "unit": None},
        {"name": "best_known", "label": f"Best-known {many}", "type": "list", "unit": None},
    ]
