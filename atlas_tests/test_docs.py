"""What is written for people: it holds together, and its first steps work as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from atlas_tests.command_line import atlas
from atlas_tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_the_pages_outside_of_docs_lead_somewhere(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (REPOSITORY / link).exists()] == []


def test_the_readme_is_short_and_names_commands_that_there_are() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 200
    from atlas_assets import cli

    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    used = set(re.findall(r"(?m)^atlas (\w+)", text))
    assert used
    assert used <= known
    rules = set(re.findall(r"(?m)^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= rules


def test_docs_are_a_site_without_a_broken_link_in_which_every_page_is_found(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The maps of an atlas as a widget" in (tmp_path / "reference/index.html").read_text(encoding="utf-8")
    nav = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} == set(pages(nav))


def pages(nav: list) -> list[str]:
    """Of a part of the navigation, the pages of all its parts."""
    return [
        page
        for one in nav
        for value in ([one] if isinstance(one, str) else one.values())
        for page in ([value] if isinstance(value, str) else pages(value))
    ]


def test_the_first_tutorial_works_as_it_stands_there(tmp_path: Path) -> None:
    text = (DOCS / "tutorials/first_map.md").read_text(encoding="utf-8")
    name, content = re.findall(r"<!-- file: (\S+) -->\n```csv\n(.*?)```", text, re.DOTALL)[0]
    (tmp_path / name).write_text(content, encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    made = 0
    for command in commands:
        words = shlex.split(command)[1:]
        if words[0] == "new":
            told = atlas(tmp_path, *words)
            assert told.returncode == 0, told.stderr
            made += 1
        elif words[0] == "run":  # as far as the report: the viewer takes a minute to be built
            stages = ("neighbours", "knn_graph", "embedding", "projection", "regions", "quality", "sweep_report")
            told = atlas(tmp_path, *words, *(f"--stage={one}" for one in ("raw_collections", "entity_index", *stages)))
            assert told.returncode == 0, told.stdout + told.stderr
            made += 1
    assert made == 3
