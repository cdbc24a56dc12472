"""What visitors can search beside names and short values: the words of long texts, and what a static model says."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from atlas_assets.errors import DataError
from atlas_assets.plan.pipeline import StageRun
from atlas_assets.sources.prose import models
from atlas_assets.sources.prose import stop_words as lists
from atlas_assets.sources.prose.words import count
from atlas_assets.stages.bundle import meaning
from atlas_assets.stages.bundle.meaning import Meaning
from atlas_assets.stages.bundle.text_index import TextWords
from atlas_assets.stages.index.entity_index import VectorIndex

PROSE = 48  # characters of half of the texts of a field, at least; shorter ones are searched as they are
MOST_CHARACTERS = 400_000_000  # of all texts; more would take minutes and gigabytes to count


def text_words(entities: pl.DataFrame, fields: list[dict[str, Any]]) -> tuple[TextWords | None, list[str]]:
    """The words of the long texts of each entity, None where there are none; and sentences on what is not searched."""
    named = [field["name"] for field in fields if field["type"] == "text" and _is_prose(entities[field["name"]])]
    if not named:
        return None, []
    length = sum(int(entities[name].str.len_chars().sum() or 0) for name in named)
    if length > MOST_CHARACTERS:
        return None, [f"texts of {length:,} characters are not searched word by word: that is done up to 400 million"]
    texts = entities.select(pl.concat_str(named, separator="\n\n", ignore_nulls=True)).to_series()
    ignored = sorted(lists.of(list(lists.languages_of(texts))))
    words = count(texts, stop_words=ignored)
    if not words.text.size:
        return None, []
    weight = words.weights()
    length_of = np.sqrt(np.bincount(words.text, weight**2, minlength=len(texts)))
    return TextWords(named, words.names, words.text, words.word, weight / length_of[words.text], ignored), []


def by_meaning(run: StageRun, entities: pl.DataFrame, known: TextWords | None) -> tuple[Meaning | None, list[str]]:
    """A model of words beside the vectors of the entities, where one static model makes both."""
    options = run.spec.source.options
    if run.spec.source.kind.name != "text_vectors" or options.url is not None:
        return None, []
    try:
        model = models.load(options.model)
    except DataError as error:  # of a map that was read elsewhere
        return None, [f"visitors cannot search by meaning: {error}"]
    if model.words is None:
        return None, []
    vectors = run.load(VectorIndex, "entity_index").vectors
    if len(vectors) > meaning.MOST_ROWS:
        return None, [f"visitors cannot search by meaning: that is done up to {meaning.MOST_ROWS:,} texts"]
    names, holders = _held(known) if known else _held(_of_labels(entities))
    order = np.argsort(-holders, kind="stable")[: meaning.MOST_WORDS]
    chosen, held = [names[i] for i in order], holders[order]
    seen = set(chosen)
    common = [word for word in model.words() if word not in seen][: meaning.MOST_WORDS - len(chosen)]
    n_holders = np.concatenate([held, np.zeros(len(common))])
    weights = 1 + np.log((1 + len(vectors)) / (1 + n_holders))
    words = [*chosen, *common]
    return meaning.of(words, _embedded(model, words), weights, vectors, model=options.model), []


def _is_prose(values: pl.Series) -> bool:
    return float(values.str.len_chars().drop_nulls().quantile(0.5) or 0) > PROSE


def _held(known: TextWords) -> tuple[list[str], np.ndarray]:
    return known.names.to_list(), np.bincount(known.word, minlength=len(known.names))


def _of_labels(entities: pl.DataFrame) -> TextWords:
    words = count(entities["label"], stop_words=lists.of(list(lists.languages_of(entities["label"]))))
    return TextWords([], words.names, words.text, words.word, np.empty(0), [])


def _embedded(model: models.Model, words: list[str]) -> np.ndarray:
    parts = [model.embed(words[i : i + model.batch]) for i in range(0, len(words), model.batch)]
    return np.concatenate(parts) if parts else np.empty((0, 1), np.float32)
