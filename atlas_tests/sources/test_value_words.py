"""Words for values: in their place, of letters together, and never in silence where nothing has the value."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from atlas_assets.errors import SpecError
from atlas_assets.sources import files
from atlas_assets.sources.value_words import worded
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import validate


def spec_of(**attributes: object) -> AtlasSpec:
    return validate(attributes, file=Path("defs/toy/defs.yaml"))


def test_values_are_replaced_and_others_stay():
    found, unused = worded(pl.Series("x", ["a", "b", None, "c"]), {"a": "first", "c": "third", "z": "last"})
    assert found.to_list() == ["first", "b", None, "third"]
    assert unused == ["z"]
    lists, unused = worded(pl.Series("x", [["a", "b"], [], None]), {"a": "first"})
    assert lists.to_list() == [["first", "b"], [], None]
    assert not unused


def test_several_letters_are_their_words_together():
    words = {"W": "white", "U": "blue", "B": "black"}
    found, unused = worded(pl.Series("colors", ["W", "WU", "UW", "R", "WR"]), words)
    assert found.to_list() == ["white", "white & blue", "blue & white", "R", "WR"]
    assert unused == ["B"]
    assert worded(pl.Series(["WU"]), words | {"WU": "Azorius"})[0].to_list() == ["Azorius"]


def test_words_are_read_with_the_table(tmp_path):
    (tmp_path / "rows.csv").write_text("who,what\n" + "".join(f"{i // 2},{i % 4}\n" for i in range(16)))
    (tmp_path / "cards.csv").write_text("what,name,colour\n0,Ox,W\n1,Fish,U\n2,Owl,WU\n3,Rock,\n")
    report = files.read_collections(
        tmp_path / "raw",
        interactions=[str(tmp_path / "rows.csv")],
        columns={"collection": "who", "entity": "what"},
        entities=[str(tmp_path / "cards.csv")],
        entity_columns={"id": "what", "label": "name"},
        fields={"colour": {"type": "category", "words": {"W": "white", "U": "blue", "G": "green"}}},
    )
    table = pl.read_parquet(tmp_path / "raw" / "entities.parquet")
    assert table["colour"].to_list() == ["white", "blue", "white & blue", None]
    assert [note for note in report["notes"] if "'G' is no value of" in note]


def test_words_for_numbers_are_a_mistake():
    with pytest.raises(SpecError, match=r"source.fields.pages.type is 'number'; expected type: category or list"):
        spec_of(source={"interactions": "a.csv", "fields": {"pages": {"type": "number", "words": {1: "one"}}}})


def test_keys_that_yaml_reads_as_numbers_or_truths_are_text():
    fields = {"level": {"type": "category", "words": {7: "easy", True: "yes"}}}
    spec = spec_of(source={"interactions": "a.csv", "fields": fields})
    assert spec.source.fields is not None
    assert spec.source.fields["level"].words == {"7": "easy", "true": "yes"}
