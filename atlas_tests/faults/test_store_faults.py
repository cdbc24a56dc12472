"""Files of the store that are not as they were written, and what is said and done about each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.plan import soundness
from atlas_assets.store.artifacts import BROKEN
from atlas_assets.store.content import BrokenArtifact
from atlas_assets.store.records import BrokenRecord
from atlas_tests.faults.place import (
    ADDRESS,
    Place,
    appended,
    flipped,
    pointer,
    pointer_lacks,
    pointer_says,
    truncated,
)

Outcome = Literal["unharmed", "broken", "gone", "unreadable", "newer"]
"""unharmed: it reads as before. broken: noticed when read, set aside. gone: as if never made, and why is said.
unreadable: a record that is said to be none; doctor sets it aside. newer: the same, but doctor leaves it.
In each case but the last, writing the artifact again mends it.
"""


@dataclass(frozen=True)
class Fault:
    name: str
    harm: Callable[[Place], object]
    outcome: Outcome
    said: str = ""


def _swap(place: Place) -> None:
    first, second = place.folder / "info.json", place.folder / "nested" / "b.txt"
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def _folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link_instead(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _other_of_same_size(place: Place) -> None:
    path = place.folder / "info.json"
    before = path.stat()
    path.write_text(path.read_text().replace("two", "owt"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


CONTENT, LACKS = "its content is not what was written", "it lacks "
FAULTS = [
    Fault("array: last byte gone", truncated("a.npy", 0.999), "broken", CONTENT),
    Fault("array: half gone", truncated("a.npy", 0.5), "broken", CONTENT),
    Fault("array: header only", truncated("a.npy", 0.13), "broken", CONTENT),
    Fault("array: empty", truncated("a.npy", 0), "broken", CONTENT),
    Fault("array: first bit", flipped("a.npy", 0), "broken", CONTENT),
    Fault("array: a bit of its header", flipped("a.npy", 0.05), "broken", CONTENT),
    Fault("array: a bit of a number", flipped("a.npy", 0.7), "broken", CONTENT),
    Fault("array: last bit", flipped("a.npy", 1), "broken", CONTENT),
    Fault("array: a byte more", appended("a.npy", b"\0"), "broken", CONTENT),
    Fault("array: a page of zeros more", appended("a.npy", bytes(4096)), "broken", CONTENT),
    Fault("array: missing", lambda p: (p.folder / "a.npy").unlink(), "broken", LACKS + r"a\.npy"),
    Fault("array: renamed", lambda p: (p.folder / "a.npy").rename(p.folder / "A.npy"), "broken", LACKS),
    Fault("array: a folder", lambda p: _folder_instead(p.folder / "a.npy"), "broken", LACKS),
    Fault("array: a link to nothing", lambda p: _link_instead(p.folder / "a.npy", "nowhere"), "broken", LACKS),
    Fault("array: a link to another file", lambda p: _link_instead(p.folder / "a.npy", "info.json"), "broken", CONTENT),
    Fault("record of the array: empty", truncated("info.json", 0), "broken", CONTENT),
    Fault("record of the array: half gone", truncated("info.json", 0.5), "broken", CONTENT),
    Fault("record of the array: a line end more", appended("info.json", b"\n"), "broken", CONTENT),
    Fault("record of the array: as long, but another", _other_of_same_size, "broken", CONTENT),
    Fault("nested file: missing", lambda p: (p.folder / "nested/b.txt").unlink(), "broken", LACKS + "nested"),
    Fault("nested folder: missing", lambda p: shutil.rmtree(p.folder / "nested"), "broken", LACKS + "nested"),
    Fault("two files in each other's place", _swap, "broken", CONTENT),
    Fault("all files missing", lambda p: [shutil.rmtree(p.folder), p.folder.mkdir()], "broken", LACKS),
    Fault("version: gone", lambda p: shutil.rmtree(p.folder), "gone", "is gone: .* does not exist"),
    Fault("version: renamed", lambda p: p.folder.rename(p.folder.with_name("other")), "gone", "is gone"),
    Fault("version: a file", lambda p: [shutil.rmtree(p.folder), p.folder.write_text("")], "gone", "is gone"),
    Fault("earlier version: gone", lambda p: shutil.rmtree(p.earlier), "unharmed"),
    Fault("a file of the file manager's", lambda p: (p.folder / ".DS_Store").write_text("x"), "unharmed"),
    Fault(
        "a file of a person's beside the versions", lambda p: (p.folder.parent / "notes").write_text("x"), "unharmed"
    ),
    Fault("touched, not changed", lambda p: os.utime(p.folder / "a.npy", (1, 1)), "unharmed"),
    Fault("pointer: gone", lambda p: p.pointer.unlink(), "gone", "has not been made yet"),
    Fault("pointer: empty", pointer(b""), "unreadable", "is empty"),
    Fault("pointer: zeros, as after a power cut", pointer(bytes(512)), "unreadable", "is empty"),
    Fault("pointer: blanks", pointer(b"  \n"), "unreadable", "is empty"),
    Fault("pointer: garbage", pointer(b"\x80\x02]q\x00."), "unreadable", "is not JSON"),
    Fault("pointer: UTF-16", pointer('{"version": 1}'.encode("utf-16")), "unreadable", "lacks|has 1|is not JSON"),
    Fault("pointer: text", pointer(b"current"), "unreadable", "is not JSON"),
    Fault("pointer: half", pointer(b'{"version": "0123456789abcdef", "rec'), "unreadable", "is not JSON"),
    Fault("pointer: two documents", pointer(b"{}{}"), "unreadable", "is not JSON"),
    Fault("pointer: nested without end", pointer(b'{"a":' * 50_000), "unreadable", "is not JSON"),
    Fault("pointer: a number without end", pointer(b"9" * 10_000), "unreadable", "is not JSON"),
    Fault("pointer: null", pointer(b"null"), "unreadable", "holds a NoneType"),
    Fault("pointer: a list", pointer(b"[1]"), "unreadable", "holds a list"),
    Fault("pointer: a number", pointer(b"1"), "unreadable", "holds a int"),
    Fault("pointer: a text", pointer(b'"x"'), "unreadable", "holds a str"),
    Fault("pointer: nothing in it", pointer(b"{}"), "unreadable", "lacks 'version'"),
    Fault("pointer: no version", pointer_lacks("version"), "unreadable", "lacks 'version'"),
    Fault("pointer: no recipe", pointer_lacks("recipe"), "unreadable", "lacks 'recipe'"),
    Fault("pointer: no files", pointer_lacks("files"), "unreadable", "lacks 'files'"),
    Fault("pointer: no cost", pointer_lacks("cost"), "unreadable", "lacks 'cost'"),
    Fault("pointer: of an earlier release", pointer_lacks("earlier"), "unharmed"),
    Fault("pointer: of an earlier release still", pointer_lacks("inputs"), "unharmed"),
    Fault("pointer: of a newer release", pointer_says(colour="blue"), "newer", "newer release .* has 'colour'"),
    Fault("pointer: the version is a number", pointer_says(version=1), "unreadable", "has 1 as 'version'"),
    Fault("pointer: the version is null", pointer_says(version=None), "unreadable", "has None as 'version'"),
    Fault("pointer: the files are a text", pointer_says(files="a.npy"), "unreadable", "as 'files'"),
    Fault("pointer: the files are numbers", pointer_says(files=[1]), "unreadable", "outside its folder"),
    Fault("pointer: the bytes are a text", pointer_says(bytes="many"), "unreadable", "as 'bytes'"),
    Fault("pointer: the inputs are a list", pointer_says(inputs=[]), "unreadable", "as 'inputs'"),
    Fault("pointer: a version that is none", pointer_says(version="0" * 16), "gone", "is gone"),
    Fault("pointer: a version elsewhere", pointer_says(version="../../.."), "unreadable", "outside its folder"),
    Fault("pointer: an absolute version", pointer_says(version="/etc"), "unreadable", "outside its folder"),
    Fault("pointer: files elsewhere", pointer_says(files=["../a"]), "unreadable", "outside its folder"),
    Fault("pointer: absolute files", pointer_says(files=["/etc/passwd"]), "unreadable", "outside its folder"),
    Fault("pointer: a file more", pointer_says(files=["a.npy", "z"]), "broken", LACKS + "z"),
    Fault("pointer: a file less", pointer_says(files=["a.npy"]), "broken", CONTENT),
    Fault("failure: empty", lambda p: p.failure.write_bytes(b""), "unharmed"),
    Fault("failure: garbage", lambda p: p.failure.write_bytes(b"\xff"), "unharmed"),
    Fault("failure: a list", lambda p: p.failure.write_bytes(b"[]"), "unharmed"),
    Fault("staging: gone", lambda p: shutil.rmtree(p.staging), "unharmed"),
    Fault("staging: no lock", lambda p: (p.staging / "lock").unlink(), "unharmed"),
    Fault("staging: a draft of nobody's", lambda p: (p.staging / "x").mkdir(), "unharmed"),
    Fault("staging: a file of nobody's", lambda p: (p.staging / "y").write_text("x"), "unharmed"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_harmed_store_is_noticed_told_and_mended(
    fault: Fault, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("outcome", fault.outcome)
    place = Place.filled(tmp_path / "data")
    fault.harm(place)
    if fault.outcome == "unharmed":
        assert place.read() == "two"
    else:
        kind = {"broken": BrokenArtifact, "gone": AtlasError}.get(fault.outcome, BrokenRecord)
        with pytest.raises(kind, match=fault.said) as raised:
            place.read()
        assert str(ADDRESS) in str(raised.value)
        assert "atlas" in str(raised.value) or "pip install" in str(raised.value)  # a remedy
    told = soundness.verify(place.store, "films").broken
    if fault.outcome in ("unreadable", "newer"):
        assert len(told) == 1
    if fault.outcome == "newer":
        assert place.pointer.exists()
        return
    if fault.outcome == "broken":
        assert any(Path(place.store.path(BROKEN, str(ADDRESS))).iterdir())
    place.write()
    assert place.read() == "two"
    assert soundness.verify(place.store, "films").broken == []


def test_the_table_is_long_enough_and_names_each_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= 60
