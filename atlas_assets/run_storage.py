"""Dagster's SQLite storage for many short runs: on one machine a run's record took longer than many a stage.

Every run has a file of its own, made table by table; every event opens and closes it and the index anew, which folds
the write-ahead log back into the file and compiles the same statements each time; every transaction waits for the disk.
Here a run's file is a copy of an empty one, the files of the latest runs stay open, and transactions wait for the disk
only where SQLite must (``synchronous = NORMAL``): a power failure may lose the last events, but leaves every file
whole. Artifacts do not depend on events: what is up to date is known from the store.

The files are those of Dagster's own storage, which other processes may be using meanwhile.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event

OPEN_RUNS = 8  # files of runs that stay open: more than are under way at a time
OWN = (DagsterSqliteStorage.__module__, DagsterSqliteStorage.__name__)


def quick(reference: InstanceRef) -> InstanceRef:
    """The same instance, through ``QuickSqliteStorage`` where its storage is Dagster's for SQLite."""
    data = reference.storage_data
    if data is None or (data.module_name, data.class_name) != OWN:
        return reference
    ours = ConfigurableClassData(__name__, QuickSqliteStorage.__name__, data.config_yaml)
    return reference._replace(storage_data=ours)


class EventLog(SqliteEventLogStorage):
    """Events, with the index and the latest runs' files held open."""

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._empty: bytes | None = None
        super().__init__(base_dir)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        # One connection at a time, as in Dagster's own: so they can be shared, and closed here.
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard in self._engines:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        path = Path(self.path_for_shard(shard))
        is_new = not path.exists()
        if is_new and self._empty is not None:
            path.write_bytes(self._empty)
            self._initialized_dbs.add(shard)
        engine = _open(self.conn_string_for_shard(shard), shared=True)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
            if is_new and shard != INDEX_SHARD_NAME:
                with contextlib.closing(sqlite3.connect(path)) as copied:
                    self._empty = copied.serialize()
        self._engines[shard] = engine
        runs = [name for name in self._engines if name != INDEX_SHARD_NAME]
        for oldest in runs[:-OPEN_RUNS]:
            self._engines.pop(oldest).dispose()
        return engine

    def delete_events(self, run_id: str) -> None:
        """Dagster's own leaves the file of the run, emptied but no smaller."""
        with self.index_connection() as index:
            self.delete_events_for_run(index, run_id)
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            for suffix in ("", "-wal", "-shm"):
                Path(self.path_for_shard(run_id) + suffix).unlink(missing_ok=True)

    def dispose(self) -> None:
        super().dispose()
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


class RunTable(SqliteRunStorage):
    """The table of runs, with its file held open."""

    _engine: Engine | None = None

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        if self._engine is None:
            self._engine = _open(self._conn_string, shared=False)
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        super().dispose()
        if self._engine is not None:
            self._engine.dispose()


class QuickSqliteStorage(DagsterSqliteStorage):
    """Dagster's storage with the two above. Schedules and sensors are not written by runs."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super(DagsterSqliteStorage, self).__init__()
        history = Path(base_dir) / "history"
        self.base_dir, self._inst_data = base_dir, inst_data
        self._run_storage = RunTable.from_local(str(history))
        self._event_log_storage = EventLog(str(history / "runs"))
        self._schedule_storage = SqliteScheduleStorage.from_local(str(Path(base_dir) / "schedules"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict) -> QuickSqliteStorage:
        return cls(inst_data=inst_data, **config_value)


def _open(address: str, *, shared: bool) -> Engine:
    """shared: all use one connection, one after the other; else each thread takes one from a pool."""
    engine = create_engine(
        address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        **({"poolclass": StaticPool} if shared else {}),
    )  # fmt: skip
    event.listen(engine, "connect", _wait_less)
    return engine


def _wait_less(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
