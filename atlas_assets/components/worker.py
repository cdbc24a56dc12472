"""Worker processes that build artifacts: each imports once, builds one at a time, and may die without harm.

The processes are forks of one server that has imported and compiled what projections need, so that a pool of them
starts in about the time of one. Dagster is not in them: the run, its events and its checks stay with the process that
hands a step over, which makes a killed worker an ordinary failed step.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from atlas_assets.components import fork_server
from atlas_assets.components.materialise import CheckFailed, Materialised, materialise
from atlas_assets.components.pipeline import Pipeline, Stage, StageRun
from atlas_assets.errors import AtlasError
from atlas_assets.io import ArtifactStore
from atlas_assets.spec import AtlasSpec
from atlas_assets.stages.artifact import Progress

ENVIRONMENT = ("ATLAS_", "XDG_CACHE_HOME")  # what the server was started with may have changed since
SECONDS_TO_DIE = 5
PATIENCE, PATIENT_AFTER = 1.0, 1.5  # seconds to wait for a server that has had so many to import in


class WorkerDied(AtlasError):
    """The process that built an artifact is gone; nothing was stored."""


class Stopped(KeyboardInterrupt):
    """The worker was stopped on purpose, because the whole run is."""


@dataclass(frozen=True)
class Task:
    """One artifact to build, by names that mean the same in every process."""

    stage: str
    key: str | None
    device: str
    store: ArtifactStore
    accept: bool
    anew: bool


@dataclass(frozen=True)
class Setup:
    """What a worker needs to know once. threads: how many of the machine's cores are its own."""

    spec: AtlasSpec
    base: Path
    threads: int
    environment: dict[str, str]

    @classmethod
    def here(cls, spec: AtlasSpec, base: Path, *, threads: int) -> Setup:
        """With this process's environment."""
        return cls(spec, base, threads, {k: v for k, v in os.environ.items() if k.startswith(ENVIRONMENT)})


class Worker:
    """One worker process, seen from the process that hands work over. To be used by one thread, but for ``stop``."""

    def __init__(self, number: int, setup: Setup) -> None:
        self.number, self.name, self._setup, self._stopped = number, f"worker {number}", setup, False
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start the process, unless it runs. Returns when it is ready; the first start waits for the server."""
        if self._stopped:
            raise Stopped
        if self._process is not None and self._process.is_alive():
            return
        fork_server.warm_up()
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._setup), daemon=True)
        process.start()
        self._process = process
        theirs.close()
        self._receive()

    def build(self, stage: Stage, run: StageRun) -> Materialised:
        """As :func:`materialise`, in the worker. Raises what that raises, WorkerDied or Stopped."""
        self.start()
        with contextlib.suppress(OSError):  # it is gone: receiving says how
            self._connection.send(Task(stage.name, run.key, run.device, run.store, run.accept, run.anew))
        while True:
            match self._receive():
                case "progress", share, note:
                    run.progress(share, note)
                case "made", made, notes:
                    run.notes.update(notes)
                    return made
                case "check", address, checks:
                    raise CheckFailed(address, checks)
                case "error", message:
                    raise AtlasError(message)
                case "defect", trace:
                    raise RuntimeError(f"in a worker process:\n{trace}")

    def stop(self) -> None:
        """End the process now, whatever it does; what it has not stored yet is lost, what is stored stays whole."""
        self._stopped = True
        if self._process is not None and self._process.pid is not None:
            self._process.kill()

    def _receive(self) -> tuple:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            assert self._process is not None
            self._process.join(SECONDS_TO_DIE)
            self._connection.close()
            if self._stopped:
                raise Stopped from None
            raise WorkerDied(_obituary(self._process.exitcode)) from None


class Lead:
    """The worker for what is made one after the other, on all cores: it has imported what this process has not.

    It starts beside whatever this process does, which builds for itself until the lead is ready. To be used by one
    thread.
    """

    name = "lead"

    def __init__(self, setup: Setup) -> None:
        self._worker, self._ready = Worker(0, setup), threading.Event()
        threading.Thread(target=self._start, daemon=True).start()

    def build(self, stage: Stage, run: StageRun) -> Materialised:
        """As :func:`materialise`."""
        patience = PATIENCE if fork_server.seconds_since_start() > PATIENT_AFTER else 0
        build = self._worker.build if self._ready.wait(patience) else materialise
        return build(stage, run)

    def stop(self) -> None:
        self._worker.stop()

    def _start(self) -> None:
        with contextlib.suppress(AtlasError, KeyboardInterrupt):
            self._worker.start()
            self._ready.set()


def _obituary(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return (
            "The worker process was killed, most likely because the machine ran out of memory. Nothing else was lost. "
            "Run the same command again with fewer points side by side, for example --jobs 1."
        )
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return (
        f"The worker process ended unexpectedly ({how}). Nothing else was lost. Run the same command again; if it "
        "happens again, --jobs 1 makes everything in one process, where the cause is easier to see."
    )


def _serve(connection: Connection, setup: Setup) -> None:
    """The life of a worker: tasks in, results out, until the other end of the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal; the first one decides
    # Locks of this process (numba has one) need no name then, which would be left over when it is killed.
    multiprocessing.set_start_method("fork", force=True)
    os.chdir(setup.base)
    os.environ.update(setup.environment)
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT) and name not in setup.environment]:
        del os.environ[name]
    limits = _limit_threads(setup.threads)
    pipeline = Pipeline(setup.spec, base=setup.base)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_receive_tasks, args=(connection, tasks), daemon=True).start()
    connection.send(("ready", limits))
    while True:
        connection.send(_answer(pipeline, tasks.get(), lambda *told: connection.send(("progress", *told))))


def _receive_tasks(connection: Connection, tasks: queue.SimpleQueue[Task]) -> None:
    while True:
        try:
            tasks.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # nobody is left to build for: do not finish what nobody would record


def _answer(pipeline: Pipeline, task: Task, progress: Progress) -> tuple:
    run = pipeline.run(task.store, task.key, device=task.device, progress=progress, accept=task.accept, anew=task.anew)
    try:
        return "made", materialise(pipeline.stages[task.stage], run), run.notes
    except CheckFailed as failure:
        return "check", failure.address, failure.checks
    except AtlasError as error:
        return "error", str(error)
    except Exception:
        return "defect", traceback.format_exc()


def _limit_threads(threads: int) -> int:
    """Keep to the worker's share of the cores, in numba and in BLAS."""
    import numba
    import threadpoolctl

    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    threadpoolctl.threadpool_limits(threads)
    return threads
