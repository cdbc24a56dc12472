"""Reading a bundle in Python: what the browser does, for tests, for pictures and for ``atlas export``."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.errors import AtlasError
from atlas_assets.stages import encoding


def read(folder: Path) -> Bundle:
    """The bundle in ``folder``, opened; its parts are decoded when asked for."""
    return Bundle(folder)


class Bundle:
    """A bundle on disk. Everything is in row order: most important bucket first, near entities near each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / "manifest.json"
        if not path.exists():
            raise AtlasError(f"{folder} holds no bundle: manifest.json is missing. Run: atlas run NAME")
        self.manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (found := (self.manifest.get("format"), self.manifest.get("version"))) != ("atlas-bundle", 1):
            raise AtlasError(
                f"{path} is {found[0]} version {found[1]}; expected atlas-bundle version 1. Build the bundle again."
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
        begins = [0, *self.manifest["buckets"][:-1]]
        return np.concatenate([
            encoding.decode_positions(self._unpacked(file), projection["bbox"], n_rows=end - begin)
            for file, begin, end in zip(projection["buckets"], begins, self.manifest["buckets"], strict=True)
        ])  # fmt: skip

    def distortion(self, key: str) -> np.ndarray | None:
        """How torn each entity is, (n,) from 0 to 1, in steps of 1/255."""
        file = self.projection(key)["distortion"]
        return np.frombuffer(self._unpacked(file), np.uint8) / 255 if file else None

    def regions(self, key: str) -> list[dict[str, Any]]:
        file = self.projection(key)["regions"]
        return json.loads(self._unpacked(file)) if file else []

    def projection(self, key: str) -> dict[str, Any]:
        """The manifest's entry of a projection."""
        return self._entry("projections", "key", key)

    def column(self, name: str) -> np.ndarray | list[Any]:
        """Numbers as float32 (NaN: none); dates likewise, as days since 1970; else a list of values, None for none."""
        entry = self._entry("columns", "name", name)
        data, how = self._unpacked(entry["file"]), entry["encoding"]
        if how == "f32-split":
            return encoding.decode_numbers(data)
        if how == "bool-u8":
            return encoding.decode_booleans(data)
        values = [value for value, _ in json.loads(self._unpacked(entry["dictionary"]))]
        if how == "list-u16":
            return [[values[code] for code in codes] for codes in encoding.decode_lists(data, n_rows=self.n_rows)]
        return [None if code < 0 else values[code] for code in self.codes(name).tolist()]

    def codes(self, name: str) -> np.ndarray:
        """A category column as places in its dictionary, most frequent value first, (n,) int32; -1 for none."""
        entry = self._entry("columns", "name", name)
        return encoding.decode_codes(entry["encoding"], self._unpacked(entry["file"]))

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
        return [line for file in self.manifest[part] for line in encoding.decode_lines(self._unpacked(file))]

    def _unpacked(self, file: dict[str, Any]) -> bytes:
        return encoding.unpack((self._folder / file["path"]).read_bytes())
