"""``atlas`` as a person types it, in this process: another one would import for seconds what is imported already."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from atlas_assets import cli


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def atlas(folder: Path, *arguments: str) -> Told:
    """Runs the command as with an installed package: atlases and data live in ``folder``, not in the checkout."""
    (folder / "dagster.yaml").touch()  # the mark of a project
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setenv("ATLAS_DEFS", str(folder / "defs"))
        patch.setenv("ATLAS_STORAGE", str(folder / "data"))
        patch.setattr(sys, "argv", ["atlas", *arguments])
        patch.setattr(sys, "excepthook", sys.excepthook)  # which the command replaces
        patch.setattr(cli, "console", Console(highlight=False, width=200))
        patch.setattr(cli, "problems", Console(stderr=True, highlight=False, soft_wrap=True))
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Told(code, out.getvalue(), err.getvalue())
