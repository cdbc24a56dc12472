"""How much of the CPU time of ``atlas run NAME`` goes into hashing: ``python -m benchmarks.hash_share NAME``."""

from __future__ import annotations

import sys
import time
from typing import Any

from atlas_assets import cli
from atlas_assets.store import artifacts, content

spent = {"reading": 0.0, "writing": 0.0}


def timed(what: str, call: Any) -> Any:
    def around(*arguments: Any) -> Any:
        began = time.process_time()
        try:
            return call(*arguments)
        finally:
            spent[what] += time.process_time() - began

    return around


artifacts.fault_of = timed("reading", content.fault_of)
artifacts.content_hash = timed("writing", content.content_hash)
try:
    cli.app(["run", *sys.argv[1:]])
finally:
    total = time.process_time()
    shares = ", ".join(f"{what} {seconds:.2f} s ({seconds / total:.2%})" for what, seconds in spent.items())
    print(f"hashing of what is read and written: {shares}, of {total:.1f} s of CPU")
