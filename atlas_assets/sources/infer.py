"""Which column is what, for someone who has a file and no patience: guesses from names and values, each with a reason.

Used by ``atlas new`` to write a defs.yaml that works as it is, and by the readers for columns the spec leaves open.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from atlas_assets.errors import DataError, Found
from atlas_assets.sources import field_types, tables
from atlas_assets.sources.columns import ABSENT
from atlas_assets.sources.extent import entities_of, numbers_of
from atlas_assets.sources.field_types import words
from atlas_assets.sources.locate import Located, locate

SAMPLE_ROWS = 100_000
ROLES = {
    "collections": ("collection", "entity", "value", "timestamp", "weight"),
    "edges": ("source", "target", "weight"),
    "vectors": ("id", "vector"),
}
_NAMES: dict[str, tuple[str, ...]] = {
    "collection": (
        "collection",
        "user",
        "reader",
        "customer",
        "client",
        "deck",
        "playlist",
        "session",
        "basket",
        "cart",
        "order",
        "invoice",
        "transaction",
        "group",
        "member",
        "person",
        "listener",
        "player",
        "visitor",
        "account",
        "paper",
        "document",
        "doc",
        "file",
        "recipe",
        "patient",
        "household",
        "list",
        "chart",
        "post",
        "query",
        "u",
        "uid",
    ),
    "entity": (
        "entity",
        "item",
        "book",
        "card",
        "track",
        "song",
        "movie",
        "film",
        "product",
        "article",
        "artist",
        "game",
        "word",
        "token",
        "term",
        "tag",
        "page",
        "url",
        "repo",
        "repository",
        "package",
        "dependency",
        "crate",
        "ingredient",
        "subreddit",
        "author",
        "show",
        "channel",
        "gene",
        "skill",
        "function",
        "name",
        "i",
        "iid",
        "sku",
    ),
    "value": (
        "value",
        "rating",
        "score",
        "stars",
        "star",
        "copies",
        "count",
        "quantity",
        "qty",
        "plays",
        "playcount",
        "hours",
        "amount",
        "times",
        "frequency",
        "freq",
        "rank",
        "position",
        "listens",
        "purchases",
        "n",
    ),
    "timestamp": (
        "timestamp",
        "time",
        "date",
        "datetime",
        "ts",
        "created",
        "added",
        "when",
        "played",
        "updated",
        "day",
    ),
    "weight": ("weight", "w", "similarity", "strength", "score", "value", "count", "frequency", "correlation", "n"),
    "source": (
        "source",
        "src",
        "from",
        "head",
        "cue",
        "start",
        "left",
        "u",
        "a",
        "parent",
        "word1",
        "node1",
        "item1",
        "i",
    ),
    "target": (
        "target",
        "dst",
        "dest",
        "destination",
        "to",
        "tail",
        "response",
        "end",
        "right",
        "v",
        "b",
        "child",
        "word2",
        "node2",
        "item2",
        "j",
    ),
    "vector": ("vector", "embedding", "embeddings", "vec", "features", "values", "v"),
    "id": ("id", "entity", "item", "key", "word", "token", "name", "label", "uid"),
    "label": (
        "label",
        "title",
        "name",
        "word",
        "term",
        "text",
        "track",
        "song",
        "book",
        "card",
        "description",
        "caption",
    ),
}
_NESTED = ("items", "entities", "tracks", "cards", "books", "products", "songs", "movies", "words", "tags", "members")


@dataclass(frozen=True)
class Guess:
    """columns: {role: column, or list of columns for a vector}; sentences: one per decision, for people."""

    columns: dict[str, Any]
    sentences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Inference:
    """What ``atlas new`` writes: kind (collections, edges, vectors), columns, entity_columns, fields {name: {type}}.

    entity_noun, collection_noun: (singular, plural) where the column names give them away. n_entities, n_numbers: see
    ``extent``.
    """

    kind: str
    columns: dict[str, Any]
    entity_columns: dict[str, str]
    fields: dict[str, dict[str, Any]]
    sentences: list[str]
    entity_noun: tuple[str, str] | None = None
    collection_noun: tuple[str, str] | None = None
    n_entities: int | None = None
    n_numbers: int | None = None


def infer(
    *,
    interactions: Sequence[str] | str | None = None,
    edges: Sequence[str] | str | None = None,
    vectors: Sequence[str] | str | None = None,
    entities: Sequence[str] | str | None = None,
    base: Path = Path(),
) -> Inference:
    """Decide which columns hold what, from the header and a sample of the files (paths as in defs.yaml).

    Exactly one of interactions, edges and vectors. Raises DataError, listing the columns, where no guess is possible.
    """
    given = {"collections": interactions, "edges": edges, "vectors": vectors}
    kind, patterns = next((k, v) for k, v in given.items() if v)
    with tempfile.TemporaryDirectory(prefix="atlas-") as scratch:
        files = locate(_listed(patterns), base=base, scratch=Path(scratch) / "relation")
        table_files = locate(_listed(entities), base=base, scratch=Path(scratch) / "entities") if entities else []
        if files[0].format == "npy":
            guess_ = Guess({}, [f"{files[0].name}: row i is the vector of row i of the entity table"])
            sample = pl.DataFrame()
        else:
            sample = sample_of(files[0])
            guess_ = guess_columns(sample, kind, file=files[0], given={})
        n_entities = entities_of(kind, files, guess_.columns)
        n_numbers = numbers_of(files[0], sample, guess_.columns) if kind == "vectors" else None
        sentences = list(guess_.sentences)
        entity_columns: dict[str, str] = {}
        fields: dict[str, dict[str, Any]] = {}
        if table_files:
            table = tables.collect(tables.scan(table_files[0]), table_files[0])
            ids = _sampled_ids(sample, guess_.columns)
            chosen = guess_entity_columns(
                table, ids=ids, relation=_id_names(guess_.columns), file=table_files[0], given={}
            )
            entity_columns, rest = chosen.columns, [c for c in table.columns if c not in chosen.columns.values()]
            sentences += chosen.sentences
            for name in rest:
                decided = field_types.guess(table[name], typed=tables.is_typed(table_files[0]))
                fields[name] = {"type": decided.type}
                sentences.append(f"{name} -> {decided.type} field: {decided.why}")
    return Inference(
        kind,
        guess_.columns,
        entity_columns,
        fields,
        sentences,
        entity_noun=_noun([guess_.columns.get("entity"), entity_columns.get("id"), guess_.columns.get("id")]),
        collection_noun=_noun([guess_.columns.get("collection")]),
        n_entities=n_entities,
        n_numbers=n_numbers,
    )


def _listed(patterns: Sequence[str] | str | None) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns or [])


def sample_of(file: Located) -> pl.DataFrame:
    """The first rows of a file, lists of entities unfolded."""
    frame = tables.scan(file).head(SAMPLE_ROWS)
    sample = tables.collect(frame, file)
    nested = nested_column(sample.schema)
    return unfold(sample.lazy(), nested).collect() if nested else sample


def nested_column(schema: Mapping[str, pl.DataType], entity: str | None = None) -> str | None:
    """The column that holds a list of entities per row: the named one, a usual name, or the only list of ids."""
    lists = [name for name, dtype in schema.items() if isinstance(dtype, pl.List)]
    if entity is not None:
        return next((name for name in lists if entity == name or entity.startswith(f"{name}.")), None)
    usual = [name for name in lists if name.lower() in _NESTED]
    floats = [name for name in lists if isinstance(schema[name], pl.List) and schema[name].inner.is_float()]  # type: ignore[attr-defined]
    candidates = usual or [name for name in lists if name not in floats]
    return candidates[0] if candidates and (usual or len(candidates) == 1) and len(schema) <= 6 else None


def unfold(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """One row per member of the list ``name``; fields of members that are objects become columns ``name.field``."""
    dtype = frame.collect_schema()[name]
    frame = frame.filter(pl.col(name).list.len() > 0).explode(name)
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        fields = [f.name for f in dtype.inner.fields]
        frame = frame.with_columns(pl.col(name).struct.field(f).alias(f"{name}.{f}") for f in fields).drop(name)
    return frame


def guess_columns(sample: pl.DataFrame, kind: str, *, file: Located, given: Mapping[str, Any]) -> Guess:
    """Columns for the roles of ``kind``; those in ``given`` are taken as they are. Raises DataError where it cannot."""
    if kind == "vectors":
        return _guess_vectors(sample, file, given)
    required = ROLES[kind][:2]
    chosen: dict[str, Any] = dict(given)
    sentences: list[str] = []
    free = [c for c in sample.columns if c not in chosen.values()]
    for role in ROLES[kind]:
        if role in chosen:
            continue
        fits = [c for c in free if _fits(role, sample[c])]
        best = max(fits, key=lambda c: (_name_score(role, c), -free.index(c)), default=None)
        if best is not None and _name_score(role, best) > 0 and not _better_elsewhere(role, best, kind, chosen):
            chosen[role] = best
            free.remove(best)
            sentences.append(f"{best} -> {role}: {_facts(sample[best], role)}, and the name fits")
    missing = [role for role in required if role not in chosen]
    if missing:
        candidates = [c for c in free if _fits(missing[0], sample[c]) and not _fits("timestamp", sample[c])]
        if kind == "collections" and len(missing) == 2:
            # rows of a collection usually lie together, so its column changes less often from row to row
            candidates = sorted(candidates[:2], key=lambda c: _changes(sample[c]))
        if len(candidates) < len(missing):
            raise _hopeless(sample, file, required)
        for role, name in zip(missing, candidates, strict=False):
            chosen[role] = name
            sentences.append(
                f"{name} -> {role}: {_facts(sample[name], role)}; a guess by position, the name says nothing"
            )
    order = [role for role in ROLES[kind] if role in chosen]
    return Guess({role: chosen[role] for role in order}, sentences)


def guess_entity_columns(
    table: pl.DataFrame, *, ids: pl.Series | None, relation: Sequence[str], file: Located, given: Mapping[str, str]
) -> Guess:
    """Which column of the entity table holds the ids used in the relation (``ids``, a sample), and which the label."""
    chosen: dict[str, str] = dict(given)
    sentences: list[str] = []
    if "id" not in chosen:
        flat = [c for c in table.columns if not table[c].dtype.is_nested()]
        known = set(ids.cast(pl.String).drop_nulls().unique().head(2000).to_list()) if ids is not None else set()
        shares = {c: _overlap(table[c], known) for c in flat}
        best = max(
            flat,
            key=lambda c: (round(shares[c], 2), c in relation, words(c)[-1:] == ["id"], -flat.index(c)),
            default=None,
        )
        if best is None or (known and shares[best] == 0):
            best = next((c for c in flat if c in relation or words(c)[-1:] == ["id"] or c.lower() == "id"), None)
        if best is None:
            raise DataError(
                file=file.name,
                where="",
                found=Found(f"has no column that holds the entities' ids ({', '.join(table.columns)})"),
                expected="a column with the ids used in the relation's files",
                remedy="Set source.entity_columns.id to it.",
            )
        chosen["id"] = best
        why = f"{shares[best]:.0%} of the sampled ids are found in it" if known else "the name fits"
        sentences.append(f"{best} -> id of the entity table: {why}")
    if "label" not in chosen:
        texts = [c for c in table.columns if c != chosen["id"] and table[c].dtype in (pl.String, pl.Categorical)]
        named = [c for c in texts if _name_score("label", c) > 0]
        best = max(named, key=lambda c: (_name_score("label", c), -texts.index(c)), default=None)
        if best is not None:
            chosen["label"] = best
            sentences.append(f"{best} -> label: the name fits, such as {tables.examples(table[best].drop_nulls())}")
        else:
            sentences.append(f"{chosen['id']} -> label: no column is named like a label, so ids are shown")
    return Guess(chosen, sentences)


def _guess_vectors(sample: pl.DataFrame, file: Located, given: Mapping[str, Any]) -> Guess:
    chosen, sentences = dict(given), []
    if "vector" not in chosen:
        lists = [c for c in sample.columns if isinstance(sample[c].dtype, (pl.List, pl.Array))]
        written = [
            c
            for c in sample.columns
            if sample[c].dtype == pl.String
            and _name_score("vector", c) > 0
            and sample[c].drop_nulls().head(100).str.contains(r"^\[?\s*-?[\d.]+[,\s]").all()
        ]
        best = max([*lists, *written], key=lambda c: _name_score("vector", c), default=None)
        if best is not None:
            chosen["vector"] = best
            sentences.append(f"{best} -> vector: its values are lists of numbers")
        else:
            numeric = [c for c in sample.columns if c != chosen.get("id") and _is_numeric(sample[c])]
            numbered = [c for c in numeric if any(ch.isdigit() for ch in c)]
            numeric = numbered if len(numbered) >= 2 else [c for c in numeric if not _looks_like_id(c, sample[c])]
            if len(numeric) < 2:
                raise _hopeless(sample, file, ("id", "vector"))
            chosen["vector"] = numeric
            sentences.append(f"{numeric[0]} … {numeric[-1]} -> vector: {len(numeric):,} numeric columns")
    if "id" not in chosen:
        used = chosen["vector"] if isinstance(chosen["vector"], list) else [chosen["vector"]]
        free = [c for c in sample.columns if c not in used and not sample[c].dtype.is_nested()]
        best = max(free, key=lambda c: (_name_score("id", c), sample[c].n_unique(), -free.index(c)), default=None)
        if best is None:
            raise _hopeless(sample, file, ("id", "vector"))
        chosen["id"] = best
        sentences.append(f"{best} -> id: {_facts(sample[best], 'id')}")
    return Guess({"id": chosen["id"], "vector": chosen["vector"]}, sentences)


def _name_score(role: str, name: str) -> float:
    """How well a name fits a role: 2 for the word itself, less for rarer words and for words among others; else 0."""
    parts = words(name.rpartition(".")[2])
    significant = [p for p in parts if p not in ("id", "ids", "idx", "index", "key", "no", "number")] or parts
    best = 0.0
    for place, word in enumerate(_NAMES[role]):
        if (
            word in significant
            or f"{word}s" in significant
            or (role in ("source", "target") and word == "".join(parts))
        ):
            best = max(best, (2.0 if len(significant) == 1 else 1.0) - 0.01 * place)
    return best


def _better_elsewhere(role: str, name: str, kind: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a later role that is still open has a stronger claim on the column."""
    others = [r for r in ROLES[kind] if r not in chosen and r != role]
    return any(_name_score(r, name) > _name_score(role, name) for r in others)


def _fits(role: str, values: pl.Series) -> bool:
    dtype = values.dtype
    if dtype.is_nested() or dtype == pl.Binary:
        return False
    if role in ("value", "weight"):
        return _is_numeric(values, tolerance=0.5)  # a bad number is to be told, not to hide the column
    if role == "timestamp":
        return dtype in (pl.Date, pl.Datetime) or _looks_like_time(values)
    return not (dtype.is_float() or dtype in (pl.Boolean, pl.Date, pl.Datetime)) and not _is_fractional(values)


def _as_numbers(values: pl.Series) -> pl.Series:
    known = values.drop_nulls()
    if values.dtype.is_temporal():
        return pl.Series([None], dtype=pl.Float64)
    if values.dtype == pl.String:
        known = known.filter(~known.is_in(ABSENT))
    return known.cast(pl.Float64, strict=False)


def _is_numeric(values: pl.Series, tolerance: float = 0.0) -> bool:
    if values.dtype.is_numeric():
        return True
    numbers = _as_numbers(values) if values.dtype == pl.String else pl.Series([None], dtype=pl.Float64)
    return len(numbers) > 0 and numbers.null_count() <= tolerance * len(numbers)


def _is_fractional(values: pl.Series) -> bool:
    if values.dtype != pl.String or not _is_numeric(values):
        return False
    numbers = _as_numbers(values).drop_nulls()
    return bool((numbers != numbers.round(0)).any())


def _looks_like_time(values: pl.Series) -> bool:
    if _is_numeric(values):
        numbers = _as_numbers(values).drop_nulls()
        return len(numbers) > 0 and 1e8 < float(numbers.abs().median() or 0) < 1e19  # type: ignore[arg-type]
    if values.dtype != pl.String:
        return False
    dates = values.drop_nulls().head(200).str.contains(r"^\d{4}-\d{2}-\d{2}")
    return float(dates.mean() or 0) >= 0.5  # type: ignore[arg-type]


def _looks_like_id(name: str, values: pl.Series) -> bool:
    return _name_score("id", name) > 0 or words(name)[-1:] == ["id"]


def _changes(values: pl.Series) -> float:
    return float((values != values.shift(1)).mean() or 0.0)  # type: ignore[arg-type]


def _overlap(values: pl.Series, known: set[str]) -> float:
    if not known:
        return 0.0
    # an id written as 12 in one file and as 12.0 or "12" in the other is found all the same; the reader decides
    return len(known & set(values.cast(pl.String).drop_nulls().to_list())) / len(known)


def _facts(values: pl.Series, role: str) -> str:
    known = values.drop_nulls()
    if role in ("value", "weight") and len(known):
        numbers = _as_numbers(known)
        return f"numbers from {numbers.min():g} to {numbers.max():g}"
    if role == "timestamp":
        return f"times such as {tables.examples(known, 1)}"
    return f"{known.n_unique():,} distinct in a sample of {len(values):,} rows"


def _sampled_ids(sample: pl.DataFrame, columns: Mapping[str, Any]) -> pl.Series | None:
    name = next((columns[role] for role in ("entity", "source", "id") if role in columns), None)
    return sample[name] if name is not None else None


def _id_names(columns: Mapping[str, Any]) -> list[str]:
    return [columns[role] for role in ("entity", "id") if role in columns]


def _noun(names: Sequence[Any]) -> tuple[str, str] | None:
    """("book", "books") from book_id; None where the name says nothing."""
    for name in names:
        parts = [w for w in words(str(name or "").rpartition(".")[2]) if w not in ("id", "ids", "idx", "key", "name")]
        if (
            len(parts) == 1
            and parts[0].isalpha()
            and len(parts[0]) > 2
            and parts[0]
            not in (
                "entity",
                "item",
                "items",
                "collection",
                "source",
                "target",
                "label",
                "src",
                "dst",
            )
        ):
            one = parts[0].removesuffix("s") if not parts[0].endswith("ss") else parts[0]
            many = one[:-1] + "ies" if one.endswith("y") and one[-2] not in "aeiou" else f"{one}s"
            return one, many
    return None


def _hopeless(sample: pl.DataFrame, file: Located, required: Sequence[str]) -> DataError:
    shown = "; ".join(f"{c} ({tables.examples(sample[c].drop_nulls(), 2)})" for c in sample.columns[:12])
    return DataError(
        file=file.name,
        where="",
        found=Found(f"does not show which column is the {' and which the '.join(required)}: {shown}"),
        expected=f"columns for {' and '.join(required)}",
        remedy=f"Choose them in source.columns, for example columns: {{{', '.join(f'{r}: NAME' for r in required)}}}.",
    )
