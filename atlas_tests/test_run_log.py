"""What long work says in the log of the run that it is done in."""

from __future__ import annotations

import logging
import threading

from atlas_assets import run_log
from atlas_assets.run_log import RunLog
from atlas_assets.runs import Baton


def test_steps_leave_a_line_each_and_failures_their_reason(monkeypatch) -> None:
    monkeypatch.setattr(run_log, "SECONDS_BETWEEN_LINES", 0)
    lines: list[tuple[int, str]] = []
    with RunLog(lambda *line: lines.append(line), Baton()) as log:
        with log.step("neighbours") as step:
            step(0.5, "counting pairs")
        with log.step("k5_pca") as step:
            step.fail("no room", label="projection k5_pca")
        log.tell(1, 3, 200.0)
    assert [line for _, line in lines] == [
        "neighbours: 50% counting pairs", "neighbours: 0.0 s", "projection k5_pca failed: no room",
        "1 of 3 points, about 3 min left",
    ]  # fmt: skip
    assert [line for level, line in lines if level == logging.ERROR] == ["projection k5_pca failed: no room"]


def test_lines_are_written_while_nobody_else_has_the_baton() -> None:
    """Dagster would wait for ever: see the module `runs`."""
    baton, written = Baton(), threading.Event()
    with RunLog(lambda *line: written.set(), baton) as log:
        with baton.held():
            log.say("while another run begins")
            assert not written.wait(0.2)
        assert written.wait(10)
