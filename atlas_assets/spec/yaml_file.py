"""YAML that people write: read, or said what is wrong with it and where.

What could keep a reader busy for ever is refused before it is built: nesting, and aliases of aliases, of which a few
lines can stand for more than fits into memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from atlas_assets.errors import Found, SpecError

MOST_BYTES, DEEPEST, MOST_ALIASES = 2_000_000, 50, 100


class _Mistake(yaml.MarkedYAMLError):
    pass


class _Loader(yaml.SafeLoader):
    """YAML's plain values; a key that is there twice is a mistake, not the last one of the two."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                said = f"the key {key.value!r} is there already, in line {seen[key.value]}; keep one of the two"
                raise _Mistake(problem=said, problem_mark=key.start_mark)
            seen[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep=deep)


def content(path: Path) -> bytes | None:
    """As much of the file as is ever read; None where it cannot be."""
    try:
        return _bytes(path)
    except OSError:
        return None


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def read(path: Path) -> Any:
    """What the file holds. Raises FileNotFoundError, and SpecError with the line where it is no YAML."""
    try:
        data = _bytes(path)
        if len(data) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        text = data.decode()
        _look_through(text)
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # digits without end, too
        where = getattr(error, "problem_mark", None)
        raise SpecError(
            file=path,
            field=f"line {where.line + 1}" if where else "",
            found=Found("cannot be read as YAML"),
            expected="YAML text in UTF-8",
            remedy=f"Mend this: {getattr(error, 'problem', None) or error}.",
        ) from error


def _look_through(text: str) -> None:
    """Raise what is wrong with the shape, without building anything."""
    anchors: list[bool] = []  # of what is open: whether it, or what it is in, has a name
    aliases = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            anchors.append(bool(event.anchor) or (bool(anchors) and anchors[-1]))
            if len(anchors) > DEEPEST:
                raise _Mistake(problem=f"it is nested deeper than {DEEPEST} levels", problem_mark=event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchors.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if anchors and anchors[-1]:
                said = f"*{event.anchor} stands in what has a name itself; write out one of the two"
                raise _Mistake(problem=said, problem_mark=event.start_mark)
            if aliases > MOST_ALIASES:
                said = f"there are more than {MOST_ALIASES} aliases; write some of them out"
                raise _Mistake(problem=said, problem_mark=event.start_mark)
