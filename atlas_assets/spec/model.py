"""What all parts of a spec share: models that take nothing unknown, and mistakes that say what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

MISTAKE = "mistake"


class Model(BaseModel):
    """Strict and immutable: an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def mistake(found: object, *, expected: str, remedy: str, below: str | None = None) -> PydanticCustomError:
    """For a validator to raise, where pydantic's own words would not help; ``below`` is a key of the field itself."""
    return PydanticCustomError(
        MISTAKE, "{expected}", {"found": found, "expected": expected, "remedy": remedy, "below": below}
    )


def nearest(word: str, known: Iterable[Any]) -> str:
    """The remedy where one of few words is right: the one that was probably meant."""
    close = difflib.get_close_matches(word, [str(k) for k in known], n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else "Correct it and load the definitions again."
