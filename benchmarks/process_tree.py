"""Memory of a process and everything it has started, together: what a machine needs to have for a command."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_EVERY_SECONDS = 0.25  # reading /proc of all processes takes a few milliseconds


class PeakOfTree:
    """``with PeakOfTree(pid) as peak: …`` and then ``peak.bytes``: None where the system does not tell (no /proc).

    The sum over processes of resident memory that is not of a file: mapped files can be dropped when memory is short.
    Pages that forked processes share count for each of them. Sampled, so a shorter peak can be missed.
    """

    def __init__(self, pid: int) -> None:
        self.bytes: int | None = None
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> PeakOfTree:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            used = sum(own_bytes(pid) for pid in tree(self._pid))
            self.bytes = max(used, self.bytes or 0) or None
            if self._ended.wait(_EVERY_SECONDS):
                return


def tree(root: int) -> list[int]:
    """The process and all its descendants; those whose parent has ended are not found any more."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()  # the name may hold spaces and parentheses
        except OSError:
            continue  # has ended meanwhile
        children.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found, reached = [], [root]
    while reached:
        found.append(reached.pop())
        reached += children.get(found[-1], [])
    return found


def own_bytes(pid: int) -> int:
    """Resident memory of a process without the pages of files; 0 for one that has ended."""
    try:
        resident, of_files = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except OSError:
        return 0
    return (int(resident) - int(of_files)) * os.sysconf("SC_PAGE_SIZE")
