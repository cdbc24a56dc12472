"""A store with one artifact in two versions, to be harmed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from atlas_assets.store.artifacts import FAILURE, POINTER, Address, ArtifactStore

ADDRESS = Address("films", "knn_graph", "k15")
ARRAY = np.arange(200, dtype=np.float32)
Harm = Callable[["Place"], object]


class Place:
    """A store as a process opens it. pointer: what names the current version of the artifact."""

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self.root, self.store = root, ArtifactStore(root, cache=cache)
        self.pointer, self.failure = (Path(self.store.path(str(ADDRESS), name)) for name in (POINTER, FAILURE))
        self.staging = self.store.staging.folder

    @classmethod
    def filled(cls, root: Path) -> Self:
        """With two versions of the artifact."""
        place = cls(root)
        place.write("one")
        place.write("two")
        return place

    @property
    def folder(self) -> Path:
        """The files of the current version, whatever became of them."""
        return self._versions()[0]

    @property
    def earlier(self) -> Path:
        return self._versions()[1]

    def _versions(self) -> list[Path]:
        record = json.loads(self.pointer.read_bytes())
        return [self.pointer.parent / version for version in [record["version"], *record["earlier"]]]

    def write(self, text: str = "two") -> Path:
        with self.store.write(ADDRESS, recipe="r") as draft:
            np.save(draft.folder / "a.npy", ARRAY)
            (draft.folder / "info.json").write_text(json.dumps({"text": text}))
            (draft.folder / "nested").mkdir()
            (draft.folder / "nested" / "b.txt").write_text("some words that matter")
        assert draft.stored is not None
        return Path(self.store.path(str(ADDRESS), draft.stored.version))

    def read(self) -> str:
        """All of it, compared with what was written."""
        folder = self.store.folder(ADDRESS)
        np.testing.assert_array_equal(np.load(folder / "a.npy"), ARRAY)
        assert (folder / "nested" / "b.txt").read_text() == "some words that matter"
        return json.loads((folder / "info.json").read_text())["text"]


def truncated(name: str, share: float) -> Harm:
    """A file of the version that ends early."""
    return lambda place: _rewrite(place.folder / name, lambda content: content[: int(len(content) * share)])


def flipped(name: str, share: float) -> Harm:
    """One bit of a file of the version is another."""

    def change(content: bytes) -> bytes:
        at = min(int(len(content) * share), len(content) - 1)
        return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]

    return lambda place: _rewrite(place.folder / name, change)


def appended(name: str, more: bytes) -> Harm:
    return lambda place: _rewrite(place.folder / name, lambda content: content + more)


def pointer(content: bytes) -> Harm:
    """``current.json`` holds this instead."""
    return lambda place: place.pointer.write_bytes(content)


def pointer_says(**fields: Any) -> Harm:
    """``current.json`` has these fields instead of its own."""
    return lambda place: place.pointer.write_text(json.dumps(json.loads(place.pointer.read_text()) | fields))


def pointer_lacks(field: str) -> Harm:
    def drop(place: Place) -> None:
        record = json.loads(place.pointer.read_text())
        del record[field]
        place.pointer.write_text(json.dumps(record))

    return drop


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))
