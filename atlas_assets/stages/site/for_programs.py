"""What programs read of a site: ``llms.txt`` (llmstxt.org), and small JSON files that it names.

The page's own files are packed for speed. These are plain, and small beside the site: neighbours are those of the
best-known entities, as many as the budget takes; whoever needs all of them has the Parquet file and ``atlas export``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from atlas_assets.stages.bundle.bundle import OPEN_DATA, POPULARITY
from atlas_assets.stages.bundle.reader import Bundle

LLMS, FOLDER = "llms.txt", "programs"
SHARE = 0.03  # of the site's other bytes; compressed twice beside it, it stays under a twentieth
NEAREST, MEMBERS = 10, 5
PER_FILE = 500  # entities
SEVERAL = 40  # regions that llms.txt names


def files(opened: Bundle, *, site_bytes: int, address: str = "") -> dict[str, bytes]:
    """The files by name. site_bytes: what the site holds without them; address: where it will be found, if known."""
    budget = int(SHARE * site_bytes)
    regions = _regions(opened)
    made = {f"{FOLDER}/schema.json": _packed(_schema(opened)), f"{FOLDER}/regions.json": _packed(regions)}
    budget -= sum(map(len, made.values()))
    listed = 0
    for number, entities in enumerate(_files_of(_neighbours(opened), budget)):
        listed += len(entities)
        made[f"{FOLDER}/neighbours-{number}.json"] = b"[" + b",".join(entities) + b"]"
    return {LLMS: _llms(opened, regions, made, listed, address).encode(), **made}


def _packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _schema(opened: Bundle) -> dict[str, Any]:
    """The atlas, its maps with their figures, and the fields of the entities."""
    manifest = opened.manifest
    said = ("name", "title", "description", "attribution", "licence", "entity", "collection", "near")
    kept = ("name", "label", "type", "unit", "min", "max", "values")
    return {
        "atlas": {key: manifest["atlas"][key] for key in said if manifest["atlas"].get(key)},
        "entities": opened.n_rows,
        "maps": [
            {key: one[key] for key in ("key", "name", "method", "params", "dims", "recommended", "figures")}
            for one in manifest["projections"]
        ],
        "default": manifest["default"],
        "fields": [{key: one[key] for key in kept if one.get(key) is not None} for one in manifest["columns"]],
    }


def _regions(opened: Bundle) -> list[dict[str, Any]]:
    """Those of the map that the page opens on, coarse to fine, with what is typical and who is best known."""
    key = opened.manifest["default"]["projection"]
    listed, rows = opened.regions(key), opened.region_rows(key)
    if not listed or rows is None:
        return []
    known = _best_known(opened)
    members: list[list[str]] = [[] for _ in listed]
    for row in known.tolist():
        region = int(rows[row])
        while region >= 0:
            if len(members[region]) < MEMBERS:
                members[region].append(opened.names[row])
            parent = listed[region].get("parent")
            region = -1 if parent is None else int(parent)
    return [
        {"region": number, **{k: v for k, v in one.items() if k != "priority"}, "best_known": members[number]}
        for number, one in enumerate(listed)
    ]


def _files_of(entities: Iterable[bytes], budget: int) -> Iterator[list[bytes]]:
    """Groups of at most PER_FILE, as many as the budget takes."""
    group: list[bytes] = []
    for one in entities:
        budget -= len(one) + 1
        if budget < 0:
            break
        group.append(one)
        if len(group) == PER_FILE:
            yield group
            group = []
    if group:
        yield group


def _neighbours(opened: Bundle) -> Iterator[bytes]:
    """Each entity with the names and similarities of its nearest, as JSON; the best known first."""
    n_rows = opened.manifest["neighbours"]["shard_rows"]
    shards: dict[int, Any] = {}
    for row in _best_known(opened).tolist():
        shard = row // n_rows
        if shard not in shards:
            shards[shard] = opened.neighbours(shard)
        near, similarity, _ = shards[shard]
        listed = [
            [opened.names[other], round(float(how), 3)]
            for other, how in zip(near[row % n_rows], similarity[row % n_rows], strict=True)
            if other >= 0
        ]
        yield _packed({"id": opened.ids[row], "name": opened.names[row], "near": listed[:NEAREST]})


def _best_known(opened: Bundle) -> np.ndarray:
    """Rows, the most popular first; in the order of the page where none is."""
    if POPULARITY in {one["name"] for one in opened.manifest["columns"]}:
        return np.argsort(-np.nan_to_num(np.asarray(opened.column(POPULARITY))), kind="stable")
    return np.arange(opened.n_rows)


def _llms(opened: Bundle, regions: list[dict[str, Any]], made: dict[str, bytes], listed: int, address: str) -> str:
    atlas, n = opened.manifest["atlas"], opened.n_rows
    many = atlas["entity"][1]
    near = f"Near each other are {many} {atlas['near']}." if atlas.get("near") else ""
    lines = [f"# {atlas['title']}", ""]
    lines += [f"> {atlas['description'].strip()}", ""] if atlas.get("description", "").strip() else []
    lines += [f"A map of {n:,} {many}. {near}".rstrip(), ""]
    lines += [f"Attribution: {atlas['attribution']}", ""] if atlas.get("attribution") else []
    lines += [f"Licence: {atlas['licence']}", ""] if atlas.get("licence") else []
    lines += ["The page itself is for people and needs JavaScript. Links to it: `#s=ID` selects one by its id.", ""]
    lines += ["## Data", ""]
    lines += [
        f"- [Schema]({address}{FOLDER}/schema.json): maps, their measured quality, fields of the {many}",
        f"- [Regions]({address}{FOLDER}/regions.json): the named regions, coarse to fine, with their best-known {many}",
    ]
    shards = sorted((name for name in made if "/neighbours-" in name), key=lambda name: int(name[:-5].split("-")[-1]))
    for number, name in enumerate(shards):
        first, last = number * PER_FILE + 1, min((number + 1) * PER_FILE, listed)
        lines.append(f"- [Neighbours {first:,}-{last:,}]({address}{name}): the nearest of the best-known {many}")
    lines.append(f"- [Everything]({address}downloads/{OPEN_DATA}): Parquet, with places on every map and metadata")
    top = [one for one in regions if one["level"] == 0][:SEVERAL]
    if top:
        lines += ["", "## Regions", ""]
        lines += [f"- {one['name']} ({one['size']:,}): {', '.join(one['best_known'])}" for one in top]
    return "\n".join(lines) + "\n"
