"""What people select in the UI and materialise: each artifact once, unless it is what it would be made into.

Dagster's daemon launches a backfill in waves, a run for the assets of each partitioning, and looks every 30 seconds
whether the next may begin: five waves for one small atlas are two and a half minutes of waiting. A run that is a part
of a backfill therefore goes on with what else was selected, as far as it can be made; the daemon counts what any run of
the backfill has made. Where steps go to other machines, the waves are what spreads them, and stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from atlas_assets.builders.materialise import Materialised
from atlas_assets.errors import AtlasError
from atlas_assets.orchestration import checks, events, names
from atlas_assets.orchestration.making import Maker, checks_of
from atlas_assets.plan.due import Wanted, label
from atlas_assets.plan.pipeline import VIEWER, Pipeline, Stage
from atlas_assets.plan.tidying import tidy

BACKFILL = "dagster/backfill"  # Dagster's tag of the runs of one
Target = tuple[Stage, str | None]


class MaterialiseConfig(dg.Config):
    """What a materialisation by hand may do."""

    force: bool = Field(False, description="Make it again, also where it is up to date.")
    accept: bool = Field(False, description="Take a source that lost more rows than it may, or columns that were used.")


def materialise(
    context: dg.AssetExecutionContext,
    config: MaterialiseConfig,
    pipeline: Pipeline,
    stages: Sequence[Stage],
    keys: Sequence[str | None],
) -> Iterator[Any]:
    """These partitions of these stages; in a backfill, then what it selected beyond them."""
    store = context.resources.storage.store()
    wanted = Wanted.of(pipeline, store, force=config.force, accept=config.accept)
    one = _ByHand(context, Maker(context, wanted, context.resources.pymde))
    own = [(stage, key) for key in keys for stage in stages]
    with names.one_at_a_time(pipeline.name, context):
        results: list[Any] = []
        for stage, key in own:
            results += yield from one.own(stage, key)
        if not names.spreads() and not one.maker.tally.failed:
            yield from one.rest(own)
        # At the end: the daemon begins the next wave when it sees that this one is there.
        yield from results
        if store.is_local:  # elsewhere a listing takes seconds
            tidy(pipeline, store)
    if failed := one.maker.tally.failed:
        told = [f"{name}: {message}" for name, message in failed.items()]
        raise dg.Failure("\n".join(failed.values() if len(own) == 1 else told), allow_retries=False)


class _ByHand:
    """One run of the UI."""

    def __init__(self, context: dg.AssetExecutionContext, maker: Maker) -> None:
        self._context, self.maker, self._pipeline = context, maker, maker.pipeline
        self._backfill = context.run.tags.get(BACKFILL)

    def own(self, stage: Stage, key: str | None):
        """A target of this run. Yields events; returns results, on which later steps of the run wait.

        A partition tells by events, each with its own version: the results of one step have one version for all.
        """
        asset = events.key_of(self._pipeline, stage.name)
        if self._made_by_this_backfill(asset, key):
            return []
        if known := self.maker.up_to_date(stage, key):
            if key is not None:
                yield events.of_known(self._context.instance, self._pipeline, stage, key, known)
                return []
            version = dg.DataVersion(known.version)
            return [dg.MaterializeResult(asset, data_version=version, metadata=events.known(known))]
        if key is not None:
            yield from self.maker.attempt(stage, key)
            return []
        try:
            run, made = yield from self.maker.built(stage, key)
        except AtlasError as error:
            if found := checks_of(stage, error):
                yield events.result(asset, stage, found)
            raise dg.Failure(str(error), allow_retries=False) from error
        self.maker.tally.made.append(label(stage, key))
        return [_result(asset, stage, made, checks.result(stage.name, asset, run, made.stored))]

    def rest(self, done: Sequence[Target]) -> Iterator[events.Event]:
        """What the backfill of this run selected and has not made, upstream first, as far as it can be made."""
        selected = self._selected()
        if VIEWER.atlas in selected and self.maker.store.current(VIEWER) is None:
            yield from self.maker.viewer()
        made = {label(*each) for each in done}
        for stage in self._pipeline.stages.values():
            for key in stage.keys or (None,):
                if key in selected.get(stage.name, ()) and label(stage, key) not in made:
                    yield from self._one_of_rest(stage, key)

    def _one_of_rest(self, stage: Stage, key: str | None) -> Iterator[events.Event]:
        if self._made_by_this_backfill(events.key_of(self._pipeline, stage.name), key):
            return
        if known := self.maker.up_to_date(stage, key):
            yield events.of_known(self._context.instance, self._pipeline, stage, key, known)
        elif not self.maker.wanted.lacks_input(stage, key):
            yield from self.maker.attempt(stage, key)

    def _selected(self) -> dict[str, set[str | None]]:
        """What the backfill selected of this atlas: keys by stage, None where there are no partitions."""
        known = self._context.instance.get_backfill(self._backfill) if self._backfill else None
        data = known.asset_backfill_data if known else None
        if data is None:
            return {}
        target, found = data.target_subset, {}
        for asset, subset in target.partitions_subsets_by_asset_key.items():
            found[asset] = set(subset.get_partition_keys())
        found |= {asset: {None} for asset in target.non_partitioned_asset_keys}
        ours = (self._pipeline.name, VIEWER.atlas)
        return {asset.path[-1]: keys for asset, keys in found.items() if asset.path[0] in ours}

    def _made_by_this_backfill(self, asset: dg.AssetKey, key: str | None) -> bool:
        """By an earlier wave, which went on where the daemon did not know yet."""
        if self._backfill is None:
            return False
        newest = dg.AssetRecordsFilter(asset, asset_partitions=[key] if key else None)
        records = self._context.instance.fetch_materializations(newest, limit=1).records
        run = self._context.instance.get_run_by_id(records[0].run_id) if records else None
        return run is not None and run.tags.get(BACKFILL) == self._backfill


def _result(
    asset: dg.AssetKey, stage: Stage, made: Materialised, remarked: list[dg.AssetCheckResult]
) -> dg.MaterializeResult:
    """The check goes inside: yielded before the result it would count for the materialisation before this one."""
    return dg.MaterializeResult(
        asset_key=asset,
        data_version=dg.DataVersion(made.stored.version),
        metadata=events.metadata(made),
        check_results=[events.result(asset, stage, made.outcome.checks), *remarked],
    )
