"""A run of Dagster on the terminal: bars, lines and a tally, all from its events."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dagster as dg
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from atlas_assets import project
from atlas_assets.orchestration import progress, run_tags
from atlas_assets.orchestration.bars import Step, Steps
from atlas_assets.reports import pages

SECONDS_BETWEEN_LOOKS = 0.2
PAGE = 500
INTERRUPTS = (dg.DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__)
UNMADE = "failed["  # steps that only fail for something that was told before
LAST = "publish"  # the step that adds all tallies up


class RunDisplay:
    """A context in which the run with a mark among its tags is followed to its end.

    complete: whether it came to everything that was asked for. lacking: labels of what is not there.
    """

    def __init__(self, console: Console, instance: dg.DagsterInstance, mark: str) -> None:
        self._console, self._instance, self._mark = console, instance, mark
        self._steps, self._open = Steps(console), dict[str, Step]()
        self._run_id: str | None = None
        self._cursor: str | None = None
        self._over, self._watcher = threading.Event(), threading.Thread(target=self._watch, daemon=True)
        self.made, self._tallies, self._complained = 0, dict[str, dict[str, Any]](), set[str]()
        self.began = self.ended = 0.0
        self.finished = False  # whether the run came to its last step
        self.points: list[str] = []  # keys of the points that were made to the end
        self.succeeded = self.interrupted = False
        self.times: list[dict[str, Any]] = []

    @property
    def complete(self) -> bool:
        return self.succeeded and not self.lacking

    @property
    def current(self) -> int:
        return sum(tally["up_to_date"] for tally in self._final())

    @property
    def failed(self) -> list[str]:
        return _labels(self._final(), "failed")

    @property
    def lacking(self) -> list[str]:
        return [*self.failed, *_labels(self._final(), "waiting")]

    def _final(self) -> list[dict[str, Any]]:
        """The tally of the last step, which has all of them; where it did not come to that, those of the others."""
        return [self._tallies[LAST]] if LAST in self._tallies else list(self._tallies.values())

    def __enter__(self) -> Self:
        self._steps.__enter__()
        self._watcher.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._watcher.join()
        self._look()
        for step in self._open.values():
            step.end()
        self._steps.__exit__(kind, error, trace)

    def print_tally(self, console: Console) -> None:
        """The last line: what was made, what was not, and in what time."""
        seconds = self.ended - self.began
        console.print(f"{self.made} made, {self.current} up to date, {len(self.failed)} failed, {seconds:.0f} s")
        if waiting := [label for label in self.lacking if label not in self.failed]:
            console.print(
                "[yellow]Not made, because what they need is missing or out of date:[/yellow] " + ", ".join(waiting),
                soft_wrap=True,
            )

    def _watch(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            with contextlib.suppress(SQLAlchemyError):  # what lasts is told by the run, or at its end
                self._look()

    def _look(self) -> None:
        if self._run_id is None:
            runs = self._instance.get_runs(dg.RunsFilter(tags={run_tags.COMMAND: self._mark}), limit=1)
            if not runs:
                return
            self._run_id = runs[0].run_id
        while True:
            page = self._instance.get_records_for_run(self._run_id, cursor=self._cursor, limit=PAGE)
            self._cursor = page.cursor
            for record in page.records:
                self._follow(record.event_log_entry)
            if not page.has_more:
                break

    def _follow(self, entry: Any) -> None:
        event = entry.dagster_event
        self.began = self.began or entry.timestamp
        self.ended = entry.timestamp
        if event is None:
            self._follow_line(entry)
            return
        match event.event_type:
            case dg.DagsterEventType.STEP_START:
                self._open[event.step_key] = self._steps.begin(_named(event.step_key))
            case dg.DagsterEventType.STEP_SUCCESS | dg.DagsterEventType.STEP_FAILURE | dg.DagsterEventType.STEP_SKIPPED:
                self._end(event)
            case dg.DagsterEventType.ASSET_MATERIALIZATION:
                self._follow_made(event.asset_key.path[-1], entry, event)
            case dg.DagsterEventType.STEP_OUTPUT:
                self._count(event.step_key, event.event_specific_data.metadata or {})
            case dg.DagsterEventType.RUN_SUCCESS:
                self.succeeded = True
            case dg.DagsterEventType.RUN_CANCELED | dg.DagsterEventType.RUN_CANCELING:
                self.interrupted = True
            case dg.DagsterEventType.RUN_FAILURE:
                error = event.job_failure_data.error
                self.interrupted |= error is not None and error.cls_name in INTERRUPTS

    def _follow_line(self, entry: Any) -> None:
        step = self._open.get(entry.step_key or "")
        if entry.level >= logging.ERROR:
            if entry.step_key and not entry.user_message.startswith("Traceback"):
                self._complained.add(entry.step_key)
                self._console.print(f"[red]{escape(entry.user_message)}[/red]", soft_wrap=True)
        elif step is not None and (told := progress.read(entry.user_message)):
            step(told[1], f"{told[0]}: {told[2]}" if told[0] not in step.label else told[2])
        elif entry.user_message.startswith("Waiting for "):
            self._console.print(escape(entry.user_message), soft_wrap=True)

    def _follow_made(self, stage: str, entry: Any, event: Any) -> None:
        facts = event.step_materialization_data.materialization.metadata
        seconds = float(facts["seconds"].value) if "seconds" in facts else 0.0
        key, end = event.partition, entry.timestamp - self.began
        self.made += 1
        if stage == "quality" and key:
            self.points.append(key)
        times = {"begin": round(max(0.0, end - seconds), 3), "end": round(end, 3)}
        self.times.append({"stage": stage, "key": key} | times)
        self._console.print(f"{escape(' '.join(filter(None, [stage, key])))}: {seconds:.1f} s", soft_wrap=True)
        if stage.startswith("raw_") and "notes" in facts:
            for note in pages.notes_in(facts["notes"].value or ""):
                self._console.print(f"  {escape(note)}", soft_wrap=True)

    def _count(self, step: str, facts: dict[str, Any]) -> None:
        if "up_to_date" in facts:
            self._tallies[step] = {name: value.value for name, value in facts.items()}

    def _end(self, event: Any) -> None:
        self.finished |= event.step_key == LAST and event.event_type == dg.DagsterEventType.STEP_SUCCESS
        if step := self._open.pop(event.step_key, None):
            step.end()
        if event.event_type != dg.DagsterEventType.STEP_FAILURE or event.step_key.startswith(UNMADE):
            return
        data = event.step_failure_data
        if data.error is not None and data.error.cls_name in INTERRUPTS:
            self.interrupted = True
            return
        told = data.user_failure_data.description if data.user_failure_data else None
        if data.user_failure_data:
            self._count(event.step_key, data.user_failure_data.metadata or {})
        if event.step_key not in self._complained and not self.interrupted:
            text = told or data.error_display_string
            self._console.print(f"[red]{escape(event.step_key)} failed:[/red] {escape(text)}", soft_wrap=True)


def _labels(tallies: list[dict[str, Any]], what: str) -> list[str]:
    return [label for tally in tallies for label in tally[what].split(", ") if label]


def _named(step: str) -> str:
    """``project[k15_umap]`` as people would say it."""
    return step.replace("[", " ").rstrip("]")


def write_timings(path: Path, *, began: float, seconds: float, steps: list[dict[str, Any]]) -> None:
    """What took how long in a run. began: a Unix time; of each step, begin and end are seconds since then."""
    document = {"began": began, "seconds": round(seconds, 3), "cores": project.cores(), "steps": steps}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
