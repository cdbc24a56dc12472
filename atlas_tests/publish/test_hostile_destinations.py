"""What lies at a destination is read, not trusted: nothing outside of it is read, written or deleted because of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError, of_the_machine
from atlas_assets.publish import address, places
from atlas_assets.publish.changes import RECORD, changes
from atlas_assets.stages.site import site
from atlas_assets.store import below
from atlas_tests.bundle import synthetic
from atlas_tests.publish.conftest import files_of, git_is_here

Build = Callable[[int], Path]
OUTSIDE = ["../victim.txt", "data/../../victim.txt", "/etc/victim.txt", "..", "", ".", "a//b", "C:/x", "..\\victim.txt"]
OUTSIDE += ["a/*", "a\nb", "a\0b", "x" * 2000, "data/./x"]


def publish(destination: object, *options: str) -> None:
    result = CliRunner().invoke(app, ["publish", "toy", *options, "--", str(destination)], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sources: tuple[Path, list[Path]]) -> Path:
    """A site, and the same published beside it."""
    folder, (viewer, bundles) = tmp_path_factory.mktemp("made"), sources
    site.build(folder / "site", bundle_folder=bundles[0], viewer_folder=viewer, atlas=synthetic.ATLAS, keep=2)
    there = places.Folder(folder / "www")
    places.bring(there, changes(folder / "site", places.look(there), keep=2), lambda name: None)
    return folder


@pytest.fixture
def www(built: Build, made: Path, tmp_path: Path) -> Path:
    """Where the atlas ``toy`` has been published; beside it a file that nobody but its owner should touch."""
    shutil.copytree(made / "site", tmp_path / "data" / "toy" / "site")
    shutil.copytree(made / "www", tmp_path / "www")
    (tmp_path / "victim.txt").write_text("precious")
    return tmp_path / "www"


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_record_that_names_files_elsewhere_is_refused_and_nothing_is_touched(www: Path, name: str) -> None:
    """A publication used to delete ``../victim.txt``, as a file of Atlas's that is not needed any more."""
    record = json.loads((www / RECORD).read_text())
    record["files"][name] = "0" * 64
    (www / RECORD).write_text(json.dumps(record))
    before = files_of(www.parent)
    with pytest.raises(
        AtlasError, match=r"\.published\.json at the destination names .*; expected names of files below"
    ):
        publish(www)
    assert files_of(www.parent) == before


@pytest.mark.parametrize("name", OUTSIDE)
def test_versions_that_name_files_elsewhere_are_refused(www: Path, name: str) -> None:
    """A publication used to copy ``../victim.txt`` of the storage to the destination."""
    listed = json.loads((www / "versions.json").read_text())
    listed[0]["files"].append(name)
    (www / "versions.json").write_text(json.dumps(listed))
    with pytest.raises(AtlasError, match=r"versions\.json at the destination: version .* names .*; expected names"):
        publish(www)


def test_what_only_the_destination_lists_is_not_taken_from_here(www: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "toy" / "site" / "notes.txt").write_text("mine, and no part of the site")
    listed = json.loads((www / "versions.json").read_text())
    listed.insert(0, listed[0] | {"version": "f00", "manifest": "data/f00/manifest.json", "files": ["notes.txt"]})
    (www / "versions.json").write_text(json.dumps(listed))
    publish(www)
    assert not (www / "notes.txt").exists()


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"files": 3}', '{"files": ["a"]}', "[" * 100_000, "\0"])
def test_a_record_that_is_none_is_said(www: Path, broken: str) -> None:
    (www / RECORD).write_text(broken)
    if broken:
        with pytest.raises(AtlasError, match="is not a record of what was published; expected JSON"):
            publish(www)
    else:
        with pytest.raises(AtlasError, match="have not been put there by Atlas"):
            publish(www)


@pytest.mark.parametrize(
    "broken", ["{", "{}", "[1]", '[{"version": 1}]', '[{"version": "a", "files": "b"}]', "[" * 99_999]
)
def test_a_list_of_versions_that_is_none_is_said(www: Path, broken: str) -> None:
    (www / "versions.json").write_text(broken)
    if broken == "{}":
        publish(www)  # no versions
    else:
        with pytest.raises(AtlasError, match="is not a list of versions"):
            publish(www)


SPOILT: dict[str, Callable[[Path], object]] = {
    "is gone": Path.unlink,
    "ends early": lambda path: os.truncate(path, 10),
    "is longer": lambda path: os.truncate(path, 1 << 30),
    "is a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", ["index.html", "versions.json"])
def test_what_became_of_a_file_at_the_destination_is_seen_and_it_is_brought_again(
    www: Path, name: str, how: str
) -> None:
    """A publication used to say that all was there, since the record listed it."""
    before = files_of(www)
    SPOILT[how](www / name)
    if name == "versions.json" and how in ("ends early", "is longer"):
        with pytest.raises(
            AtlasError, match=r"versions\.json at the destination (is not a list|has 1,073,741,824 bytes)"
        ):
            publish(www)
        (www / name).unlink()
    publish(www)
    assert files_of(www) == before


@pytest.mark.parametrize(
    ("name", "record", "said"),
    [
        ("index.html", {}, r"www/index\.html is a folder, where a file was expected"),
        ("", {"data": "x"}, r"www/data is a folder"),
        ("", {"index.html/x": "x"}, r"index\.html/x lies below a file"),
    ],
)
def test_folders_in_the_place_of_files_are_said(www: Path, name: str, record: dict[str, str], said: str) -> None:
    if name:
        (www / name).unlink()
        (www / name).mkdir()
    listed = json.loads((www / RECORD).read_text())
    (www / RECORD).write_text(json.dumps({"files": listed["files"] | record}))
    with pytest.raises(OSError) as raised:  # noqa: PT011 (said by the command)
        publish(www)
    assert re.search(said, str(of_the_machine(raised.value)))


@pytest.mark.parametrize("link", ["index.html", "data", "assets", "versions.json", RECORD, "downloads/atlas.parquet"])
def test_a_link_at_the_destination_is_not_followed(www: Path, tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (www / link).rename(elsewhere)
    (www / link).symlink_to(elsewhere)
    before = files_of(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes()
    with pytest.raises(AtlasError, match=rf"{link} is a link, and none is followed there.*Delete the link"):
        publish(www)
    assert (files_of(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes()) == before
    with pytest.raises(AtlasError, match="is a link"):
        publish(f"file://{www}")
    (www / link).unlink()
    elsewhere.rename(www / link)
    publish(www)


def test_the_destination_itself_may_be_a_link(www: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(www)
    publish(tmp_path / "here")
    publish(f"file://{tmp_path}/here")


@pytest.mark.skipif(not git_is_here(), reason="git is not installed")
def test_a_branch_with_links_in_the_place_of_files_is_refused(www: Path, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-C", str(tmp_path / "work")]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=gh-pages", str(tmp_path / "work")], check=True)
    (tmp_path / "work" / "data").symlink_to("/etc")
    subprocess.run([*git, "add", "data"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "links"], check=True)
    with pytest.raises(AtlasError, match="data is a link"):
        publish(f"git+file://{tmp_path}/work")


COMMANDS = [
    "git+--upload-pack=touch {mark};x",
    "git+ext::sh -c 'touch {mark}'",
    "git+fd::17",
    "git+ssh://-oProxyCommand=touch${{IFS}}{mark}/x",
    "git+-oProxyCommand=touch {mark}:x",
    "git+file:///tmp/x#--upload-pack=touch {mark}",
    "git+file:///tmp/x#gh-pages:../../x",
    "git+file:///tmp/x#a b",
    "git+file:///tmp/x#refs/heads/*",
    "git+",
    "--upload-pack=touch {mark}",
    "-",
    "",
    " ",
    "www\n",
    "ext::sh -c 'touch {mark}'://x",
    "simplecache::s3://bucket/x",
    "https://example.org/x",
    "javascript://x",
]


@pytest.mark.parametrize("destination", COMMANDS)
def test_no_address_runs_a_command(built: Build, tmp_path: Path, destination: str) -> None:
    """``git+--upload-pack=…`` used to run what it named."""
    mark = tmp_path / "mark"
    destination = destination.format(mark=mark)
    with pytest.raises(AtlasError, match=r"expected|is not an address"):
        publish(destination)
    assert not mark.exists()


@pytest.mark.parametrize("remote", ["--all", "--upload-pack=touch x;y:z", "ext::sh -c true", "-oProxyCommand=x:y"])
def test_no_remote_is_an_option(built: Build, tmp_path: Path, remote: str) -> None:
    with pytest.raises(AtlasError, match=r"begins with -|is no address of a repository"):
        publish(remote, "--github-pages")


def test_addresses_that_are_meant_well_pass() -> None:
    assert address.parse("www") == address.Folder("www")
    assert address.parse("file:///srv/www") == address.Folder("/srv/www")
    assert address.parse("s3://bucket/maps") == address.Store("s3://bucket/maps")
    url = "https://github.com/me/maps.git"
    assert address.parse(f"git+{url}") == address.GitBranch(url, "gh-pages", "")
    assert address.parse(f"git+{url}#site:maps/books/") == address.GitBranch(url, "site", "maps/books")
    assert address.parse(f"git+{url}#docs/v1.2") == address.GitBranch(url, "docs/v1.2", "")
    for url in ("git@github.com:me/maps.git", "host:maps", "ssh://git@host:22/maps", "/srv/maps.git", "../maps.git"):
        assert address.git_url(url) == url


@given(st.text(alphabet="./\\a\n*:C~", max_size=12))
def test_a_name_that_passes_is_below_the_folder(name: str) -> None:
    root = Path("/srv/www")
    if below.is_name(name):
        target = os.path.normpath(root / name)
        assert target.startswith(f"{root}/")
        assert target == f"{root}/{name}"
    else:
        with pytest.raises(AtlasError):
            below.path(root, name)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL to send")
def test_a_publication_that_was_killed_leaves_no_draft_behind_for_long(www: Path) -> None:
    """And drafts of other machines, and files of other programs that look alike, stay."""
    code = (
        "import sys, time; from pathlib import Path; from atlas_assets.store import atomic_file\n"
        f"with atomic_file.replacing(Path({str(www / 'data' / 'x.bin')!r})) as draft:\n"
        "    draft.write_bytes(b'half'); print('now', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        [draft] = www.rglob("*.draft")
        places.Folder(www).sweep()
        assert draft.exists()  # it is being written
        process.send_signal(signal.SIGKILL)
    others = [www / "data" / ".x.bin~elsewhere-1-1.draft", www / ".mine.draft", www / ".x.123.draft"]
    for other in others:
        other.write_text("not ours")
    publish(www)
    assert sorted(www.rglob("*.draft")) == sorted(others)
