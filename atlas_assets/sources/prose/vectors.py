"""Vectors of texts, made once for each text: what was made is kept by content, also where a reading is interrupted."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import canonical
from atlas_assets.sources.forms.form import Options
from atlas_assets.sources.prose import models
from atlas_assets.sources.prose.models import Model
from atlas_assets.sources.prose.table import read_texts
from atlas_assets.stages.artifact import Progress, no_progress

KEPT_EVERY, KEPT_SECONDS = 16_384, 10.0  # texts, or seconds, after which what was made is written


def read(
    out: Path,
    *,
    columns: Sequence[str],
    model: str,
    url: str | None = None,
    key: str | None = None,
    entities: Sequence[str] | None,
    entity_columns: Mapping[str, str] | None = None,
    fields: Mapping[str, Mapping[str, Any]] | None = None,
    base: Path = Path(),
    cache: Path,
    progress: Progress = no_progress,
    options: Options | None = None,
) -> dict[str, Any]:
    """Write ``raw_vectors`` into ``out``: of each row of ``entities`` that has a text the vector of that.

    model, url, key: as in ``models.load``. cache: a folder for the vectors of texts. Returns the report. Raises
    DataError for what cannot be read, and where the model gives no vector.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=out) as scratch:
        progress(0.0, "reading the table")
        table = read_texts(
            entities,
            columns,
            entity_columns=entity_columns or {},
            fields=fields,
            base=base,
            scratch=Path(scratch),
            options=options,
            key="text_vectors",
        )
    table, notes = table.with_texts()
    loaded = models.load(model, url=url, key=key)
    texts = table.texts.to_list()
    vectors, n_new = embed(texts, loaded, cache, progress=lambda share, text: progress(0.1 + 0.8 * share, text))
    unknown = np.flatnonzero(~vectors.any(axis=1))
    if unknown.size:
        shown = table.frame["id"][int(unknown[0])]
        notes.append(
            f"{unknown.size:,} texts hold nothing that the model knows, such as {shown!r}: they have no neighbours"
        )
    notes.append(f"vectors of {vectors.shape[1]:,} numbers by {loaded.identity.strip()}")
    files = [{"path": name, "bytes": size} for name, size in table.files]
    report = {"rows": len(texts), "files": files, "notes": [*table.notes, *notes]}
    canonical.write_vectors(out, vectors=vectors, entities=table.frame, fields=table.fields, report=report)
    progress(1.0, f"{len(texts):,} texts, {n_new:,} of them new")
    return report | {"texts_embedded": n_new}


def embed(
    texts: Sequence[str], model: Model, cache: Path, *, progress: Progress = no_progress
) -> tuple[np.ndarray, int]:
    """(n, d) float32, the vector of each text, and how many different texts had none in ``cache`` yet.

    Texts are given to the model by length, so that those of a batch need little padding. What it has made is kept
    also if it fails later on. Raises DataError where vectors have different lengths or are not finite.
    """
    kept = _Kept(cache / hashlib.sha256(model.identity.encode()).hexdigest()[:16])
    keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    absent = {key: place for place, key in enumerate(keys) if key not in kept.place}
    order = sorted(absent.values(), key=lambda place: len(texts[place]))
    known = len(set(keys)) - len(order)
    said = f"vectors of {len(order):,} texts" + (f", {known:,} were known" if known else "")
    try:
        for first in range(0, len(order), model.batch):
            progress(first / len(order), said)
            batch = order[first : first + model.batch]
            made = model.embed([texts[place] for place in batch])
            _check(made, len(batch), kept.length, model)
            kept.add([keys[place] for place in batch], made)
    finally:
        kept.write()
    return kept.vectors([kept.place[key] for key in keys]), len(order)


def _check(made: np.ndarray, n: int, length: int | None, model: Model) -> None:
    finite = bool(np.isfinite(made).all())
    if made.shape != (n, made.shape[-1] if length is None else length) or not finite:
        what = f"gives an array of shape {made.shape}" if finite else "gives numbers that are not finite"
        raise DataError(
            file="source",
            where="text_vectors.model",
            found=Found(f"{model.identity.strip()} {what} for {n:,} texts"),
            expected=f"{n:,} vectors of {length or 'one'} {'numbers' if length else 'length'}",
            remedy="Choose another model.",
        )


class _Kept:
    """Vectors by the hash of their text, in files of a folder that are only ever added.

    place: of each hash, its row among all; length: of the vectors, None while there are none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place: dict[bytes, int] = {}
        self._parts: list[np.ndarray] = []
        self._new: list[tuple[list[bytes], np.ndarray]] = []
        self._written = time.monotonic()
        for file in sorted(folder.glob("*.npz")):
            try:
                with np.load(file, allow_pickle=False) as stored:
                    keys, vectors = stored["keys"], stored["vectors"]
            except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # of a disk that was full: made again
                file.unlink(missing_ok=True)
                continue
            self._take([key.tobytes() for key in keys], vectors)

    @property
    def length(self) -> int | None:
        return self._parts[0].shape[1] if self._parts else None

    def _take(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        first = len(self.place)
        fresh = [i for i, key in enumerate(keys) if key not in self.place]
        self.place.update((keys[i], first + n) for n, i in enumerate(fresh))
        self._parts.append(vectors if len(fresh) == len(keys) else vectors[fresh])

    def add(self, keys: list[bytes], vectors: np.ndarray) -> None:
        self._take(keys, vectors)
        self._new.append((keys, vectors))
        n_new = sum(len(new) for new, _ in self._new)
        if n_new >= KEPT_EVERY or time.monotonic() - self._written > KEPT_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what is new; a file appears when it is whole."""
        self._written = time.monotonic()
        if not self._new:
            return
        keys = [key for new, _ in self._new for key in new]
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=self._folder)
        with os.fdopen(handle, "wb") as sink:
            packed = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16)
            np.savez(sink, keys=packed, vectors=np.concatenate([vectors for _, vectors in self._new]))
        os.replace(name, self._folder / f"{keys[0].hex()}.npz")
        self._new = []

    def vectors(self, places: Sequence[int]) -> np.ndarray:
        """(len(places), d) float32."""
        return (
            np.concatenate(self._parts)[np.asarray(places, np.int64)] if self._parts else np.empty((0, 0), np.float32)
        )
