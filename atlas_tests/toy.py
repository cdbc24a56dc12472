"""A tiny known world for tests of the whole pipeline: readers of two genres, with one book that both read."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

from atlas_assets.plan.pipeline import VIEWER, viewer_recipe
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate
from atlas_assets.store.artifacts import ArtifactStore

__all__ = ["put_viewer", "spec", "viewer_recipe", "write_tables"]

GENRES = ("crime", "space")
BOOKS_PER_GENRE = 30
BRIDGE = 60  # the id of the book that both read
INDEX_HTML = (
    '<!doctype html><html lang="en"><head><title>Atlas</title><meta name="description" content="">'
    '<meta name="atlas-manifest" content=""></head><body><div id="app"></div></body></html>'
)


def write_tables(folder: Path, *, readers: int = 150, seed: int = 1) -> None:
    """ratings.csv (user_id, book_id, rating) and books.csv (book_id, title, genre, year)."""
    random_ = random.Random(seed)
    with (folder / "ratings.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["user_id", "book_id", "rating"])
        for reader in range(readers):
            genre = reader % 2
            first = genre * BOOKS_PER_GENRE
            shelf = random_.sample(range(first, first + BOOKS_PER_GENRE), 8)
            if random_.random() < 0.4:
                shelf.append(BRIDGE)
            out.writerows([f"reader {reader}", book, random_.randint(1, 5)] for book in shelf)
    with (folder / "books.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["book_id", "title", "genre", "year"])
        for book in range(2 * BOOKS_PER_GENRE):
            genre = GENRES[book // BOOKS_PER_GENRE]
            out.writerow([book, f"{genre.capitalize()} {book}", genre, 1950 + book])
        out.writerow([BRIDGE, "The Bridge", "both", 2000])


def spec(**changes: Any) -> AtlasSpec:
    """The spec of the toy atlas; keyword arguments replace its sections."""
    attributes: dict[str, Any] = {
        "source": {
            "interactions": "ratings.csv",
            "entities": "books.csv",
            "columns": {"collection": "user_id", "entity": "book_id", "value": "rating"},
            "entity_columns": {"id": "book_id", "label": "title"},
        },
        "sweep": {
            "n_neighbors": [5],
            "embedding_dim": [3],
            "projections": [{"method": "tsne", "perplexity": 5, "from": "graph"}, {"method": "pca"}],
        },
        "display": {"entity": ["book", "books"], "collection": ["reader", "readers"]},
    }
    return validate(attributes | changes, file=Path("defs/toy/defs.yaml"))


def put_viewer(store: ArtifactStore, *, recipe: str = "toy") -> None:
    """Stands in for the viewer's build, which needs Node; the browser tests use the real one."""
    with store.write(VIEWER, recipe=recipe) as draft:
        (draft.folder / "assets").mkdir()
        (draft.folder / "index.html").write_text(INDEX_HTML, encoding="utf-8")
        (draft.folder / "assets" / "index.js").write_text("console.log('toy')", encoding="utf-8")
