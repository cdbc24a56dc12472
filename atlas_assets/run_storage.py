"""What Dagster's SQLite files cost a short run, spared: on one machine a run's record took longer than many a stage.

Every run has a file of its own, made table by table; every event opens and closes it and the index, which folds the
write-ahead log back into the file each time; every transaction waits for the disk. Here a run's file is a copy of an
empty one, the files stay open while runs follow each other, and transactions wait for the disk only where SQLite must
(``synchronous = NORMAL``): a power failure may lose the last events, but leaves every file whole. Artifacts do not
depend on events: what is up to date is known from the store.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Engine, event


class RunStorage:
    """The files of one instance. Does nothing where its storage is not Dagster's for SQLite."""

    def __init__(self, state: dg.DagsterInstance) -> None:
        storage = state.event_log_storage
        self._events = storage if isinstance(storage, SqliteEventLogStorage) else None
        self._empty: bytes | None = None
        self._shared: list[sqlite3.Connection] = []
        if self._events is not None:
            index = Path(self._events.path_for_shard("index"))
            self._shared = [_opened(path) for path in (index, index.parent.parent / "runs.db") if path.exists()]
            if not event.contains(Engine, "connect", _wait_less):
                event.listen(Engine, "connect", _wait_less)

    @contextlib.contextmanager
    def prepared(self, run_id: str) -> Iterator[None]:
        """Inside, the run has its file, and keeps it open."""
        if self._events is None:
            yield
            return
        path = Path(self._events.path_for_shard(run_id))
        if self._empty is None:
            with self._events.run_connection(run_id):  # Dagster makes the first one
                pass
            with contextlib.closing(sqlite3.connect(path)) as connection:
                self._empty = connection.serialize()
        else:
            path.write_bytes(self._empty)
            self._events._initialized_dbs.add(run_id)
        with contextlib.closing(_opened(path)):
            yield


def _opened(path: Path) -> sqlite3.Connection:
    """Held open, and read once: only then does SQLite know that someone uses the file."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def _wait_less(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = NORMAL")
