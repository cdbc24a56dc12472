"""docs/extending.md, run as it stands there: a package of its own that adds one of each, installed beside Atlas."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from atlas_assets import registry
from atlas_assets.errors import AtlasError
from atlas_assets.plan.pipeline import viewer_recipe
from atlas_assets.registry import Registry
from atlas_assets.similarities import COUNT, Similarity
from atlas_assets.stages.bundle.reader import read
from atlas_assets.store.artifacts import Address, ArtifactStore
from atlas_tests import toy
from atlas_tests.conftest import REPOSITORY

KEY = "k5_even-s0.5"


def blocks(language: str) -> list[str]:
    text = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with the atlases of the document, and its package where Python finds it."""
    site = tmp_path / "site"
    (site / "my_maps-1.0.dist-info").mkdir(parents=True)
    (site / "my_maps.py").write_text("\n\n".join(blocks("python")), encoding="utf-8")
    [described] = blocks("toml")
    project = tomllib.loads(described)["project"]
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (site / "my_maps-1.0.dist-info" / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (site / "my_maps-1.0.dist-info" / "METADATA").write_text(about, encoding="utf-8")
    for written in blocks("yaml"):
        file = tmp_path / written.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(parents=True)
        file.write_text(written, encoding="utf-8")
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    (tmp_path / "poem.txt").write_text("the cat sat\nthe dog sat\na cat and a dog\n", encoding="utf-8")
    songs = [f"song {i}" for i in range(12)]
    plays = [f"listener {i},{songs[(i + j) % 12]}" for i in range(24) for j in range(4)]
    (tmp_path / "plays.csv").write_text("listener,song\n" + "\n".join(plays), encoding="utf-8")
    lengths = [f"{song},{i}:0{i % 10}" for i, song in enumerate(songs)]
    (tmp_path / "songs.csv").write_text("song,length\n" + "\n".join(lengths), encoding="utf-8")
    toy.put_viewer(ArtifactStore(str(tmp_path / "data")), recipe=viewer_recipe())
    return tmp_path


def atlas(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = {"ATLAS_STORAGE": folder / "data", "ATLAS_DEFS": folder / "defs", "DAGSTER_HOME": folder}
    path = os.pathsep.join([str(folder / "site"), str(REPOSITORY)])
    environment = os.environ | {name: str(place) for name, place in places.items()} | {"PYTHONPATH": path}
    command = [sys.executable, "-m", "atlas_assets.cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_package_adds_one_of_each_and_an_atlas_is_made_with_them(folder: Path) -> None:
    done = atlas(folder, "run", "songs")
    assert done.returncode == 0, done.stdout + done.stderr
    store = ArtifactStore(str(folder / "data"))
    occupied = json.loads((store.folder(Address("songs", "occupancy", KEY)) / "occupancy.json").read_text())
    assert 0 < occupied["share"] <= 1
    bundle = read(store.folder(Address("songs", "bundle")))
    [column] = [one for one in bundle.manifest["columns"] if one["name"] == "length"]
    assert (column["type"], column["unit"], column["max"]) == ("number", "s", 11 * 60 + 1)
    assert bundle.manifest["neighbours"]["similarity"] == "dice"
    assert bundle.manifest["methods"]["even"]["label"] == "Even"
    first = bundle.neighbours(0)
    assert first[1].max() == pytest.approx(2 * 3 / 4 / 2)  # neighbours on the circle share 3 of their 4 places

    done = atlas(folder, "run", "words", "--stage", "raw_collections")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((store.folder(Address("words", "raw_collections")) / "report.json").read_text())
    assert report["rows"] == 10

    wrong = folder / "defs" / "words" / "defs.yaml"
    wrong.write_text(wrong.read_text().replace("{lines:", "{line:"))
    done = atlas(folder, "run", "words")
    assert done.returncode == 1
    assert "source.line is not a known key" in done.stderr
    assert "Did you mean 'lines'?" in done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nowhere_at_all:THING", "cannot be loaded"),
        ("atlas_assets.similarities:ALL", "is a float; expected a Similarity"),
        ("atlas_assets.similarities:COUNT", "is called 'count', and there is one of that name already"),
    ],
)
def test_what_cannot_be_added_is_named(value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        def select(self, *, group: str) -> list[EntryPoint]:
            return [EntryPoint("mine", value, group)]

    monkeypatch.setattr(registry, "_installed", Installed)
    things = Registry("atlas.similarities", Similarity, (COUNT,))
    for _ in range(2):  # the second look says the same
        with pytest.raises(AtlasError, match=said):
            list(things)
