"""The cases of ``texts``: real texts, and who belongs together whatever their words are."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from benchmarks import data

SEED = 2026
SUBREDDITS = 40
MOST = 15_000  # texts of a case, a sample where there are more
TITLES = 16  # of about nine words
PACKAGES = ("matplotlib", "networkx", "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn", "sqlalchemy", "torch")
SHORTEST = 60  # characters of a docstring
LONGEST = 2_000


@dataclass(frozen=True)
class Case:
    """texts (n,). belongs (n, g) bool CSR: the groups of each text; those with a group in common belong together."""

    name: str
    texts: list[str]
    belongs: sparse.csr_array


def find(name: str) -> Case:
    """The texts of a case. Raises data.Absent."""
    if name not in CASES:
        raise data.Absent(f"no such case; known are {', '.join(CASES)}")
    return CASES[name]()


def _acl() -> Case:
    """Titles of papers; those belong together that share an author."""
    folder = data.shared_folder("acl-authors-2019")
    papers = pl.read_parquet(folder / "collections.parquet").drop_nulls("title")
    papers = papers.sample(MOST, seed=SEED).with_row_index("row")
    held = (
        pl.read_parquet(folder / "interactions.parquet").join(papers, on="collection_id").unique(["row", "entity_id"])
    )
    return Case("acl-titles", papers["title"].to_list(), _groups(held["row"], held["entity_id"], len(papers)))


def _reddit() -> Case:
    """Words of titles, not in their order; those belong together that were posted to the same of 40 subreddits."""
    posts = _posts()
    large = posts.group_by("subreddit").len().filter(pl.col("len") >= 900)["subreddit"].sort()
    chosen = large.sample(SUBREDDITS, seed=SEED)
    return _by_subreddit("reddit-titles", posts.filter(pl.col("subreddit").is_in(chosen.implode())), MOST)


def _joined() -> Case:
    """100,000 texts of the length of abstracts: the words of 16 titles each, of one subreddit."""
    posts = _posts().sort("subreddit", "collection_id")
    posts = posts.with_columns(text=pl.int_range(pl.len()).over("subreddit") // TITLES)
    return _by_subreddit("joined-100k", posts, 100_000)


def _posts() -> pl.DataFrame:
    folder = data.shared_folder("reddit-title-words")
    posts = pl.read_parquet(folder / "collections.parquet", columns=["collection_id", "subreddit"])
    return posts.with_columns(text=pl.col("collection_id"))


def _by_subreddit(name: str, posts: pl.DataFrame, most: int) -> Case:
    folder = data.shared_folder("reddit-title-words")
    words = pl.scan_parquet(folder / "entities.parquet").select("entity_id", "label")
    rows = (
        pl.scan_parquet(folder / "interactions.parquet")
        .join(posts.lazy(), on="collection_id")
        .join(words, on="entity_id")
    )
    texts = rows.group_by("text", "subreddit").agg(pl.col("label").sort()).collect()
    texts = texts.with_columns(label=pl.col("label").list.join(" ")).unique("label").sort("subreddit", "text")
    texts = texts.sample(most, seed=SEED)
    codes = texts["subreddit"].rank("dense") - 1
    return Case(name, texts["label"].to_list(), _groups(pl.Series(range(len(texts))), codes, len(texts)))


def _docstrings() -> Case:
    """What functions of ten installed packages say of themselves; those belong together that share a subpackage."""
    site = Path(sysconfig.get_paths()["purelib"])
    found = sorted({one for package in PACKAGES for one in _documented(site / package, site)})
    unique = {text: place for place, text in found}
    texts = random.Random(SEED).sample(sorted(unique), min(MOST, len(unique)))
    places = [unique[text] for text in texts]
    codes = pl.Series(places).rank("dense") - 1
    return Case("docstrings", texts, _groups(pl.Series(range(len(texts))), codes, len(texts)))


def _documented(folder: Path, site: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(site).parts
        if "tests" in parts or "testing" in parts or any(part.startswith("_") for part in parts[1:-1]):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(file.read_text(encoding="utf-8", errors="replace"))
        for node in ast.walk(tree):
            text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
            if text and len(text) >= SHORTEST:
                yield ".".join(parts[:2]).removesuffix(".py"), text[:LONGEST]


def _groups(rows: pl.Series, groups: pl.Series, n: int) -> sparse.csr_array:
    row, group = rows.to_numpy(), groups.cast(pl.Int64).to_numpy()
    shape = (n, int(group.max()) + 1)
    return sparse.csr_array((np.ones(len(row), np.float32), (row, group)), shape=shape)


CASES = {"acl-titles": _acl, "reddit-titles": _reddit, "docstrings": _docstrings, "joined-100k": _joined}
