"""The characters of a text file: what is not UTF-8 with lines that end in LF is copied into that, and said."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from atlas_assets.errors import DataError, Found

_HEAD_BYTES = 1 << 16
_BLOCK_CHARACTERS = 1 << 20
_SAMPLE_BYTES = 1 << 18
# The longer marks first: that of UTF-16 begins that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Western texts look alike in many tables of 8 bits; of these one is by far the most written.
_WESTERN = {"latin_1", "iso8859_15", "iso8859_9", "cp1254", "cp1250", "cp1257", "cp1252", "iso8859_14", "iso8859_3"}
_WESTERN_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜœŒ°§«»“”‘’–—…•€£©®™·¿¡ºª\xa0")


def in_lines_of_utf8(path: Path, name: str, target: Path, *, lines_of_json: bool) -> tuple[Path, list[str]]:
    """The file, or a copy of it at ``target``, and what was done. Bytes that are no UTF-8 may come later in it."""
    with path.open("rb") as source:
        head = source.read(_HEAD_BYTES)
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None) or _without_mark(head)
    if encoding is not None:
        return _copy(path, name, encoding, target), [f"{name} is written in {encoding.upper()}; it was read as such"]
    if lines_of_json and head.startswith(codecs.BOM_UTF8):
        return _copy(path, name, "utf-8-sig", target), []
    if b"\r" in head and b"\n" not in head:
        return _copy(path, name, "utf-8-sig", target), [f"the lines of {name} end in CR alone, as on old Macintoshes"]
    return path, []


def in_guessed_encoding(path: Path, name: str, target: Path) -> tuple[Path, list[str]]:
    """A copy in UTF-8 of a file that is not, and what was guessed. Raises DataError where the characters are mixed."""
    sample, valid, first = bytearray(), 0, None
    with path.open("rb") as source:
        offset = 0
        for number, line in enumerate(source, start=1):
            if not line.isascii():
                try:
                    line.decode("utf-8-sig")
                    valid += 1
                except UnicodeDecodeError as error:
                    first = first or (number, offset + error.start, line[error.start])
                    sample += line
                    if len(sample) > _SAMPLE_BYTES:
                        break
            offset += len(line)
    assert first is not None, "asked for a file that is UTF-8"
    line, byte, value = first
    if valid > 0:
        raise DataError(
            file=name,
            where=f"line {line:,}, byte {byte:,}",
            found=Found(f"holds the byte 0x{value:02x}, which is not UTF-8, though {valid:,} other lines are"),
            expected="one encoding in the whole file",
            remedy="Correct the line, or drop what cannot be read with: iconv -c -f utf-8 -t utf-8 in.csv > out.csv",
        )
    encoding = _guessed(bytes(sample))
    text = bytes(sample).decode(encoding, errors="replace")
    shown = next((word for word in text.split() if not word.isascii()), "").strip(",;\"'|")[:30]
    made = _copy(path, name, encoding, target)
    said = f"it was read as {encoding.replace('_', '-')}, such as {shown!r} in line {line:,}"
    return made, [f"{name} is not written in UTF-8; {said}"]


def _without_mark(head: bytes) -> str | None:
    """UTF-16 by its zeros: text in Latin letters has one in every other byte."""
    zeros = head.count(0)
    if zeros < max(4, len(head) // 5):
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < 0.9 * zeros:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _guessed(sample: bytes) -> str:
    """The encoding of bytes that are not UTF-8: Windows' own table for Western letters, else the likeliest."""
    western = sample.decode("cp1252", errors="replace")
    beyond = [character for character in western if not character.isascii()]
    fitting = sum(character in _WESTERN_LETTERS for character in beyond)
    if "\ufffd" not in western and fitting > 0.95 * len(beyond):
        return "cp1252"
    best = from_bytes(sample).best()
    if best is None or best.encoding in _WESTERN:
        return "cp1252" if "\ufffd" not in western else "latin_1"
    return best.encoding


def _copy(path: Path, name: str, encoding: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f"{target.name}-utf8{path.suffix}")
    try:
        with made.open("w", encoding="utf-8", newline="\n") as sink:
            for block in _blocks(path, encoding):
                sink.write(block)
    except UnicodeError as error:
        raise DataError(
            file=name,
            where="",
            found=Found(f"begins like {encoding.upper()} but cannot be read as such ({error})"),
            expected="text in one encoding",
            remedy="Save it as UTF-8 with the program that wrote it.",
        ) from error
    return made


def _blocks(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding) as source:  # any end of a line is read as LF
        first = source.read(_BLOCK_CHARACTERS).removeprefix("\ufeff")
        while first:
            yield first
            first = source.read(_BLOCK_CHARACTERS)
