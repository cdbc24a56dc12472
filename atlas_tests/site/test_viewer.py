"""Where the viewer comes from, and what is said when it cannot be built. The build itself is tested in a browser."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.stages.site import viewer

NPM = """#!/bin/sh
echo "$@" >> calls
if [ "$1" = ci ]; then mkdir -p node_modules; fi
if [ "$1" = run ]; then mkdir -p "$6/assets"; echo page > "$6/index.html"; echo code > "$6/assets/a.js"; fi
"""


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1")
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text(
        json.dumps({"packages": {"": {}, "node_modules/a": {"version": "1.0.0"}}})
    )
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a node and an npm that only keep a record; nothing else but the system's tools is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in (("node", "#!/bin/sh\necho v22.1.0\n"), ("npm", NPM)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    for tool in ("mkdir", "cat"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def calls(frontend: Path) -> list[str]:
    """What npm was asked for, by its first word and without where to put it."""
    return [line.partition(" --")[0] for line in (frontend / "calls").read_text().splitlines()]


def test_packages_are_installed_once_per_lock_file(frontend: Path, tools: Path, tmp_path: Path) -> None:
    for _ in range(2):
        viewer.build(frontend, tmp_path / "out")
    assert calls(frontend) == ["ci", "run build", "run build"]
    (frontend / "package-lock.json").write_text(json.dumps({"packages": {"node_modules/a": {"version": "2.0.0"}}}))
    viewer.build(frontend, tmp_path / "out")
    assert calls(frontend)[3:] == ["ci", "run build"]
    assert (tmp_path / "out" / "index.html").read_text() == "page\n"
    assert (tmp_path / "out" / "assets" / "a.js").exists()


def test_packages_that_somebody_installed_already_are_used(frontend: Path, tools: Path, tmp_path: Path) -> None:
    (frontend / "node_modules").mkdir()
    (frontend / "node_modules" / ".package-lock.json").write_text((frontend / "package-lock.json").read_text())
    viewer.build(frontend, tmp_path / "out")
    assert calls(frontend) == ["run build"]


def test_a_missing_node_is_one_sentence_with_two_ways_out(
    frontend: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(AtlasError, match=r"needs Node 20.19 or newer with npm, and node was not found.*wheel"):
        viewer.build(frontend, tmp_path / "out")


def test_an_old_node_is_named_with_its_version(frontend: Path, tools: Path, tmp_path: Path) -> None:
    (tools / "node").write_text("#!/bin/sh\necho v18.20.1\n")
    with pytest.raises(AtlasError, match=r"needs Node 20.19 or newer, and .*node is v18.20.1"):
        viewer.build(frontend, tmp_path / "out")


def test_a_failed_build_shows_what_npm_said(frontend: Path, tools: Path, tmp_path: Path) -> None:
    (tools / "npm").write_text("#!/bin/sh\necho 'main.ts: no such thing' >&2\nexit 3\n")
    with pytest.raises(AtlasError, match=r"failed:\nmain\.ts: no such thing"):
        viewer.build(frontend, tmp_path / "out")


def test_the_version_follows_the_sources_and_nothing_else(frontend: Path) -> None:
    before = viewer.source_hash(frontend)
    for name in ("dist/index.html", "node_modules/a/index.js", "test/a.test.ts"):
        (frontend / name).parent.mkdir(parents=True, exist_ok=True)
        (frontend / name).write_text("new")
        assert viewer.source_hash(frontend) == before
    for name in ("src/main.ts", "src/more.ts", "package-lock.json"):
        (frontend / name).write_text("new")
        assert viewer.source_hash(frontend) != before
        before = viewer.source_hash(frontend)


def test_an_installed_package_uses_the_viewer_it_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "CHECKOUT", tmp_path / "none")
    monkeypatch.setattr(viewer, "PREBUILT", tmp_path / "_viewer")
    monkeypatch.setenv("PATH", os.devnull)  # no Node
    with pytest.raises(AtlasError, match="There is no viewer"):
        viewer.find()
    (tmp_path / "_viewer" / "assets").mkdir(parents=True)
    (tmp_path / "_viewer" / "index.html").write_text("page")
    viewer.provide(tmp_path / "out")
    assert (tmp_path / "out" / "index.html").read_text() == "page"
    before = viewer.version()
    (tmp_path / "_viewer" / "assets" / "a.js").write_text("code")
    assert viewer.version() != before
