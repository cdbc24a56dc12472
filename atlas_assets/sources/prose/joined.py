"""Texts that are near by their words, by what they mean, or by both: two lists of neighbours joined to edges."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import sparse

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.prose import models, vectors
from atlas_assets.sources.prose import read as prose
from atlas_assets.stages.artifact import Progress, no_progress

LISTED = 50
"""Neighbours of each text by either way: beyond them, a place in a list adds next to nothing."""
FIRST = 20
"""A place r in a list counts 1 / (FIRST + r). Of 0, 5, 20 and 60 best on two of three cases: see docs/texts.md."""


def read(
    out: Path,
    *,
    columns: Sequence[str],
    model: str,
    url: str | None = None,
    key: str | None = None,
    entities: Sequence[str] | None,
    entity_columns: Mapping[str, str] | None = None,
    fields: Mapping[str, Mapping[str, Any]] | None = None,
    phrases: bool = False,
    stop_words: Literal["auto"] | Sequence[str] = "auto",
    min_texts: int | None = None,
    max_share: float = 1.0,
    base: Path = Path(),
    cache: Path,
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write the canonical tables of edges between texts into ``out``; options as of ``prose.read`` and ``vectors``.

    Raises DataError as these do, and where no two texts are near.
    """
    out.mkdir(parents=True, exist_ok=True)
    how: dict[str, Any] = {
        "columns": columns,
        "entities": entities,
        "entity_columns": entity_columns,
        "fields": fields,
        "base": base,
        "options": options,
    }
    models.load(model, url=url, key=key)  # what it needs is said before anything is counted
    with tempfile.TemporaryDirectory(prefix=".joined-", dir=out) as scratch:
        place = Path(scratch)
        by_words = prose.read(
            place / "words",
            **how,
            phrases=phrases,
            stop_words=stop_words,
            min_texts=min_texts,
            max_share=max_share,
            progress=lambda share, text: progress(0.3 * share, text),
        )
        made = vectors.read(
            place / "vectors",
            **how,
            model=model,
            url=url,
            key=key,
            cache=cache,
            progress=lambda share, text: progress(0.3 + 0.3 * share, text),
        )
        frame = pl.read_parquet(place / "vectors" / "entities.parquet")
        described = canonical.read_fields(place / "vectors")
        ids = frame["id"]
        progress(0.6, "neighbours by words")
        lists = [_by_words(place / "words", ids), _by_vectors(place / "vectors")]
    near = joined(lists)
    found = sparse.triu(near, 1).tocoo()
    if not found.nnz:
        raise DataError(
            file=made["files"][0]["path"],
            where=f"column {', '.join(map(repr, columns))}",
            found=Found("has no two texts that share a word or a meaning"),
            expected="texts",
            remedy="Choose another column in source.words_and_vectors.",
        )
    order = np.lexsort((found.col, found.row))
    edges = pl.DataFrame(
        {
            "source": ids.gather(found.row[order].astype(np.uint32)),
            "target": ids.gather(found.col[order].astype(np.uint32)),
            "weight": found.data[order].astype(np.float32),
        }
    )
    notes = list(dict.fromkeys([*by_words["notes"], *made["notes"]]))
    notes.append(f"{len(edges):,} pairs of texts are among the {LISTED} nearest of one of them, by words or by vectors")
    report = {"rows": len(ids), "files": made["files"], "notes": notes}
    canonical.write_edges(out, edges=edges, entities=frame, fields=described, report=report)
    progress(1.0, f"{len(ids):,} texts, {len(edges):,} edges")
    return report | {"texts_embedded": made["texts_embedded"]}


def joined(lists: Sequence[np.ndarray]) -> sparse.csr_array:
    """(n, n), the same both ways: how near two rows are by neighbour lists (n, k), -1 where there is none.

    A neighbour in place r of a list, from 1, counts 1 / (FIRST + r); what both rows and all lists say is added up.
    That is the reciprocal rank fusion of Cormack, Clarke and Büttcher (2009), taken from both ends.
    """
    n = len(lists[0])
    total = sparse.csr_array((n, n))
    for indices in lists:
        row, place = np.nonzero(indices >= 0)
        counted = 1.0 / (FIRST + 1 + place)
        total = total + sparse.csr_array((counted, (row, indices[row, place])), shape=(n, n))
    return sparse.csr_array(total + total.T)


def _by_words(raw: Path, ids: pl.Series) -> np.ndarray:
    """Lists in the rows of ``ids``, of the texts in ``raw``; empty ones for texts that share no word."""
    from atlas_assets.stages.index import entity_index
    from atlas_assets.stages.relation import neighbours, pair_weights

    index = entity_index.from_collections(raw, min_collections=1, max_collection_size=None, holdout=0)
    weights = pair_weights.of(index, use_weights=True)
    k = min(LISTED, index.n_entities - 1)
    made = neighbours.from_collections(index, n_neighbors=k, similarity="cosine", weights=weights)
    rows = pl.DataFrame({"id": ids}).with_row_index("row")
    places = (
        index.ids.select("id").join(rows, on="id", how="left", maintain_order="left")["row"].cast(pl.Int64).to_numpy()
    )
    lists = np.full((len(ids), k), -1, np.int64)
    lists[places] = np.where(made.indices >= 0, places[made.indices], -1)
    return lists


def _by_vectors(raw: Path) -> np.ndarray:
    """Lists in the rows of the vectors in ``raw``."""
    from atlas_assets.stages.relation.vector_neighbours import nearest

    vectors_of = np.load(raw / "vectors.npy")
    return nearest(vectors_of, k=min(LISTED, len(vectors_of) - 1), metric="cosine")[0]
