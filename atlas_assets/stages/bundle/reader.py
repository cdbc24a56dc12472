"""Reading a bundle in Python: what the browser does, for tests, for pictures and for ``atlas export``."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.stages.bundle import encoding
from atlas_assets.store import below


def read(folder: Path) -> Bundle:
    """The bundle in ``folder``, opened; its parts are decoded when asked for."""
    return Bundle(folder)


VERSION = 2


class Bundle:
    """A bundle on disk. Everything is in row order: most important bucket first, near entities near each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / "manifest.json"
        if not path.exists():
            raise AtlasError(f"{folder} holds no bundle: manifest.json is missing. Run: atlas run NAME")
        self.manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (found := (self.manifest.get("format"), self.manifest.get("version"))) != ("atlas-bundle", VERSION):
            raise AtlasError(
                f"{path} is {found[0]} version {found[1]}; expected atlas-bundle version {VERSION}. "
                "Build the bundle again."
            )

    @property
    def n_rows(self) -> int:
        return self.manifest["n"]

    @cached_property
    def names(self) -> list[str]:
        return self._lines("names")

    @cached_property
    def ids(self) -> list[str]:
        """The entities' ids as text."""
        return self._lines("ids")

    def positions(self, key: str) -> np.ndarray:
        """Coordinates (n, dims) float64 of a projection, within half of 1/65,535 of its box."""
        projection = self.projection(key)
        return np.concatenate(
            [
                encoding.decode_positions(data, projection["bbox"], n_rows=n_rows)
                for data, n_rows in self._buckets(projection["buckets"])
            ]
        )

    def distortion(self, key: str) -> np.ndarray | None:
        """How torn each entity is, (n,) from 0 to 1, in steps of 1/255."""
        files = self.projection(key)["distortion"]
        return np.frombuffer(b"".join(data for data, _ in self._buckets(files)), np.uint8) / 255 if files else None

    def regions(self, key: str) -> list[dict[str, Any]]:
        file = self.projection(key)["regions"]
        return json.loads(self._unpacked(file)) if file else []

    def region_rows(self, key: str) -> np.ndarray | None:
        """The finest region of each entity as a place in ``regions``, (n,) int32, -1 for none."""
        files = self.projection(key)["region_rows"]
        if files is None:
            return None
        return np.concatenate([encoding.decode_codes("codes-u16", data) for data, _ in self._buckets(files)])

    @cached_property
    def search_texts(self) -> list[str] | None:
        """What can be searched beside the name, per entity; None where there is nothing."""
        search = self.manifest["search"]
        return None if search is None else self._lines_of(search["files"])

    def projection(self, key: str) -> dict[str, Any]:
        """The manifest's entry of a projection."""
        return self._entry("projections", "key", key)

    def column(self, name: str) -> np.ndarray | list[Any]:
        """Numbers as float32 (NaN: none); dates likewise, as days since 1970; else a list of values, None for none."""
        entry = self._entry("columns", "name", name)
        parts, how = self._buckets(entry["files"]), entry["encoding"]
        if how == "f32-split":
            return np.concatenate([encoding.decode_numbers(data) for data, _ in parts])
        if how == "bool-u8":
            return [value for data, _ in parts for value in encoding.decode_booleans(data)]
        values = [value for value, _ in json.loads(self._unpacked(entry["dictionary"]))]
        if how == "list-u16":
            lists = [codes for data, n_rows in parts for codes in encoding.decode_lists(data, n_rows=n_rows)]
            return [[values[code] for code in codes] for codes in lists]
        return [None if code < 0 else values[code] for code in self.codes(name).tolist()]

    def codes(self, name: str) -> np.ndarray:
        """A category column as places in its dictionary, most frequent value first, (n,) int32; -1 for none."""
        entry = self._entry("columns", "name", name)
        parts = self._buckets(entry["files"])
        return np.concatenate([encoding.decode_codes(entry["encoding"], data) for data, _ in parts])

    def neighbours(self, shard: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Rows, similarities and shared counts of one shard (formats: encoding.decode_neighbours)."""
        lists = self.manifest["neighbours"]
        return encoding.decode_neighbours(self._unpacked(lists["shards"][shard]), k=lists["k"], shared=lists["shared"])

    def details(self, shard: int) -> list[list[Any]]:
        """The values of manifest["details"]["fields"] for each row of one shard."""
        return json.loads(self._unpacked(self.manifest["details"]["shards"][shard]))

    def _entry(self, part: str, field: str, wanted: str) -> dict[str, Any]:
        entries = {entry[field]: entry for entry in self.manifest[part]}
        if wanted not in entries:
            raise AtlasError(
                f"{self._folder} has no {part[:-1]} {wanted!r}; expected one of {', '.join(entries) or 'none'}."
            )
        return entries[wanted]

    def _lines(self, part: str) -> list[str]:
        return self._lines_of(self.manifest[part])

    def _lines_of(self, files: list[dict[str, Any]]) -> list[str]:
        return [line for file in files for line in encoding.decode_lines(self._unpacked(file))]

    def _buckets(self, files: list[dict[str, Any]]) -> list[tuple[bytes, int]]:
        """(content, number of rows) of each bucket's file."""
        ends = self.manifest["buckets"]
        rows = [end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
        return [(self._unpacked(file), n_rows) for file, n_rows in zip(files, rows, strict=True)]

    def _unpacked(self, file: dict[str, Any]) -> bytes:
        return encoding.unpack(below.path(self._folder, file["path"]).read_bytes())
