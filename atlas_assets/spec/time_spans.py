"""Times as people write them in a ``defs.yaml``: 30s, 12h, 14d."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, TypeGuard

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from atlas_assets.spec.model import mistake

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365.25 * 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def seconds_of(text: Any) -> float | None:
    """How long a text such as ``12h`` says; None where it says no time."""
    span = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    return float(span[1]) * SECONDS[span[2]] if span and span[2] in SECONDS else None


def written(seconds: float) -> str:
    """The shortest such text: in the largest unit of which it is a whole number."""
    unit = next((name for name in ("d", "h", "min") if seconds and seconds % SECONDS[name] == 0), "s")
    return f"{seconds / SECONDS[unit]:g}{unit}"


def _seconds(value: Any) -> Any:
    if value is None:
        return None
    seconds = 0.0 if is_number(value) and value == 0 else seconds_of(value)
    if seconds is None:
        raise mistake(
            value,
            expected=f"a time with its unit ({', '.join(SECONDS)})",
            remedy="Write 30s for thirty seconds, 12h for twelve hours, 14d for fourteen days.",
        )
    return seconds


# Written back as text: what is dumped can be validated again, and a bare number is never taken for another unit.
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30s", "12h", "14d"]}),
]


def duration(seconds: float) -> str:
    """As people say it, to the precision that a guess has."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
