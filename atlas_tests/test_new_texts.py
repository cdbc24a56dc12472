"""``atlas new --texts``: what it says, what it writes, and that what it writes gives neighbours that share words."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from atlas_assets.builders.reading import read
from atlas_assets.commands.new import new
from atlas_assets.errors import AtlasError
from atlas_assets.sources.memory import Memory
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load
from atlas_assets.stages.artifact import no_progress
from atlas_assets.stages.relation.neighbours import Neighbours

TOPICS = {
    "bread": ["sourdough", "flour", "oven", "yeast", "loaf", "crust", "kneading", "dough", "baking", "rye"],
    "stars": [
        "galaxy",
        "telescope",
        "redshift",
        "nebula",
        "supernova",
        "orbit",
        "quasar",
        "dwarf",
        "spectrum",
        "parallax",
    ],
}
N = 60


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with papers.csv: abstracts about two topics, in turn."""
    chance = random.Random(1)
    rows = []
    for number in range(N):
        topic = list(TOPICS)[number % 2]
        words = chance.sample(TOPICS[topic], 5)
        rows.append((number, f"On the {words[0]}", f"In this paper we look at the {' and the '.join(words)}.", topic))
    table = pl.DataFrame(rows, schema=["paper_id", "title", "abstract", "topic"], orient="row")
    table.write_csv(tmp_path / "papers.csv")
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATLAS_DEFS", str(tmp_path / "defs"))
    return tmp_path


def asked(**changed: Any) -> tuple[str, Path]:
    """What it says, and where the spec is."""
    said = io.StringIO()
    options: dict[str, Any] = {"texts": ["abstract"], "entities": ["papers.csv"]} | changed
    console = Console(file=said, width=500)
    path = new("papers", console, interactions=None, edges=None, vectors=None, force=True, **options)
    return said.getvalue(), path


def nearest(spec: AtlasSpec, folder: Path) -> tuple[pl.Series, Neighbours]:
    """The ids on the map, and their neighbours."""
    read(spec.source, folder / "raw", base=folder, progress=no_progress, memory=Memory())
    index = spec.related.index(folder / "raw", spec, previous=None, progress=no_progress)
    index.save(folder / "index")
    lists, _ = spec.related.count(folder / "index", spec, n_neighbors=5, spare=0, memory=1 << 24, progress=no_progress)
    return pl.read_parquet(folder / "index" / "ids.parquet")["id"], lists


def test_new_says_what_it_understood_and_writes_a_spec_that_finds_the_topics(folder):
    said, path = asked()
    for sentence in (
        "abstract -> texts: 60 of 60 rows",
        "the texts are in English (100%)",
        "paper_id -> id",
        "title -> label",
        "topic -> category field",
        "On the ",
    ):
        assert sentence in said
    spec = load(path)
    assert spec.similarity == "cosine"
    assert set(spec.source.fields or {}) == {"abstract", "topic"}
    ids, lists = nearest(spec, folder)
    assert len(ids) == N
    listed = lists.indices >= 0
    same = ids.to_numpy()[:, None] % 2 == ids.to_numpy()[lists.indices] % 2
    assert same[listed].mean() > 0.95


def test_words_are_mapped_where_they_are_asked_for(folder):
    _said, path = asked(words=True)
    spec = load(path)
    assert (spec.display.entity, spec.display.collection) == (("word", "words"), ("text", "texts"))
    ids, lists = nearest(spec, folder)
    assert set(ids) >= set(TOPICS["bread"]) | set(TOPICS["stars"])
    place = ids.to_list().index("galaxy")
    assert set(ids.gather(lists.indices[place][lists.indices[place] >= 0])) <= {*TOPICS["stars"], "paper", "look", "in"}


def test_a_model_makes_vectors_of_them(folder):
    said, path = asked(model="wordllama")
    assert "“In this paper we look" in said
    spec = load(path)
    assert spec.kind == "vectors"
    ids, lists = nearest(spec, folder)
    same = ids.to_numpy()[:, None] % 2 == ids.to_numpy()[lists.indices] % 2
    assert same.mean() > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"texts": None, "words": True}, "exactly one of"),
        ({"entities": None}, "--texts names columns of a table; give its file with --entities"),
        ({"words": True, "model": "wordllama"}, "give one of the two"),
        ({"texts": ["papers.csv"]}, "is a file.*--texts COLUMN --entities papers.csv"),
        ({"texts": ["abstrakt"]}, "Did you mean 'abstract'"),
        ({"roles": {"collection": "topic"}}, "--collection goes with --interactions, and --texts was given"),
    ],
)
def test_what_cannot_be_meant_is_answered(folder, options, message):
    with pytest.raises(AtlasError, match=f"(?s){message}"):
        asked(**options)


def test_a_model_without_texts_is_answered(folder):
    pl.DataFrame({"source": ["a"], "target": ["b"]}).write_csv("edges.csv")
    with pytest.raises(AtlasError, match="--model goes with --texts COLUMN, which was not given"):
        new(
            "x",
            Console(file=io.StringIO()),
            interactions=None,
            edges=["edges.csv"],
            vectors=None,
            entities=None,
            force=True,
            model="wordllama",
        )


def test_a_spec_without_the_table_is_answered(folder):
    _, path = asked()
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "entities:" not in line))
    with pytest.raises(AtlasError, match=r"source.entities is missing; expected the table.*entities: \[papers.csv\]"):
        load(path)


def test_words_and_vectors_together_find_the_topics_and_say_what_each_found(folder: Path) -> None:
    said, path = asked(model="wordllama", both=True)
    assert "the texts are in English (100%)" in said
    spec = load(path)
    assert spec.source.kind.name == "words_and_vectors"
    assert spec.similarity == "weight"
    ids, lists = nearest(spec, folder)
    assert (lists.indices >= 0).all()
    same = ids.to_numpy()[lists.indices] % 2 == ids.to_numpy()[:, None] % 2
    assert same.mean() > 0.95
    notes = " ".join(json.loads((folder / "raw" / "report.json").read_text(encoding="utf-8"))["notes"])
    assert "words stand in 2 texts or more" in notes
    assert "vectors of 256 numbers by wordllama" in notes
    assert "among the 50 nearest of one of them, by words or by vectors" in notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"both": True, "words": True}, "--both maps texts by their words and by vectors"),
        ({"both": True, "texts": None, "vectors": ["v.npy"]}, "--both goes with --texts COLUMN"),
    ],
)
def test_both_goes_with_texts_alone(folder: Path, options: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"texts": ["abstract"], "entities": ["papers.csv"], "vectors": None} | options
    with pytest.raises(AtlasError, match=said):
        new("papers", Console(file=io.StringIO()), interactions=None, edges=None, force=True, **given)
