"""From what a user typed (paths, globs, URLs) to plain local files: fetched, unpacked, named as the user knows them.

A file is what its first bytes say, whatever it is called: packed, of one of the ``forms``, or plain.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec

from atlas_assets.errors import DataError, Found
from atlas_assets.redact import redact
from atlas_assets.sources.forms import arrays, columnar, databases, registry
from atlas_assets.sources.forms.containers import packing, unpack
from atlas_assets.sources.forms.form import RELATIONS, Given, Head, Options, Role
from atlas_assets.sources.listing import FORMATS, READABLE, RemoteErrors, list_all, split_part
from atlas_assets.sources.text.dialect import Dialect

_COPY_BYTES = 1 << 22
_DEEPEST = 3  # packed in packed in packed
_PLAIN = {b"PAR1": "parquet", b"\x93NUMPY": "npy"}
_START_BYTES = 8


@dataclass(frozen=True)
class Located:
    """A plain file on this machine. ``name``: what messages and reports call it; ``bytes``: its size at its origin.

    form: of the file as it came, where it had to be made plain; entities: the table of the entities that it brought,
    as Parquet; told: what was decided on the way, for people; dialect: of a text table, once it is known
    (``text.table.prepare``).
    """

    path: Path
    name: str
    bytes: int
    format: str
    form: str | None = None
    entities: Path | None = None
    told: tuple[str, ...] = ()
    dialect: Dialect | None = None

    def __post_init__(self) -> None:
        if "://" in self.name:  # it was opened by then, and is only told
            object.__setattr__(self, "name", redact(self.name))

    @property
    def own_entities(self) -> Located | None:
        """The table of the entities that came with it."""
        return Located(self.entities, self.name, self.bytes, "parquet", self.form) if self.entities else None


def locate(
    patterns: Sequence[str], *, base: Path, scratch: Path, role: Role, options: Options | None = None
) -> list[Located]:
    """The files that ``patterns`` name, in the order of the patterns and by name inside one; none twice.

    patterns: paths relative to ``base``, globs, folders (every readable file in them), or URLs that fsspec knows.
    role: what their rows are wanted for. Files that are not plain are made so in ``scratch``. Raises DataError where
    nothing is found.
    """
    files = list_all(patterns, base=base)
    return [fetch(file.name, scratch / str(i), role=role, options=options) for i, file in enumerate(files)]


def fetch(name: str, target: Path, *, role: Role, options: Options | None = None) -> Located:
    """The file as a plain one on this machine: itself, or what was made of it in the folder ``target``."""
    address, part = split_part(name)
    options = options or Options()
    if databases.is_url(address):
        given = Given(target, name, role, target, part, options)
        made = databases.read_url(given, address)
        return Located(made.path, name, 0, made.format, "database", told=made.told)
    path, size = _on_this_machine(address, name, target)
    plain_name = PurePosixPath(address.partition("?")[0] if "://" in address else address).name
    for level in range(_DEEPEST):
        with path.open("rb") as source:
            packed = packing(source.read(_START_BYTES), path, name)
        if packed is None:
            break
        target.mkdir(parents=True, exist_ok=True)
        unpacked = target / f"unpacked{level}"
        plain_name, used = unpack(path, packed, name, part, unpacked)
        path, part = unpacked, None if used else part
    _refuse_empty(path, name)
    head = Head.of(path, plain_name)
    given = Given(path, name, role, target, part, options)
    plain = next((kind for magic, kind in _PLAIN.items() if head.bytes.startswith(magic)), None)
    if plain == "parquet" and (made := columnar.read_parquet(given)):
        return Located(made.path, name, size, made.format, told=made.told)
    if plain == "npy" and role in RELATIONS:
        made = arrays.read_matrix(given)
        return Located(made.path, name, size, made.format, told=made.told)
    form = None if plain else registry.recognise(head, role, options)
    if form is None:
        return _plain(given, head, size, plain)
    made = registry.read(form, given)
    return Located(made.path, name, size, made.format, form.name, made.entities, made.told)


def _plain(given: Given, head: Head, size: int, kind: str | None) -> Located:
    """A file that is read as it is, under an ending that fits."""
    if given.part is not None:
        raise given.wrong(
            f"has no part {given.part!r}", expected="a file without parts", remedy="Leave out what stands behind the #."
        )
    if kind is None:
        if not _is_text(head) or registry.is_unread(head):
            raise registry.refuse(given, head, READABLE)
        begins = head.bytes.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        by_name = FORMATS.get(head.suffix)
        kind = by_name if by_name in ("csv", "jsonl") else "jsonl" if begins in (b"{", b"[") else "csv"
    path = given.path
    if given.folder in path.parents:  # a copy of ours: it keeps the ending that it had
        path = path.rename(given.folder / f"plain{head.suffix}")
    return Located(path, given.name, size, kind)


def _is_text(head: Head) -> bool:
    """Whether these are characters, in some encoding: text in 16 bits has a mark, or every other byte is 0."""
    start = head.bytes
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    zeros = start.count(0)
    if zeros > len(start) // 5:
        return max(start[::2].count(0), start[1::2].count(0)) > 0.9 * zeros
    controls = sum(start.count(bytes([code])) for code in range(32) if code not in b"\t\n\f\r\x1a\x1b")
    return controls <= max(1, len(start) // 100)


def _on_this_machine(address: str, name: str, target: Path) -> tuple[Path, int]:
    """The path of a file, fetched where it is remote, and its size."""
    if "://" not in address:
        path = Path(address)
        size = path.stat().st_size
        _refuse_empty(path, name)
        return path, size
    target.mkdir(parents=True, exist_ok=True)
    path = target / "fetched"
    with RemoteErrors(name), fsspec.open(address, "rb") as source, path.open("wb") as sink:
        shutil.copyfileobj(source, sink, _COPY_BYTES)  # type: ignore[arg-type]
    _refuse_empty(path, name)
    return path, path.stat().st_size


def _refuse_empty(path: Path, name: str) -> None:
    if path.stat().st_size == 0:
        raise DataError(
            file=name,
            where="",
            found=Found("is empty"),
            expected="a header and rows",
            remedy="Write the data again, or leave the file out.",
        )
