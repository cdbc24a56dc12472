"""Which process something belongs to, so that what a killed one left behind is known for what it is.

A process number is used again sooner or later, so a process is named by its machine, its number and when it began.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

_FORM = re.compile(r"(?P<host>[A-Za-z0-9.]+)-(?P<pid>\d+)-(?P<began>\w+)")


@dataclass(frozen=True)
class Process:
    """A process of some machine. began: in the machine's own unit; only ever compared with itself."""

    host: str
    pid: int
    began: str

    def __str__(self) -> str:
        """Fit for a file's name and for a tag; :func:`parse` reads it back."""
        return f"{self.host}-{self.pid}-{self.began}"

    def is_alive(self) -> bool | None:
        """Whether it still runs; None for a process of another machine, of which nothing is known here."""
        return began(self.pid) == self.began if self.host == host() else None


@functools.cache
def this() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(host(), pid, began(pid) or "0")


os.register_at_fork(after_in_child=this.cache_clear)  # a fork is another process


def parse(text: str) -> Process | None:
    """The process that ``str`` wrote, at the start of ``text``; None where there is none."""
    found = _FORM.match(text)
    return Process(found["host"], int(found["pid"]), found["began"]) if found else None


@functools.cache
def host() -> str:
    """The machine, or the container: process numbers mean the same wherever this is the same."""
    return re.sub(r"[^A-Za-z0-9.]", ".", socket.gethostname()) or "localhost"


def began(pid: int) -> str | None:
    """When a process of this machine began; None where it is gone, or has ended and waits for its parent to notice."""
    try:
        # proc(5): the name may hold spaces and brackets; after it come the state and, as 20th field, the start time.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")  # names are bytes, cut to 15
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except ProcessLookupError:
        return None
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _began_says_ps(pid)


def _began_says_ps(pid: int) -> str | None:
    """Where there is no /proc, as on macOS."""
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = asked.stdout.strip().partition(" ")
    alive = bool(state) and not state.startswith("Z")
    return re.sub(r"\W", "", started) if alive else None
