"""What this process may have of the machine (``ulimit``): address space and open files."""

from __future__ import annotations

import contextlib

from atlas_assets.errors import AtlasError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

# What libraries take before there are any data. With less they end the process, or wait for ever.
LEAST_ADDRESS_SPACE = 3 << 29
LEAST_OPEN_FILES = 64
OPEN_FILES = 4096  # macOS begins with 256


def address_space() -> int | None:
    """Bytes, libraries and stacks of threads included; None where there is no limit."""
    return None if resource is None else _limit(resource.RLIMIT_AS)[0]


def ensure_room() -> None:
    """Take as many open files as this user may have. Raises AtlasError for limits that libraries do not live with."""
    space = address_space()
    if space is not None and space < LEAST_ADDRESS_SPACE:
        raise AtlasError(
            f"This process may have {space >> 20:,} MB of address space, and libraries alone take "
            f"{LEAST_ADDRESS_SPACE >> 20:,} MB of it. Raise the limit, for example with: ulimit -v unlimited"
        )
    if resource is None:
        return
    soft, hard = _limit(resource.RLIMIT_NOFILE)
    if soft is not None and soft < OPEN_FILES:
        soft = OPEN_FILES if hard is None else max(soft, min(hard, OPEN_FILES))
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.RLIM_INFINITY if hard is None else hard))
    if hard is not None and hard < LEAST_OPEN_FILES:
        raise AtlasError(
            f"This process may have {hard} files open, and Atlas with Dagster takes {LEAST_OPEN_FILES}. Raise the "
            "limit, for example with: ulimit -n 4096"
        )


def _limit(what: int) -> tuple[int | None, int | None]:
    """What is allowed now, and what may be asked for; None: no limit."""
    assert resource is not None
    soft, hard = (None if one == resource.RLIM_INFINITY else one for one in resource.getrlimit(what))
    return soft, hard
