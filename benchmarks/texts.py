"""``texts``: of each text the ten nearest, by words and by vectors, and how many of them belong to it.

What belongs together is known by something else than words: authors, subreddits, packages. Texts that a way leaves
without ten neighbours count as if strangers stood there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.builders.reading import read
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.loading import validate
from atlas_assets.stages.artifact import no_progress
from atlas_assets.stages.relation.copies import first_of
from benchmarks.report import Row
from benchmarks.texts_data import Case, find

K = 10
MEMORY = 1 << 30
SECONDS, BELONG = "seconds", f"of the {K} nearest belong"
DEFAULT = "words"
Way = Callable[[Case, Path], np.ndarray]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """belong: share of the K nearest; seconds: from the table on disk to the lists."""

    belong: float
    seconds: float


def run(names: list[str], ways: list[str], *, progress: Progress = lambda text: None) -> list[Row]:
    """Each way beside the default, case by case."""
    rows = []
    for name in names:
        progress(f"{name}: reading")
        case = find(name)
        made = {}
        for way in dict.fromkeys([DEFAULT, *ways]):
            progress(f"{name}: {way}")
            made[way] = measure(case, WAYS[way])
        chance = f"{len(case.texts):,} texts; {chance_of(case):.2%} of any two belong together"
        for way, found in made.items():
            ours = made[DEFAULT]
            rows.append(Row("texts", name, BELONG, way, ours.belong, found.belong, "gain", note=chance))
            rows.append(Row("texts", name, SECONDS, way, ours.seconds, found.seconds))
    return rows


def measure(case: Case, way: Way) -> Found:
    with tempfile.TemporaryDirectory(prefix="texts-") as scratch:
        folder = Path(scratch)
        pl.DataFrame({"id": range(len(case.texts)), "text": case.texts}).write_parquet(folder / "texts.parquet")
        began = time.perf_counter()
        nearest = way(case, folder)
        seconds = time.perf_counter() - began
    return Found(belonging(nearest, case), seconds)


def belonging(nearest: np.ndarray, case: Case) -> float:
    """Share of ``nearest`` (n, K), -1 where there is none, that have a group in common with their text."""
    row, column = np.nonzero(nearest >= 0)
    both = case.belongs[row].multiply(case.belongs[nearest[row, column]]).sum(axis=1)
    return float((np.asarray(both).ravel() > 0).sum() / nearest.size)


def chance_of(case: Case) -> float:
    random = np.random.default_rng(0)
    strangers = random.integers(0, len(case.texts), (len(case.texts), K))
    return belonging(strangers, case)


def by_atlas(source: dict[str, Any], relation: dict[str, Any] | None = None) -> Way:
    """The lists that an atlas with this source would have."""

    def nearest(case: Case, folder: Path) -> np.ndarray:
        said = {"entities": "texts.parquet", "entity_columns": {"id": "id"}, "fields": {}, **source}
        attributes = {"source": said, "relation": relation or {}, "quality": {"holdout": 0}}
        spec = validate({**attributes, "name": "words_of_texts"}, file=folder / "defs.yaml")
        raw, index = folder / "raw", folder / "index"
        read(spec.source, raw, base=folder, progress=no_progress, memory=Memory())
        made = spec.related.index(raw, spec, previous=None, progress=no_progress)
        made.save(index)
        lists, _ = spec.related.count(index, spec, n_neighbors=K, spare=0, memory=MEMORY, progress=no_progress)
        ids = pl.read_parquet(index / "ids.parquet")["id"].to_numpy()
        places = np.arange(len(ids)) if lists.places is None else lists.places
        named = ids[first_of(places)]  # of several texts with one vector the first stands for all
        indices = lists.indices[places, :K]
        found = np.full((len(case.texts), K), -1)
        found[ids] = np.where(indices >= 0, named[indices], -1)
        return found

    return nearest


def by_lsa(case: Case, folder: Path) -> np.ndarray:
    """As practitioners do it: tf-idf and 200 singular vectors of scikit-learn, and the cosine of these."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    weighted = TfidfVectorizer(min_df=2, sublinear_tf=True, stop_words="english").fit_transform(case.texts)
    return _nearest(TruncatedSVD(200, random_state=0).fit_transform(weighted))


def _nearest(vectors: np.ndarray) -> np.ndarray:
    from atlas_assets.stages.relation.vector_neighbours import nearest

    return nearest(np.ascontiguousarray(vectors, np.float32), k=K, metric="cosine", progress=no_progress)[0]


WORDS = {"texts": {"column": "text"}}
WAYS: dict[str, Way] = {
    DEFAULT: by_atlas(WORDS),
    "words and phrases": by_atlas({"texts": {"column": "text", "phrases": True}}),
    "words, with those without meaning": by_atlas({"texts": {"column": "text", "stop_words": []}}),
    "words, jaccard": by_atlas(WORDS, {"similarity": "jaccard", "use_weights": False}),
    "words, npmi": by_atlas(WORDS, {"similarity": "npmi", "use_weights": False}),
    "wordllama": by_atlas({"text_vectors": {"column": "text"}}),
    "words and wordllama": by_atlas({"words_and_vectors": {"column": "text"}}),
    "tf-idf, 200 singular vectors": by_lsa,
}
