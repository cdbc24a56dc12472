"""regions.yaml: what is written there is what the spec has then, and mistakes in it are said as those of defs.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from atlas_assets.errors import AtlasError
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.spec import regions
from atlas_assets.spec.loading import load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "toy" / "defs.yaml"
    path.parent.mkdir()
    attributes = {"source": {"interactions": "a.csv"}, "sweep": {"projections": [{"method": "pca"}]}}
    path.write_text(yaml.safe_dump({"type": "atlas_assets.components.Atlas", "attributes": attributes}))
    return path


def test_names_are_read_from_beside_the_spec(file: Path) -> None:
    assert load(file).regions.names == []
    regions.beside(file).write_text("- {name: Space opera, members: [Dune, 17], size: 80}\n")
    [name] = load(file).regions.names
    assert (name.name, name.members, name.size, name.map) == ("Space opera", ["Dune", 17], 80, None)


def test_names_make_regions_anew_and_follow_the_version_before(file: Path) -> None:
    before = Pipeline(load(file), base=file.parent)
    regions.beside(file).write_text("- {name: Space opera, members: [Dune]}\n")
    after = Pipeline(load(file), base=file.parent)
    key = after.stages["regions"].keys
    assert key is not None
    assert before.stages["regions"].recipe_from({}, key[0]) != after.stages["regions"].recipe_from({}, key[0])
    assert before.lineage("regions", key[0]) == after.lineage("regions", key[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {name: Space opera}", r"regions.yaml: \[0\].members is missing"),
        ("- {name: Space opera, member: [Dune]}", r"regions.yaml: \[0\].member is not a known key"),
        ("name: Space opera", r"regions.yaml holds no list.*one name per line"),
    ],
)
def test_mistakes_are_told_of_this_file(file: Path, text: str, told: str) -> None:
    regions.beside(file).write_text(text)
    with pytest.raises(AtlasError, match=told):
        load(file)
