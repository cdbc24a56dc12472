"""The pictures on the pages of assets, which go when the last materialisation that shows them has gone."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg

from atlas_assets import served
from atlas_assets.inventory import size_of
from atlas_assets.pruning import Pruned, Waste

PAGE = 500


def prune(instance: dg.DagsterInstance, *, now: float | None = None, dry_run: bool = False) -> Pruned:
    """Take away the pictures that no page shows; says what went, or would go. now: for tests."""
    now = time.time() if now is None else now
    unseen = _unseen(instance, now)
    found = Pruned([Waste("picture of a run", path.name, size_of(path)) for path in unseen])
    if not dry_run:
        for path in set(unseen).intersection(served.published(before=now)):  # none that came back meanwhile
            path.unlink(missing_ok=True)
    return found


def _unseen(instance: dg.DagsterInstance, now: float) -> list[Path]:
    """Published files that no materialisation shows."""
    published = served.published(before=now)
    if not published:
        return []
    shown: set[str] = set()
    for asset in instance.get_asset_keys():
        cursor, more = None, True
        while more:
            page = instance.fetch_materializations(asset, limit=PAGE, cursor=cursor)
            cursor, more = page.cursor, page.has_more
            for record in page.records:
                if made := record.asset_materialization:
                    texts = (value.value for value in made.metadata.values())
                    shown |= {name for text in texts if isinstance(text, str) for name in served.linked(text)}
    return [path for path in published if path.name not in shown]
