"""What runs leave in Dagster's own state, and taking it away: their records, and the pictures on the pages of assets.

Every artifact is made in a Dagster run of its own (``runs``), whose record is a file of some 150 kB. Those that ended
longer ago than ``retention.runs`` go, but not the latest materialisation of anything that the atlas has, nor the latest
of an asset: that is what its page shows, and what Dagster compares with. Runs that a person, a sensor or a schedule
launched are their history, and stay. A picture goes with the last materialisation that shows it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from atlas_assets import run_tags, served
from atlas_assets.components.pipeline import Pipeline
from atlas_assets.inventory import size_of
from atlas_assets.pruning import Pruned, Waste

PARTITION = "dagster/partition"  # Dagster's tag of a run of one
EVERY = 24 * 3600.0  # seconds between two looks after runs; one reads every materialisation
PAGE = 500
SHARED = "Dagster"  # in the place of an atlas: pictures are not told apart by it


def prune(
    instance: dg.DagsterInstance, pipelines: Sequence[Pipeline], *, now: float | None = None, dry_run: bool = False
) -> list[tuple[str, Pruned]]:
    """Take away what these atlases' runs have left; what went, or would go, of each and of all. now: for tests."""
    now = time.time() if now is None else now
    old = {pipeline.name: _old(instance, pipeline, now) for pipeline in pipelines}
    going = {run_id for run_ids in old.values() for run_id in run_ids}
    pictures = _unseen(instance, going, now)
    results = [
        (name, Pruned([Waste("record of a run", run_id, _size(instance, run_id)) for run_id in run_ids]))
        for name, run_ids in old.items()
    ]
    shared = Pruned([Waste("picture of a run", path.name, size_of(path)) for path in pictures])
    if not dry_run:
        for run_id in going:
            instance.delete_run(run_id)
        for path in set(pictures).intersection(served.published(before=now)):  # none that came back meanwhile
            path.unlink(missing_ok=True)
    return [*results, (SHARED, shared)]


def prune_daily(instance: dg.DagsterInstance, pipeline: Pipeline, *, now: float | None = None) -> None:
    """The same after a run of one atlas, unless that was done within the last day."""
    now = time.time() if now is None else now
    mark, marks = f"atlas/{pipeline.name}/pruned", instance.daemon_cursor_storage
    last = marks.get_cursor_values({mark}).get(mark)
    if last is None or now - float(last) >= EVERY:
        marks.set_cursor_values({mark: str(now)})
        prune(instance, [pipeline], now=now)


def _old(instance: dg.DagsterInstance, pipeline: Pipeline, now: float) -> list[str]:
    """Runs inside a larger one that nobody needs any more."""
    kept = pipeline.spec.retention.runs
    if kept is None:
        return []
    ended = dg.RunsFilter(
        tags={run_tags.ATLAS: pipeline.name}, statuses=FINISHED_STATUSES,
        updated_before=datetime.fromtimestamp(now - kept, UTC),
    )  # fmt: skip
    runs = [run for run in instance.get_runs(ended) if run_tags.MADE_BY in run.tags]
    partitions: dict[dg.AssetKey, set[str]] = defaultdict(set)
    for run in runs:
        for asset in run.asset_selection or ():
            partitions[asset] |= {run.tags[PARTITION]} if PARTITION in run.tags else set()
    needed = {
        run_id
        for asset, keys in partitions.items()
        for run_id in _latest(instance, asset, keys.intersection(_keys(pipeline, asset)))
    }
    return [run.run_id for run in runs if run.run_id not in needed]


def _keys(pipeline: Pipeline, asset: dg.AssetKey) -> Iterable[str]:
    """The partitions that an asset has today."""
    stage = pipeline.stages.get(asset.path[-1]) if asset.path[0] == pipeline.name else None
    return stage.keys or () if stage else ()


def _latest(instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: set[str]) -> set[str]:
    """The runs of the latest materialisations: of the asset, and of each of these partitions."""
    newest = instance.get_latest_materialization_event(asset)
    found = {newest.run_id} if newest else set()
    if partitions:
        latest = instance.event_log_storage.get_latest_storage_id_by_partition(
            asset, dg.DagsterEventType.ASSET_MATERIALIZATION, partitions
        )
        ids = list(latest.values())
        for start in range(0, len(ids), PAGE):
            these = dg.AssetRecordsFilter(asset, storage_ids=ids[start : start + PAGE])
            found |= {record.run_id for record in instance.fetch_materializations(these, limit=PAGE).records}
    return found


def _unseen(instance: dg.DagsterInstance, without: set[str], now: float) -> list[Path]:
    """Published files that no materialisation shows, but for those of these runs."""
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
                if record.run_id not in without and (made := record.asset_materialization):
                    texts = (value.value for value in made.metadata.values())
                    shown |= {name for text in texts if isinstance(text, str) for name in served.linked(text)}
    return [path for path in published if path.name not in shown]


def _size(instance: dg.DagsterInstance, run_id: str) -> int:
    """Bytes of the file of a run, where it has one."""
    path_of = getattr(instance.event_log_storage, "path_for_shard", None)
    return size_of(Path(path_of(run_id))) if path_of else 0
