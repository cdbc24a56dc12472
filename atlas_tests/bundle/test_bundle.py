"""What the site loads says what the atlas knows: everything that went in can be read back from the files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from atlas_assets.errors import AtlasError, DataError
from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.bundle.bundle import Bundle
from atlas_assets.stages.quality.measures import DECISIVE, FIGURES
from atlas_tests.bundle import synthetic

N = 900


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bundle.BundleReport]:
    folder = tmp_path_factory.mktemp("bundle")
    return folder, synthetic.build(folder, N)


@pytest.fixture
def opened(made: tuple[Path, bundle.BundleReport]) -> Bundle:
    return bundle.read(made[0])


@pytest.fixture
def entity_of_row(opened: Bundle) -> np.ndarray:
    return np.array([int(text) for text in opened.ids]) // 3


def test_every_row_has_the_label_and_the_id_of_its_entity(opened: Bundle, entity_of_row: np.ndarray) -> None:
    assert sorted(entity_of_row.tolist()) == list(range(N))
    assert opened.names == [f"Thing {i} of group {i % synthetic.GROUPS}" for i in entity_of_row]


def test_every_projection_puts_an_entity_where_it_was(opened: Bundle, entity_of_row: np.ndarray) -> None:
    for projection in synthetic.projections(synthetic.positions(N)):
        wanted = projection.positions[entity_of_row]
        step = (wanted.max(axis=0) - wanted.min(axis=0)) / 65_535
        assert (np.abs(opened.positions(projection.key) - wanted) <= step / 2 + 1e-6).all()
        distortion = opened.distortion(projection.key)
        assert projection.distortion is not None
        assert distortion is not None
        np.testing.assert_allclose(distortion, projection.distortion[entity_of_row], atol=0.5 / 255 + 1e-9)


def test_every_type_of_column_comes_back(opened: Bundle, entity_of_row: np.ndarray) -> None:
    rows = synthetic.entities(N)[entity_of_row]
    np.testing.assert_array_equal(opened.column("popularity"), rows["popularity"].to_numpy().astype(np.float32))
    weight = rows["weight"].cast(pl.Float32).fill_null(math.nan).to_numpy()
    np.testing.assert_array_equal(opened.column("weight"), weight)
    np.testing.assert_array_equal(opened.column("year"), rows["year"].cast(pl.Float32).fill_null(math.nan).to_numpy())
    days = rows["seen"].to_physical().cast(pl.Float32).fill_null(math.nan).to_numpy()
    np.testing.assert_array_equal(opened.column("seen"), days)
    assert opened.column("group") == rows["group"].to_list()
    assert opened.column("maker") == rows["maker"].to_list()
    assert opened.column("rare") == rows["rare"].to_list()
    assert opened.column("tags") == [tags or [] for tags in rows["tags"].to_list()]


def test_columns_say_what_their_values_look_like(opened: Bundle) -> None:
    columns = {entry["name"]: entry for entry in opened.manifest["columns"]}
    assert next(iter(columns)) == "popularity"
    assert columns["popularity"]["label"] == "Boxes"
    assert columns["popularity"]["scale"] == "log"
    assert columns["popularity"]["integer"]
    assert columns["weight"]["scale"] == "linear"
    assert columns["weight"]["unit"] == "kg"
    assert not columns["weight"]["integer"]
    assert columns["weight"]["nulls"] == N // 10
    assert (columns["year"]["min"], columns["year"]["max"]) == (1950, 2019)
    assert columns["group"]["cardinality"] == synthetic.GROUPS
    assert len(columns["year"]["quantiles"]) == 21
    assert columns["year"]["quantiles"] == sorted(columns["year"]["quantiles"])


def test_a_category_that_is_different_everywhere_is_shown_in_details_only(
    opened: Bundle, made: tuple[Path, bundle.BundleReport]
) -> None:
    assert "code" not in {entry["name"] for entry in opened.manifest["columns"]}
    assert "code" in {entry["name"] for entry in opened.manifest["details"]["fields"]}
    assert any(note.startswith("code: has 900 different values") for note in made[1].notes)


def test_neighbours_are_rows_not_entities(opened: Bundle, entity_of_row: np.ndarray) -> None:
    graph = synthetic.graph(synthetic.positions(N))
    indices, similarity, shared = opened.neighbours(0)
    np.testing.assert_array_equal(entity_of_row[indices], graph.indices[entity_of_row])
    np.testing.assert_allclose(similarity, graph.similarity[entity_of_row], rtol=2**-12)
    assert graph.shared is not None
    np.testing.assert_array_equal(shared, graph.shared[entity_of_row])


def test_missing_neighbours_stay_missing(tmp_path: Path) -> None:
    graph = synthetic.graph(synthetic.positions(40))
    graph.indices[:, 10:], graph.similarity[:, 10:] = -1, 0
    synthetic.build(tmp_path, 40, graph=graph)
    indices, similarity, _ = bundle.read(tmp_path).neighbours(0)
    assert (indices[:, 10:] == -1).all()
    assert (indices[:, :10] >= 0).all()
    assert (similarity[:, 10:] == 0).all()


@pytest.mark.parametrize("weigh", [lambda counts: counts + 0.25, lambda counts: counts * 1e30], ids=["0.25", "1e30"])
def test_weighted_counts_are_not_passed_off_as_numbers_of_collections(
    tmp_path: Path, weigh: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Of weights near 1e30, which float32 knows as whole numbers, the last 32 bits used to be shown."""
    graph = synthetic.graph(synthetic.positions(40))
    assert graph.shared is not None
    synthetic.build(tmp_path, 40, graph=dataclasses.replace(graph, shared=weigh(graph.shared)))
    assert bundle.read(tmp_path).neighbours(0)[2] is None


def test_details_hold_every_field_in_its_own_type(opened: Bundle, entity_of_row: np.ndarray) -> None:
    fields = [field["name"] for field in opened.manifest["details"]["fields"]]
    row = int(np.flatnonzero(entity_of_row == 5)[0])
    detail = dict(zip(fields, opened.details(0)[row], strict=True))
    assert detail["popularity"] == synthetic.entities(N)["popularity"][5]
    assert detail["group"] == "group 5"
    assert detail["year"] == 1955
    assert detail["weight"] == 0.5 + 185 / 7 // 0.001 * 0.001 or detail["weight"] == pytest.approx(
        0.5 + 185 / 7, abs=1e-3
    )
    assert detail["seen"] == date.fromordinal(date(1970, 1, 1).toordinal() + 5).isoformat()
    assert detail["rare"] is False
    assert detail["tags"] == ["tag 5", "tag 6"]
    assert detail["summary"] == "The thing with the number 5.\nIt has <i>two</i> lines."
    unknown = dict(zip(fields, opened.details(0)[int(np.flatnonzero(entity_of_row == 7)[0])], strict=True))
    assert [unknown[name] for name in ("maker", "weight", "year", "seen", "rare", "tags")] == [None] * 6


def test_regions_are_where_the_projection_has_them(opened: Bundle) -> None:
    regions = opened.regions("deep")
    assert [entry["name"] for entry in regions] == ["World", *(f"Region {g}" for g in range(synthetic.GROUPS))]
    assert [entry["parent"] for entry in regions] == [None] + [0] * synthetic.GROUPS
    assert set(regions[0]) == {"name", "x", "y", "z", "size", "level", "parent", "priority"}
    assert "z" not in opened.regions("flat")[0]


def test_every_row_knows_its_region(opened: Bundle, entity_of_row: np.ndarray) -> None:
    rows = opened.region_rows("flat")
    assert rows is not None
    regions = opened.regions("flat")
    assert [regions[row]["name"] for row in rows] == [f"Region {i % synthetic.GROUPS}" for i in entity_of_row]


def test_rows_without_a_region_have_none(tmp_path: Path) -> None:
    made = synthetic.projections(synthetic.positions(40))
    assert made[0].region is not None
    some = np.where(np.arange(40) < 5, -1, made[0].region)
    synthetic.build(tmp_path, 40, projections=[dataclasses.replace(made[0], region=some)])
    rows, ids = bundle.read(tmp_path).region_rows("flat"), bundle.read(tmp_path).ids
    assert rows is not None
    assert {int(ids[row]) // 3 for row in np.flatnonzero(rows < 0)} == {0, 1, 2, 3, 4}
    synthetic.build(tmp_path, 40, projections=[dataclasses.replace(made[0], region=None, regions=None)])
    assert bundle.read(tmp_path).region_rows("flat") is None


def test_figures_say_in_words_what_they_mean(opened: Bundle) -> None:
    recall, lift = opened.projection("flat")["figures"]
    assert recall == {"name": "held_out_recall", "text": "12.3 %", "error": "± 0.2", "share": 0.1235}
    assert lift == {"name": "held_out_lift", "text": "41.2 ×", "error": None, "share": None}
    assert set(opened.manifest["figures"]) == {"held_out_recall", "held_out_lift"}
    assert opened.manifest["figures"]["held_out_recall"]["label"] == "Predicts unseen data"


def test_what_can_be_searched_are_short_words_and_not_prose_links_or_numbers(
    opened: Bundle, entity_of_row: np.ndarray
) -> None:
    assert opened.manifest["search"]["fields"] == ["group", "maker", "tags", "code"]
    assert opened.search_texts is not None
    line = opened.search_texts[int(np.flatnonzero(entity_of_row == 5)[0])]
    assert line == "group 5 · maker 5 · tag 5, tag 6 · code 5"


def test_the_fields_to_search_can_be_named_or_be_none_at_all(tmp_path: Path) -> None:
    synthetic.build(tmp_path, 40, search=["summary"])
    texts = bundle.read(tmp_path).search_texts
    assert texts is not None
    assert any(text.startswith("The thing with the number") and "\n" not in text for text in texts)
    synthetic.build(tmp_path, 40, search=[])
    assert bundle.read(tmp_path).search_texts is None
    with pytest.raises(DataError, match=r"search is 'year'; expected some of group, maker, tags, summary, code"):
        synthetic.build(tmp_path, 40, search=["year"])


def test_what_is_searched_is_cut_to_what_a_browser_can_hold(tmp_path: Path) -> None:
    entities = synthetic.entities(40).with_columns(summary=pl.lit("ab " * 500))
    synthetic.build(tmp_path, 40, entities=entities, search=["summary"])
    texts = bundle.read(tmp_path).search_texts
    assert texts is not None
    assert {len(text) for text in texts} == {160}


def test_a_logo_is_a_file_of_the_bundle(tmp_path: Path) -> None:
    atlas = synthetic.ATLAS | {"theme": {"accent": "#c2410c", "palette": ["#112233"]}}
    synthetic.build(tmp_path, 40, atlas=atlas, logo=bundle.Logo(b"<svg/>", "svg"))
    theme = bundle.read(tmp_path).manifest["atlas"]["theme"]
    assert theme["logo"]["path"].endswith(".svg")
    assert (tmp_path / theme["logo"]["path"]).read_bytes() == b"<svg/>"
    assert theme["accent"] == "#c2410c"


def test_large_atlases_are_cut_into_buckets_and_shards(tmp_path: Path) -> None:
    synthetic.build(tmp_path, 10_500)
    opened = bundle.read(tmp_path)
    assert opened.manifest["buckets"] == [5_000, 10_500]
    entity_of_row = np.array([int(text) for text in opened.ids]) // 3
    rows = synthetic.entities(10_500)[entity_of_row]
    assert opened.column("group") == rows["group"].to_list()
    assert opened.column("rare") == rows["rare"].to_list()
    assert opened.column("tags") == [tags or [] for tags in rows["tags"].to_list()]
    np.testing.assert_array_equal(opened.column("popularity"), rows["popularity"].to_numpy().astype(np.float32))
    assert opened.search_texts is not None
    assert len(opened.search_texts) == 10_500
    assert len(opened.names) == len(set(opened.ids)) == len(opened.positions("deep")) == 10_500
    assert len(opened.manifest["neighbours"]["shards"]) == math.ceil(10_500 / 2048)
    assert len(opened.manifest["details"]["shards"]) == math.ceil(10_500 / 1024)
    assert len(opened.details(10)) == 10_500 - 10 * 1024


def test_every_file_is_listed_with_its_size_and_named_by_its_hash(made: tuple[Path, bundle.BundleReport]) -> None:
    folder, report = made
    listed: list[dict] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            if {"path", "bytes"} <= set(value) and "name" not in value:
                listed.append(value)
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    collect(json.loads((folder / "manifest.json").read_text()))
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {file["path"] for file in listed} == on_disk - {"manifest.json", "atlas.parquet"}
    for file in listed:
        data = (folder / file["path"]).read_bytes()
        assert file["bytes"] == len(data)
        assert file["path"].split(".")[-2] == hashlib.sha256(data).hexdigest()[:16]
    assert report.files == len(on_disk)
    assert sum(report.bytes_per_part.values()) == sum((folder / name).stat().st_size for name in on_disk)


def test_equal_atlases_give_equal_bytes(made: tuple[Path, bundle.BundleReport], tmp_path: Path) -> None:
    folder, report = made
    assert synthetic.build(tmp_path, N) == report
    for path in folder.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_the_open_data_hold_everything(made: tuple[Path, bundle.BundleReport], opened: Bundle) -> None:
    table = pl.read_parquet(made[0] / "atlas.parquet")
    assert table["id"].to_list() == [int(text) for text in opened.ids]
    assert {"label", "popularity", "group", "tags", "x__flat", "y__flat", "z__deep", "x__turned"} <= set(table.columns)
    assert "z__flat" not in table.columns
    assert table["region__flat"][0] == f"Region {table['id'][0] // 3 % synthetic.GROUPS}"
    np.testing.assert_allclose(table["x__deep"].to_numpy(), opened.positions("deep")[:, 0], atol=1e-3)


def test_a_bundle_that_was_written_earlier_can_still_be_read() -> None:
    """``golden`` is what published sites hold. A change that breaks this needs a new VERSION in the manifest."""
    opened = bundle.read(Path(__file__).parent / "golden")
    order = np.array([int(text) for text in opened.ids]) // 3
    rows, points = synthetic.entities(40)[order], synthetic.positions(40)[order]
    assert opened.names == rows["label"].to_list()
    assert opened.column("group") == rows["group"].to_list()
    assert opened.column("rare") == rows["rare"].to_list()
    assert opened.column("tags") == [tags or [] for tags in rows["tags"].to_list()]
    np.testing.assert_array_equal(opened.column("popularity"), rows["popularity"].to_numpy())
    np.testing.assert_allclose(opened.positions("deep"), points, atol=np.ptp(points) / 65_535)
    np.testing.assert_array_equal(
        order[opened.neighbours(0)[0]], synthetic.graph(synthetic.positions(40)).indices[order]
    )
    assert opened.details(0)[3][1] == rows["group"][3]
    assert len(opened.regions("flat")) == synthetic.GROUPS + 1
    region_rows = opened.region_rows("flat")
    assert region_rows is not None
    assert (region_rows == 1 + order % synthetic.GROUPS).all()
    assert opened.search_texts is not None
    assert opened.search_texts[0].startswith(rows["group"][0])


def test_labels_are_cleaned_of_what_would_break_a_page(tmp_path: Path) -> None:
    entities = synthetic.entities(40)
    odd = ["two\nlines", "bell\x07", "\u202eturned", "  ", "<script>alert(1)</script>", "tab\tbed\u2028"]
    entities = entities.with_columns(label=pl.Series([*odd, *entities["label"][len(odd) :]]))
    synthetic.build(tmp_path, 40, entities=entities)
    opened = bundle.read(tmp_path)
    label_of = dict(zip(opened.ids, opened.names, strict=True))
    assert [label_of[str(3 * i)] for i in range(len(odd))] == [
        "two lines",
        "bell",
        "turned",
        "9",
        "<script>alert(1)</script>",
        "tab bed",
    ]


def test_ids_that_are_the_labels_are_not_stored_twice(tmp_path: Path) -> None:
    synthetic.build(tmp_path, 40, entities=synthetic.entities(40).with_columns(id="label"))
    opened = bundle.read(tmp_path)
    assert opened.ids == opened.names
    assert not (tmp_path / "ids").exists()


def test_values_that_are_no_numbers_count_as_unknown(tmp_path: Path) -> None:
    entities = synthetic.entities(40).with_columns(weight=pl.Series([math.inf, math.nan, None, *[1.5] * 37]))
    synthetic.build(tmp_path, 40, entities=entities)
    opened = bundle.read(tmp_path)
    entry = next(entry for entry in opened.manifest["columns"] if entry["name"] == "weight")
    assert (entry["nulls"], entry["min"], entry["max"]) == (3, 1.5, 1.5)


def test_numbers_beyond_what_is_stored_are_said_and_are_no_ends_of_a_scale(tmp_path: Path) -> None:
    entities = synthetic.entities(40).with_columns(weight=pl.Series([1e300, -1e39, *[1.5] * 38]))
    told = synthetic.build(tmp_path, 40, entities=entities).notes
    opened = bundle.read(tmp_path)
    entry = next(entry for entry in opened.manifest["columns"] if entry["name"] == "weight")
    assert (entry["nulls"], entry["min"], entry["max"]) == (2, 1.5, 1.5)
    assert "weight: 2 values beyond 3.4e38 are shown in details only" in told


def test_vectors_without_popularity_get_no_such_column(tmp_path: Path) -> None:
    synthetic.build(tmp_path, 40, entities=synthetic.entities(40).with_columns(popularity=pl.lit(1)))
    manifest = bundle.read(tmp_path).manifest
    assert "popularity" not in {entry["name"] for entry in manifest["columns"]}
    assert manifest["default"]["size"] is None


def test_a_single_entity_is_an_atlas_too(tmp_path: Path) -> None:
    points = np.zeros((1, 2), np.float32)
    empty = np.zeros((1, 5))
    graph = dataclasses.replace(
        synthetic.graph(synthetic.positions(8)), indices=empty.astype(int) - 1, similarity=empty, shared=None
    )
    only = bundle.BundleProjection("only", "Only", "umap", {}, points)
    bundle.build(
        tmp_path,
        atlas=synthetic.ATLAS,
        entities=synthetic.entities(1),
        fields=synthetic.FIELDS,
        graph=graph,
        projections=[only],
        default={"projection": "only", "colour": None, "size": None},
        provenance=synthetic.PROVENANCE,
    )
    assert bundle.read(tmp_path).positions("only").tolist() == [[0, 0]]


def test_many_projections_fit_into_the_manifest_by_leaving_out_what_nobody_needs(tmp_path: Path) -> None:
    few = synthetic.projections(synthetic.positions(40))
    metrics = dict.fromkeys(FIGURES, 0.5)
    many = [*few, *(dataclasses.replace(few[0], key=f"k{i}", metrics=metrics) for i in range(42))]
    provenance = {"atlas_version": "0", "artifacts": {f"projection/k{i}": "0123456789abcdef" for i in range(200)}}
    synthetic.build(tmp_path, 40, projections=many, provenance=provenance)
    manifest = bundle.read(tmp_path).manifest
    assert (tmp_path / "manifest.json").stat().st_size <= 50_000
    assert len(manifest["projections"]) == 45
    own = manifest["projections"][0]["figures"]
    assert [figure["share"] for figure in own] == [0.1235, None]  # the default keeps its own
    kept = {figure["name"] for figure in manifest["projections"][5]["figures"]}
    assert kept == set(DECISIVE)


def test_a_manifest_that_cannot_be_made_small_says_what_to_do(tmp_path: Path) -> None:
    few = synthetic.projections(synthetic.positions(40))
    many = [*few, *(dataclasses.replace(few[0], key=f"k{i}", params={"x": "y" * 1000}) for i in range(50))]
    with pytest.raises(AtlasError, match=r"expected at most 50,000, .* 53 projections .* sweep fewer points"):
        synthetic.build(tmp_path, 40, projections=many)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default": synthetic.DEFAULT | {"projection": "round"}}, r"'round'; expected one of flat, turned, deep"),
        ({"default": synthetic.DEFAULT | {"colour": "home"}}, r"display.colour is 'home'; expected one of popularity,"),
        ({"entities": synthetic.entities(40).drop("year")}, r"entities: columns lack year"),
        ({"graph": synthetic.graph(synthetic.positions(39))}, r"knn_graph: number of rows is 39; expected 40"),
        (
            {"entities": synthetic.entities(40).with_columns(rare=pl.lit("x"))},
            r"field rare holds string.*true or false",
        ),
        ({"entities": synthetic.entities(40).with_columns(weight=pl.lit("x"))}, r"field weight holds string.*numbers"),
        ({"entities": synthetic.entities(40).with_columns(tags=pl.lit("x"))}, r"field tags holds string.*lists"),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        synthetic.build(tmp_path, 40, **change)


def test_a_position_that_is_no_number_is_named_with_its_row(tmp_path: Path) -> None:
    projections = synthetic.projections(synthetic.positions(40).copy())
    projections[1].positions[17, 1] = np.nan
    with pytest.raises(DataError, match="projection turned: row 17 has no finite position"):
        synthetic.build(tmp_path, 40, projections=projections)


def test_a_manifest_that_breaks_the_schema_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"atlas.kind does not fit the schema"):
        synthetic.build(tmp_path, 40, atlas=synthetic.ATLAS | {"kind": "Pictures!"})
    assert not (tmp_path / "manifest.json").exists()


def test_what_is_not_there_is_refused_by_name(tmp_path: Path, opened: Bundle) -> None:
    (tmp_path / "manifest.json").write_text('{"format": "atlas-bundle", "version": 9}')
    with pytest.raises(AtlasError, match="version 9; expected atlas-bundle version 2"):
        bundle.read(tmp_path)
    with pytest.raises(AtlasError, match="no column 'yaer'; expected one of popularity, group"):
        opened.column("yaer")
    with pytest.raises(AtlasError, match="holds no bundle"):
        bundle.read(tmp_path / "nowhere")
