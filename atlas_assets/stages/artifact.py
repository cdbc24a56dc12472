"""How the result of a stage is kept on disk, and what a stage may say while it works.

A result is a frozen dataclass that mixes in :class:`Artifact`. Its fields decide the files: a numpy array becomes
``<field>.npy`` (memory-mapped when read back), a Polars frame ``<field>.parquet``, everything else goes to
``info.json``; a field that is ``None`` leaves no file. Where the folder lives, how it is switched atomically and
hashed, is the business of ``atlas_assets.io``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and a short sentence on what is being done."""


def no_progress(fraction: float, message: str) -> None:
    """Ignore progress: the default of every long-running function."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One invariant of an artifact, measured. A failed check keeps the artifact from being published."""

    name: str
    passed: bool
    detail: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a build has to say about the artifact that it has written."""

    checks: list[Check]
    metadata: dict[str, Any]  # for the page of the materialisation; texts that are Markdown are ``pages.Markdown``


class Artifact:
    """Mixin for frozen dataclasses: ``save`` to and ``load`` from a folder, field by field."""

    def save(self, folder: Path) -> None:
        """Write every field that is not ``None``. The same value gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        info: dict[str, Any] = {}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(value, np.ndarray):
                np.save(folder / f"{field.name}.npy", np.ascontiguousarray(value), allow_pickle=False)
            elif isinstance(value, pl.DataFrame):
                value.write_parquet(folder / f"{field.name}.parquet", compression="zstd")
            else:
                info[field.name] = value
        text = json.dumps(info, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
        (folder / "info.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; arrays are read-only memory maps, so opening a large artifact costs nothing."""
        info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            array, table = folder / f"{field.name}.npy", folder / f"{field.name}.parquet"
            if array.exists():
                values[field.name] = np.load(array, mmap_mode="r", allow_pickle=False)
            elif table.exists():
                values[field.name] = pl.read_parquet(table)
            else:
                values[field.name] = info.get(field.name)
        return cls(**values)

    def check(self) -> list[Check]:
        """The artifact's invariants, measured. Subclasses override this."""
        return []


class ArrayWriter:
    """A one-dimensional ``.npy`` file written piece by piece, for arrays that need not fit into memory."""

    def __init__(self, path: Path, dtype: Any) -> None:
        self._path, self._dtype, self._length = path, np.dtype(dtype), 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._write_header()
        return self

    def append(self, part: np.ndarray) -> None:
        """Write another part, of the array's type."""
        self._file.write(np.ascontiguousarray(part, self._dtype).data)
        self._length += part.size

    def __exit__(self, *error: object) -> None:
        self._file.seek(0)
        self._write_header()  # numpy pads headers so that the length may grow in place
        self._file.close()

    def _write_header(self) -> None:
        description = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": description, "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, header)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in info.json")
