"""Words of long texts and meanings of questions come back from the files as they went in, as pages read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.builders import searching
from atlas_assets.stages.bundle import bundle, encoding, meaning, text_index
from atlas_tests.bundle import questions, synthetic

N = 300
TEXT = [{"name": "summary", "label": "Summary", "type": "text", "unit": None}]


@given(st.lists(st.integers(0, 2**35 - 1)))
def test_whole_numbers_of_any_length_come_back(values: list[int]) -> None:
    assert text_index.from_varints(text_index.varints(np.array(values, np.int64))).tolist() == values


def test_what_the_page_is_tested_with_is_what_python_makes() -> None:
    assert json.loads(questions.FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(questions.made())), (
        "write it again: python -m atlas_tests.bundle.questions"
    )


def test_every_word_of_a_long_text_leads_to_its_rows_in_the_order_of_the_bundle(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(text_index, "SHARD_HOLDERS", 100)
    entities = synthetic.entities(N)
    words, notes = searching.text_words(entities, synthetic.FIELDS)
    assert words is not None
    assert (words.fields, notes) == (["summary"], [])
    synthetic.build(tmp_path, N, text_words=words)
    opened = bundle.read(tmp_path)
    index = _unpacked(tmp_path, opened.manifest["texts"]["index"])
    listed = json.loads(index)
    assert len(listed["shards"]) > 4
    held: dict[str, np.ndarray] = {}
    for shard, after in zip(listed["shards"], [*listed["shards"][1:], None], strict=True):
        found = text_index.decode(_unpacked(tmp_path, shard))
        assert next(iter(found)) == shard["first"]
        assert after is None or max(found) < after["first"]
        held |= {word: rows for word, (rows, _) in found.items()}
    summaries = dict(zip(entities["id"].cast(pl.String), entities["summary"], strict=True))
    lines = [
        (summaries[id_] or "").lower().replace("<i>", " ").replace("</i>", " ").replace(".", " ") for id_ in opened.ids
    ]
    assert {"number", "138", "lines"} <= held.keys()
    assert "the" in listed["ignored"]
    assert "the" not in held
    for word, rows in held.items():
        assert rows.tolist() == [row for row, line in enumerate(lines) if word in line.split()], word


def test_short_texts_and_names_need_no_index() -> None:
    short = synthetic.entities(N).with_columns(summary=pl.lit("a short text"))
    assert searching.text_words(short, TEXT) == (None, [])


def test_texts_that_are_too_long_are_said(monkeypatch) -> None:
    monkeypatch.setattr(searching, "MOST_CHARACTERS", 1_000)
    words, notes = searching.text_words(synthetic.entities(N), TEXT)
    assert words is None
    assert "not searched word by word" in notes[0]


def test_the_nearest_by_small_vectors_are_nearly_those_by_the_models() -> None:
    chance = np.random.default_rng(0)
    extent = 1 / np.arange(1, 257) ** 0.7  # as of sentence vectors: few directions matter
    rows, asked = chance.normal(size=(2_000, 256)) * extent, chance.normal(size=(50, 256)) * extent
    made = meaning.of([f"w{i}" for i in range(50)], asked, np.ones(50), rows, model="toy")
    assert made.steps.shape == (50, meaning.DIMS)
    assert made.rows.dtype == np.int8
    small = np.stack([made.vector_of([word]) for word in made.words])
    overlap = np.mean(
        [len(set(a) & set(b)) / 10 for a, b in zip(_nearest(small, made.rows), _nearest(asked, rows), strict=True)]
    )
    assert overlap > 0.75


def _nearest(asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
    unit = rows / np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
    return np.argsort(-(asked @ unit.T), axis=1)[:, :10]


def _unpacked(folder: Path, file: dict) -> bytes:
    return encoding.unpack((folder / file["path"]).read_bytes())
