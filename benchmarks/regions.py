"""``regions``: how well the regions of a map agree with what is known of its entities, and how good their names are.

Beside other ways to divide the same map into about as many groups; their groups are named as ours are, so that it is
the division that is compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from atlas_assets.stages.regions import regions as stage
from atlas_assets.stages.regions.hierarchy import graph
from atlas_assets.stages.regions.naming.names import Name, name_levels
from atlas_assets.stages.regions.stability import of_chance
from benchmarks import measure, region_data
from benchmarks.measure import Job, Limits
from benchmarks.region_data import Mapped
from benchmarks.region_measures import Claim, agreement, classes, faults, named_right, under_true_names
from benchmarks.region_peers import PEERS
from benchmarks.report import Row

TRUE_NAMES, AGREEMENT, NAMING = "points under a true name", "AMI with", "entities whose region is told by its name"
STABILITY = "stability of regions"
SECONDS, SURVIVE, FAULTS = "seconds of naming", "names that survive 1 % more entities", "names"
COMPARED = 2  # levels, from the coarsest, that are compared with others' divisions
HELD_OUT, GROWN, SEED = 0.1, 0.01, 0
Progress = Callable[[str], None]


def run(
    cases: Sequence[str],
    peers: Sequence[str],
    *,
    limits: Limits,
    cache: Path,
    progress: Progress = lambda text: None,
    finished: Callable[[str, list[Row], list[dict[str, Any]]], None],
) -> None:
    """``finished`` is given a case, its rows, and its regions: level, name, size, share, lift, kind."""
    for case in cases:
        progress(f"{case}: map, regions and names")
        job = Job("benchmarks.regions:measured", {"case": case, "peers": list(peers), "cache": str(cache)})
        outcome = measure.run(job, limits)
        if outcome.values is None:
            finished(case, [Row("regions", case, TRUE_NAMES, "-", None, None, note=outcome.note)], [])
        else:
            finished(case, [Row(**row) for row in outcome.values["rows"]], outcome.values["regions"])


def measured(case: str, peers: list[str], cache: str) -> dict[str, Any]:
    """A job: the rows and the regions of a case."""
    place = region_data.mapped(case, cache=Path(cache))
    _build(_part(place, np.arange(min(place.n, 500))))  # compiled code is made, or loaded, here
    made = _build(place)
    division = made.division(np.arange(place.n))
    depth = division.levels.shape[1]
    levels = [_numbered(division.at(level)) for level in range(depth)]
    began = time.perf_counter()
    named = _named(place, levels)
    rows = [_row(case, SECONDS, "its layout", time.perf_counter() - began, place.layout_seconds, "cost")]
    true = np.zeros(place.n, bool)
    for level, (region, names) in enumerate(zip(levels, named, strict=True)):
        found = under_true_names(region, [_claim(name) for name in names])
        true |= found
        rows += _compared(place, peers, level, region) if level < COMPARED else []
        rows.append(_row(case, TRUE_NAMES, "-", found.mean(), None, of=f"level {level}"))
    rows.append(_row(case, TRUE_NAMES, "-", true.mean(), None, of="any level"))
    rows += _naming_test(place, levels)
    wrong = faults(made.table["name"].to_list())
    rows += [
        _row(case, FAULTS, "none", float(len(found)), 0.0, "cost", of=of, note=", ".join(found[:3]))
        for of, found in wrong.items()
    ]
    rows.append(_row(case, SURVIVE, "all", _survivors(place, made), 1.0))
    rows += _stability(place, made)
    shown = made.table.select("level", "name", "size", "share", "lift", "kind").to_dicts()
    return {"rows": [vars(row) for row in rows], "regions": shown}


def _row(case: str, metric: str, peer: str, ours: float, theirs: float | None, kind: str = "gain", **more: str) -> Row:
    return Row("regions", case, metric, peer, float(ours), None if theirs is None else float(theirs), kind, **more)  # type: ignore[arg-type]


def _build(place: Mapped, **more: Any) -> stage.Regions:
    return stage.build(place.positions, neighbours=place.neighbours, **_told(place), **more)


def _told(place: Mapped) -> dict[str, Any]:
    return {
        "labels": place.table["label"].to_list(),
        "popularity": place.table["popularity"].to_numpy(),
        "fields": place.table.select([field["name"] for field in place.fields]),
        "described": place.fields,
    }


def _named(place: Mapped, levels: list[np.ndarray]) -> list[list[Name]]:
    return name_levels(levels, neighbours=place.neighbours, **_told(place))


def _claim(name: Name) -> Claim | None:
    if name.holds is None or name.share is None or name.lift is None:
        return None
    return Claim(name.share, name.lift, name.holds())


def _compared(place: Mapped, peers: list[str], level: int, region: np.ndarray) -> list[Row]:
    """Agreement with what is known, and true names, beside others' divisions into about as many groups.

    Names are those of a map with this level alone: inside a region named already, none may say the same again.
    """
    n_groups = int(region.max()) + 1
    types = {field["name"]: field["type"] for field in place.fields}
    known = {name: classes(place.table[name], types[name]) for name in region_data.SETTINGS[place.case].known}
    rows, ours = [], _under_true_names(place, region)
    for peer in peers:
        groups = PEERS[peer](place, n_groups)
        if groups is None:
            continue
        theirs = _numbered(groups)
        of = f"level {level}, {n_groups} regions, theirs {int(theirs.max()) + 1}"
        told = _under_true_names(place, theirs)
        rows.append(_row(place.case, f"{TRUE_NAMES}, alone", peer, ours, told, of=of))
        rows += [
            _row(
                place.case,
                f"{AGREEMENT} {field}",
                peer,
                agreement(region, of_field),
                agreement(theirs, of_field),
                of=of,
            )
            for field, of_field in known.items()
        ]
    return rows


def _under_true_names(place: Mapped, groups: np.ndarray) -> float:
    [names] = _named(place, [groups])
    return float(under_true_names(groups, [_claim(name) for name in names]).mean())


def _naming_test(place: Mapped, levels: list[np.ndarray]) -> list[Row]:
    """Entities that no name was chosen by: whether their values lead to the name of their region."""
    held = np.sort(np.random.default_rng(SEED).permutation(place.n)[: round(HELD_OUT * place.n)])
    seen, kept = [], []
    for level in levels:
        rest = level.copy()
        rest[held] = -1
        numbers = np.unique(rest[rest >= 0])
        renumbered = np.full(int(level.max()) + 2, -1)
        renumbered[numbers] = np.arange(numbers.size)
        seen.append(renumbered[rest])
        kept.append(renumbered[level])
    rows = []
    for depth, (region, names) in enumerate(zip(kept, _named(place, seen), strict=True)):
        right, chance = named_right(region, [_claim(name) for name in names], held)
        rows.append(_row(place.case, NAMING, "chance", right, chance, of=f"level {depth}, {len(names)} regions"))
    return rows


def _stability(place: Mapped, made: stage.Regions) -> list[Row]:
    """How much of a region comes together again, beside what does where the relation is shuffled."""
    chance = of_chance(graph(place.positions, place.neighbours)[0])
    rows = []
    for level, found in made.table.drop_nulls("stability").group_by("level", maintain_order=True):
        theirs = float(np.mean(chance[min(int(str(level[0])), len(chance) - 1)]))
        ours = float(found["stability"].to_numpy().mean())
        rows.append(_row(place.case, STABILITY, "shuffled", ours, theirs, of=f"level {level[0]}"))
    return rows


def _survivors(place: Mapped, now: stage.Regions) -> float:
    """Of the names of a map that lacks 1 % of the entities, those that are names once these have come."""
    missing = np.random.default_rng(SEED).permutation(place.n)[: max(1, round(GROWN * place.n))]
    rows = np.setdiff1d(np.arange(place.n), missing)
    before = _build(_part(place, rows))
    where = np.full(place.n, -1)
    where[rows] = np.arange(rows.size)
    grown = _build(place, before=before.division(where))
    kept = set(grown.table["name"]) & set(before.table["name"])
    return len(kept) / max(before.table.height, 1)


def _part(place: Mapped, rows: np.ndarray) -> Mapped:
    """The map with these entities only."""
    at = np.full(place.n + 1, -1)
    at[rows] = np.arange(rows.size)
    return Mapped(
        place.case,
        place.positions[rows],
        at[place.neighbours[rows]],
        place.table[rows],
        place.fields,
        None,
        None,
        place.layout_seconds,
    )


def _numbered(groups: np.ndarray) -> np.ndarray:
    """From 0 without gaps, -1 for none."""
    inside = groups >= 0
    found = np.full(groups.size, -1)
    found[inside] = np.unique(groups[inside], return_inverse=True)[1]
    return found


def show_names(case: str, regions: list[dict[str, Any]], console: Any) -> None:
    """Every name of every level, the largest region first, with the share that it is true of and its lift."""
    if not regions:
        return
    for level, found in pl.DataFrame(regions).group_by("level", maintain_order=True):
        told = [
            f"{one['name']} [{one['size']}"
            + ("" if one["share"] is None else f", {one['share']:.0%} ×{one['lift']:.0f}")
            + "]"
            for one in found.iter_rows(named=True)
        ]
        console.print(f"\n{case}, level {level[0]}, {len(told)} regions", style="bold")
        console.print("; ".join(told), markup=False, soft_wrap=True)
