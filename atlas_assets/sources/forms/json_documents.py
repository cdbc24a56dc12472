"""JSON that is not one object per line: arrays, objects of lists, of counts or of objects, lists per line.

Whatever it is, it becomes rows, one JSON object per line, or baskets as pairs. A document is held in memory as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from atlas_assets.sources.forms import text
from atlas_assets.sources.forms.form import (
    ANY,
    COLUMNS,
    Form,
    Given,
    Head,
    Pieces,
    Role,
    no_rows,
    records,
    write_parquet,
)

MOST_BYTES = 2 << 30
_FEW_COLUMNS = 12
_PARTS = ("links", "edges")


def _starts(head: Head) -> bytes:
    return head.bytes.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _first_values(head: Head) -> list[Any]:
    """The values of the first lines; none where a line is not one by itself."""
    found = []
    for line in head.lines[:50]:
        try:
            found.append(json.loads(line))
        except ValueError:
            return []
    return found


def _is_document(head: Head, role: Role) -> bool:
    start = _starts(head)
    if start not in (b"[", b"{"):
        return False
    lines = [line.strip() for line in head.lines[:3]] if head.lines else []
    if not head.lines:  # one line that is longer than the head
        return True
    values = _first_values(head)
    if start == b"[":
        if not values and head.suffix not in (".json", ".jsonl", ".ndjson"):
            return lines[0] in ("[", "[{", "[[") or lines[0].startswith(("[{", "[["))
        return not (len(values) > 1 and all(isinstance(value, list) for value in values))
    if len(values) > 1:
        return False
    if values:  # a single line: a document, or the only row of a file of rows
        return head.suffix == ".json" or _is_nested(values[0])
    first = lines[0]
    return first in ("{", "{}") or (not first.endswith("}") and len(head.lines) > 1) or not head.whole


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(one, (list, dict)) for one in value.values())


def _is_lists(head: Head, role: Role) -> bool:
    values = _first_values(head)
    return len(values) > 1 and all(isinstance(value, list) for value in values)


def _has_counts(head: Head, role: Role) -> bool:
    values = _first_values(head)
    if role != "collections" or len(values) < 2 or not all(isinstance(value, dict) for value in values):
        return False
    return any(_are_counts([value.get(name) for value in values]) for name in values[0])


def _are_counts(values: list[Any]) -> bool:
    """Whether these are objects from names to numbers, whose names differ: counts, not records."""
    if not values or not all(isinstance(value, dict) for value in values):
        return False
    numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for value in values for n in value.values())
    return numbers and len({tuple(sorted(value)) for value in values}) > 1


def read_document(given: Given) -> Pieces:
    """A whole JSON document. Raises DataError where it is not one, or shows no rows."""
    size = given.path.stat().st_size
    if size > MOST_BYTES:
        raise given.wrong(
            f"is one JSON document of {size / 2**30:.1f} GiB",
            expected=f"at most {MOST_BYTES >> 30} GiB, or one object per line",
            remedy="Convert it, for example with: jq -c '.[]' in.json > out.jsonl",
        )
    path, told = text.utf8(given)
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise given.wrong(
            f"is not JSON ({error})",
            expected="a JSON document, or one object per line",
            remedy="Correct it at that place, or write it again.",
        ) from error
    return _pieces(given, value, told)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _pieces(given: Given, value: Any, told: list[str]) -> Pieces:
    if isinstance(value, list):
        return _of_list(given, value, told)
    if not isinstance(value, dict) or not value:
        raise no_rows(given)
    if isinstance(value.get("nodes"), list) and any(isinstance(value.get(part), list) for part in _PARTS):
        return _of_graph(given, value, told)
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        rows = [dict(zip(map(str, value["columns"]), row, strict=False)) for row in value["data"]]
        return _of_objects(given, rows, [*told, f"{given.name}: columns and data, {len(rows):,} rows"])
    if given.part is not None:
        if given.part not in value:
            raise given.wrong(
                f"has no key {given.part!r}",
                expected=f"one of {', '.join(map(repr, list(value)[:8]))}",
                remedy="Name another behind the #.",
            )
        return _pieces(given, value[given.part], told)
    members = list(value.values())
    rows_in = [k for k, v in value.items() if isinstance(v, list) and v and all(isinstance(one, dict) for one in v)]
    if len(rows_in) > 1:
        raise given.wrong(
            f"holds several lists of objects ({', '.join(rows_in[:6])})",
            expected="one",
            remedy=f"Name the one that is meant behind a #: {given.name}#{rows_in[0]}",
        )
    if rows_in:
        return _of_objects(given, value[rows_in[0]], [*told, f"{given.name}: the rows are in {rows_in[0]!r}"])
    if all(isinstance(one, list) for one in members):
        return _of_lists_by_name(given, value, told)
    if all(isinstance(one, dict) for one in members):
        return _of_objects_by_name(given, value, told)
    return _of_objects(given, [value], told)


def _of_list(given: Given, rows: list[Any], told: list[str]) -> Pieces:
    if rows and all(isinstance(row, dict) for row in rows):
        return _of_objects(given, rows, [*told, f"{given.name}: an array of {len(rows):,} objects"])
    if rows and all(isinstance(row, list) for row in rows):
        return _of_lists(given, rows, told)
    raise given.wrong(
        f"is an array of {_kinds(rows)}" if rows else "is an empty array",
        expected="objects, one per row, or lists",
        remedy='Write [{"column": value, …}, …].',
    )


def _kinds(values: Iterable[Any]) -> str:
    names = {dict: "objects", list: "lists", str: "texts", int: "numbers", float: "numbers", bool: "booleans"}
    return " and ".join(sorted({names.get(type(value), "nulls") for value in values}))


def _of_lists(given: Given, rows: list[list[Any]], told: list[str]) -> Pieces:
    """Vectors without ids, baskets, or rows of a table without a header."""
    if given.role == "vectors":
        return Pieces(
            _lines(given, ({"id": i, "vector": row} for i, row in enumerate(rows))), "jsonl", told=tuple(told)
        )
    sets = [[str(value) for value in row] for row in rows[:1_000]]
    if given.role == "collections" and (text.shared_values(sets) >= 0.5 or len({len(row) for row in rows}) > 1):
        told.append(f"{given.name}: one basket per list, {len(rows):,} of them; their id is their number from 1")
        return _baskets(given, ((i, row) for i, row in enumerate(rows, start=1)), told)
    names = COLUMNS.get(given.role, ())
    table = [{names[i] if i < len(names) else f"column_{i + 1}": value for i, value in enumerate(row)} for row in rows]
    return _of_objects(given, table, [*told, f"{given.name}: lists as rows, columns by place"])


def _of_lists_by_name(given: Given, value: dict[str, list[Any]], told: list[str]) -> Pieces:
    """Columns of a table, or one list for every id."""
    lists = list(value.values())
    lengths = {len(one) for one in lists}
    first = [one[0] for one in lists if one]
    if given.role == "vectors" and first and all(isinstance(one, (int, float)) for one in first):
        rows = ({"id": key, "vector": one} for key, one in value.items())
        return Pieces(
            _lines(given, rows), "jsonl", told=(*told, f"{given.name}: a vector for each of {len(value):,} ids")
        )
    across = [[str(member) for member in row] for row in zip(*lists, strict=False)][:1_000] if len(lengths) == 1 else []
    if len(lengths) == 1 and len(lists) <= _FEW_COLUMNS and text.shared_values(across) < 0.5:
        rows = [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
        return _of_objects(given, rows, [*told, f"{given.name}: lists as columns: {', '.join(value)}"])
    if given.role not in COLUMNS:
        raise given.wrong(
            f"holds {len(value):,} lists of different lengths",
            expected="columns of one length",
            remedy="Give it as --interactions: the members of each list are a collection.",
        )
    told.append(f"{given.name}: {len(value):,} lists by name; the name is the {COLUMNS[given.role][0]}")
    if any(isinstance(member, (dict, list)) for one in lists for member in one):
        raise given.wrong(
            "holds lists of lists or objects under each name",
            expected="lists of ids",
            remedy="Write one object per line.",
        )
    return _baskets(given, value.items(), told)


def _of_objects_by_name(given: Given, value: dict[str, dict[str, Any]], told: list[str]) -> Pieces:
    """Counts of each id, columns of a table, or one record for every id."""
    objects = list(value.values())
    inner = {key for one in objects for key in one}
    scalars = all(isinstance(member, (int, float)) for one in objects for member in one.values())
    if given.role in COLUMNS and scalars:
        first, second, third, *_ = COLUMNS[given.role]
        rows = [{first: key, second: name, third: n} for key, one in value.items() for name, n in one.items()]
        told.append(f"{given.name}: numbers by name and name; the outer one is the {first}, the inner the {second}")
        return _of_objects(given, rows, told)
    if all(set(one) == inner for one in objects) and all(key.isdigit() for key in inner):
        rows = [{name: one[key] for name, one in value.items()} for key in objects[0]]
        return _of_objects(given, rows, [*told, f"{given.name}: columns by row number: {', '.join(value)}"])
    rows = [{"id": key} | one for key, one in value.items()]
    return _of_objects(given, rows, [*told, f"{given.name}: a record for each of {len(rows):,} ids"])


def _of_graph(given: Given, value: dict[str, Any], told: list[str]) -> Pieces:
    """Nodes and links, as d3 and NetworkX write them; ends may be numbers of nodes."""
    links = next(value[part] for part in _PARTS if isinstance(value.get(part), list))
    nodes = [node if isinstance(node, dict) else {"id": node} for node in value["nodes"]]
    key = next((name for name in ("id", "key", "name", "label") if nodes and all(name in node for node in nodes)), None)
    ids = [node[key] if key else i for i, node in enumerate(nodes)]
    known = {json.dumps(one) for one in ids}

    def end(link: dict[str, Any], role: str) -> Any:
        found = link.get(role)
        found = found.get(key) if isinstance(found, dict) and key else found
        if isinstance(found, int) and json.dumps(found) not in known and 0 <= found < len(ids):
            return ids[found]
        return found

    rows = [
        {"source": end(link, "source"), "target": end(link, "target")}
        | {name: link[name] for name in ("weight", "value") if name in link}
        for link in links
        if isinstance(link, dict)
    ]
    told.append(f"{given.name}: a graph of {len(nodes):,} nodes and {len(rows):,} links")
    table = records(
        [{"id": one} | {k: v for k, v in node.items() if k != key} for one, node in zip(ids, nodes, strict=True)]
    )
    entities = write_parquet(given, table, "entities.parquet") if nodes else None
    if given.role == "entities" and entities:
        return Pieces(entities, "parquet", told=tuple(told))
    return Pieces(_lines(given, [{k: row[k] for k in list(row)[:3]} for row in rows]), "jsonl", entities, tuple(told))


def _of_objects(given: Given, rows: list[dict[str, Any]], told: list[str]) -> Pieces:
    if not rows:
        raise no_rows(given)
    counted = [
        name for name in rows[0] if given.role == "collections" and _are_counts([row.get(name) for row in rows[:50]])
    ]
    return Pieces(_lines(given, (_unfolded(row, counted) for row in rows)), "jsonl", told=tuple(told))


def _unfolded(row: dict[str, Any], counted: list[str]) -> dict[str, Any]:
    """A row whose objects of counts are lists of objects."""
    made = {name: [{"entity": k, "value": v} for k, v in (row.get(name) or {}).items()] for name in counted}
    return row | made if made else row


def _baskets(given: Given, rows: Iterable[tuple[Any, list[Any]]], told: list[str]) -> Pieces:
    first, second, *_ = COLUMNS[given.role]
    pairs = [{first: key, second: member} for key, members in rows for member in members]
    if not pairs:
        raise no_rows(given)
    return Pieces(write_parquet(given, records(pairs)), "parquet", told=tuple(told))


def _lines(given: Given, rows: Iterable[dict[str, Any]]) -> Path:
    target = given.target("rows.jsonl")
    with target.open("w", encoding="utf-8") as sink:
        for row in rows:
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")
    return target


def _values(given: Given) -> Iterator[tuple[int, Any]]:
    with given.path.open(encoding="utf-8-sig") as source:
        for number, line in enumerate(source, start=1):
            if line.strip():
                try:
                    yield number, json.loads(line, parse_constant=_refuse)
                except ValueError as error:
                    raise given.wrong(
                        f"is not JSON ({error})",
                        expected="one JSON value per line",
                        remedy="Correct or remove the line.",
                        where=f"line {number:,}",
                    ) from error


def read_lists(given: Given) -> Pieces:
    """One JSON list per line."""
    rows = []
    for number, value in _values(given):
        if not isinstance(value, list):
            raise given.wrong(
                f"holds {_kinds([value])}",
                expected="a list, as the lines before",
                remedy="Correct the line.",
                where=f"line {number:,}",
            )
        rows.append(value)
    return _of_lists(given, rows, [])


def read_counts(given: Given) -> Pieces:
    """One JSON object per line, in which an object of numbers says how many of each there are."""
    head = _first_values(given.head)
    counted = [name for name in head[0] if _are_counts([value.get(name) for value in head])]
    rows = (_unfolded(value, counted) for _, value in _values(given) if isinstance(value, dict))
    told = f"{given.name}: the names in {', '.join(counted)} are entities, their numbers values"
    return Pieces(_lines(given, rows), "jsonl", told=(told,))


FORMS = (
    Form("json_lists", "a file with one JSON list per line", (".jsonl", ".ndjson"), ANY, _is_lists, read_lists),
    Form("json_counts", "a file of JSON objects with counts", (), frozenset({"collections"}), _has_counts, read_counts),
    Form("json", "a JSON document", (".json",), ANY, _is_document, read_document),
)
