"""What entities may have in common: values of fields, words of their labels and texts, the beginnings of their paths.

A trait is a set of entities with a text for people. Spellings of one thing are one trait; ids, codes without words and
remarks on how something was collected are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import sparse

from atlas_assets.stages.regions.naming import readable
from atlas_assets.stages.regions.naming.codes import spelled_out
from atlas_assets.stages.regions.naming.kept import is_kept
from atlas_assets.stages.regions.naming.words import words_of

FEWEST = 3  # entities
MOST_VALUES = 20_000  # of one field or of the words, the most frequent
MOST_CLASSES = 30  # whole numbers that may be classes; more are numbers of something
SLUGS = 0.15  # of a field's values with a hyphen or underscore: then these stand for spaces
PATHS = 0.6  # of the labels with a separator and no space: then they are paths
LONG = 5  # spaces in a label: more describe, as titles of papers do; fewer are a name
DESCRIBING = "description"  # field of the words of labels that describe, as paths do and long ones
DEPTH = 3  # of the beginnings of paths that may be names
# How well a name of each kind says what is inside.
WEIGHTS = {"value": 1.0, "yes": 0.9, "prefix": 0.9, "word": 0.6, "grade": 0.35, "code": 0.35}
_TOGETHER = re.compile(r"\s*[,;&/|+]\s*")  # between values that an entity has together
_SEPARATORS = ("::", "/", ".", "\\", ":")


@dataclass
class Traits:
    """t traits of n entities. has (n, t) float32 CSC of ones; the lists are as long: text, folded key, kind, field."""

    has: sparse.csc_array
    texts: list[str]
    keys: list[str]
    kinds: list[str]
    fields: list[str]
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))

    def rows(self, trait: int) -> np.ndarray:
        return self.has.indices[self.has.indptr[trait] : self.has.indptr[trait + 1]]


@dataclass
class _Column:
    """row and value of everything that a source says, and how to show a value. spaces: what may stand for a space."""

    table: pl.DataFrame
    kind: str
    field: str
    spaces: str = "_"


def collect(labels: list[str], fields: pl.DataFrame, types: dict[str, str], said: dict[str, str]) -> Traits:
    """The traits of the entities. types: of the fields, as in defs.yaml; said: what people call the fields."""
    n = len(labels)
    found: list[tuple[np.ndarray, str, str, str, str]] = []  # rows, text, key, kind, field
    for column in _columns(labels, fields, types):
        found += _folded(column, said.get(column.field, column.field))
    found = [one for one in found if FEWEST <= one[0].size < n]
    indptr = np.cumsum([0, *(rows.size for rows, *_ in found)])
    indices = np.concatenate([rows for rows, *_ in found]) if found else np.empty(0, np.int64)
    has = sparse.csc_array((np.ones(indices.size, np.float32), indices, indptr), shape=(n, len(found)))
    kinds = [kind for *_, kind, _ in found]
    return Traits(
        has,
        [text for _, text, *_ in found],
        [key for _, _, key, _, _ in found],
        kinds,
        [name for *_, name in found],
        np.array([WEIGHTS[kind] for kind in kinds]),
    )


def clustering(traits: Traits, neighbours: np.ndarray, most: int = 5) -> np.ndarray:
    """Of each trait how much likelier than chance a neighbour of an entity that has it has it too: (t,), 1 = always."""
    n, t = len(neighbours), len(traits.texts)
    if not t or not neighbours.size:
        return np.ones(t)
    near = neighbours[:, :most]
    row, column = np.nonzero(near >= 0)
    graph = sparse.csr_array((np.ones(row.size, np.float32), (row, near[row, column])), shape=(n, n))
    has = sparse.csr_array(traits.has)
    both = np.asarray(has.multiply(graph @ has).sum(axis=0)).ravel()
    asked = np.asarray(has.multiply(np.asarray(graph.sum(axis=1))[:, None]).sum(axis=0)).ravel()
    chance = np.asarray(has.sum(axis=0)).ravel() / n
    return np.where(asked > 0, (both / np.maximum(asked, 1) - chance) / (1 - chance).clip(1e-9), 0.0)


def _columns(labels: list[str], fields: pl.DataFrame, types: dict[str, str]) -> Iterator[_Column]:
    for values in fields.get_columns():
        name = values.name
        kind = types.get(name) or _type_of(values.dtype)
        if kind is None or readable.tells_nothing(name):
            continue
        table = pl.DataFrame({"row": np.arange(len(values)), "value": values})
        if kind == "list" and values.dtype.base_type() in (pl.List, pl.Array):
            table = table.with_columns(pl.col("value").cast(pl.List(pl.String))).explode("value")
        if kind in ("category", "list"):
            # "young-adult" is a tag; of other values, as "scikit-learn", it is the name
            yield _Column(_apart(_text_values(table)), "value", name, "[-_]" if kind == "list" else "_")
        elif kind == "boolean":
            yield _Column(
                _text_values(table.with_columns(pl.col("value").cast(pl.String).str.to_lowercase())), "yes", name
            )
        elif kind == "text" and _mostly(values, lambda text: " " not in text):  # names of people, not texts
            yield _Column(_text_values(table), "prefix", name)
        elif kind == "text" and not _mostly(values, readable.is_machine_made):
            yield from (_Column(words, "word", name) for words in words_of(values.cast(pl.String).to_list()))
    separator = _separator(labels)
    own = labels if separator is None else [label.rsplit(separator, 1)[-1] for label in labels]
    long = np.median([label.count(" ") for label in labels]) >= LONG if labels else False
    of_labels = "" if separator is None and not long else DESCRIBING
    yield from (_Column(words, "word", of_labels) for words in words_of(own))
    if separator is not None:
        yield _Column(_prefixes(labels, separator), "prefix", "")


def _type_of(dtype: pl.DataType) -> str | None:
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    if dtype == pl.Boolean:
        return "boolean"
    if inner not in (pl.String, pl.Categorical, pl.Enum) and not isinstance(inner, pl.Categorical | pl.Enum):
        return None
    return "list" if inner is not dtype else "category"


def _text_values(table: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("value").cast(pl.String).str.strip_chars()
    return table.select("row", value=text).filter(pl.col("value").is_not_null() & (pl.col("value") != "")).unique()


def _apart(table: pl.DataFrame) -> pl.DataFrame:
    """With a row for each part of values that are several others together: "WU", "white & blue", "Comedy, Drama"."""
    known = table["value"].unique().to_list()
    if len(known) > MOST_VALUES:
        return table
    whole = set(known)
    parts = {value: _parts(value, whole) for value in known}
    parted = pl.DataFrame(
        [(value, part) for value, found in parts.items() for part in found],
        schema={"value": pl.String, "part": pl.String},
        orient="row",
    )
    more = table.join(parted, on="value").select("row", value="part")
    return pl.concat([table, more]).unique()


def _parts(value: str, known: set[str]) -> list[str]:
    for parts in (_TOGETHER.split(value), list(value) if value.isupper() and value.isalpha() else []):
        if len(parts) > 1 and len(set(parts)) == len(parts) and known.issuperset(parts):
            return parts
    return []


def _mostly(values: pl.Series, is_such: Callable[[str], bool]) -> bool:
    some = [value for value in values.drop_nulls().cast(pl.String).head(200).to_list() if value]
    return not some or sum(map(is_such, some)) > 0.5 * len(some)


def _folded(column: _Column, said: str) -> Iterator[tuple[np.ndarray, str, str, str, str]]:
    """One trait per thing that the column says, under its most frequent spelling."""
    often = column.table.group_by("value").len().sort(["len", "value"], descending=[True, False]).head(MOST_VALUES)
    values = often["value"].to_list()
    kind, name = column.kind, column.field
    if kind == "word":
        keys = [readable.fold(value) for value in values]
        shown = values
    elif kind == "prefix":
        keys = shown = values
    elif kind == "yes":
        shown = [_yes(said, value) for value in values]
        keys = [readable.fold(text) for text in shown]
    else:
        slug = sum(bool(re.search(rf"\w{column.spaces}\w", value)) for value in values) > SLUGS * len(values)
        numbered = all(value.replace(".", "").isdigit() for value in values)
        if numbered and len(values) > MOST_CLASSES:
            return
        shown = [spelled_out(name, value) for value in values]
        shown = [readable.readable(text, slug=slug) for text in shown]
        keys = [readable.fold(text) for text in shown]
    first: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for value, text, key in zip(values, shown, keys, strict=True):
        if not key or len(text) > readable.LONGEST or readable.is_machine_made(text):
            continue
        if kind == "value" and is_kept(text):
            continue
        first.setdefault(key, text)
        kept.append((value, key))
    if not kept:
        return
    names = list(first)
    number = {key: i for i, key in enumerate(names)}
    key_of = pl.DataFrame({"value": [value for value, _ in kept], "key": [number[key] for _, key in kept]})
    rows = column.table.join(key_of, on="value").select("row", "key").unique().sort("key", "row")
    bounds = np.searchsorted(rows["key"].to_numpy(), np.arange(len(names) + 1))
    row = rows["row"].to_numpy()
    texts = set(first.values())
    for i, key in enumerate(names):
        text = first[key]
        code = kind == "value" and (readable.is_code(text) or len(_parts(text, texts)) == len(text))
        yield (
            row[bounds[i] : bounds[i + 1]],
            f"{said.lower()} {text}" if code else text,
            f"{name} {key}" if code else readable.fold(key),
            "code" if code else "grade" if kind == "value" and readable.is_grade(name) else kind,
            name,
        )


def _yes(said: str, value: str) -> str:
    return said if value in ("true", "1", "yes") else f"not {said[:1].lower()}{said[1:]}"


def _separator(labels: list[str]) -> str | None:
    """Between the parts of labels that are paths; None where they are none."""
    shares = {s: sum(s in label.strip(s) and " " not in label for label in labels) for s in _SEPARATORS}
    separator = max(shares, key=lambda s: (shares[s], len(s)))
    return separator if labels and shares[separator] >= PATHS * len(labels) else None


def _prefixes(labels: list[str], separator: str) -> pl.DataFrame:
    """row and prefix of labels that are paths, without those that all share."""
    rows, values = [], []
    for row, label in enumerate(labels):
        parts = label.split(separator)
        for depth in range(1, min(DEPTH, len(parts) - 1) + 1):
            rows.append(row)
            values.append(separator.join(parts[:depth]))
    table = pl.DataFrame({"row": rows, "value": values}, schema={"row": pl.Int64, "value": pl.String})
    return table.filter(pl.col("value") != "")
