"""Columns of the rows of a relation: collection and entity, or source and target, and what is measured."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from atlas_assets.sources import field_types, tables
from atlas_assets.sources.field_types import words
from atlas_assets.sources.locate import Located
from atlas_assets.sources.roles.contents import changes, facts, is_fractional, is_numeric, looks_like_time
from atlas_assets.sources.roles.guess import ROLES, Guess, hopeless
from atlas_assets.sources.roles.names import name_score

_MOST_CANDIDATES = 12
_FEW_COLLECTIONS = 10  # fewer are rather kinds of something
ENOUGH_ROWS = 20  # fewer say nothing about what goes with what
_ONE_ROW_EACH = 0.95  # of the rows: collections that have only one
_CELLS = 5_000  # that are looked at
_NAMES = frozenset({"id", "uri", "url", "key", "name", "title", "code", "sku"})  # of the fields of an object


def guess_relation(
    sample: pl.DataFrame, kind: str, *, file: Located, given: Mapping[str, Any], members: Sequence[str] = ()
) -> Guess:
    """Columns for the roles of ``kind``; those in ``given`` are taken as they are. Raises DataError where it cannot.

    members: the columns that hold members of lists of which there is one per collection.
    """
    required = ROLES[kind][:2]
    chosen: dict[str, Any] = dict(given)
    sentences: list[str] = []
    free = [c for c in sample.columns if c not in chosen.values()]
    if kind == "collections" and not set(required) & set(chosen):
        pair = _collection_and_entity(sample, free, members)
        if pair is not None:
            chosen |= dict(zip(required, pair, strict=True))
            free = [c for c in free if c not in pair]
            sentences += [_sentence(role, chosen[role], sample) for role in required]
    for role in ROLES[kind]:
        if role in chosen or (role == "distance" and "weight" in chosen):
            continue
        fits = [c for c in free if _fits(role, sample[c])]
        best = max(fits, key=lambda c: (name_score(role, c), -free.index(c)), default=None)
        if best is not None and name_score(role, best) > 0 and not _better_elsewhere(role, best, kind, chosen):
            chosen[role] = best
            free.remove(best)
            sentences.append(_sentence(role, best, sample))
    sentences += _unfit(sample, kind, chosen, free)
    missing = [role for role in required if role not in chosen]
    if missing:
        candidates = [c for c in free if _fits(missing[0], sample[c]) and not _fits("timestamp", sample[c])]
        if len(candidates) < len(missing):
            raise hopeless(sample, file, required)
        for role, name in zip(missing, candidates, strict=False):
            chosen[role] = name
            sentences.append(_sentence(role, name, sample))
    order = [role for role in ROLES[kind] if role in chosen]
    columns = {role: chosen[role] for role in order}
    listed = _listed(sample, columns["collection"], columns["entity"]) if kind == "collections" else None
    if listed is None:
        return Guess(columns, sentences)
    told = f"{columns['entity']}: a cell holds several entities ({listed.why}), one row is one collection"
    return Guess(columns, [*sentences, told], listed.separator)


def _unfit(sample: pl.DataFrame, kind: str, chosen: Mapping[str, Any], free: Sequence[str]) -> list[str]:
    """Columns that are called like one of values or times and hold none."""
    wanted = {"value": "no numbers", "weight": "no numbers", "distance": "no numbers", "timestamp": "no times"}
    told = []
    for role, what in wanted.items():
        if role in chosen or role not in ROLES[kind] or (kind == "edges" and {"weight", "distance"} & set(chosen)):
            continue
        named = [
            c
            for c in free
            if name_score(role, c) >= 1.9 and sample[c].dtype == pl.String and not _fits(role, sample[c])
        ]
        for name in named[:1]:
            there = sample[name].drop_nulls()
            if len(there):
                told.append(f"{name}: not read as {role}, for it holds {what} ({tables.examples(there, 2)})")
    return list(dict.fromkeys(told))


def _listed(sample: pl.DataFrame, collection: str, entity: str) -> field_types.Guess | None:
    """How lists are written in the cells of a column, of which there is one for each collection; None for others."""
    return _lists_in(sample[entity]) if sample[collection].n_unique() >= _ONE_ROW_EACH * sample.height else None


def _lists_in(cells: pl.Series) -> field_types.Guess | None:
    """How lists are written in a column of text; None where it holds none."""
    if cells.dtype != pl.String:
        return None
    guessed = field_types.guess(cells.drop_nulls().head(_CELLS), typed=True)
    return guessed if guessed.separator else None


def _sentence(role: str, name: str, sample: pl.DataFrame) -> str:
    why = ", and the name fits" if name_score(role, name) > 0 else "; a guess by position, the name says nothing"
    return f"{name} -> {role}: {facts(sample[name], role)}{why}"


def _collection_and_entity(
    sample: pl.DataFrame, columns: Sequence[str], members: Sequence[str]
) -> tuple[str, str] | None:
    """The pair of columns that are a collection and what it holds, by their names and by what they hold.

    Of two such columns each value of one goes with several of the other: a city does not hold the people that all
    live in one city each. Rows of a collection usually lie together, so its column changes less often. What is listed
    in one cell, or in one object of JSON, is the entity.
    """
    fitting = (c for c in columns if _fits("collection", sample[c]) and not _is_measure(c, sample[c]))
    able = list(itertools.islice(fitting, _MOST_CANDIDATES))
    few = sample.height < ENOUGH_ROWS
    n_distinct = {c: sample[c].n_unique() for c in able}
    one_each, written = _ONE_ROW_EACH * sample.height, functools.cache(lambda c: _lists_in(sample[c]))
    pairs: dict[tuple[str, str], float] = {}
    for collection, entity in itertools.permutations(able, 2):
        named = name_score("collection", collection) + name_score("entity", entity)
        score = named - 0.5 * name_score("collection", entity) - 0.02 * (able.index(collection) + able.index(entity))
        if members:
            score += 3 * ((entity in members) - (collection in members))
            score += 0.3 * (not _NAMES.isdisjoint(words(entity)[-1:]))
        elif not few and not (n_distinct[collection] >= one_each and written(entity)):
            n_pairs = sample.select(collection, entity).n_unique()
            if n_pairs <= 1.02 * n_distinct[collection] or n_pairs <= 1.02 * n_distinct[entity]:
                score -= 10
            if n_distinct[collection] < _FEW_COLLECTIONS:
                score -= 0.5
        if changes(sample[collection]) < changes(sample[entity]):
            score += 0.2
        pairs[collection, entity] = score
    return max(pairs, key=lambda pair: pairs[pair], default=None)


def _is_measure(name: str, values: pl.Series) -> bool:
    """Whether a column rather says how much or when than which."""
    which = max(name_score("collection", name), name_score("entity", name))
    if any(name_score(role, name) > which and _fits(role, values) for role in ("value", "weight", "timestamp")):
        return True
    return values.dtype == pl.String and looks_like_time(values, named=name_score("timestamp", name) > 0)


def _better_elsewhere(role: str, name: str, kind: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a later role that is still open has a stronger claim on the column."""
    others = [r for r in ROLES[kind] if r not in chosen and r != role]
    return any(name_score(r, name) > name_score(role, name) for r in others)


def _fits(role: str, values: pl.Series) -> bool:
    dtype = values.dtype
    if dtype.is_nested() or dtype == pl.Binary:
        return False
    if role in ("value", "weight", "distance"):
        return is_numeric(values, tolerance=0.5)  # a bad number is to be told, not to hide the column
    if role == "timestamp":
        return looks_like_time(values, named=name_score("timestamp", values.name) > 0)
    return not (dtype.is_float() or dtype in (pl.Boolean, pl.Date, pl.Datetime)) and not is_fractional(values)
