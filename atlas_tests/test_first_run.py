"""What is said of a first run, and how much of a source is taken, in `atlas new`'s output and in the spec it writes."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from atlas_assets.commands import first_run
from atlas_assets.commands import new as scaffold
from atlas_assets.spec.loading import load

GIB = 1 << 30


@pytest.mark.parametrize(
    ("kind", "n", "numbers", "gib", "top", "said"),
    [
        ("edges", None, None, 16, None, None),
        ("edges", 5_000, None, 16, None, None),
        ("edges", 689_517, None, 16, None, "689,517 entities -> .* 10 min .* 6 GiB of memory$"),
        ("edges", 4_000_000, None, 16, 2_010_000, "there are 16 GiB here, so 2,010,000 best-connected ones are taken"),
        ("vectors", 1_000_000, 64, 16, None, "1,000,000 entities -> .* 15 min .* 9 GiB of memory$"),
        ("vectors", 1_000_000, 784, 16, 920_000, "there are 16 GiB here, so 920,000 sampled ones are taken"),
        ("edges", 100_000, None, 1, 20_000, "best-connected ones are taken"),
    ],
)
def test_everything_is_taken_that_fits_into_memory_and_said(
    kind: str, n: int | None, numbers: int | None, gib: int, top: int | None, said: str | None
) -> None:
    planned = first_run.plan(kind, n, numbers, memory=gib * GIB)

    assert planned.top == top
    assert len(planned.sentences) == (said is not None)
    if said is not None:
        assert re.search(said, planned.sentences[0]), planned.sentences[0]


def new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str = "large", **source: list[str] | None
) -> tuple[str, Path]:
    """What `atlas new` said, and the spec that it wrote."""
    monkeypatch.setenv("ATLAS_DEFS", str(tmp_path / "defs"))
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.chdir(tmp_path)
    console = Console(width=200, record=True)
    given: dict[str, list[str] | None] = {"interactions": None, "edges": None, "vectors": None, "entities": None}
    path = scaffold.new(name, console, force=False, **given | source)  # type: ignore[arg-type]
    return console.export_text(), path


@pytest.fixture
def edges(tmp_path: Path) -> str:
    """A ring of 30,000."""
    ring = pl.int_range(30_000, eager=True)
    pl.DataFrame({"source": ring, "target": (ring + 1) % 30_000}).write_parquet(tmp_path / "edges.parquet")
    return str(tmp_path / "edges.parquet")


def test_a_large_edge_list_is_taken_whole_and_the_spec_says_what_that_takes(
    edges: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_MEMORY", "16G")

    said, path = new(tmp_path, monkeypatch, edges=[edges])

    assert "30,000 entities -> a first run of about 1 min on two cores, and 1 GiB of memory" in said
    assert "  # 30,000 entities -> a first run of about 1 min" in path.read_text()
    assert "  # filter:\n  #   top: 50000 " in path.read_text()
    assert load(path).filter.top is None


def test_where_memory_would_not_do_the_spec_takes_what_fits(
    edges: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_MEMORY", "1G")

    said, path = new(tmp_path, monkeypatch, edges=[edges])

    assert "there are 1 GiB here, so 20,000 best-connected ones are taken (filter: top)" in said
    assert "  # There are 1 GiB here, so 20,000 best-connected ones are taken" in path.read_text()
    assert load(path).filter.top == 20_000


def test_the_same_for_vectors_of_which_a_sample_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.DataFrame({"id": pl.int_range(25_000, eager=True), "x1": 0.5, "x2": 1.5}).write_parquet(tmp_path / "v.parquet")
    monkeypatch.setenv("ATLAS_MEMORY", "1G")

    said, path = new(tmp_path, monkeypatch, vectors=[str(tmp_path / "v.parquet")])

    assert "so 20,000 sampled ones are taken (filter: top)" in said
    assert load(path).filter.top == 20_000


@pytest.mark.parametrize(("n", "least", "k"), [(6, 1, 5), (60, 2, 15), (400, 3, 15), (2_000, 5, 15)])
def test_of_few_entities_none_is_filtered_out_that_a_first_map_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, least: int, k: int
) -> None:
    """Six things in four collections are a map, not a filter that leaves nothing."""
    rows = [(f"basket {i}", f"thing {(i * step) % n}") for i in range(n) for step in (1, 2, 3)]
    pl.DataFrame(rows, schema=["basket", "thing"], orient="row").write_csv(tmp_path / "rows.csv")
    _, path = new(tmp_path, monkeypatch, interactions=["rows.csv"])
    written = load(path)
    assert (written.filter.min_collections, written.sweep.n_neighbors) == (least, [k])


@pytest.mark.parametrize(
    ("name", "noun"),
    [("songs", ("song", "songs")), ("large", ("point", "points")), ("my_songs_2024", ("point", "points"))],
)
def test_visitors_read_of_what_the_atlas_is_called_where_no_column_says_it(
    edges: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, noun: tuple[str, str]
) -> None:
    said, path = new(tmp_path, monkeypatch, name=name, edges=[edges])

    assert load(path).display.entity == noun
    assert f"visitors read of {noun[1]}; display: {{entity: [...]}} in the file says otherwise" in said
