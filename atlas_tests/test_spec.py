"""What a user writes, and what they are told when it is not right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError, AtlasErrors, SpecError
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.loading import load, load_all, validate
from atlas_assets.spec.sweep import Sweep

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
        (
            {"source": {}},
            "exactly one of interactions, edges, vectors, texts, text_vectors, words_and_vectors, table, images or "
            "python_api (found none",
        ),
        ({"source": {"python_api": {"rots": ["lib"]}}}, "python_api.rots is not a known key; expected one of roots."),
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
        ({"source": SOURCE, "display": {"background": {"drak": "#000000"}}}, "Did you mean 'dark'?"),
        ({"source": SOURCE, "display": {"palette": ["#000000", "blue"]}}, "display.palette[1] is 'blue'"),
        ({"source": SOURCE, "display": {"palette": ["#000000"] * 11}}, "display.palette is "),
        (
            {"source": SOURCE, "display": {"links": [{"label": "x", "url": "javascript:alert(1)"}]}},
            "display.links[0].url is 'javascript:alert(1)'",
        ),
        (
            {"source": SOURCE, "refresh": {"every": 30}},
            "refresh.every is 30; expected a time with its unit (s, min, h,",
        ),
        ({"source": SOURCE, "refresh": {"every": "1s"}}, "refresh.every is '1s'; expected at least 5s"),
        ({"source": SOURCE, "refresh": {"threshold": 1}}, "refresh.threshold is 1; expected a percentage from 0% to"),
        ({"source": SOURCE, "refresh": {"max_shrink": "101%"}}, "Write 1% for one in a hundred"),
        ({"source": SOURCE, "refresh": {"cron": "0 4 * *"}}, "refresh.cron is '0 4 * *'; expected five fields: minute"),
        ({"source": SOURCE, "refresh": {"max_age": 0}}, "refresh.max_age is '0s'; expected a time above 0, or null"),
        ({"source": SOURCE, "refresh": {"thresold": "1%"}}, "Did you mean 'threshold'?"),
        ({"source": SOURCE, "retention": {"versions": 0}}, "retention.versions is 0; expected greater than or equal"),
        ({"source": SOURCE, "owners": ["me"]}, "owners[0] names 'me'; expected an e-mail address, or team: and a name"),
        ({"source": SOURCE, "name": "My Films"}, "expected lower-case letters, digits and _"),
        ({"source": SOURCE, "name": "viewer"}, "Give the atlas another name"),
    ],
)
def test_a_mistake_is_named_with_file_field_and_remedy(attributes: dict, expected: str) -> None:
    message = problem(attributes)
    assert str(FILE) in message
    assert expected in message


def test_how_an_atlas_follows_its_source_is_read_in_seconds_and_shares() -> None:
    given = {"every": "1min", "threshold": "0.5%", "within": "2 h", "settle": 0, "max_shrink": "25%", "max_age": "1w"}
    asked = {"source": SOURCE, "refresh": given | {"cron": "0 4 * * *"}, "retention": {"removed_points": None}}
    spec = validate(asked | {"owners": ["me@example.org", "team:maps"]}, file=FILE)
    refresh = spec.refresh
    assert (refresh.every, refresh.within, refresh.settle, refresh.max_age) == (60, 7200, 0, 7 * 86400)
    assert (refresh.threshold, refresh.max_shrink) == (0.005, 0.25)
    assert spec.retention.removed_points is None
    again = validate(spec.model_dump(by_alias=True), file=FILE)  # as Dagster's component loader does
    assert again == spec


@pytest.mark.parametrize(
    ("source", "watch", "expected"),
    [(SOURCE, None, True), ({"python_api": {}}, None, False), ({"python_api": {}}, True, True), (SOURCE, False, False)],
)
def test_every_source_but_installed_python_is_watched_unless_said_otherwise(source, watch, expected) -> None:
    assert validate({"source": source, "refresh": {"watch": watch}}, file=FILE).watched is expected


def weighting(relation: dict, source: dict = SOURCE) -> dict:
    return validate({"source": source, "relation": relation}, file=FILE).relation.weighting()


def test_without_a_relation_every_pair_counts_one() -> None:
    assert weighting({}) == {
        "normalise": "none",
        "use_weights": True,
        "value_weights": None,
        "value_closeness": None,
        "time_half_life": None,
    }


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ({"value_closeness": "linear"}, {"value_closeness": {"form": "linear", "width": 0.5}}),
        ({"value_closeness": {"form": "linear"}}, {"value_closeness": {"form": "linear", "width": 0.5}}),
        (
            {"value_closeness": {"form": "gaussian", "width": 2}},
            {"value_closeness": {"form": "gaussian", "width": 2.0}},
        ),
        ({"time_half_life": 30}, {"time_half_life": 30.0}),
        ({"time_half_life": "30d"}, {"time_half_life": 30.0}),
        ({"time_half_life": "12h"}, {"time_half_life": 0.5}),
        ({"time_half_life": "1.5 w"}, {"time_half_life": 10.5}),
        ({"time_half_life": "36min"}, {"time_half_life": 0.025}),
        ({"time_half_life": "2y"}, {"time_half_life": 730.5}),
        ({"value_weights": {10: 10.1, 5: 0}}, {"value_weights": {5.0: 0.0, 10.0: 10.1}}),
        ({"use_weights": False, "normalise": "size"}, {"use_weights": False, "normalise": "size"}),
    ],
)
def test_weights_may_be_written_short_and_mean_the_same(relation: dict, expected: dict) -> None:
    assert weighting(relation) == weighting({}) | expected


def test_the_weighting_survives_json() -> None:
    """It is part of the key by which an artifact is found again."""
    found = weighting({"value_weights": {1: 0, 5: 2}, "value_closeness": "linear", "time_half_life": "1d"})
    again = json.loads(json.dumps(found))
    assert {float(value): weight for value, weight in again.pop("value_weights").items()} == {1.0: 0.0, 5.0: 2.0}
    assert again == {name: one for name, one in found.items() if name != "value_weights"}


NAMED = {"columns": {"collection": "user", "entity": "film"}}


@pytest.mark.parametrize(
    ("relation", "source", "expected"),
    [
        ({"value_closeness": "linaer"}, {}, "value_closeness.form is 'linaer'; expected 'linear' or 'gaussian'. Did"),
        ({"value_closeness": "gaussian"}, {}, "value_closeness has no width; expected how far apart two values may be"),
        ({"value_closeness": 0.5}, {}, "is 0.5; expected linear, or a form with its width. Write {form"),
        ({"value_closeness": {"width": 1}}, {}, "relation.value_closeness.form is missing"),
        ({"value_closeness": {"form": "linear", "widht": 1}}, {}, "Did you mean 'width'?"),
        ({"value_closeness": {"form": "linear", "width": 0}}, {}, "closeness.width is 0; expected greater than 0"),
        ({"value_closeness": {"form": "linear", "width": float("inf")}}, {}, "width is inf; expected a finite number"),
        ({"value_closeness": {"form": "linear", "width": True}}, {}, "width is True; expected a valid number"),
        ({"time_half_life": 0}, {}, "relation.time_half_life is 0; expected a time above 0"),
        ({"time_half_life": -1.5}, {}, "relation.time_half_life is -1.5; expected a time above 0"),
        ({"time_half_life": "30 days"}, {}, "expected a time above 0: a number of days, or one with a unit"),
        ({"time_half_life": True}, {}, "Write 30d for thirty days, or 12h for twelve hours."),
        ({"time_half_life": float("nan")}, {}, "relation.time_half_life is nan"),
        ({"value_weights": {}}, {}, "relation.value_weights is empty; expected a table from values to weights"),
        ({"value_weights": [1, 2]}, {}, "relation.value_weights is [1, 2]; expected a table from values to weights"),
        ({"value_weights": {"good": 1}}, {}, "lists 'good'; expected numbers on the left of each colon"),
        ({"value_weights": {5: -1}}, {}, "value_weights.5 is -1; expected a weight: a number, 0 or more. Write"),
        ({"value_weights": {5: float("inf")}}, {}, "relation.value_weights.5 is inf; expected a weight"),
        ({"value_weights": {5: None}}, {}, "relation.value_weights.5 is None; expected a weight"),
        ({"value_weights": {4: 0, 5: 0}}, {}, "relation.value_weights has weight 0 everywhere; expected at least one"),
        ({"value_weight": {4: 1}}, {}, "Did you mean 'value_weights'?"),
        ({"normalise": "sise"}, {}, "Did you mean 'size'?"),
        ({"value_weights": {5: 1}}, NAMED, "the column in source.columns.value, or delete relation.value_weights."),
        ({"value_closeness": "linear"}, NAMED, "relation.value_closeness is given, but the source has no value"),
        ({"time_half_life": 1}, NAMED, "expected a column for source.columns.timestamp"),
        ({"time_half_life": 1}, {"interactions": None, "python_api": {}}, "the source has no timestamp"),
        ({"normalise": "size"}, {"interactions": None, "edges": "e.csv"}, "is given, but the source holds edges"),
        ({"use_weights": False}, {"interactions": None, "vectors": "v.npy"}, "is given, but the source holds vectors"),
        ({"time_half_life": 1}, {"interactions": None, "edges": "e.csv"}, "expected it only with collections"),
    ],
)
def test_a_weight_that_cannot_be_is_named_with_field_and_remedy(relation: dict, source: dict, expected: str) -> None:
    message = problem({"source": SOURCE | source, "relation": relation})
    assert f"{FILE}: relation." in message
    assert expected in message


def test_columns_left_to_be_guessed_may_hold_values_and_times() -> None:
    """Whether they do is known when the files are read; ``pair_weights.of`` says so then."""
    assert weighting({"value_closeness": "linear", "time_half_life": 1})["time_half_life"] == 1.0
    partly = SOURCE | {"columns": {"collection": "user"}}
    assert weighting({"value_closeness": "linear"}, partly)["value_closeness"]["width"] == 0.5


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    with pytest.raises(AtlasErrors) as caught:
        validate({"sauce": 1, "filter": {"min_collections": 0, "larger": "x"}}, file=FILE)
    assert len(caught.value.errors) == 4  # the unknown key, the missing source, and two bad values


def test_a_sweep_of_a_million_points_is_taken_for_a_slip_at_once_unless_its_number_is_said() -> None:
    projection = {"method": "umap", "min_dist": [number / 1000 for number in range(1000)]}
    sweep = {"n_neighbors": list(range(3, 1001)), "projections": [projection]}
    said = problem({"source": SOURCE, "sweep": sweep})
    assert "sweep has 998,000 points; expected at most 200" in said
    assert "add max_points: 998000 below sweep" in said
    few = {"n_neighbors": list(range(3, 303)), "projections": [{"method": "pca"}], "max_points": 300}
    assert len(Sweep.of(validate({"source": SOURCE, "sweep": few}, file=FILE)).projections) == 300


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
