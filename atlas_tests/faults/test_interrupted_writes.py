"""A process that is killed at any moment of a write leaves the earlier version or the new one, never a mixture.

What the protocol of the store does to the disk is recorded, as a list of operations; then everything that can be on the
disk after a kill is made from it: each number of whole operations, and of the next one, where it writes, each number of
bytes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atlas_assets.plan import soundness
from atlas_assets.store.artifacts import POINTER
from atlas_assets.store.records import BrokenRecord
from atlas_tests.faults.place import ADDRESS, Place

Recorder = Callable[[str, object], None]


def states_of_a_write(before: Path, after: Path, draft: str) -> Iterator[tuple[str, Path]]:
    """Every state of the store's root between ``before`` and ``after``, by what was done last."""
    root = before.parent / "state"

    def state(what: str) -> tuple[str, Path]:
        return what, root

    address = Path(str(ADDRESS))
    there, here = ({path.name for path in (one / address).iterdir()} for one in (after, before))
    [version] = there - here
    new = after / address / version
    files = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())

    def begin() -> Path:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(before, root)
        own = root / ".staging" / draft
        (own / "files").mkdir(parents=True)
        return own

    own = begin()
    reads = b'{"films/raw": "0123456789abcdef"}'
    for size in range(len(reads) + 1):  # reads.json, and nothing else yet
        (own / "reads.json").write_bytes(reads[:size])
        yield state(f"reads.json, {size} bytes")
    for at, name in enumerate(files):  # the files of the draft, one after the other, byte by byte
        content = (new / name).read_bytes()
        for size in range(len(content) + 1):
            if at and size not in (0, 1, len(content) // 2, len(content)):
                continue  # of the first file every byte; what comes after differs in nothing that is looked at
            (own / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            (own / "files" / name).write_bytes(content[:size])
            yield state(f"{name}, {size} bytes")
    (own / "files").rename(root / address / version)  # published, and the pointer is the old one
    yield state("published")
    record = (after / address / POINTER).read_bytes()
    for size in range(len(record) + 1):  # the new pointer beside it, byte by byte
        (root / ".staging" / f"{draft}-pointer").write_bytes(record[:size])
        yield state(f"pointer's draft, {size} bytes")
    os.replace(root / ".staging" / f"{draft}-pointer", root / address / POINTER)
    yield state("switched")
    shutil.rmtree(own)
    yield state("swept")


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    """The root of a store before and after a write."""
    shutil.copytree(Place.filled(tmp_path / "before").root, tmp_path / "after")
    Place(tmp_path / "after").write("three")
    return tmp_path / "before", tmp_path / "after"


def test_a_kill_at_any_byte_leaves_the_old_version_or_the_new_one(
    written: tuple[Path, Path], record_property: Recorder
) -> None:
    seen, count = set(), 0
    dead = "elsewhere-4194303-1"  # as of a process that is gone
    for what, root in states_of_a_write(*written, draft=f"{dead}-0"):
        text = Place(root).read()
        assert text == ("three" if what in ("switched", "swept") else "two"), what
        seen.add(text)
        count += 1
    assert seen == {"two", "three"}
    assert count > 1000
    record_property("outcome", "old or new version")
    record_property("states", count)


def test_the_next_write_after_a_kill_goes_well(written: tuple[Path, Path]) -> None:
    for number, (what, root) in enumerate(states_of_a_write(*written, draft="elsewhere-4194303-1-0")):
        if number % 101 and what not in ("published", "switched"):
            continue  # a write takes milliseconds
        copy = root.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy)
        place = Place(copy)
        place.write("four")
        assert place.read() == "four", what
        assert soundness.verify(place.store, "films").broken == [], what


def test_a_pointer_that_ends_at_any_byte_is_told_and_mended(tmp_path: Path, record_property: Recorder) -> None:
    """Not by a kill, but by a file system that lost its newest blocks in a power cut."""
    place = Place.filled(tmp_path / "data")
    whole = place.pointer.read_bytes()
    for size in range(len(whole)):
        place.pointer.write_bytes(whole[:size])
        with pytest.raises(BrokenRecord, match=r"current\.json is (empty|not JSON).*atlas doctor --verify"):
            place.store.current(ADDRESS)
    record_property("outcome", "told and mended")
    record_property("states", len(whole))
    place.write("three")  # over a pointer that cannot be read
    assert place.read() == "three"


def test_a_version_that_ends_at_any_byte_is_noticed(tmp_path: Path, record_property: Recorder) -> None:
    place = Place.filled(tmp_path / "data")
    path = place.folder / "info.json"
    whole = path.read_bytes()
    assert json.loads(whole)
    record_property("outcome", "told and mended")
    record_property("states", len(whole))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        [told] = soundness.verify(place.store, "films").broken
        assert "its content is not what was written" in told
        place.write("two")
