"""A site keeps the maps that it showed: listed, whole, loadable one by one, and gone without a trace when too old."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from atlas_assets.stages.bundle import bundle
from atlas_assets.stages.site import site
from atlas_assets.stages.site.site import SiteReport
from atlas_tests.bundle import synthetic
from atlas_tests.site.conftest import write_viewer

SIZES = (40, 50, 60, 70)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """An atlas that grew."""
    root = tmp_path_factory.mktemp("bundles")
    for n in SIZES:
        synthetic.build(root / str(n), n)
    return [root / str(n) for n in SIZES]


def publish(folder: Path, bundle_folder: Path, viewer_folder: Path, *, keep: int = 3) -> SiteReport:
    return site.build(
        folder, bundle_folder=bundle_folder, viewer_folder=viewer_folder, atlas=synthetic.ATLAS, keep=keep
    )


def listed(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "versions.json").read_text())


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_version_is_listed_with_date_and_size_and_can_be_loaded(
    tmp_path: Path, bundles: list[Path], viewer_folder: Path
) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    made = [publish(tmp_path, one, viewer_folder) for one in bundles[:3]]
    versions = listed(tmp_path)
    assert [(one["version"], one["manifest"], one["n"]) for one in versions] == [
        (report.version, report.manifest, n) for report, n in zip(made, SIZES, strict=False)
    ]
    for one in versions:
        assert begun <= datetime.fromisoformat(one["published"]) <= datetime.now(UTC)
        manifest = tmp_path / one["manifest"]
        assert bundle.read(manifest.parent).n_rows == one["n"]
        assert json.loads(manifest.read_text())["versions"] == "versions.json"
        paths = re.findall(r'"path":"([a-z]+/[^"]+\.(?:bin|png))"', manifest.read_text())
        assert {f"{manifest.parent.relative_to(tmp_path).as_posix()}/{path}" for path in paths} <= set(one["files"])
    assert files_of(tmp_path) == {name for one in versions for name in one["files"]} | {"versions.json"}


def test_the_oldest_map_goes_when_there_are_too_many(tmp_path: Path, bundles: list[Path], viewer_folder: Path) -> None:
    made = [publish(tmp_path, one, viewer_folder) for one in bundles]
    assert [one["version"] for one in listed(tmp_path)] == [report.version for report in made[1:]]
    assert not (tmp_path / made[0].manifest).parent.exists()
    publish(tmp_path, bundles[3], viewer_folder, keep=1)
    assert [one["version"] for one in listed(tmp_path)] == [made[3].version]
    assert files_of(tmp_path) == {*listed(tmp_path)[0]["files"], "versions.json"}


def test_a_new_viewer_is_no_new_map(tmp_path: Path, bundles: list[Path], viewer_folder: Path) -> None:
    """Its files are there once, and older maps are not pushed out by releases of the viewer."""
    folder = tmp_path / "site"
    first = publish(folder, bundles[0], viewer_folder, keep=2)
    for mark in ("bbbb", "cccc", "dddd"):
        last = publish(folder, bundles[1], write_viewer(tmp_path / mark, mark), keep=2)
    assert {one["manifest"] for one in listed(folder)} == {first.manifest, last.manifest}
    assert len(list((folder / "data").iterdir())) == 2
    assert listed(folder)[-1]["version"] == last.version
    assert not (folder / "assets" / "index.bbbb.js").exists()
    assert (folder / "assets" / "index.cccc.js").exists()


def test_a_map_that_comes_back_is_the_newest_again(tmp_path: Path, bundles: list[Path], viewer_folder: Path) -> None:
    made = [publish(tmp_path, bundles[number], viewer_folder) for number in (0, 1, 0)]
    assert [one["version"] for one in listed(tmp_path)] == [made[1].version, made[0].version]
    assert made[0].manifest in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("moment", [0, 20, 36, 43, 45, 46, 47])  # of 48 files that are put in place
def test_killed_at_any_moment_leaves_no_file_behind(
    tmp_path: Path, bundles: list[Path], viewer_folder: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Whatever was written of a version that never came to be is gone after the next one."""
    publish(tmp_path, bundles[0], viewer_folder)
    before = {name: (tmp_path / name).read_bytes() for name in listed(tmp_path)[0]["files"] if name.startswith("data/")}
    left, rename, unlink = [moment], os.replace, Path.unlink

    def killed_in_time(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt  # as a kill does, this passes every handler of errors
        rename(source, target)

    def while_alive(path: Path, missing_ok: bool = False) -> None:
        if left[0] >= 0:  # and nobody tidies up
            unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed_in_time)
        patch.setattr(Path, "unlink", while_alive)
        try:
            publish(tmp_path, bundles[1], viewer_folder)
        except KeyboardInterrupt:
            assert {name: (tmp_path / name).read_bytes() for name in before} == before
    publish(tmp_path, bundles[2], viewer_folder, keep=2)
    versions = listed(tmp_path)
    assert versions[-1]["n"] == SIZES[2]
    assert files_of(tmp_path) == {name for one in versions for name in one["files"]} | {"versions.json"}


def test_sites_by_earlier_releases_are_taken_over(tmp_path: Path, bundles: list[Path], viewer_folder: Path) -> None:
    first = publish(tmp_path, bundles[0], viewer_folder)
    [entry] = listed(tmp_path)
    old = (tmp_path / first.manifest).parent
    old.rename(old.with_name(first.version))
    names = [name.replace(old.name, first.version) for name in entry["files"]]
    (tmp_path / "versions.json").write_text(json.dumps([{"version": first.version, "files": names}]))
    publish(tmp_path, bundles[1], viewer_folder)
    taken, _ = listed(tmp_path)
    assert taken["n"] == SIZES[0]
    assert taken["manifest"] == f"data/{first.version}/manifest.json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", taken["published"])
