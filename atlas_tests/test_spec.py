"""What a user writes, and what they are told when it is not right."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError, AtlasErrors, SpecError
from atlas_assets.spec import AtlasSpec, load, load_all, validate

FILE = Path("defs/films/defs.yaml")
SOURCE = {"interactions": "ratings.csv"}


def problem(attributes: dict) -> str:
    with pytest.raises(AtlasError) as caught:
        validate(attributes, file=FILE)
    return str(caught.value)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "defs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_atlas_is_named_after_its_folder_unless_it_says_otherwise() -> None:
    assert validate({"source": SOURCE}, file=FILE).name == "films"
    assert validate({"source": SOURCE, "name": "movies"}, file=FILE).name == "movies"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"interactions": "a.csv"}, "collections"),
        ({"edges": ["a.csv", "b.csv"]}, "edges"),
        ({"vectors": "v.parquet"}, "vectors"),
        ({"python_api": {}}, "collections"),
    ],
)
def test_the_kind_follows_from_the_source(source: dict, kind: str) -> None:
    assert validate({"source": source}, file=FILE).kind == kind


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "source is missing"),
        ({"source": {}}, "exactly one of interactions, edges, vectors or python_api (found none of them)"),
        ({"source": SOURCE | {"edges": "b.csv"}}, "found interactions and edges"),
        ({"source": SOURCE, "fliter": {}}, "fliter is not a known key; expected one of attribution,"),
        ({"source": SOURCE, "fliter": {}}, "Did you mean 'filter'?"),
        ({"source": SOURCE | {"colums": {}}}, "source.colums is not a known key"),
        ({"source": SOURCE | {"columns": {"colection": "u"}}}, "Did you mean 'collection'?"),
        ({"source": SOURCE, "filter": {"min_collections": 0}}, "filter.min_collections is 0; expected greater than"),
        ({"source": SOURCE, "filter": {"larger": "smple"}}, "Did you mean 'sample'?"),
        ({"source": SOURCE, "relation": {"similarity": "cosin"}}, "Did you mean 'cosine'?"),
        ({"source": {"edges": "e.csv"}, "relation": {"similarity": "npmi"}}, "expected one of auto, weight"),
        ({"source": SOURCE, "sweep": {"projections": []}}, "sweep.projections is empty"),
        ({"source": SOURCE, "sweep": {"projections": [{"method": "umpa"}]}}, "Did you mean 'umap'?"),
        ({"source": SOURCE, "sweep": {"projections": [{"method": "umap", "min_dits": 1}]}}, "Did you mean 'min_dist'?"),
        (
            {"source": SOURCE, "sweep": {"projections": [{"method": "tsne", "perplexity": -1}]}},
            "sweep.projections[0].perplexity is -1; expected a number from 2 to 500",
        ),
        ({"source": SOURCE, "sweep": {"projections": [{"method": "pca", "from": "graph"}]}}, "cannot lay out a graph"),
        (
            {"source": SOURCE, "sweep": {"points": [{"projection": {"method": "umap", "n_neighbors": 1.5}}]}},
            "sweep.points[0].projection.n_neighbors is 1.5; expected an integer from 2 to 500",
        ),
        ({"source": SOURCE, "display": {"projection": "k15"}}, "expected one of the sweep's keys (k15_umap"),
        ({"source": SOURCE, "display": {"accent": "red"}}, "display.accent is 'red'"),
        ({"source": SOURCE, "name": "My Films"}, "expected lower-case letters, digits and _"),
        ({"source": SOURCE, "name": "viewer"}, "Give the atlas another name"),
    ],
)
def test_a_mistake_is_named_with_file_field_and_remedy(attributes: dict, expected: str) -> None:
    message = problem(attributes)
    assert str(FILE) in message
    assert expected in message


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    with pytest.raises(AtlasErrors) as caught:
        validate({"sauce": 1, "filter": {"min_collections": 0, "larger": "x"}}, file=FILE)
    assert len(caught.value.errors) == 4  # the unknown key, the missing source, and two bad values


def test_a_file_that_is_not_yaml_is_reported_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "films", "attributes:\n  source: [\n")
    with pytest.raises(SpecError, match=r"defs.yaml: line 3 cannot be read as YAML"):
        load(path)


def test_a_file_without_attributes_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"Start the file with 'type: atlas_assets.components.Atlas'"):
        load(write(tmp_path / "films", "source: {interactions: a.csv}\n"))


def test_two_atlases_with_one_name_are_refused_naming_both_files(tmp_path: Path) -> None:
    text = "attributes: {name: films, source: {interactions: a.csv}}\n"
    first, second = write(tmp_path / "a", text), write(tmp_path / "b", text)
    with pytest.raises(SpecError, match="has this one already") as caught:
        load_all([first, second])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_one_broken_atlas_does_not_hide_the_mistakes_of_another(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "attributes: {source: {}}\n")
    second = write(tmp_path / "b", "attributes: {sauce: {}}\n")
    with pytest.raises(AtlasErrors) as caught:
        load_all([first, second])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_every_field_of_the_spec_is_described_in_its_schema() -> None:
    """The descriptions are the help that editors and `dg docs` show."""
    undescribed = [
        f"{name}.{field}"
        for name, model in AtlasSpec.model_json_schema()["$defs"].items()
        for field, facts in model.get("properties", {}).items()
        if "description" not in facts and name in ("FilterSpec", "EmbeddingSpec", "QualitySpec", "DisplaySpec")
    ]
    assert undescribed == []


def test_the_shipped_atlas_loads() -> None:
    from atlas_assets import project

    [spec] = load_all([project.PACKAGE / "defs" / "python_api" / "defs.yaml"])
    assert spec.name == "python_api"
