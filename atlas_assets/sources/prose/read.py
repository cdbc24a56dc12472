"""Texts as canonical collections: a word holds the texts in which it stands, or a text the words that stand in it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical, entity_table
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.prose import stop_words as lists
from atlas_assets.sources.prose.table import TextTable, read_texts
from atlas_assets.sources.prose.words import Words, count
from atlas_assets.stages.artifact import Progress, no_progress

Entity = Literal["row", "word"]
FEWEST_TEXTS = {"row": 2, "word": 5}
"""In so many texts a word must stand, unless the spec says otherwise."""
MOST_PAIRS = 8_000_000_000
"""Pairs of texts that are compared by a word that both hold, in all; for more, the most frequent words are left out."""


def read(
    out: Path,
    *,
    columns: Sequence[str],
    entities: Sequence[str] | None,
    entity_columns: Mapping[str, str] | None = None,
    fields: Mapping[str, Mapping[str, Any]] | None = None,
    entity: Entity = "row",
    phrases: bool = False,
    stop_words: Literal["auto"] | Sequence[str] = "auto",
    min_texts: int | None = None,
    max_share: float = 1.0,
    base: Path = Path(),
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write the canonical tables of collections into ``out``; returns the report that is written beside them.

    columns: of the table ``entities``; its rows are texts. entity: ``row`` puts the texts on the map, each word a
    collection, with tf-idf as the weight of a row; ``word`` the words, each text a collection, without weights.
    stop_words: languages whose lists are left out, ``auto`` those that the texts are written in. min_texts, max_share:
    of the texts that hold a word, below and above which it does not count. Raises DataError where nothing is left.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=out) as scratch:
        progress(0.0, "reading the table")
        table = read_texts(
            entities,
            columns,
            entity_columns=entity_columns or {},
            fields=fields,
            base=base,
            scratch=Path(scratch),
            options=options,
        )
    words, notes = words_of_table(
        table,
        entity=entity,
        phrases=phrases,
        stop_words=stop_words,
        min_texts=min_texts,
        max_share=max_share,
        progress=lambda share, text: progress(0.2 + 0.6 * share, text),
    )
    progress(0.85, "writing tables")
    ids = table.frame["id"]
    present = np.unique(words.text)
    if present.size < 2:
        raise DataError(
            file=table.files[0][0],
            where=f"column {', '.join(map(repr, columns))}",
            found=Found("has no two texts that share a word"),
            expected="texts",
            remedy="Choose another column in source.texts, or lower min_texts.",
        )
    if present.size < len(ids):
        alone = np.setdiff1d(np.arange(len(ids)), present)
        notes.append(
            f"{alone.size:,} texts share no word with another and are not on the map, such as {ids[int(alone[0])]!r}"
        )
    if entity == "row":
        sides = {"collection": (words.names, words.word), "entity": (ids, words.text)}
        frame, described = table.frame, table.fields
    else:
        sides = {"collection": (ids, words.text), "entity": (words.names, words.word)}
        frame, described = entity_table.of_ids(words.names.rename("id")), []
    coded: dict[str, np.ndarray] = {}
    for side, (names, codes) in sides.items():
        coded[side], met = _as_met(codes)
        canonical.write_ids(out / f"{side}_ids.parquet", names.gather(met).rename("id"))
    if entity == "row":
        coded["weight"] = words.weights().astype(np.float32)
    with canonical.RelationWriter(out / "interactions.parquet", list(coded)) as writer:
        writer.append(coded)
    report = {
        "rows": len(ids),
        "words": len(words.names),
        "memberships": int(words.text.size),
        "files": [{"path": name, "bytes": size} for name, size in table.files],
        "notes": [*table.notes, *notes],
    }
    canonical.write_entities(out, entities=frame, fields=described, report=report)
    progress(1.0, f"{len(ids):,} texts, {len(words.names):,} words")
    return report


def words_of_table(
    table: TextTable,
    *,
    entity: Entity,
    phrases: bool,
    stop_words: Literal["auto"] | Sequence[str],
    min_texts: int | None,
    max_share: float,
    progress: Progress = no_progress,
) -> tuple[Words, list[str]]:
    """The words that count, and sentences on which do not."""
    notes: list[str] = []
    if isinstance(stop_words, str):
        found = lists.languages_of(table.texts)
        languages = list(found)
        said = " and ".join(f"{name.capitalize()} ({share:.0%})" for name, share in found.items())
        notes.append(f"the texts are in {said}: words of these lists are left out" if found else _UNKNOWN)
    else:
        languages = list(stop_words)
    if absent := int(table.texts.is_null().sum()):
        notes.append(f"{absent:,} of {len(table.texts):,} rows have no text")
    words = count(table.texts, stop_words=lists.of(languages), phrases=phrases, progress=progress)
    holders, n_texts = words.holders, words.n_texts
    least = FEWEST_TEXTS[entity] if min_texts is None else min_texts
    common = holders > max_share * n_texts
    if entity == "row":
        common |= _too_costly(holders)
    if common.any():
        which = words.names.gather(np.flatnonzero(common)[np.argsort(-holders[common], kind="stable")])
        lowest = int(holders[common].min())
        shown = ", ".join(which.head(8).to_list())
        notes.append(
            f"{len(which):,} words in {lowest:,} or more of the {n_texts:,} texts are left out: "
            f"{shown}{', …' if len(which) > 8 else ''}"
        )
    words = words.only((holders >= least) & ~common)
    n_phrases = int(words.names.str.contains(" ", literal=True).sum())
    with_phrases = f", {n_phrases:,} of them phrases" if phrases else ""
    notes.append(f"{len(words.names):,} words{with_phrases} stand in {least} texts or more")
    return words, notes


_UNKNOWN = "the language of the texts is none of which there is a list of words without meaning: all words are kept"


def _too_costly(holders: np.ndarray) -> np.ndarray:
    """Mask of the most frequent words that have to go for at most MOST_PAIRS pairs."""
    order = np.argsort(holders, kind="stable")
    pairs = np.cumsum(holders[order].astype(np.float64) * (holders[order] - 1) / 2)
    costly = np.zeros(holders.size, bool)
    costly[order[pairs > MOST_PAIRS]] = True
    return costly


def _as_met(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes anew, in the order in which they are met, and the earlier code of each."""
    known, first = np.unique(codes, return_index=True)
    met = known[np.argsort(first, kind="stable")]
    anew = np.empty(int(known[-1]) + 1, np.int32)
    anew[met] = np.arange(met.size, dtype=np.int32)
    return anew[codes], met
