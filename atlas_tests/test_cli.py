"""``atlas`` as a person types it: in a folder of their own, with files of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from atlas_assets.spec.loading import load
from atlas_assets.spec.refresh import RefreshSpec
from atlas_tests import toy
from atlas_tests.command_line import Told, atlas
from atlas_tests.conftest import REPOSITORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    toy.write_tables(tmp_path)
    return tmp_path


NAMED = ("--interactions", "é ratings.csv", "--entities", "é books.csv")


def new_books(folder: Path) -> Told:
    return atlas(folder, "new", "books", "--interactions", "ratings.csv", "--entities", "books.csv")


def test_new_says_what_it_inferred_and_writes_a_spec_that_runs_and_reports(folder: Path) -> None:
    made = new_books(folder)
    assert made.returncode == 0, made.stderr
    for guess in ("user_id -> collection", "book_id -> entity", "rating -> value", "title", "genre -> category"):
        assert guess in made.stdout
    written = (folder / "defs" / "books" / "defs.yaml").read_text(encoding="utf-8")
    assert "interactions: [ratings.csv]" in written  # relative to the project, so that the folder can be moved

    # Without the viewer, whose build needs Node and a minute; the browser tests build it.
    stages = ["raw_collections", "entity_index", "neighbours", "knn_graph", "projection", "regions", "quality"]
    smaller = written.replace("n_neighbors: [15]", "n_neighbors: [5]")
    only_tsne = smaller[: smaller.index("      - {method: umap, from")]
    (folder / "defs" / "books" / "defs.yaml").write_text(only_tsne, encoding="utf-8")
    first = atlas(folder, "run", "books", *(f"--stage={stage}" for stage in [*stages, "sweep_report"]))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "8 made, 0 up to date, 0 failed" in first.stdout

    second = atlas(folder, "run", "books", *(f"--stage={stage}" for stage in [*stages, "sweep_report"]))
    assert "0 made, 8 up to date, 0 failed" in second.stdout

    report = atlas(folder, "report", "books")
    assert "k5_tsne-sp1.5" in report.stdout
    assert "Recommended: k5_tsne-sp1.5" in report.stdout


def test_names_of_all_the_world_are_found_in_a_locale_of_ascii(folder: Path) -> None:
    """Polars takes names as UTF-8; in another locale Python gives it others."""
    here = folder / "Bücher 書"
    here.mkdir()
    for table in ("ratings.csv", "books.csv"):
        (folder / table).rename(here / f"é {table}")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    (here / "dagster.yaml").touch()
    made = subprocess.run(
        [*(sys.executable, "-m", "atlas_assets.cli", "new", "books"), *NAMED],
        cwd=here,
        env=os.environ | {"ATLAS_DEFS": str(here / "defs"), "COLUMNS": "200", "NO_COLOR": "1"} | ascii_only,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert r"B\xfccher \u66f8" in made.stdout
    assert "é ratings.csv" in (here / "defs" / "books" / "defs.yaml").read_text(encoding="utf-8")


def test_the_weights_that_new_suggests_are_valid_once_uncommented(folder: Path) -> None:
    assert new_books(folder).returncode == 0
    path = folder / "defs" / "books" / "defs.yaml"
    written = path.read_text(encoding="utf-8")
    assert "# value_closeness: linear   # pairs whose rating differs count less" in written
    assert "time_half_life" not in written  # there is no column with times
    path.write_text(re.sub(r"(?m)^    # ", "    ", written), encoding="utf-8")
    relation = load(path).relation
    assert relation.normalise == "log_size"
    assert relation.value_weights == {3.0: 0.5, 5.0: 1.0}
    assert relation.value_closeness is not None


def test_what_new_says_about_refreshing_are_the_defaults(folder: Path) -> None:
    assert new_books(folder).returncode == 0
    path = folder / "defs" / "books" / "defs.yaml"
    path.write_text(re.sub(r"(?m)^  # ", "  ", path.read_text(encoding="utf-8")), encoding="utf-8")
    spec = load(path)
    assert spec.refresh == RefreshSpec(cron="0 4 * * *")  # type: ignore[call-arg]
    assert spec.owners == ["me@example.org"]


def typed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, in a folder that is no project, as with this checkout installed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATLAS_")}
    return subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_new_makes_the_folder_that_it_is_called_in_a_project(folder: Path) -> None:
    """Also where a checkout is installed, which then is left as it was."""
    books = ("new", "books", "--interactions", "ratings.csv")
    made = typed(folder, *books)
    assert made.returncode == 0, made.stderr
    assert f"Wrote {folder / 'dagster.yaml'}: this folder is an Atlas project now." in made.stdout
    assert (folder / "defs/books/defs.yaml").exists()
    assert not (REPOSITORY / "atlas_assets/defs/books").exists()

    inner = folder / "inner"
    inner.mkdir()
    assert "is an Atlas project" not in typed(inner, "new", "up", "--interactions", "../ratings.csv").stdout
    assert "interactions: [ratings.csv]" in (folder / "defs/up/defs.yaml").read_text(encoding="utf-8")
    typed(inner, "new", "books", "--here", "--interactions", "../ratings.csv")
    assert (inner / "dagster.yaml").exists()
    assert (inner / "defs/books/defs.yaml").exists()

    told = typed(folder, *books, "--project", "other place").stdout
    assert (folder / "other place/defs/books/defs.yaml").exists()
    assert f"Next: cd '{folder / 'other place'}' && atlas run books" in told
    assert "name two folders" in typed(folder, *books, "--here", "--project", "x").stderr
    assert "ratings.csv is a file" in typed(folder, *books, "--project", "ratings.csv").stderr


def test_new_refuses_to_replace_a_spec_unless_told_to(folder: Path) -> None:
    assert new_books(folder).returncode == 0
    again = new_books(folder)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert "--force" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["new", "books"], "exactly one of --interactions, --edges, --vectors, --texts, --table or --images"),
        (["new", "My Books", "--interactions", "ratings.csv"], "lower-case letters"),
        (["new", "books", "--interactions", "rating.csv"], "rating.csv"),
        (["run", "boks"], "boks is not an atlas here"),
        (["serve", "books"], "holds no site yet. Make it with: atlas run books"),
        (["report", "python_api"], "No map of python_api has been made yet"),
        (["run", "python_api", "--stage", "knn"], "'knn' is not a stage of this atlas. It has: raw_collections"),
        (["run", "python_api", "--point", "k3"], "'k3' is not a point of this atlas"),
    ],
)
def test_a_mistake_is_one_message_and_no_traceback(folder: Path, arguments: list[str], expected: str) -> None:
    done = atlas(folder, *arguments)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_spec_is_explained(folder: Path) -> None:
    new_books(folder)
    path = folder / "defs" / "books" / "defs.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("min_collections", "min_colections"), encoding="utf-8")
    done = atlas(folder, "run", "books")
    assert done.returncode == 1
    assert "filter.min_colections is not a known key" in done.stderr
    assert "Did you mean 'min_collections'?" in done.stderr


def test_a_failed_stage_says_why_and_what_was_not_made(folder: Path) -> None:
    new_books(folder)
    (folder / "ratings.csv").write_text("user_id,book_id,rating\nx,1,2\ny,1,2,3\nz,1,2\n", encoding="utf-8")
    done = atlas(folder, "run", "books")
    assert done.returncode == 1
    assert "raw_collections failed:" in done.stdout
    assert "ratings.csv" in done.stdout
    assert "Not made, because what they need is missing or out of date: entity_index" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_doctor_lists_the_atlases_in_a_process_of_its_own(folder: Path) -> None:
    new_books(folder)
    done = subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", "doctor"],
        cwd=folder,
        env=os.environ | {"ATLAS_DEFS": str(folder / "defs"), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "books (collections)" in done.stdout
    assert "python_api (collections)" in done.stdout


def test_a_mistake_ends_a_process_with_code_1(folder: Path) -> None:
    (folder / "dagster.yaml").touch()
    command = [sys.executable, "-m", "atlas_assets.cli", "run", "boks"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "boks is not an atlas here" in done.stderr
    assert "Traceback" not in done.stderr
