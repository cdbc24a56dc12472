"""The store: all or nothing, the same content under the same name, local and remote alike."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError
from atlas_assets.store import processes
from atlas_assets.store.artifacts import Address, ArtifactStore, Snapshot
from atlas_assets.store.content import content_hash

ADDRESS = Address("films", "knn_graph", "k15")


@pytest.fixture(params=["folder", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    root = tmp_path / "data" if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    return ArtifactStore(root, cache=tmp_path / "cache")


def write(store: ArtifactStore, text: str, *, address: Address = ADDRESS, recipe: str = "r") -> str:
    with store.write(address, recipe=recipe) as draft:
        (draft.folder / "nested").mkdir()
        (draft.folder / "nested" / "a.txt").write_text(text)
        draft.cost["seconds"] = 1.5
    assert draft.stored is not None
    return draft.stored.version


def read(store: ArtifactStore, address: Address = ADDRESS) -> str:
    return (store.folder(address) / "nested" / "a.txt").read_text()


def test_what_was_written_is_read_back_with_its_recipe_and_cost(store: ArtifactStore) -> None:
    version = write(store, "one", recipe="flour")
    stored = store.current(ADDRESS)
    assert stored is not None
    assert (stored.version, stored.recipe, stored.cost) == (version, "flour", {"seconds": 1.5})
    assert stored.files == ["nested/a.txt"]
    assert read(store) == "one"


def test_an_artifact_that_was_never_made_says_how_to_make_it(store: ArtifactStore) -> None:
    assert store.current(ADDRESS) is None
    with pytest.raises(AtlasError, match=r"films/knn_graph/k15 has not been made yet.*atlas run films"):
        store.folder(ADDRESS)


def test_a_failed_write_leaves_the_earlier_version_in_place(store: ArtifactStore) -> None:
    write(store, "one")
    drafts: list[Path] = []

    def fail_half_way() -> None:
        with store.write(ADDRESS, recipe="r") as draft:
            drafts.append(draft.folder)
            (draft.folder / "half.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail_half_way()
    assert read(store) == "one"
    assert not drafts[0].exists()


def test_equal_content_has_equal_versions_and_the_address_does_not_matter(store: ArtifactStore) -> None:
    assert write(store, "one") == write(store, "one", address=Address("films", "embedding"))
    assert write(store, "one") != write(store, "two")


def test_going_back_to_earlier_content_works(store: ArtifactStore) -> None:
    first = write(store, "one")
    write(store, "two")
    assert write(store, "one") == first
    assert read(store) == "one"


def test_the_versions_before_are_named_newest_first(store: ArtifactStore) -> None:
    one, two, three, *_ = [write(store, text) for text in ("one", "two", "three", "two")]
    stored = store.current(ADDRESS)
    assert stored is not None
    assert [stored.version, *(stored.earlier or [])] == [two, three, one]


def test_a_draft_that_a_killed_process_left_goes_with_the_next_write(store: ArtifactStore) -> None:
    dead = dataclasses.replace(processes.this(), pid=2**22 - 1, began="1")
    left = store.staging.new_path().parent / f"{dead}-0"
    (left / "files").mkdir(parents=True)
    elsewhere = left.parent / f"{dataclasses.replace(dead, host='elsewhere')}-0"
    elsewhere.mkdir()
    write(store, "one")
    assert not left.exists()
    assert elsewhere.exists()  # of processes on other machines nothing is known


def test_a_reader_keeps_its_version_while_a_new_one_is_written(store: ArtifactStore) -> None:
    write(store, "one")
    reading = store.folder(ADDRESS)
    write(store, "two")
    assert (reading / "nested" / "a.txt").read_text() == "one"


def test_the_hash_depends_on_names_and_bytes_only(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("same")
    assert content_hash(tmp_path / "a")[0] == content_hash(tmp_path / "b")[0]
    (tmp_path / "b" / "x").rename(tmp_path / "b" / "y")
    assert content_hash(tmp_path / "a")[0] != content_hash(tmp_path / "b")[0]


def test_a_failure_is_remembered_until_something_is_stored(store: ArtifactStore) -> None:
    assert store.failure(ADDRESS) is None
    store.remember_failure(ADDRESS, recipe="flour", message="no oven")
    failure = store.failure(ADDRESS)
    assert failure is not None
    assert (failure.recipe, failure.message) == ("flour", "no oven")
    assert store.current(ADDRESS) is None
    write(store, "one")
    assert store.failure(ADDRESS) is None
    assert read(store) == "one"


def test_a_snapshot_stays_what_it_was_when_first_asked(store: ArtifactStore) -> None:
    first = write(store, "one")
    snapshot = Snapshot(store)
    assert snapshot.current(ADDRESS) == store.current(ADDRESS)
    write(store, "two")
    assert snapshot.current(ADDRESS).version == first  # type: ignore[union-attr]
    assert snapshot.failure(ADDRESS) is None
