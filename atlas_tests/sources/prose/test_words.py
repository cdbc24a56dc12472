"""Words of any script, their weights beside scikit-learn's, phrases beside a plain count, and the tables they make."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from atlas_assets.errors import DataError
from atlas_assets.sources.prose import read as prose
from atlas_assets.sources.prose import stop_words
from atlas_assets.sources.prose.tokens import words_of
from atlas_assets.sources.prose.words import FEWEST_OF_A_PHRASE, TOGETHER, count

WORDS = ("graph", "neural", "network", "of", "café", "naïve", "2019", "жизнь")
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("State-of-the-art GRAPHS, graphs!", ["state", "of", "the", "art", "graphs", "graphs"]),
        ("Bob's dog doesn't bark; l’amour dell'arte", ["bob", "dog", "doesn't", "bark", "amour", "arte"]),
        ("C++ and C# in x86_64, R and 7", ["c++", "and", "c#", "in", "x86", "64", "and"]),
        ("Straße ﬁne Å Ελλάδα हिन्दी", ["straße", "fine", "ελλάδα", "हिन्दी"]),
        ("北京大学でGPUを使う", ["北京", "京大", "大学", "学で", "gpu", "を使", "使う"]),
        ("สวัสดี 한국어 문장", ["สว", "วั", "ัส", "สด", "ดี", "한국어", "문장"]),
        ("… 1 a !", []),
    ],
)
def test_the_words_of_a_text(text, words):
    assert words_of(pl.Series([text]))["word"].to_list() == words


def test_words_stand_in_the_order_of_the_texts_and_nothing_has_none():
    found = words_of(pl.Series(["one two", None, "", "two 北京大学 three"]), first=7)
    assert found.rows() == [(7, "one"), (7, "two"), *((10, word) for word in ("two", "北京", "京大", "大学", "three"))]


@settings(max_examples=15)
@given(TEXTS)
def test_weights_are_the_tf_idf_of_scikit_learn(texts):
    words = count(pl.Series(texts), stop_words=["of"])
    unscaled: Any = None
    theirs = TfidfVectorizer(sublinear_tf=True, norm=unscaled, stop_words=["of"], token_pattern=r"\w\w+")
    expected: dict[tuple[int, str], float] = {}
    if any(set(text.split()) - {"of"} for text in texts):
        matrix = theirs.fit_transform(texts).tocoo()
        names = theirs.get_feature_names_out().tolist()
        expected = {(int(i), names[j]): value for i, j, value in zip(matrix.row, matrix.col, matrix.data, strict=True)}
    made = zip(words.text.tolist(), words.names.gather(words.word).to_list(), words.weights(), strict=True)
    assert {(text, word): weight for text, word, weight in made} == pytest.approx(expected)


@settings(max_examples=15)
@given(st.lists(st.lists(st.sampled_from(WORDS[:4]), max_size=6).map(" ".join), min_size=8, max_size=30))
def test_phrases_are_words_that_keep_standing_side_by_side(texts):
    words = count(pl.Series(texts), stop_words=["of"], phrases=True)
    held = [{word for word in text.split() if word != "of"} for text in texts]
    follow = [
        Counter(
            f"{a} {b}" for a, b in zip(text.split(), text.split()[1:], strict=False) if a != b and "of" not in (a, b)
        )
        for text in texts
    ]
    expected: dict[tuple[int, str], int] = {}
    for phrase in sorted({one for counted in follow for one in counted}):
        together = sum(phrase in counted for counted in follow)
        first, second = (sum(word in one for one in held) / len(texts) for word in phrase.split())
        share = min(together / len(texts), 1 - 1e-9)
        if together >= FEWEST_OF_A_PHRASE and math.log(share / (first * second)) / -math.log(share) >= TOGETHER:
            expected |= {(i, phrase): counted[phrase] for i, counted in enumerate(follow) if phrase in counted}
    made = zip(words.text.tolist(), words.names.gather(words.word).to_list(), words.times.tolist(), strict=True)
    assert {(text, word): times for text, word, times in made if " " in word} == expected
    assert (np.diff(words.text.astype(np.int64) << 32 | words.word) > 0).all()


def test_languages_are_told_by_their_words_and_only_their_lists_are_used():
    english = ["the cat sat on the mat and it was warm", "for the love of a computer system"] * 5
    german = ["der Hund ist in dem Garten und er bellt", "das ist nicht mein Haus"] * 2
    assert list(stop_words.languages_of(pl.Series(english))) == ["english"]
    assert list(stop_words.languages_of(pl.Series(english + german))) == ["english", "german"]
    assert stop_words.languages_of(pl.Series(["graph network", "neural graph"])) == {}
    assert "the" in stop_words.of(["english"])
    assert not {"computer", "system", "der"} & stop_words.of(["english"])
    with pytest.raises(DataError, match=r"texts.stop_words is 'klingon'; expected auto, or some of arabic.*english"):
        stop_words.of(["klingon"])


PAPERS = pl.DataFrame(
    {
        "doi": ["10/a", "10/b", "10/c", "10/d", "10/e"],
        "title": ["Graph networks", "Graph cuts", "Baking bread", "Bread and butter", "Quaternions"],
        "abstract": ["We use graph networks.", "We cut a graph.", "How to bake the bread", None, "Nothing like it"],
        "year": [2001, 2002, 2003, 2004, 2005],
    }
)


def read(folder: Path, table: pl.DataFrame, columns: list[str], **options: Any) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows of the relation with their ids, and the report."""
    table.write_csv(folder / "papers.csv")
    raw = folder / "raw"
    report = prose.read(raw, columns=columns, entities=["papers.csv"], base=folder, **options)
    rows = pl.read_parquet(raw / "interactions.parquet")
    for side in ("collection", "entity"):
        ids = pl.read_parquet(raw / f"{side}_ids.parquet")["id"]
        met = rows[side].unique(maintain_order=True)
        assert met.to_list() == list(range(len(ids)))  # codes count up in the order in which they are met
        rows = rows.with_columns(ids.gather(rows[side]).alias(side))
    return rows, report


def test_texts_are_collected_by_their_words(tmp_path):
    rows, report = read(tmp_path, PAPERS, ["title", "abstract"])
    held = rows.group_by("collection").agg(pl.col("entity").sort()).rows()
    assert sorted(held) == [("bread", ["10/c", "10/d"]), ("graph", ["10/a", "10/b"])]
    entities = pl.read_parquet(tmp_path / "raw" / "entities.parquet")
    assert entities.columns == ["id", "label", "abstract", "year"]
    assert entities["label"].to_list() == PAPERS["title"].to_list()
    assert report["rows"] == 5
    assert "1 texts share no word with another and are not on the map, such as '10/e'" in report["notes"]
    weight = dict(zip(rows["entity"], rows["weight"], strict=True))
    assert weight["10/a"] == pytest.approx((1 + math.log(2)) * (1 + math.log(6 / 3)))


def test_words_are_collected_by_their_texts(tmp_path):
    rows, _ = read(tmp_path, PAPERS, ["title", "abstract"], entity="word", min_texts=2)
    assert rows.columns == ["collection", "entity"]
    assert sorted(rows.rows()) == [("10/a", "graph"), ("10/b", "graph"), ("10/c", "bread"), ("10/d", "bread")]
    assert pl.read_parquet(tmp_path / "raw" / "entities.parquet")["label"].sort().to_list() == ["bread", "graph"]


def test_without_an_id_rows_are_numbered_and_without_a_title_the_text_begins_the_label(tmp_path):
    table = pl.DataFrame({"text": ["a graph of words " * 12, "another graph of words", "a word"]})
    rows, _ = read(tmp_path, table, ["text"])
    assert set(rows["entity"]) == {0, 1}
    labels = pl.read_parquet(tmp_path / "raw" / "entities.parquet")["label"].to_list()
    assert labels[1:] == ["another graph of words", "a word"]
    assert labels[0].startswith("a graph of words a graph")
    assert labels[0].endswith("…")
    assert len(labels[0]) <= 101


def test_the_most_frequent_words_go_where_they_cost_too_much(tmp_path, monkeypatch):
    table = pl.DataFrame({"id": range(40), "text": [f"common pair{i // 2} four{i // 4}" for i in range(40)]})
    monkeypatch.setattr(prose, "MOST_PAIRS", 100)
    rows, report = read(tmp_path, table, ["text"])
    assert "common" not in set(rows["collection"])
    assert "four0" in set(rows["collection"])
    assert "1 words in 40 or more of the 40 texts are left out: common" in report["notes"]


def test_what_cannot_be_texts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"column 'year' holds no words, such as '2001'.*such as 'abstract'"):
        read(tmp_path, PAPERS, ["year"])
    with pytest.raises(DataError, match=r"'abstrct' is missing.*Did you mean 'abstract'\? Set source.texts to it"):
        read(tmp_path, PAPERS, ["abstrct"])
    with pytest.raises(DataError, match=r"has no two texts that share a word"):
        read(tmp_path, PAPERS.head(1), ["title"])
    twice = pl.DataFrame({"paper_id": [1, 1], "text": ["one text", "other text"]})
    with pytest.raises(DataError, match=r"column 'paper_id' holds '?1'? in rows 1, 2"):
        read(tmp_path, twice, ["text"])
