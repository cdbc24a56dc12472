"""The transposed map: decks, readers or files themselves, described by what they hold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.sources.transposed import SHOWN, holdings
from atlas_tests.cases import read_files, read_written


def decks(place: Path) -> None:
    """Eight decks; every one holds card 0, half of them card 1, two each of the others, one of them twice."""
    held = [(d, c) for d in range(8) for c in range(6) if c == 0 or (c == 1 and d % 2) or d // 2 == c - 2]
    rows = [*held, held[-1]]
    table = pl.DataFrame(rows, schema=["deck", "card"], orient="row")
    table.with_columns(pl.format("d{}", "deck").alias("deck"), copies=pl.lit(2)).write_csv(place / "r.csv")
    pl.DataFrame({"card": range(6), "name": [f"Card {c}" for c in range(6)]}).write_csv(place / "cards.csv")
    names = pl.DataFrame({"deck": [f"d{d}" for d in range(8)], "title": [f"Deck {d}" for d in range(8)]})
    names.with_columns(colour=pl.Series(["red", "blue"] * 4)).write_csv(place / "decks.csv")


def test_decks_are_mapped_by_their_cards(place: Path) -> None:
    decks(place)
    got = read_files(place, "interactions", "r.csv", "decks.csv", entity_is="collection", members=["cards.csv"])
    assert got.spec.source.columns.collection == "deck"  # as the file says
    assert got.interactions.select("collection", "entity").row(0) == (0, "d0")
    assert got.interactions.filter(pl.col("entity") == "d1")["collection"].to_list() == [0, 1, 2]
    first = got.entities.filter(pl.col("id") == "d1").row(0, named=True)
    assert first == {
        "id": "d1",
        "label": "Deck 1",
        "colour": "blue",
        "n_held": 3,
        "best_known": ["Card 0", "Card 1", "Card 2"],
    }
    assert got.fields == {"colour": "category", "n_held": "number", "best_known": "list"}
    assert got.report["rows"] == got.interactions.height
    assert "8 collections are what is mapped" in got.notes
    assert got.spec.display.entity == ("deck", "decks")
    assert got.spec.display.collection == ("card", "cards")


def test_a_table_of_cards_is_known_by_its_ids(place: Path) -> None:
    decks(place)
    got = read_files(place, "interactions", "r.csv", "cards.csv", entity_is="collection")
    assert got.spec.source.members == ["cards.csv"]
    assert got.spec.source.entities is None
    assert got.entities["label"].to_list() == got.entities["id"].to_list()
    assert got.entities["best_known"][0][0] == "Card 0"


def test_a_table_of_cards_in_place_of_decks_is_refused_with_what_it_may_be(place: Path) -> None:
    decks(place)
    read_files(place, "interactions", "r.csv", "cards.csv", entity_is="collection")
    written = place / "defs" / "x" / "defs.yaml"
    written.write_text(written.read_text(encoding="utf-8").replace("members:", "entities:"), encoding="utf-8")
    with pytest.raises(AtlasError, match=r"cards\.csv .*call it source\.members"):
        read_written(place)


def test_only_collections_can_be_turned_round(place: Path) -> None:
    decks(place)
    with pytest.raises(AtlasError, match="--entity-is collection goes with --interactions"):
        read_files(place, "edges", "r.csv", entity_is="collection")
    with pytest.raises(AtlasError, match="--members goes with --entity-is collection"):
        read_files(place, "interactions", "r.csv", members=["cards.csv"])
    with pytest.raises(AtlasError, match="expected entity or collection"):
        read_files(place, "interactions", "r.csv", entity_is="decks")


@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1))
def test_holdings_are_those_that_most_collections_hold(rows: list[tuple[int, int]]) -> None:
    collections, members = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    found = holdings(collections, members, n_collections=5, n_members=10)
    fame = Counter(member for _, member in set(rows))
    for c in range(5):
        held = sorted({m for one, m in rows if one == c}, key=lambda m: (-fame[m], m))
        assert found.sizes[c] == len(held)
        assert found.best_known[found.borders[c] : found.borders[c + 1]].tolist() == held[:SHOWN]
