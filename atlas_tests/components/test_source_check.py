"""A source that shrinks, loses columns, changes under the reader's hands or disappears: nothing is stored, and why."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from atlas_assets.builders.materialise import CheckFailed, materialise
from atlas_assets.errors import AtlasError, DataError
from atlas_assets.plan.pipeline import Pipeline, StageRun
from atlas_assets.spec.loading import validate
from atlas_assets.store.artifacts import ArtifactStore, Stored
from atlas_tests import toy
from atlas_tests.components.world import World, messages

FORMS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "csv": pl.DataFrame.write_csv,
    "jsonl": pl.DataFrame.write_ndjson,
    "parquet": pl.DataFrame.write_parquet,
}
TABLES = {
    "interactions": pl.DataFrame({"user": [i % 20 for i in range(200)], "book": [i // 3 for i in range(200)]}),
    "edges": pl.DataFrame({"source": [i // 2 for i in range(200)], "target": [i // 2 + 1 + i % 2 for i in range(200)]}),
    "vectors": pl.DataFrame({"id": range(200), "x": [i / 7 for i in range(200)], "y": [i % 9 / 3 for i in range(200)]}),
}
TABLES["interactions"] = TABLES["interactions"].with_columns(stars=pl.lit(3))
COLUMNS = {
    "interactions": {"collection": "user", "entity": "book", "value": "stars"},
    "edges": {"source": "source", "target": "target"},
    "vectors": {"id": "id", "vector": ["x", "y"]},
}


class Raw:
    """The raw tables of one source, below ``folder`` or at ``at``, an URL."""

    def __init__(self, folder: Path, kind: str, form: str, *, at: str = "", **more: Any) -> None:
        self.folder, self.kind, self.form, self.at, self.more = folder, kind, form, at, more
        self.store = ArtifactStore(folder / "data")

    def put(self, table: pl.DataFrame, name: str = "rows") -> None:
        path = self.folder / f"{name}.{self.form}"
        FORMS[self.form](table, path)
        if self.at:
            fsspec.filesystem(self.at.split("://")[0]).put_file(str(path), f"{self.at}/{path.name}")

    def source(self, pattern: str = "rows") -> dict[str, Any]:
        return {self.kind: f"{self.at}{'/' if self.at else ''}{pattern}.{self.form}", "columns": COLUMNS[self.kind]}

    def read(self, *, accept: bool = False, pattern: str = "rows") -> Stored:
        spec = validate({"source": self.source(pattern) | self.more}, file=Path("defs/toy/defs.yaml"))
        pipeline = Pipeline(spec, base=self.folder)
        return materialise(pipeline.stages[pipeline.raw], pipeline.run(self.store, accept=accept)).stored

    def current(self) -> Stored:
        kind = {"interactions": "collections"}.get(self.kind, self.kind)
        stored = self.store.current(Pipeline(toy.spec(), base=self.folder).address(f"raw_{kind}"))
        assert stored is not None
        return stored


@pytest.fixture(params=itertools.product(TABLES, FORMS), ids="-".join)
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> Raw:
    """Each kind of source in each form, with its whole table."""
    made = Raw(tmp_path, *request.param)
    made.put(TABLES[made.kind])
    return made


def test_a_source_that_lost_many_rows_is_read_only_when_accepted(raw: Raw) -> None:
    first = raw.read()
    raw.put(TABLES[raw.kind].head(181))
    assert raw.read().version != first.version  # nine per cent
    raw.put(TABLES[raw.kind].head(150))
    with pytest.raises(CheckFailed, match=r"size: 150 rows are left of 181, 17\.1 % are gone.*10 %.*rows\.\w+ shrank"):
        raw.read()
    assert raw.read(accept=True).version == raw.current().version
    raw.put(TABLES[raw.kind].head(149))
    assert raw.read().version == raw.current().version  # measured by what was accepted


def test_a_source_that_disappears_is_said_and_what_was_read_stays(raw: Raw) -> None:
    stored = raw.read()
    (raw.folder / f"rows.{raw.form}").rename(raw.folder / f"row.{raw.form}")
    with pytest.raises(DataError, match=rf"rows\.{raw.form} does not exist.*Did you mean 'row\.{raw.form}'"):
        raw.read(accept=True)
    assert raw.current() == stored


def test_a_column_that_is_named_and_gone_is_said(raw: Raw) -> None:
    stored = raw.read()
    last = TABLES[raw.kind].columns[1]
    raw.put(TABLES[raw.kind].rename({last: "other"}))
    with pytest.raises(DataError, match=rf"column '{last}' is missing; expected one of \w+, other"):
        raw.read(accept=True)
    assert raw.current() == stored


def test_ids_of_another_type_are_another_world(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "parquet")
    raw.put(TABLES["interactions"])
    raw.read()
    raw.put(TABLES["interactions"].with_columns(book="isbn " + pl.col("book").cast(pl.String)))
    with pytest.raises(CheckFailed, match=r"columns: ids of entity are text, and were integers.*--accept"):
        raw.read()
    assert raw.read(accept=True)


def test_what_was_guessed_may_not_be_lost_either(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "csv", columns={}, entities="books.csv")
    books = pl.DataFrame({"book": range(67), "title": "a title", "year": range(1900, 1967)})
    raw.put(TABLES["interactions"].rename({"stars": "rating"}))
    raw.put(books, "books")
    raw.read()
    raw.put(TABLES["interactions"].rename({"stars": "remark"}))
    with pytest.raises(CheckFailed, match="columns: no column holds a value any more"):
        raw.read()
    raw.put(TABLES["interactions"].rename({"stars": "rating"}))
    raw.put(books.with_columns(year=pl.lit("unknown")), "books")
    with pytest.raises(CheckFailed, match="the field year of the entities is a text, and was a year"):
        raw.read()
    raw.put(books.drop("year").head(50), "books")
    with pytest.raises(
        CheckFailed, match=r"50 entities are left of 67.*; columns: the field year of the entities is go"
    ):
        raw.read()


def test_vectors_of_another_length_are_of_another_model(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "vectors", "jsonl", columns={})
    raw.put(pl.DataFrame({"id": range(50), "vector": [[i / 3, i % 5 + 0.5] for i in range(50)]}))
    raw.read()
    raw.put(pl.DataFrame({"id": range(50), "vector": [[i / 3, i % 5 + 0.5, 1.0] for i in range(50)]}))
    with pytest.raises(CheckFailed, match="columns: vectors have length 3, and had 2"):
        raw.read()


def test_another_source_in_the_spec_is_not_compared(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "csv")
    raw.put(TABLES["interactions"])
    raw.read()
    raw.put(TABLES["interactions"].head(20), "sample")
    assert raw.read(pattern="sample")


def test_parts_of_a_glob_that_disappear_are_rows_that_are_gone(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "parquet")
    for i in range(4):
        raw.put(TABLES["interactions"], f"part-{i}")
    stored = raw.read(pattern="part-*")
    (tmp_path / "part-2.parquet").unlink()
    with pytest.raises(CheckFailed, match=r"600 rows are left of 800, 25 % are gone.*part-2\.parquet is gone"):
        raw.read(pattern="part-*")
    assert raw.current() == stored


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("form", FORMS)
def test_a_source_that_changes_while_it_is_read_is_not_stored(
    tmp_path: Path, form: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = Raw(tmp_path, "interactions", form, at=f"memory://{tmp_path.name}" if place == "memory" else "")
    raw.put(TABLES["interactions"])
    stored = raw.read()
    more = pl.concat([TABLES["interactions"], TABLES["interactions"]])

    def grows(run: StageRun, folder: Path) -> Any:
        told = run.progress

        def progress(share: float, note: str) -> None:
            told(share, note)
            if share >= 0.8:  # all rows are read
                raw.put(more)

        run.progress = progress
        return make_tables(run, folder)

    from atlas_assets.builders import reading

    make_tables = reading.make_tables
    monkeypatch.setattr(reading, "make_tables", grows)
    with pytest.raises(CheckFailed, match=rf"unchanged while it was read: .*rows\.{form} .* Run it again once nothing"):
        raw.read(accept=True)
    assert raw.current() == stored
    monkeypatch.setattr(reading, "make_tables", make_tables)
    assert raw.read().version != stored.version


def test_the_check_is_on_the_page_of_the_asset_and_can_be_accepted_there(world: World) -> None:
    assert world.materialise(toy.spec(), "raw_collections").success
    version = world.store.current(Pipeline(toy.spec(), base=world.folder).address("raw_collections"))
    toy.write_tables(world.folder, readers=30)
    failed = world.materialise(toy.spec(), "raw_collections")
    [evaluation] = failed.get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed) == ("source", False)
    assert "rows are left of" in (evaluation.description or "")
    assert "The earlier version stays." in messages(failed)[0]
    assert world.store.current(Pipeline(toy.spec(), base=world.folder).address("raw_collections")) == version

    shutil.move(world.folder / "ratings.csv", world.folder / "moved.csv")
    [evaluation] = world.materialise(toy.spec(), "raw_collections").get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed) == ("source", False)
    assert "ratings.csv does not exist" in (evaluation.description or "")

    shutil.move(world.folder / "moved.csv", world.folder / "ratings.csv")
    [evaluation] = world.materialise(toy.spec(), "raw_collections", accept=True).get_asset_check_evaluations()
    assert evaluation.passed


def test_a_source_that_lost_much_is_accepted_in_the_launchpad_of_a_refresh(world: World) -> None:
    stages = ["raw_collections", "entity_index"]
    assert world.refresh(toy.spec(), stages=stages).success
    toy.write_tables(world.folder, readers=30)
    refused = world.refresh(toy.spec(), stages=stages)
    assert not refused.success
    assert "rows are left of" in messages(refused)[0]
    [evaluation] = refused.get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed) == ("source", False)
    accepted = world.refresh(toy.spec(), stages=stages, accept=True)
    assert accepted.success, messages(accepted)


def test_what_is_stored_of_a_source_that_grew_is_that_of_reading_it_anew(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "parquet")
    raw.put(TABLES["interactions"], "part-1")
    raw.read(pattern="part-*")
    raw.put(TABLES["interactions"].head(7), "part-2")
    spec = validate({"source": raw.source("part-*")}, file=Path("defs/toy/defs.yaml"))
    pipeline = Pipeline(spec, base=tmp_path)
    stage = pipeline.stages[pipeline.raw]
    grown = materialise(stage, pipeline.run(raw.store))
    anew = materialise(stage, pipeline.run(raw.store, anew=True))
    assert grown.outcome.metadata["rows_known_before"] == 200
    assert "rows_known_before" not in anew.outcome.metadata
    assert grown.stored.version == anew.stored.version

    elsewhere = ArtifactStore(f"memory://{tmp_path.name}", cache=tmp_path / "cache")
    for _ in range(2):  # what lies elsewhere is not fetched to save reading
        made = materialise(stage, pipeline.run(elsewhere))
        assert made.stored.version == grown.stored.version
        assert "rows_known_before" not in made.outcome.metadata


def test_a_store_that_does_not_answer_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Raw(tmp_path, "interactions", "csv", at=f"memory://{tmp_path.name}")
    raw.put(TABLES["interactions"])

    def times_out(*given: object) -> None:
        raise TimeoutError("no answer")

    address = Pipeline(toy.spec(), base=tmp_path).address("raw_collections")
    with monkeypatch.context() as patch:
        patch.setattr(fsspec, "open", times_out)
        with pytest.raises(DataError, match=r"rows\.csv cannot be opened \(TimeoutError: no answer\).*your network"):
            raw.read()
    assert raw.store.failure(address) is None  # the recipe is the same, and the next attempt may well succeed
    (tmp_path / "rows.csv").write_text("user,book,stars\n1\n")
    fsspec.filesystem("memory").put_file(str(tmp_path / "rows.csv"), f"{raw.at}/rows.csv")
    with pytest.raises(DataError, match="line 2 has 1 fields"):
        raw.read()
    assert raw.store.failure(address) is not None


def test_a_broken_file_is_told_with_its_row(tmp_path: Path) -> None:
    raw = Raw(tmp_path, "interactions", "csv")
    raw.put(TABLES["interactions"])
    stored = raw.read()
    with (tmp_path / "rows.csv").open("a") as file:
        file.write("7,8,many\n")
    with pytest.raises(AtlasError, match=r"rows\.csv: row 201 below the header, column 'stars' is 'many'; expected"):
        raw.read()
    assert raw.current() == stored
