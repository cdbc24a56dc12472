"""The pictures on the pages of assets, which go when the last materialisation that shows them has gone."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg

from atlas_assets import project
from atlas_assets.orchestration.state import instance
from atlas_assets.reports import webserver_files
from atlas_assets.store.inventory import size_of
from atlas_assets.store.pruning import Pruned, Waste

PAGE = 500


def prune(instance: dg.DagsterInstance, *, now: float | None = None, dry_run: bool = False) -> Pruned:
    """Take away the pictures that no page shows; says what went, or would go. now: for tests."""
    now = time.time() if now is None else now
    unseen = _unseen(instance, now)
    found = Pruned([Waste("picture of a run", path.name, size_of(path)) for path in unseen])
    if not dry_run:
        for path in set(unseen).intersection(webserver_files.published(before=now)):  # none that came back meanwhile
            path.unlink(missing_ok=True)
    return found


def prune_here(*, dry_run: bool = False) -> list[tuple[str, Pruned]]:
    """The same in the state of the project, if it has any."""
    if not (project.root() / ".dagster").is_dir():
        return []
    with instance() as state:
        return [("Dagster", prune(state, dry_run=dry_run))]


def _unseen(instance: dg.DagsterInstance, now: float) -> list[Path]:
    """Published files that no materialisation shows."""
    published = webserver_files.published(before=now)
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
                    shown |= {name for text in texts if isinstance(text, str) for name in webserver_files.linked(text)}
    return [path for path in published if path.name not in shown]
