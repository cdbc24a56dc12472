"""What programs read of a site: llms.txt and the files that it names, true and small."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site import for_programs, site
from atlas_tests.bundle import synthetic


@pytest.fixture(scope="module")
def published(bundle_folder: Path, viewer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site.build(folder, bundle_folder=bundle_folder, viewer_folder=viewer_folder, atlas=synthetic.ATLAS)
    return folder


def test_every_file_that_is_named_is_there_and_none_else(published: Path) -> None:
    told = (published / "llms.txt").read_text(encoding="utf-8")
    assert told.startswith(f"# {synthetic.ATLAS['title']}\n")
    named = re.findall(r"\]\((\S+)\)", told)
    assert all((published / name).is_file() for name in named)
    there = {path.relative_to(published).as_posix() for path in (published / "programs").glob("*.json")}
    assert there == {name for name in named if name.startswith("programs/")}


def test_they_are_small_beside_the_site(published: Path) -> None:
    sizes = {
        path.relative_to(published).as_posix(): path.stat().st_size for path in published.rglob("*") if path.is_file()
    }
    ours = sum(size for name, size in sizes.items() if name.startswith("programs/neighbours"))
    assert ours < for_programs.SHARE * sum(sizes.values())


def test_neighbours_are_those_of_the_bundle_with_their_names(bundle_folder: Path) -> None:
    opened = Bundle(bundle_folder)
    made = for_programs.files(opened, site_bytes=100_000_000)
    entities = [one for name in sorted(made) if "/neighbours-" in name for one in json.loads(made[name])]
    assert sorted(one["id"] for one in entities) == sorted(opened.ids)
    rows, similarity, _ = opened.neighbours(0)
    for one in entities[:20]:
        row = opened.ids.index(one["id"])
        expected = [opened.names[other] for other in rows[row] if other >= 0][: for_programs.NEAREST]
        assert [name for name, _ in one["near"]] == expected
        assert one["near"][0][1] == pytest.approx(float(similarity[row][0]), abs=5e-4)


def test_a_small_budget_keeps_the_best_known(bundle_folder: Path) -> None:
    opened = Bundle(bundle_folder)
    made = for_programs.files(opened, site_bytes=0, address="https://example.org/maps/")
    assert set(made) == {"llms.txt", "programs/schema.json", "programs/regions.json"}
    assert "](https://example.org/maps/programs/schema.json)" in made["llms.txt"].decode()


def test_schema_and_regions_say_what_the_page_shows(bundle_folder: Path) -> None:
    opened = Bundle(bundle_folder)
    made = for_programs.files(opened, site_bytes=0)
    schema, regions = json.loads(made["programs/schema.json"]), json.loads(made["programs/regions.json"])
    assert schema["entities"] == opened.n_rows
    assert [one["key"] for one in schema["maps"]] == [one["key"] for one in opened.manifest["projections"]]
    listed = opened.regions(schema["default"]["projection"])
    assert [one["name"] for one in regions] == [one["name"] for one in listed]
    assert all(set(one["best_known"]) <= set(opened.names) for one in regions)
