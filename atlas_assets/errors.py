"""What a user did not mean, said so that it can be mended: where, what was found, what would be right, what to do.

Every message that reaches a user because of a file, an option or the data is one of these; anything else that is
raised is a defect of Atlas.
"""

from __future__ import annotations

from collections.abc import Sequence


class AtlasError(Exception):
    """An error that a user can mend. ``str(error)`` is the whole message; no traceback is needed to act on it."""


class _LocatedError(AtlasError):
    def __init__(self, *, file: object, where: str, found: object, expected: str, remedy: str) -> None:
        self.file, self.where, self.found, self.expected, self.remedy = str(file), where, found, expected, remedy
        subject = f"{self.file}: {where}" if where else self.file
        super().__init__(f"{subject} {_verb(found)}; expected {expected}. {remedy}")


class SpecError(_LocatedError):
    """A mistake in an atlas's ``defs.yaml``: ``field`` is the dotted path of the key, as the user typed it."""

    def __init__(self, *, file: object, field: str, found: object, expected: str, remedy: str) -> None:
        self.field = field
        super().__init__(file=file, where=field, found=found, expected=expected, remedy=remedy)


class DataError(_LocatedError):
    """A mistake in the data: ``where`` names the row, the column or the byte in ``file``."""


class UnreachableError(DataError):
    """A store that did not answer: nothing is wrong with the data, and the next attempt may well succeed."""


class AtlasErrors(AtlasError):
    """Several mistakes found in one go, so that they can be mended in one go."""

    def __init__(self, errors: Sequence[AtlasError]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


def raise_all(errors: Sequence[AtlasError]) -> None:
    """Raise nothing, the only error, or all of them as one :class:`AtlasErrors`."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise AtlasErrors(errors)


class Found(str):
    """A finding that already is a clause ("is missing", "has 3 values"), not a value to be quoted."""


def _verb(found: object) -> str:
    return str(found) if isinstance(found, Found) else f"is {found!r}"
