"""What a user did not mean, said so that it can be mended: where, what was found, what would be right, what to do.

Every message that reaches a user because of a file, an option or the data is one of these; anything else that is
raised is a defect of Atlas.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence

from atlas_assets.redact import redact

MOST_QUOTED = 200  # characters of a value in a message


class AtlasError(Exception):
    """An error that a user can mend. ``str(error)`` is the whole message; no traceback is needed to act on it.

    Messages repeat what was typed, addresses included; secrets in them are taken out.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(redact(str(one)) for one in said))


class NotInstalled(AtlasError):
    """Something asks for a library that Atlas does without. extra: of this package, which brings it."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {library}, which is not installed. Install it with: pip install 'atlas-assets[{extra}]'"
        )


class _LocatedError(AtlasError):
    def __init__(self, *, file: object, where: str, found: object, expected: str, remedy: str) -> None:
        self.file, self.where, self.found, self.expected, self.remedy = (
            redact(str(file)),
            where,
            found,
            expected,
            remedy,
        )
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
    if isinstance(found, Found):
        return str(found)
    text = repr(found)
    return f"is {text}" if len(text) <= MOST_QUOTED else f"is {text[:MOST_QUOTED]}… ({len(text):,} characters)"


_FULL = (
    "There is no space left: free some (atlas prune takes away what Atlas can do without), or set ATLAS_STORAGE to a "
    "larger disk. What was stored is whole, and the same command goes on from there."
)
_READ_ONLY = (
    "Atlas writes artifacts to ATLAS_STORAGE (default: data), its state to .dagster in the project, and copies to "
    "XDG_CACHE_HOME. Make it writable, or name other folders."
)
_OF_THE_SYSTEM = {
    errno.ENOSPC: ("cannot be written: the disk is full", _FULL),
    errno.EDQUOT: ("cannot be written: the quota is used up", _FULL),
    errno.EROFS: ("cannot be written: the file system is read-only", _READ_ONLY),
    errno.EACCES: ("may not be read or written by this user", _READ_ONLY),
    errno.EPERM: ("may not be changed by this user", _READ_ONLY),
    errno.EMFILE: (
        "cannot be opened: this process has as many files open as it may",
        "Raise the limit, for example with: ulimit -n 4096",
    ),
    errno.ENFILE: ("cannot be opened: the machine has as many files open as it may", "End what has them open."),
    errno.EIO: (
        "cannot be read or written: the disk reports an error",
        "Look at the system's log. To see which artifacts are whole, run: atlas doctor --verify",
    ),
    errno.EISDIR: ("is a folder, where a file was expected", "Move it away, and run the same command again."),
    errno.ENOTDIR: ("lies below a file, where a folder was expected", "Move that file away, and run this again."),
    errno.ENAMETOOLONG: ("has a name that is too long for this file system", "Use shorter names."),
}
_BY_TEXT = {  # libraries that write files themselves say only this much
    "No space left on device": errno.ENOSPC,
    "database or disk is full": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "Read-only file system": errno.EROFS,
    "attempt to write a readonly database": errno.EROFS,
    "Too many open files": errno.EMFILE,
    "requested and 0 written": errno.ENOSPC,  # numpy.save
    "disk I/O error": errno.EIO,  # SQLite
    "can't allocate memory": errno.ENOMEM,  # torch
    "not enough memory": errno.ENOMEM,  # torch on other systems
    "Cannot allocate memory": errno.ENOMEM,
    "can't start new thread": errno.ENOMEM,
    "could not spawn threads": errno.ENOMEM,  # Polars
    "failed to map segment": errno.ENOMEM,  # of a library that is loaded
    "Out of memory: Cannot allocate": errno.ENOMEM,  # Node
}
_MEMORY = (
    "There is not enough memory. Close other programs, or take less: a stricter filter, fewer n_neighbors. "
    "ATLAS_MEMORY says how much a step may use, such as ATLAS_MEMORY=4G."
)


def of_the_machine(error: BaseException) -> AtlasError | None:
    """What the machine refused, such as space or the right to write, with a remedy; None where it was something else.

    Looks through what an error was caused by, as frameworks wrap the errors of steps.
    """
    for one in _chain(error):
        if isinstance(one, AtlasError):
            return None
        if isinstance(one, MemoryError):
            return AtlasError(_MEMORY)
        number = one.errno if isinstance(one, OSError) else None
        if number not in _OF_THE_SYSTEM and number != errno.ENOMEM:
            said = str(one).lower()
            number = next((number for text, number in _BY_TEXT.items() if text.lower() in said), None)
        if number == errno.ENOMEM:
            return AtlasError(_MEMORY)
        if number is not None:
            what, remedy = _OF_THE_SYSTEM[number]
            named = (one.filename2 or one.filename) if isinstance(one, OSError) else None  # of a move, its end
            place = "A file" if named is None else named
            return AtlasError(f"{place} {what}. {remedy}")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
