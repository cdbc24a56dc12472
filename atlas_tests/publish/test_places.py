"""A site is brought to folders and object stores: only what changed, the page last, nothing of other people touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.publish import places
from atlas_assets.publish.changes import RECORD, changes
from atlas_tests import s3
from atlas_tests.publish.conftest import files_of

Build = Callable[[int], Path]


def publish(destination: object, *options: str) -> str:
    result = CliRunner().invoke(app, ["publish", "toy", str(destination), *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def without_record(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(folder).items() if name != RECORD}


def test_a_folder_gets_the_whole_site_and_the_second_time_nothing(built: Build, tmp_path: Path) -> None:
    folder = built(0)
    publish(tmp_path / "www")
    assert without_record(tmp_path / "www") == files_of(folder)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "www").rglob("*")}
    assert "brings 0 files (0.0 MB), takes 0 away" in publish(tmp_path / "www")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "www").rglob("*")} == times


def test_a_dry_run_says_all_and_does_nothing(built: Build, tmp_path: Path) -> None:
    built(0)
    said = publish(tmp_path / "www", "--dry-run")
    assert "+ index.html" in said
    assert not (tmp_path / "www").exists()


def test_earlier_versions_stay_and_what_is_too_old_goes(built: Build, tmp_path: Path) -> None:
    """Also those that only the destination knows: whoever builds anew every time has one version at hand."""
    import shutil

    www = tmp_path / "www"
    for number in range(3):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        built(number)
        publish(www)
    listed = json.loads((www / "versions.json").read_text())
    assert [entry["n"] for entry in listed] == [50, 60]
    needed = {name for entry in listed for name in entry["files"]}
    assert set(files_of(www)) == needed | {"versions.json", RECORD}
    assert listed[-1]["manifest"] in (www / "index.html").read_text()


def test_what_others_have_put_there_is_neither_removed_nor_replaced(built: Build, tmp_path: Path) -> None:
    www = tmp_path / "www"
    (www / "data").mkdir(parents=True)
    (www / "data" / "mine.txt").write_text("mine")
    for number in range(3):
        built(number)
        publish(www)
    assert (www / "data" / "mine.txt").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("a page of mine")
    result = CliRunner().invoke(app, ["publish", "toy", str(other)])
    assert isinstance(result.exception, AtlasError)
    assert "index.html at the destination have not been put there by Atlas" in str(result.exception)
    assert files_of(other) == {"index.html": b"a page of mine"}
    publish(other, "--take-over")
    assert (other / "index.html").read_bytes() == (www / "index.html").read_bytes()


def test_a_publication_that_is_cut_off_anywhere_is_completed_by_the_next(built: Build, tmp_path: Path) -> None:
    built(0)
    www = tmp_path / "www"
    publish(www)
    folder = built(1)
    total = len(changes(folder, places.look(places.Folder(www)), keep=2).bring) + 4
    old_page = (www / "index.html").read_bytes()
    for stop in range(0, total, 5):

        class Broken(places.Folder):
            left = stop

            def write(self, name: str, data: bytes) -> None:
                if self.left == 0:
                    raise OSError("the line is dead")
                self.left -= 1
                super().write(name, data)

        target = Broken(www)
        with pytest.raises(OSError, match="the line is dead"):
            places.bring(target, changes(folder, places.look(target), keep=2), lambda name: None)
        page = (www / "index.html").read_bytes()
        assert page == old_page  # or it would name a map of which something is missing
    publish(www)
    assert without_record(www) == files_of(folder)


def test_a_folder_that_is_a_file_is_refused(built: Build, tmp_path: Path) -> None:
    built(0)
    (tmp_path / "www").write_text("")
    with pytest.raises(AtlasError, match="is a file; expected a folder"):
        publish(tmp_path / "www")


def test_an_object_store_gets_the_same(built: Build) -> None:
    folder = built(0)
    publish("memory://publish/maps")
    objects = fsspec.filesystem("memory")
    there = {path.removeprefix("/publish/maps/"): objects.cat_file(path) for path in objects.find("/publish/maps")}
    assert {name: data for name, data in there.items() if name != RECORD} == files_of(folder)
    assert "brings 0 files" in publish("memory://publish/maps")
    objects.rm("/publish", recursive=True)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """An S3 of one's own: the address that answers for it, and a bucket in it."""
    with s3.served() as endpoint:
        s3.use(monkeypatch, endpoint)
        fsspec.filesystem("s3").mkdir("maps")
        yield endpoint, "maps"
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_an_object_store_that_refuses_anywhere_is_said_and_visitors_keep_the_page_before(
    built: Build, bucket: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    built(0)
    publish("s3://maps/toys")
    page = fsspec.filesystem("s3").cat("maps/toys/index.html")
    folder = built(1)
    with s3.Faulty(bucket[0]) as faulty:
        s3.use(monkeypatch, faulty.endpoint, retries={"max_attempts": 1})
        for after in (0, 1, 2, 3, 5, 20, 40):
            faulty.breaks("denied", after=after)
            with pytest.raises(
                AtlasError, match=r"s3://maps/toys cannot be read or written .*the same command goes on"
            ):
                publish("s3://maps/toys")
            faulty.breaks(None)
            assert fsspec.filesystem("s3").cat("maps/toys/index.html") == page
        publish("s3://maps/toys")
        assert fsspec.filesystem("s3").cat("maps/toys/index.html") == (folder / "index.html").read_bytes() != page


def test_s3_hands_files_out_with_their_types_and_says_how_long_they_last(built: Build, bucket: tuple[str, str]) -> None:
    import boto3

    folder = built(0)
    publish("s3://maps/toys")
    client = boto3.client("s3", endpoint_url=bucket[0])

    def head(name: str) -> tuple[str, str]:
        answer = client.head_object(Bucket="maps", Key=f"toys/{name}")
        return answer["ContentType"], answer["CacheControl"]

    assert head("index.html") == ("text/html; charset=utf-8", "no-cache")
    assert head("versions.json") == ("application/json", "no-cache")
    assert head("assets/index.aaaa.js") == ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable")
    assert head("downloads/atlas-site.zip") == ("application/zip", "no-cache")
    [manifest] = (path.relative_to(folder).as_posix() for path in folder.glob("data/*/manifest.json"))
    assert head(manifest) == ("application/json", "no-cache")
    built(1)
    assert "takes 0 away" in publish("s3://maps/toys")
    listed = client.get_object(Bucket="maps", Key="toys/versions.json")["Body"].read()
    assert [entry["n"] for entry in json.loads(listed)] == [40, 50]
