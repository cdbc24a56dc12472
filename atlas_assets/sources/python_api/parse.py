"""The names of many Python files: read in parallel worker processes, remembered between scans."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import polars as pl

from atlas_assets.sources.python_api import names as python_names
from atlas_assets.sources.python_api.tree import SourceFile
from atlas_assets.stages.artifact import Progress, no_progress

# Part of every cache key: raise it when python_names reads something else from the same source.
READER_VERSION = 1
_CHUNK = 48
_TOO_FEW_FOR_WORKERS = 100

Names = dict[str, Any]


def read_all(
    files: Sequence[SourceFile],
    *,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> tuple[list[Names], int]:
    """The names of every file in the order of ``files`` (see ``python_names.read_file``), and how many were cached.

    cache: a folder; a file is read again when its path, size or time of change differs. workers: processes, by default
    one per available core. The result does not depend on either.
    """
    store = _Cache(cache, files) if cache is not None else None
    known = store.read() if store else {}
    results: list[Names | None] = [known.get(_key(file)) for file in files]
    missing = [i for i, names in enumerate(results) if names is None]
    n_cached = len(files) - len(missing)
    for i, names in _parse([(i, files[i]) for i in missing], workers or _available_cores(), progress):
        results[i] = names
    complete = [names for names in results if names is not None]
    assert len(complete) == len(files)
    if store and missing:
        store.write({_key(file): names for file, names in zip(files, complete, strict=True)})
    return complete, n_cached


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _key(file: SourceFile) -> str:
    return f"{file.path}\t{file.module}\t{file.size}\t{file.mtime_ns}\t{READER_VERSION}"


def _parse(jobs: list[tuple[int, SourceFile]], workers: int, progress: Progress) -> list[tuple[int, Names]]:
    if workers < 2 or len(jobs) < _TOO_FEW_FOR_WORKERS:
        return [
            (i, python_names.read_file(file.path, module=file.module, is_package=file.is_package)) for i, file in jobs
        ]
    pending: SimpleQueue[list[tuple[int, SourceFile]]] = SimpleQueue()
    for start in range(0, len(jobs), _CHUNK):
        pending.put(jobs[start : start + _CHUNK])
    done: SimpleQueue[list[tuple[int, Names]] | BaseException] = SimpleQueue()
    stop = threading.Event()
    threads = [threading.Thread(target=_drive, args=(pending, done, stop), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    parsed: list[tuple[int, Names]] = []
    try:
        while len(parsed) < len(jobs):
            answer = done.get()
            if isinstance(answer, BaseException):
                raise answer
            parsed += answer
            progress(len(parsed) / len(jobs), f"reading Python files: {len(parsed):,} of {len(jobs):,}")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return parsed


def _drive(pending: SimpleQueue[Any], done: SimpleQueue[Any], stop: threading.Event) -> None:
    """One worker process: a plain child, no fork. The caller may hold threads and need not have a __main__ guard."""
    command = [sys.executable, "-I", "-S", python_names.__file__]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
            assert process.stdin is not None
            assert process.stdout is not None
            while not stop.is_set():
                try:
                    chunk = pending.get_nowait()
                except Empty:
                    break
                request = [(file.path, file.module, file.is_package) for _, file in chunk]
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                if not answer:
                    raise RuntimeError(f"a worker ended while reading {chunk[0][1].path} and {len(chunk) - 1} more")
                done.put([(i, names) for (i, _), names in zip(chunk, json.loads(answer), strict=True)])
            process.stdin.close()
    except BaseException as error:  # handed to the caller's thread, which raises it
        done.put(error)


class _Cache:
    """One file per set of scanned files' roots; a file that cannot be read counts as empty."""

    def __init__(self, folder: Path, files: Sequence[SourceFile]) -> None:
        roots = sorted({file.path[: -len(file.collection.removeprefix("stdlib/"))] for file in files})
        self.path = folder / f"{hashlib.sha256(repr(roots).encode()).hexdigest()[:16]}.parquet"

    def read(self) -> dict[str, Names]:
        try:
            table = pl.read_parquet(self.path)
            return dict(zip(table["key"], map(json.loads, table["names"]), strict=True))
        except (OSError, pl.exceptions.PolarsError, ValueError):
            return {}

    def write(self, names: dict[str, Names]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        table = pl.DataFrame(
            {"key": list(names), "names": [json.dumps(n, separators=(",", ":")) for n in names.values()]}
        )
        draft = self.path.with_suffix(f".{os.getpid()}")
        table.write_parquet(draft, compression="zstd", compression_level=1)
        draft.replace(self.path)  # atomic: two scans at once leave one whole cache
