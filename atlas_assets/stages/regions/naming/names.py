"""One name for each region of every level: none twice, none that the larger region around it has already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import polars as pl
from scipy import sparse

from atlas_assets.stages.regions.naming import readable
from atlas_assets.stages.regions.naming.candidates import FEW_WORDS, JOIN, Candidate, Judge, Region, Shortlist
from atlas_assets.stages.regions.naming.ranges import quantities
from atlas_assets.stages.regions.naming.traits import Traits, clustering, collect

STAYS = 0.6  # of the best candidate's score: then the name that a region had stays
AT_HOME = 0.4  # of its neighbours
TELLING = 2.5  # lift of what stands before a member; of two regions with the same name
MOST_ALIKE = 100  # regions of which nothing else can be said: "class 1 (2)"
KNOWN = 8  # best-known members that may speak for a region


@dataclass(frozen=True)
class Name:
    """kind: value, yes, code, prefix, word, range or mixed; members: its two best-known; number; hand: as people say;
    model: as a language model says. share of the region that it is true of, and lift over the map; None where it
    claims nothing. typical: what sets the region apart, (text, share, lift), the strongest first. holds: of whom it is
    true, (n,) bool.
    """

    text: str
    kind: str
    share: float | None = None
    lift: float | None = None
    typical: list[tuple[str, float, float]] = field(default_factory=list)
    holds: Callable[[], np.ndarray] | None = field(default=None, compare=False, repr=False)


def traits_of(labels: list[str], fields: pl.DataFrame, described: Sequence[dict]) -> Traits:
    """What entities may have in common: fields, n rows, described with name, type and label."""
    return collect(labels, fields, _types(described), _said(described))


def _types(described: Sequence[dict]) -> dict[str, str]:
    return {one["name"]: one["type"] for one in described}


def _said(described: Sequence[dict]) -> dict[str, str]:
    return {one["name"]: one.get("label") or one["name"] for one in described}


def name_levels(
    levels: Sequence[np.ndarray],
    *,
    labels: list[str],
    popularity: np.ndarray,
    fields: pl.DataFrame | None = None,
    described: Sequence[dict] = (),
    neighbours: np.ndarray | None = None,
    earlier: Sequence[Sequence[str]] | None = None,
    given: Sequence[dict[int, str]] | None = None,
    traits: Traits | None = None,
) -> list[list[Name]]:
    """The names of each level's regions, coarse to fine. traits: of ``traits_of``, where several maps are named.

    levels: (n,) each, regions numbered from 0 without gaps, -1 for none, nested. fields: n rows of metadata, described
    with name, type, label and unit; without, types follow the data. neighbours (n, k): in the graph; they tell values
    that cluster from those that are all over the map. earlier: what each region was called, "" for a new one: such a
    name stays while it is true and not much worse than the best. given: names that people gave, by region.
    """
    n = len(labels)
    types, said = _types(described), _said(described)
    units = {one["name"]: one.get("unit") for one in described}
    known_fields = pl.DataFrame() if fields is None else fields
    traits = traits_of(labels, known_fields, described) if traits is None else traits
    width = len(traits.texts)
    near = np.empty((n, 0), np.int64) if neighbours is None else np.asarray(neighbours)
    judge = Judge(traits, clustering(traits, near), quantities(known_fields, types, said, units), n)
    order = np.argsort(-np.asarray(popularity, np.float64), kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    names: list[list[Name]] = []
    taken = {text.casefold() for level in given or () for text in level.values()}
    outer = np.full(n, -1)  # of the regions named so far the finest that each entity is in, a place in ``around``
    around: list[_Named] = []
    for depth, level in enumerate(levels):
        counts = judge.counts(level)
        shortlists, known, above = [], [], []
        at_home = _at_home(level, near)
        rows_of = _rows_of(level)
        old = list(earlier[depth]) if earlier else [""] * len(rows_of)
        for number, rows in enumerate(rows_of):
            parent = around[outer[rows[0]]] if outer[rows[0]] >= 0 else None
            wide = None if parent is None else _row(parent.counts, parent.number, width)
            region = Region(rows, None if parent is None else parent.rows)
            shortlists.append(judge.shortlist(region, _row(counts, number, width), wide, old[number]))
            best_known = rows[np.argsort(rank[rows])]
            known.append(_known(best_known[at_home[best_known]], labels) or _known(best_known, labels))
            above.append(frozenset() if parent is None else parent.says)
        hand = given[depth] if given else {}
        chosen = _choose(shortlists, known, above, old, hand, taken)
        names.append([name for name, _ in chosen])
        outer = np.where(level >= 0, level + len(around), outer)
        around += [
            _Named(rows, counts, number, parts | above[number])
            for number, (rows, (_, parts)) in enumerate(zip(rows_of, chosen, strict=True))
        ]
    return names


@dataclass(frozen=True)
class _Named:
    """A region that has its name. counts: of its level, of which it has this number. says: with those around it."""

    rows: np.ndarray
    counts: sparse.csr_array
    number: int
    says: frozenset[str]


def _at_home(level: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Who has enough neighbours in its own region, (n,) bool, to speak for it: what is at home everywhere does not."""
    listed = near >= 0
    inside = (level[near] == level[:, None]) & listed
    return inside.sum(axis=1) >= AT_HOME * listed.sum(axis=1)


def _row(counts: sparse.csr_array, row: int, width: int) -> np.ndarray:
    span = slice(counts.indptr[row], counts.indptr[row + 1])
    return np.bincount(counts.indices[span], weights=counts.data[span], minlength=width)


def _rows_of(level: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(level, kind="stable")
    order = order[level[order] >= 0]
    return np.split(order, np.cumsum(np.bincount(level[order]))[:-1]) if order.size else []


def _known(rows: np.ndarray, labels: list[str]) -> list[str]:
    """Names of the best-known of the rows, which come best known first, without repeats."""
    found: list[str] = []
    for row in rows[: 4 * KNOWN]:
        name = readable.member_name(labels[row])
        if name and not any(name.startswith(other) or other.startswith(name) for other in found):
            found.append(name)
        if len(found) == KNOWN:
            break
    return found


def _choose(
    shortlists: list[Shortlist],
    known: list[list[str]],
    above: list[frozenset[str]],
    old: list[str],
    hand: dict[int, str],
    taken: set[str],
) -> list[tuple[Name, frozenset[str]]]:
    """A name and its parts for every region of a level. Names that stay choose first, then the strongest."""
    usable: list[list[Candidate]] = []
    for number, shortlist in enumerate(shortlists):
        usable.append([one for one in shortlist.candidates if not one.parts & above[number]])
    stays = [_stays(usable[number], known[number], old[number]) for number in range(len(shortlists))]
    strength = [usable[number][0].score if usable[number] else 0.0 for number in range(len(shortlists))]
    chosen: list[tuple[Name, frozenset[str]]] = [(Name("", "number"), frozenset())] * len(shortlists)
    for number in sorted(range(len(shortlists)), key=lambda r: (not stays[r], -strength[r], r)):
        typical = shortlists[number].typical
        if number in hand:
            said = next((one for one in shortlists[number].candidates if one.text == hand[number]), None)
            true = {} if said is None else {"share": said.share, "lift": said.lift, "holds": said.holds}
            name = Name(hand[number], "hand", typical=typical, **true)
            chosen[number] = (name, frozenset({readable.fold(hand[number])}))
            continue
        options = _options(usable[number], known[number], stays[number], old[number])
        name, parts = next(
            ((name, parts) for name, parts in options if name.text.casefold() not in taken),
            (Name(_numbered(taken), "number"), frozenset()),
        )
        taken.add(name.text.casefold())
        chosen[number] = (replace(name, typical=typical), parts)
    return chosen


def _stays(candidates: list[Candidate], known: list[str], old: str) -> bool:
    if not old:
        return False
    for one in candidates:
        if one.text == old:
            return one.score >= STAYS * candidates[0].score
    tail = old.split(JOIN)[-1]
    head = old.removesuffix(JOIN + tail)
    if any(one.text == head for one in candidates):
        return tail in known
    return bool(known) and not candidates and all(part in known for part in old.split(JOIN))


def _options(candidates: list[Candidate], known: list[str], stays: bool, old: str):
    """Names in the order in which they would do, with the keys of what they say."""
    plain = [(Name(one.text, one.kind, one.share, one.lift, holds=one.holds), one.says) for one in candidates]
    known_by_few = [option for option in plain if (option[0].share or 0) < FEW_WORDS]
    special = [
        (Name(f"{one.text}{JOIN}{member}", one.kind, one.share, one.lift, holds=one.holds), one.says)
        for one in candidates[:2]
        if one.kind not in ("word", "range", "grade") and one.lift >= TELLING
        for member in known[:4]
    ]
    pairs = [known[:2], [*known[:1], *known[2:3]], known[1:3], known[2:4], *([one] for one in known)]
    of_members = [(Name(JOIN.join(pair), "members"), frozenset()) for pair in pairs if pair]
    options = [*(one for one in plain if one not in known_by_few), *special, *known_by_few, *of_members]
    counted = (
        (Name(f"{one.text} ({number})", one.kind, one.share, one.lift, holds=one.holds), one.says)
        for one in candidates[:1]
        for number in range(2, MOST_ALIKE)
    )
    return chain(sorted(options, key=lambda option: option[0].text != old) if stays else options, counted)


def _numbered(taken: set[str]) -> str:
    return next(f"Region {i}" for i in range(1, len(taken) + 2) if f"region {i}" not in taken)
