"""Dagster runs of one atlas in this process, on the instance of the Dagster UI, from any thread.

Dagster's runs are not made for threads: each configures Python's logging when it begins (``logging.config.dictConfig``
waits for all handlers), another may hold a handler and wait for SQLite, whose migrations log: a deadlock, seen with
1.13.27. So threads pass a baton, and let go of it while their step is built.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.utils import make_new_run_id
from dagster._serdes import ConfigurableClassData

from atlas_assets import old_runs, run_storage, run_tags, unrecorded
from atlas_assets.components.atlas import definitions_of
from atlas_assets.components.materialise import Materialised, builder, materialise
from atlas_assets.components.pipeline import Pipeline, Stage, StageRun
from atlas_assets.components.progress import listener
from atlas_assets.components.viewer import viewer
from atlas_assets.io import ArtifactStore
from atlas_assets.resources import PyMDE, Storage
from atlas_assets.spec import AtlasSpec
from atlas_assets.stages.artifact import Progress, no_progress

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Build = Callable[[Stage, StageRun], Materialised]


def instance(root: Path) -> dg.DagsterInstance:
    """The instance that ``dagster dev`` uses in this project: the same dagster.yaml, the same state."""
    os.chdir(root)  # the paths in dagster.yaml are relative
    (root / ".dagster").mkdir(exist_ok=True)
    return uncaptured(InstanceRef.from_dir(str(root / ".dagster"), config_dir=str(root)))


def uncaptured(reference: InstanceRef) -> dg.DagsterInstance:
    """An instance whose runs leave the output of this process alone; events hold what they log anyway.

    Capturing takes over the terminal that progress bars are drawn on, or the output of the run that this run is in.
    """
    nowhere = ConfigurableClassData(
        "dagster._core.storage.noop_compute_log_manager", "NoOpComputeLogManager", config_yaml="{}"
    )
    return dg.DagsterInstance.from_ref(run_storage.quick(reference)._replace(compute_logs_data=nowhere))


@dataclass(frozen=True)
class RunResult:
    """What became of the assets of one run: made, or failed with a message; the rest was not begun."""

    made: list[str]
    failed: dict[str, str]


class Runs:
    """Materialises assets of one atlas. The definitions are built once, a job once for each choice of assets."""

    def __init__(self, spec: AtlasSpec, state: dg.DagsterInstance, *, made_by: str = "atlas run") -> None:
        self._assets, self._state = [*(definitions_of(spec).assets or []), viewer], state
        self._jobs: dict[tuple[dg.AssetKey, ...], dg.JobDefinition] = {}
        self._tags = run_tags.inner(spec.name or "", made_by)
        self.baton = Baton()  # for others who write to the state from this process

    def run(
        self, assets: list[dg.AssetKey], partition: str | None, *, build: Build = materialise,
        progress: Progress = no_progress,
    ) -> RunResult:  # fmt: skip
        """One run of these assets. ``build`` is called where the asset is to be built, in this thread.

        Raises KeyboardInterrupt if the run was interrupted; it is then recorded as cancelled.
        """
        run_id = make_new_run_id()
        with self.baton.held(), _told(self._outside(build, run_id), progress), _noticing() as interrupted:
            result = self._job(tuple(assets)).execute_in_process(
                run_config=QUIET, instance=self._state, partition_key=partition, raise_on_error=False, run_id=run_id,
                tags=self._tags, asset_selection=assets,
            )  # fmt: skip
            stopped = interrupted()
        if stopped or any(_is_interrupt(event) for event in result.all_events):
            raise KeyboardInterrupt
        failures = [event for event in result.all_events if event.is_step_failure]
        names = {asset.to_python_identifier(): asset.path[-1] for asset in assets}
        made = [event.materialization.asset_key.path[-1] for event in result.get_asset_materialization_events()]
        failed = {names.get(event.step_key or "", assets[0].path[-1]): _why(event) for event in failures}
        if not failed and not result.success:
            failed = {assets[0].path[-1]: "the run failed before its step began; see it in the Dagster UI (make dev)"}
        return RunResult(made, failed)

    def forget_old(self, pipeline: Pipeline) -> None:
        """Take away what runs of long ago have left, once a day."""
        with self.baton.held():
            old_runs.prune_daily(self._state, pipeline)

    def record_the_unrecorded(self, store: ArtifactStore, pipeline: Pipeline) -> None:
        """See ``unrecorded``."""
        with self.baton.held():
            unrecorded.report(self._state, store, pipeline)

    def _job(self, assets: tuple[dg.AssetKey, ...]) -> dg.JobDefinition:
        if assets not in self._jobs:
            device = os.environ.get("ATLAS_DEVICE", "auto")
            definitions = dg.Definitions(
                assets=self._assets,
                resources={"storage": Storage(), "pymde": PyMDE(device=device)},  # type: ignore[arg-type]
            )  # fmt: skip
            # The UI shows runs of this job by their assets, and of any other by the name of the job.
            every_asset = definitions.resolve_implicit_global_asset_job_def()
            self._jobs[assets] = every_asset.get_subset(asset_selection=set(assets))
        return self._jobs[assets]

    def _outside(self, build: Build, run_id: str) -> Build:
        """``build`` without the baton. A run that is interrupted is recorded as cancelled, not as a failure."""

        def outside(stage: Stage, run: StageRun) -> Materialised:
            told = run.progress

            def progress(share: float, note: str) -> None:
                with self.baton.held():
                    told(share, note)

            run.progress = progress
            try:
                with self.baton.let_go():
                    return build(stage, run)
            except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
                if recorded := self._state.get_run_by_id(run_id):
                    self._state.report_run_canceling(recorded)
                raise

        return outside


class Baton:
    """A lock whose holder can let go of it for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Inside ``held``: others may hold it until the end of this block."""
        self._lock.release()
        try:
            yield
        finally:
            self._take_back()

    def _take_back(self) -> None:
        interrupt: BaseException | None = None
        while True:
            try:
                self._lock.acquire()
                break
            except BaseException as error:  # Ctrl-C while waiting: the caller still relies on holding it
                interrupt = error
        if interrupt is not None:
            raise interrupt


@contextmanager
def _told(build: Build, progress: Progress) -> Iterator[None]:
    """Inside, steps that run in this thread build in this way and report here."""
    tokens = builder.set(build), listener.set(progress)
    try:
        yield
    finally:
        builder.reset(tokens[0])
        listener.reset(tokens[1])


@contextmanager
def _noticing() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C came since: Dagster holds it back while it writes, and forgets it where no step follows.

    Signals reach the main thread only; in others there is nothing to notice.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came, arriving = socket.socketpair()
    with came, arriving:
        came.setblocking(False)
        arriving.setblocking(False)
        before = signal.set_wakeup_fd(arriving.fileno(), warn_on_full_buffer=False)
        try:
            yield lambda: _any_of(came, signal.SIGINT, signal.SIGTERM)
        finally:
            signal.set_wakeup_fd(before)


def _any_of(came: socket.socket, *wanted: int) -> bool:
    try:
        return any(number in wanted for number in came.recv(4096))
    except BlockingIOError:
        return False


def _is_interrupt(event: dg.DagsterEvent) -> bool:
    if event.is_step_failure:
        source = event.step_failure_data.error_source
        return source is not None and source.name == "INTERRUPT"
    return event.event_type in (dg.DagsterEventType.RUN_CANCELING, dg.DagsterEventType.RUN_CANCELED)


def _why(event: dg.DagsterEvent) -> str:
    """The message of a failure; a traceback only where the failure is a defect."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    return data.error_display_string
