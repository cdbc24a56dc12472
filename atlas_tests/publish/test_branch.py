"""A branch shows the site in one commit, which is replaced, above the commits and beside the files of others."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atlas_assets.cli import app
from atlas_assets.errors import AtlasError
from atlas_assets.publish import address, branch
from atlas_assets.publish.changes import RECORD
from atlas_tests.publish.conftest import files_of, git_is_here

Build = Callable[[int], Path]
pytestmark = pytest.mark.skipif(not git_is_here(), reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "maps.git")
    return tmp_path / "maps.git"


def publish(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["publish", "toy", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def shown(repository: Path, tmp_path: Path, name: str = "gh-pages") -> dict[str, bytes]:
    """What a host would serve: a clone's files."""
    place = tmp_path / f"clone{len(list(tmp_path.glob('clone*')))}"
    git(tmp_path, "clone", "--quiet", "--branch", name, str(repository), str(place))
    return {name: data for name, data in files_of(place).items() if not name.startswith(".git/")}


def test_the_branch_shows_the_site_in_one_commit_however_often_it_is_published(
    built: Build, repository: Path, tmp_path: Path
) -> None:
    for number in range(3):
        folder = built(number)
        publish(f"git+file://{repository}#gh-pages")
    files = shown(repository, tmp_path)
    assert files.pop(RECORD)
    assert files == files_of(folder)
    assert git(repository, "rev-list", "--count", "gh-pages").strip() == "1"


def test_publishing_the_same_again_makes_no_commit(built: Build, repository: Path) -> None:
    built(0)
    publish(f"git+file://{repository}")
    tip = git(repository, "rev-parse", "gh-pages")
    assert "brings 0 files" in publish(f"git+file://{repository}")
    assert git(repository, "rev-parse", "gh-pages") == tip


def test_commits_and_files_of_others_stay(built: Build, repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=gh-pages", "work")
    work = tmp_path / "work"
    for name in ("CNAME", "about.html"):
        (work / name).write_text("maps.example.org")
        git(work, "add", name)
        git(work, "commit", "--quiet", "-m", f"add {name}")
    git(work, "push", "--quiet", str(repository), "gh-pages")
    for number in range(3):
        built(number)
        publish(f"git+file://{repository}#gh-pages:maps/toys")
    files = shown(repository, tmp_path)
    assert files["CNAME"] == files["about.html"] == b"maps.example.org"
    assert ".nojekyll" in files
    assert b"data/" in files["maps/toys/index.html"]
    subjects = git(repository, "log", "--format=%s", "gh-pages").splitlines()
    assert subjects[1:] == ["add about.html", "add CNAME"]
    assert subjects[0].startswith("Toys: the map of ")


def test_a_push_of_somebody_else_meanwhile_is_not_overwritten(built: Build, repository: Path, tmp_path: Path) -> None:
    from atlas_assets.publish.changes import changes

    folder = built(0)
    place = address.GitBranch(f"file://{repository}", address.BRANCH, "")
    with branch.opened(place) as there:
        due = changes(folder, there.look(), keep=2)
        git(tmp_path, "init", "--quiet", "--initial-branch=gh-pages", "work")
        git(tmp_path / "work", "commit", "--quiet", "--allow-empty", "-m", "first")
        git(tmp_path / "work", "push", "--quiet", str(repository), "gh-pages")
        with pytest.raises(AtlasError, match="git push failed"):
            there.bring(due, "the map")
    assert git(repository, "log", "--format=%s", "gh-pages").splitlines() == ["first"]


def test_github_pages_finds_the_remote_of_the_project(
    built: Build, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from atlas_assets import project

    built(0)
    git(tmp_path, "init", "--quiet", "project")
    git(tmp_path / "project", "remote", "add", "origin", f"file://{repository}")
    monkeypatch.setattr(project, "root", lambda: tmp_path / "project")
    publish("--github-pages")
    assert "index.html" in shown(repository, tmp_path)
    with pytest.raises(AtlasError, match="no git repository with a remote 'elsewhere'"):
        publish("elsewhere", "--github-pages")


def test_where_github_serves_a_repository() -> None:
    assert branch.github_address("git@github.com:Me/maps.git") == "https://me.github.io/maps/"
    assert branch.github_address("https://github.com/me/me.github.io", "toys") == "https://me.github.io/toys/"
    assert branch.github_address("file:///somewhere/maps.git") is None
