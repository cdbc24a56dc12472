"""Made-up collections of any size, the same ones for the same seed, written in chunks so that memory stays small.

What is imitated: a few entities are in very many collections and most are in a handful (Zipf-Mandelbrot), sizes are
log-normal, and a collection has a topic from which about half of its entities come, so that entities have neighbours.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_ENTITY = 100
MEAN_SIZE = 20
SIGMA = 0.8  # of the logarithm of a collection's size: one in a hundred is six times as large as the median
SHIFT = 10  # p(rank) ~ 1 / (rank + SHIFT): the most frequent entity is in about a tenth of all collections
ENTITIES_PER_TOPIC = 1_000
GENRES = 20  # of the entity table
_CHUNK = 200_000  # collections


def generate(path: Path, *, n_rows: int, seed: int) -> None:
    """Write exactly ``n_rows`` distinct rows over n_rows / 100 entities to a Parquet file.

    Columns [collection int32, entity int32], sorted by both. Ids of entities say nothing about how frequent they are.
    """
    random = np.random.default_rng(seed)
    n_entities, n_topics = _extent(n_rows)
    everywhere, within = _cumulative(n_entities), _cumulative(n_entities // n_topics)
    id_of = _ids_by_rank(random, n_entities)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    schema = pa.schema([("collection", pa.int32()), ("entity", pa.int32())])
    first = written = 0
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        while written < n_rows:
            sizes = random.lognormal(np.log(MEAN_SIZE) - SIGMA**2 / 2, SIGMA, _CHUNK).astype(np.int64) + 2
            sizes = np.minimum(sizes, n_entities // 4)
            sizes = sizes[: np.searchsorted(np.cumsum(sizes), 2 * (n_rows - written)) + 1]
            collection = np.repeat(np.arange(sizes.size), sizes)
            topic = random.integers(0, n_topics, sizes.size)[collection]
            rank = np.searchsorted(everywhere, random.random(collection.size), side="right")
            of_topic = topic + n_topics * np.searchsorted(within, random.random(collection.size), side="right")
            entity = id_of[np.where(random.random(collection.size) < 0.5, of_topic, rank)]
            keys = np.unique(collection * n_entities + entity)[: n_rows - written]
            columns = [(first + keys // n_entities).astype(np.int32), (keys % n_entities).astype(np.int32)]
            writer.write_table(pa.Table.from_arrays([pa.array(column) for column in columns], schema=schema))
            first, written = first + sizes.size, written + keys.size
    os.replace(draft, path)


def describe(path: Path, *, n_rows: int, seed: int) -> None:
    """Write the table of the entities of ``generate(..., n_rows=n_rows, seed=seed)``, sorted by id.

    Columns [id int32, label, genre, year int32]. Labels are three made-up words; one of 20 genres holds whole topics.
    """
    random = np.random.default_rng(seed)
    n_entities, n_topics = _extent(n_rows)
    rank = np.argsort(_ids_by_rank(random, n_entities))
    syllables = [first + vowel + last for first in "bdfglmnprst" for vowel in "aeiou" for last in ("", "n", "r", "st")]
    words = pl.Series([one + two for one in syllables for two in syllables[::7]])
    label = pl.DataFrame([words.gather(random.integers(0, len(words), n_entities)).alias(f"{at}") for at in range(3)])
    pl.DataFrame(
        {
            "id": np.arange(n_entities, dtype=np.int32),
            "label": label.select(pl.concat_str(pl.all(), separator=" ").str.to_titlecase()).to_series(),
            "genre": pl.Series((rank % n_topics) % GENRES).cast(pl.String).str.replace("^", "genre "),
            "year": (2020 - random.geometric(0.05, n_entities)).astype(np.int32),
        }
    ).write_parquet(path)


def _extent(n_rows: int) -> tuple[int, int]:
    """How many entities and how many topics so many rows have."""
    n_entities = max(n_rows // ROWS_PER_ENTITY, 20)
    return n_entities, max(n_entities // ENTITIES_PER_TOPIC, 2)


def _ids_by_rank(random: np.random.Generator, n_entities: int) -> np.ndarray:
    """(n,) int32: ids from the most frequent entity to the rarest. The first thing that is drawn."""
    return random.permutation(n_entities).astype(np.int32)


def _cumulative(n: int) -> np.ndarray:
    """Cumulative probabilities of ranks 0 to n-1; the last is beyond 1, so that every draw finds a rank."""
    weights = np.cumsum(1.0 / (np.arange(n) + 1 + SHIFT))
    weights /= weights[-1]
    weights[-1] = 2.0
    return weights
