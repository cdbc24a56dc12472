"""What is seen at a source without reading it, and what follows from that."""

from __future__ import annotations

import dataclasses
import os
import uuid
from pathlib import Path

import fsspec
import pytest

from atlas_assets.kinds import python_api
from atlas_assets.plan.source_state import SourceFile, SourceState, Verdict, judge, observe
from atlas_assets.sources.python_api import tree as python_tree
from atlas_assets.spec.atlas import SourceSpec
from atlas_assets.spec.refresh import RefreshSpec

CLOCK = 1_000_000.0
RULES = RefreshSpec(settle="10s", threshold="1%", within="1h", max_shrink="10%")  # type: ignore[arg-type]


def source(**given: object) -> SourceSpec:
    return SourceSpec.model_validate(given)


def state(*, missing: tuple[str, ...] = (), entities: int | None = None, **files: tuple[int, str]) -> SourceState:
    """Files a=(bytes, mark), long settled."""
    made = [
        SourceFile("relation", f"/data/{name}.csv", size, mark, CLOCK - 600) for name, (size, mark) in files.items()
    ]
    if entities is not None:
        made.append(SourceFile("entities", "/data/entities.csv", entities, f"{entities}", CLOCK - 600))
    return SourceState(tuple(made), missing)


def look(before: SourceState | None, now: SourceState, rules: RefreshSpec = RULES, *, waited: float = 0) -> Verdict:
    return judge(before, now, rules, first_seen=CLOCK - waited, clock=CLOCK)


def test_the_fingerprint_changes_with_every_file_and_is_the_same_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("u,e\n1,2\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.csv").write_text("u,e\n1,2\n")
    asked = source(interactions=["a.csv", "parts"], entities=["*.parquet"])
    (tmp_path / "e.parquet").write_bytes(b"1")
    seen = [observe(asked, base=tmp_path)]
    assert [Path(file.name).name for file in seen[0].files] == ["a.csv", "1.csv", "e.parquet"]
    assert observe(asked, base=tmp_path).fingerprint == seen[0].fingerprint
    assert SourceState.of_record(seen[0].as_record()) == seen[0]

    (tmp_path / "parts" / "2.csv").write_text("u,e\n1,2\n")  # inside a folder, too
    seen.append(observe(asked, base=tmp_path))
    os.utime(tmp_path / "parts" / "2.csv", ns=(1, 1))  # same size, written again
    seen.append(observe(asked, base=tmp_path))
    (tmp_path / "e.parquet").unlink()
    seen.append(observe(asked, base=tmp_path))
    assert len({one.fingerprint for one in seen}) == 4
    assert "*.parquet matches no file; expected a pattern that matches some" in seen[-1].missing[0]


def test_objects_of_a_store_are_seen_to_change_by_a_process_that_looks_again() -> None:
    bucket, store = f"memory://{uuid.uuid4().hex}", fsspec.filesystem("memory")
    asked = source(interactions=[f"{bucket}/*.csv"])
    assert observe(asked, base=Path()).missing
    marks = []
    for content in (b"u,e\n1,2\n", b"u,e\n1,3\n", b"u,e\n1,3\n2,3\n"):
        store.pipe_file(f"{bucket}/a.csv", content)
        now = observe(asked, base=Path())
        assert [(file.name.rsplit("/", 1)[1], file.bytes) for file in now.files] == [("a.csv", len(content))]
        assert now.files[0].changed is not None
        marks.append(now.fingerprint)
    assert len(set(marks)) == 3


def test_python_files_are_seen_without_being_read(tmp_path: Path) -> None:
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "a.py").write_text("import os\n")
    (tmp_path / "site-packages" / "b.py").symlink_to("nowhere.py")
    seen = observe(source(python_api={"roots": [str(tmp_path / "site-packages")]}), base=tmp_path)
    assert [file.bytes for file in seen.files] == [10]
    gone = observe(source(python_api={"roots": [str(tmp_path / "gone")]}), base=tmp_path)
    assert "gone is not a folder" in gone.missing[0]


def test_an_installation_is_seen_in_the_records_of_what_is_installed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(python_tree, "default_roots", lambda: [tmp_path])
    monkeypatch.setattr(python_api, "TREE_SECONDS", 1e-9)  # every look is a new one
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool-1.0.dist-info").mkdir()
    (tmp_path / "tool-1.0.dist-info" / "RECORD").write_text("tool/__init__.py,,\n")
    seen = [observe(source(python_api={}), base=tmp_path)]
    (tmp_path / "tool" / "__pycache__").mkdir()  # by importing it
    (tmp_path / "__pycache__").mkdir()
    assert observe(source(python_api={}), base=tmp_path).fingerprint == seen[0].fingerprint
    os.utime(tmp_path / "tool-1.0.dist-info" / "RECORD", ns=(1, 1))  # installed again
    seen.append(observe(source(python_api={}), base=tmp_path))
    (tmp_path / "other").mkdir()
    seen.append(observe(source(python_api={}), base=tmp_path))
    (tmp_path / "single.py").write_text("")
    seen.append(observe(source(python_api={}), base=tmp_path))
    assert len({one.fingerprint for one in seen}) == 4


BEFORE = state(a=(1000, "1"), b=(100_000, "1"))


@pytest.mark.parametrize(
    ("now", "waited", "kind", "said"),
    [
        (BEFORE, 0, "unchanged", "2 files as they were read, 101 kB."),
        (state(a=(1500, "2"), b=(100_000, "1")), 0, "small", "a.csv grew (500 B, 0.5 % of the source). That is below"),
        (state(a=(1500, "2"), b=(100_000, "1")), 3600, "due", "a.csv grew (500 B, 0.5 % of the source)."),
        (state(a=(1000, "1"), b=(101_100, "2")), 0, "due", "b.csv grew (1.1 kB, 1.1 % of the source)."),
        (state(a=(1000, "1"), b=(100_000, "2")), 0, "due", "b.csv was written again (100 kB, 99 % of the source)."),
        (state(a=(1000, "1"), b=(100_000, "1"), c=(9, "1"), d=(9999, "1")), 0, "due", "c.csv is new, and 1 more file"),
        (state(b=(100_000, "1")), 0, "small", "a.csv is gone (1 kB, 0.99 % of the source). That is below 1 %"),
        (state(a=(1000, "1")), 0, "shrunk", "The rows' files went from 101 kB to 1 kB, more than 10 % less."),
        (state(missing=("a.csv does not exist.",)), 0, "missing", "a.csv does not exist. Until then everything stays"),
    ],
)
def test_a_look_is_judged_in_one_sentence(now: SourceState, waited: float, kind: str, said: str) -> None:
    verdict = look(BEFORE, now, waited=waited)
    assert (verdict.kind, verdict.to_be_read) == (kind, kind in ("due", "shrunk"))
    assert verdict.sentence.startswith(said)
    assert (verdict.until == CLOCK - waited + 3600) is (kind == "small")


def test_what_was_read_is_not_known_of_earlier_releases() -> None:
    assert look(None, BEFORE).kind == "due"


def test_an_entity_table_that_shrank_is_seen_beside_rows_that_grew() -> None:
    before, now = state(a=(10_000, "1"), entities=1000), state(a=(20_000, "2"), entities=100)
    assert look(before, now).sentence.startswith("The entity table went from 1 kB to 100 B")
    anything = RefreshSpec(max_shrink="100%")  # type: ignore[arg-type]
    assert look(before, now, anything).kind == "due"


@pytest.mark.parametrize(
    ("seconds_ago", "waited", "kind"),
    [
        (3, 0, "settling"),
        (11, 0, "due"),
        (-2, 0, "settling"),  # the clock of a file server that is a little ahead
        (-5000, 0, "due"),  # a wrong clock must not keep a source from being read
        (3, 3600, "due"),  # nor must a file that is always being written
    ],
)
def test_a_file_that_changed_just_now_is_still_being_written(seconds_ago: float, waited: float, kind: str) -> None:
    grown = dataclasses.replace(BEFORE.files[1], bytes=200_000, mark="2", changed=CLOCK - seconds_ago)
    verdict = look(BEFORE, SourceState((BEFORE.files[0], grown)), waited=waited)
    assert verdict.kind == kind
    if kind == "settling":
        assert verdict.sentence.startswith(f"b.csv changed {max(0, seconds_ago)}s ago: read once it has not changed")
        assert verdict.until == CLOCK - seconds_ago + 10
