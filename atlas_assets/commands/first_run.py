"""What the first run of a new atlas will take, told from the extent of its source; and how much of that fits here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from atlas_assets.kinds import relations

# Of all maps that a new atlas has, on two cores of an ordinary machine (`python -m benchmarks scale`): a start, so much
# per entity, and so much more for every number of its vector, of which there are three copies for a moment.
BYTES, BYTES_PER_ENTITY, BYTES_PER_NUMBER = 1 << 30, 8_000, 12
SECONDS, SECONDS_PER_ENTITY, SECONDS_PER_NUMBER = 20, 0.0008, 4e-7
FEW = 20_000  # entities of which nobody needs to be told


@dataclass(frozen=True)
class FirstRun:
    """top: how many entities are taken, None for all; takes, reason: what to say of it, empty where nobody asks."""

    top: int | None = None
    takes: str = ""
    reason: str = ""

    @property
    def sentences(self) -> list[str]:
        """For who asked for a new atlas."""
        return [self.takes + (f"; {self.reason}" if self.reason else "")] if self.takes else []

    @property
    def remark(self) -> str:
        """For who reads its spec."""
        return f"{self.reason[:1].upper()}{self.reason[1:]}" if self.reason else self.takes


def plan(kind: str, n_entities: int | None, n_numbers: int | None, *, memory: int) -> FirstRun:
    """All ``n_entities`` of a source, or as many as fit into ``memory`` bytes. n_numbers: in one vector.

    Both may be unknown: then nothing is left out, and nothing said.
    """
    if n_entities is None or n_entities <= FEW:
        return FirstRun()
    bytes_each = BYTES_PER_ENTITY + BYTES_PER_NUMBER * (n_numbers or 0)
    seconds = SECONDS + (SECONDS_PER_ENTITY + SECONDS_PER_NUMBER * (n_numbers or 0)) * n_entities
    needed = BYTES + bytes_each * n_entities
    takes = (
        f"{n_entities:,} entities -> a first run of about {math.ceil(seconds / 60)} min on two cores, "
        f"and {needed / 2**30:.0f} GiB of memory"
    )
    if needed <= memory:
        return FirstRun(takes=takes)
    top = max(FEW, (memory - BYTES) // bytes_each // 10_000 * 10_000)
    reason = f"there are {memory / 2**30:.0f} GiB here, so {top:,} {relations()[kind].top} ones are taken (filter: top)"
    return FirstRun(top, takes, reason)
