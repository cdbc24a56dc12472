"""The viewer as an asset: built once from ``frontend/``, shared by the sites of all atlases."""

import dagster as dg

from atlas_assets.errors import AtlasError
from atlas_assets.orchestration.progress import StepProgress
from atlas_assets.orchestration.resources import Storage
from atlas_assets.plan.pipeline import VIEWER, viewer_recipe
from atlas_assets.stages.artifact import Progress
from atlas_assets.store.artifacts import ArtifactStore, Stored

KEY = dg.AssetKey([VIEWER.atlas])
DESCRIPTION = "The page that shows an atlas, built from frontend/ with Vite, or as it came with the package."


def materialise_viewer(store: ArtifactStore, progress: Progress) -> Stored:
    """Build the viewer (or take the one inside the package) and store it."""
    from atlas_assets.stages.site import viewer as stage

    with store.write(VIEWER, recipe=viewer_recipe()) as draft:
        stage.provide(draft.folder, progress=progress)
    assert draft.stored is not None
    return draft.stored


@dg.asset(key=KEY, group_name="viewer", description=DESCRIPTION, kinds={"svelte", "typescript"}, code_version="1")
def viewer(context: dg.AssetExecutionContext, storage: Storage) -> dg.MaterializeResult:
    try:
        stored = materialise_viewer(storage.store(), StepProgress(context.log.info, VIEWER.atlas))
    except AtlasError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(
        data_version=dg.DataVersion(stored.version), metadata={"bytes": stored.bytes, "files": len(stored.files)}
    )
