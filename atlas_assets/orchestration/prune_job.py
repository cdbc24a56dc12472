"""The job ``<atlas>_prune``: frees space, or says how much it would free."""

from typing import Any

import dagster as dg
from pydantic import Field

from atlas_assets.orchestration import names, pictures
from atlas_assets.orchestration.resources import Storage
from atlas_assets.plan import tidying
from atlas_assets.plan.pipeline import Pipeline
from atlas_assets.reports import pages


class PruneConfig(dg.Config):
    """What the launchpad asks for."""

    dry_run: bool = Field(False, description="Only say what would go; nothing is deleted.")


def prune_job(pipeline: Pipeline) -> dg.JobDefinition:
    """The job of one atlas."""

    @dg.op(
        name=f"{pipeline.name}_prune_storage",
        description="Takes away what nothing refers to any more: earlier versions beyond retention.versions, artifacts "
        "of points that the sweep has not had for retention.removed_points, what killed runs left behind, and "
        "pictures that no page shows any more.",
        tags={"dagster/kind/atlas": ""},
    )
    def prune_storage(context: dg.OpExecutionContext, config: PruneConfig, storage: Storage) -> dg.Output[int]:
        done = tidying.tidy(pipeline, storage.store(), dry_run=config.dry_run)
        for waste in done.gone:
            context.log.info(f"{waste.kind}: {waste.name}, {tidying.size_text(waste.bytes)}")
        done.gone += pictures.prune(context.instance, dry_run=config.dry_run).gone  # too many to be named one by one
        verb = "would free" if config.dry_run else "freed"
        context.log.info(f"{verb} {tidying.size_text(done.bytes)}")
        if told := tidying.waiting(done):
            context.log.info(told)
        facts: dict[str, Any] = {
            verb.replace(" ", "_"): tidying.size_text(done.bytes),
            "what": dg.MetadataValue.md(pages.table(tidying.summary(done)) or "Nothing."),
        }
        return dg.Output(done.bytes, metadata=facts)

    @dg.job(
        name=names.job_name(pipeline.name, names.PRUNE),
        description=f"Free space in the storage of {pipeline.name}. Set dry_run in the launchpad to look first. "
        "Nothing that is current, read by a run, or needed by a later update goes.",
    )
    def job() -> None:
        prune_storage()

    return job
