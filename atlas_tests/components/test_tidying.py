"""Space is freed after each run, by ``atlas prune``, and by the job of each atlas; what is due is not disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from atlas_assets import cli, project
from atlas_assets.builders.materialise import materialise
from atlas_assets.plan import tidying
from atlas_assets.plan.pipeline import VIEWER, Pipeline, StageRun, folders
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.stages.artifact import Outcome
from atlas_assets.store.artifacts import RUNS, Address, ArtifactStore
from atlas_assets.store.pruning import REMOVED
from atlas_tests import toy
from atlas_tests.components.world import World, messages

OLD = Address("toy", "projection", "k10_pca")


@pytest.fixture
def atlas(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command line, with the answer to its question; returns what it prints."""
    monkeypatch.setattr(tidying, "load_all", lambda files: [toy.spec()])
    monkeypatch.setattr(cli, "_spec", lambda name: toy.spec())

    def run(*arguments: str, answer: str | None = None) -> str:
        done = CliRunner().invoke(cli.app, arguments, input=answer)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    return run


def write(store: ArtifactStore, address: Address, text: str) -> None:
    with store.write(address, recipe="r") as draft:
        (draft.folder / "a").write_text(text)


def removed_long_ago(store: ArtifactStore) -> None:
    write(store, OLD, "old" * 500)
    store.write_record({str(OLD): time.time() - 100 * 86400}, "toy", REMOVED)


def versions(store: ArtifactStore, address: Address) -> int:
    return len(store.held("toy")[address].versions)


def test_a_materialisation_by_hand_leaves_as_many_versions_as_the_spec_keeps(world: World) -> None:
    raw = Address("toy", "raw_collections")
    for readers in (150, 160, 170):
        toy.write_tables(world.folder, readers=readers)
        result = world.materialise(toy.spec(retention={"versions": 2}), "raw_collections")
        assert result.success, messages(result)
    assert versions(world.store, raw) == 2
    toy.write_tables(world.folder, readers=180)
    assert world.materialise(toy.spec(retention={"versions": 1}), "raw_collections").success
    assert versions(world.store, raw) == 1


def test_the_index_that_the_lists_grow_from_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though two newer ones have been made since, the update of the lists starts from it."""
    pipeline = Pipeline(toy.spec(), base=world.folder)
    index = Address("toy", "entity_index")
    write(world.store, index, "first")
    first = world.store.current(index)
    assert first is not None

    def build(run: StageRun, folder: Path) -> Outcome:
        (folder / "lists").write_text("lists")
        return Outcome([], {})

    monkeypatch.setattr("atlas_assets.builders.materialise.builder_of", lambda stage: build)
    stage = pipeline.stages["neighbours"]
    materialise(stage, pipeline.run(world.store))
    for text in ("second", "third", "fourth"):
        write(world.store, index, text)
    tidying.tidy(pipeline, world.store)
    assert versions(world.store, index) == 3
    assert first.version in world.store.held("toy")[index].versions
    materialise(stage, pipeline.run(world.store))
    tidying.tidy(pipeline, world.store)
    assert first.version not in world.store.held("toy")[index].versions


def test_every_artifact_of_an_atlas_is_in_a_folder_that_is_known_to_be_one() -> None:
    for source in ({"interactions": "a.csv"}, {"edges": "a.csv"}, {"vectors": "a.csv"}):
        pipeline = Pipeline(toy.spec(source=source), base=project.root())
        assert {address.stage for address in pipeline.addresses()} <= folders()


def test_atlas_prune_says_what_would_go_asks_and_deletes(
    world: World, atlas: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", world.storage)
    assert "Nothing to free" in atlas("prune", "toy")
    removed_long_ago(world.store)
    assert "1.5 kB can go" in atlas("prune", "toy", "--dry-run")
    assert "Delete it?" in atlas("prune", "toy", answer="n\n")
    assert world.store.current(OLD) is not None
    assert "Freed 1.5 kB" in atlas("prune", "--yes")
    assert world.store.current(OLD) is None
    assert world.store.current(VIEWER) is not None


def test_atlas_prune_notes_what_was_removed_and_says_until_when_it_stays(
    world: World, atlas: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", world.storage)
    write(world.store, OLD, "old")
    assert "1 artifact of points that the sweep does not have any more: kept until" in atlas("prune", "toy")
    assert str(OLD) in world.store.read_record("toy", REMOVED)


def test_what_the_steps_of_a_run_handed_to_each_other_goes_after_a_while(world: World) -> None:
    result = world.refresh(toy.spec(), stages=["raw_collections"])
    assert result.success, messages(result)
    handed = world.folder / "data" / RUNS / result.run_id
    assert (handed / "plan" / "result.json").exists()
    tidying.tidy(world.pipeline(toy.spec()), world.store)
    assert handed.exists()
    tidying.tidy(world.pipeline(toy.spec(retention={"runs": 0})), world.store)
    assert not handed.exists()
    assert world.store.current(Address("toy", "raw_collections")) is not None


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_job_frees_space_or_says_how_much_it_would_free(world: World, dry_run: bool) -> None:
    spec: AtlasSpec = toy.spec()
    removed_long_ago(world.store)
    job = world.definitions(spec).resolve_job_def("toy_prune")
    done = job.execute_in_process(
        instance=world.instance, run_config={"ops": {"toy_prune_storage": {"config": {"dry_run": dry_run}}}}
    )
    assert done.output_for_node("toy_prune_storage") == 1500
    assert (world.store.current(OLD) is None) != dry_run
    output = next(event for event in done.all_events if event.event_type == dg.DagsterEventType.STEP_OUTPUT)
    shown = {name: value.value for name, value in output.step_output_data.metadata.items()}
    assert shown["would_free" if dry_run else "freed"] == "1.5 kB"
    assert "artifacts of removed points" in str(shown["what"])
