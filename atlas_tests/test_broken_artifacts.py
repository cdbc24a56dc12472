"""What a disk, a copy or a person changed in the store is noticed before it is used, set aside, and made again."""

from __future__ import annotations

import io
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from atlas_assets import project
from atlas_assets.errors import AtlasError
from atlas_assets.plan import soundness
from atlas_assets.spec.atlas import AtlasSpec
from atlas_assets.spec.refresh import RetentionSpec
from atlas_assets.store.artifacts import BROKEN, POINTER, Address, ArtifactStore
from atlas_assets.store.content import BrokenArtifact
from atlas_assets.store.pruning import prune
from atlas_assets.store.records import BrokenRecord
from atlas_tests import toy
from atlas_tests.components.world import World, instance_of_a_test

ADDRESS = Address("films", "knn_graph", "k15")


def spec(**changes: Any) -> AtlasSpec:
    """One map, straight from the graph."""
    only = {
        "n_neighbors": [5],
        "embedding_dim": [3],
        "projections": [{"method": "tsne", "perplexity": 5, "from": "graph"}],
    }
    return toy.spec(**{"sweep": only} | changes)


SPEC = spec()


def flip(path: Path, *, at: int | None = None) -> None:
    """Change one bit of a file, in the middle unless told where."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "data")


def write(store: ArtifactStore, text: str = "content", address: Address = ADDRESS) -> Path:
    with store.write(address, recipe="r") as draft:
        (draft.folder / "a.bin").write_text(text)
    return store.folder(address)


@pytest.mark.parametrize("root", ["folder", "object store"])
def test_what_was_set_aside_stays_for_a_week(tmp_path: Path, root: str) -> None:
    place = tmp_path / "data" if root == "folder" else f"memory://{uuid.uuid4().hex}"
    store = ArtifactStore(place, cache=tmp_path / "cache")
    store.set_aside(ADDRESS, write(store).name, "of a test")

    def pruned(days: float) -> list[str]:
        retention, now = RetentionSpec.model_validate({}), time.time() + days * 24 * 3600
        done = prune(store, "films", live=[ADDRESS], stages=["knn_graph"], retention=retention, now=now)
        return [waste.kind for waste in done.gone if waste.kind == "broken version"]

    assert [pruned(6), pruned(8), pruned(8)] == [[], ["broken version"], []]
    assert store.broken_ones("films") == {}


@pytest.mark.parametrize("byte", range(7))
def test_one_flipped_bit_is_noticed_wherever_it_is(store: ArtifactStore, byte: int) -> None:
    folder = write(store)
    flip(folder / "a.bin", at=byte)
    with pytest.raises(
        BrokenArtifact, match=r"films/knn_graph/k15, version \w+, is broken: its content.*atlas run films"
    ):
        store.folder(ADDRESS)
    assert store.current(ADDRESS) is None
    [aside] = Path(store.path(BROKEN, str(ADDRESS))).iterdir()
    assert (aside / "a.bin").exists()


def test_what_was_set_aside_can_be_written_again_and_its_history_stays(store: ArtifactStore) -> None:
    first = write(store, "first")
    flip(write(store, "second") / "a.bin")
    with pytest.raises(BrokenArtifact):
        store.folder(ADDRESS)
    with pytest.raises(AtlasError, match="was set aside, because its content is not what was written"):
        store.folder(ADDRESS)
    assert (write(store, "second") / "a.bin").read_text() == "second"
    stored = store.current(ADDRESS)
    assert stored is not None
    assert stored.earlier == [first.name]
    assert stored.broken is None


def test_equal_content_is_not_taken_for_stored_where_a_broken_copy_lies(store: ArtifactStore) -> None:
    """``--force`` used to keep the broken folder, because one of that name was there."""
    flip(write(store) / "a.bin")
    assert (write(store) / "a.bin").read_text() == "content"


def test_a_lacking_file_and_a_folder_that_is_gone_are_told(store: ArtifactStore) -> None:
    (write(store) / "a.bin").unlink()
    with pytest.raises(BrokenArtifact, match=r"it lacks a\.bin"):
        store.folder(ADDRESS)
    shutil.rmtree(write(store))
    assert store.current(ADDRESS) is None
    with pytest.raises(AtlasError, match=r"films/knn_graph/k15 is gone: .* does not exist.*atlas run films"):
        store.folder(ADDRESS)


def test_files_of_others_in_the_folder_of_a_version_harm_nothing(store: ArtifactStore) -> None:
    folder = write(store)
    (folder / ".DS_Store").write_text("of a file manager")
    assert store.folder(ADDRESS) == folder


def test_a_broken_copy_of_a_remote_artifact_is_fetched_again(tmp_path: Path) -> None:
    store = ArtifactStore(f"memory://{uuid.uuid4().hex}", cache=tmp_path / "cache")
    flip(write(store) / "a.bin")
    assert (store.folder(ADDRESS) / "a.bin").read_text() == "content"


def test_a_broken_remote_artifact_is_set_aside(tmp_path: Path) -> None:
    root = f"memory://{uuid.uuid4().hex}"
    store = ArtifactStore(root, cache=tmp_path / "cache")
    version = write(store).name
    store._fs.pipe_file(store.path(str(ADDRESS), version, "a.bin"), b"otherwise")  # as a faulty host would
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(BrokenArtifact, match="was moved to"):
        store.folder(ADDRESS)
    assert store.current(ADDRESS) is None
    assert (write(store) / "a.bin").read_text() == "content"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\0" * 300, "is empty"),
        (b'{"version": "0123', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "holds a list, not an object"),
        (b"{}", "lacks 'version'"),
        (b'{"version": 5}', "has 5 as 'version'"),
    ],
)
def test_a_pointer_that_is_broken_is_named_with_the_remedy(store: ArtifactStore, content: bytes, said: str) -> None:
    write(store)
    pointer = Path(store.path(str(ADDRESS), POINTER))
    pointer.write_bytes(content)
    with pytest.raises(BrokenRecord, match=said) as raised:
        store.current(ADDRESS)
    assert str(pointer) in str(raised.value)
    assert "atlas doctor --verify" in str(raised.value)
    [told] = soundness.verify(store, "films").broken
    assert "current.json" in told
    assert store.current(ADDRESS) is None
    assert (write(store) / "a.bin").read_text() == "content"


def test_a_pointer_of_a_newer_release_stays_and_is_told(store: ArtifactStore) -> None:
    write(store)
    pointer = Path(store.path(str(ADDRESS), POINTER))
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"colour": "blue"}))
    with pytest.raises(BrokenRecord, match=r"newer release of Atlas: it has 'colour'.*pip install -U"):
        store.current(ADDRESS)
    assert len(soundness.verify(store, "films").broken) == 1
    assert pointer.exists()


@pytest.mark.parametrize("changed", [{"version": "../../../etc"}, {"files": ["../a"]}, {"files": ["/etc/passwd"]}])
def test_a_pointer_names_nothing_outside_its_folder(store: ArtifactStore, changed: dict) -> None:
    write(store)
    pointer = Path(store.path(str(ADDRESS), POINTER))
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | changed))
    with pytest.raises(BrokenRecord, match="outside its folder"):
        store.folder(ADDRESS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the toy atlas, up to date. Tests take a copy."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch, instance_of_a_test() as instance:
        patch.setattr(project, "root", lambda: folder)
        toy.write_tables(folder)
        world = World(folder, instance)
        toy.put_viewer(world.store, recipe=toy.viewer_recipe())
        world.materialise_all(SPEC)
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    shutil.copytree(made, tmp_path / "project")  # with its times, by which a source is known
    monkeypatch.setattr(project, "root", lambda: tmp_path / "project")
    with instance_of_a_test() as instance:
        yield World(tmp_path / "project", instance)


def test_whatever_is_broken_is_found_named_and_made_again(world: World) -> None:
    """One flipped bit in every artifact at once: doctor names each, and one run makes the atlas whole."""
    before = world.versions(SPEC)
    for address, version in before.items():
        largest = max(Path(world.store.path(address, version)).rglob("*"), key=lambda path: path.stat().st_size)
        flip(largest)
    pipeline = world.pipeline(SPEC)
    told = soundness.verify(world.store, "toy", pipeline)
    assert told.versions == len(before) == len(told.broken)
    of_the_graph = next(one for one in told.broken if one.startswith("toy/knn_graph/k5"))
    assert "Made from it are: toy/projection/k5_tsne-p5" in of_the_graph
    assert "the site of 20" in of_the_graph
    assert world.versions(SPEC) == {}

    assert world.refresh(SPEC).success
    assert soundness.verify(world.store, "toy").broken == []
    assert before.keys() - world.versions(SPEC).keys() == {"toy/cooccurrence"}  # which is made on request only


def test_what_a_stage_reads_and_is_broken_is_made_again_in_the_same_run(world: World) -> None:
    before = world.versions(SPEC)
    broken = ("toy/raw_collections", "toy/entity_index", "toy/knn_graph/k5", "toy/regions/k5_tsne-p5")
    for address in broken:
        folder = Path(world.store.path(address, before[address]))
        flip(max(folder.rglob("*"), key=lambda path: path.stat().st_size))
    edited = spec(title="Another title")  # only the bundle and the site are due, which read all the others
    assert world.refresh(edited).success
    after = world.versions(edited)
    assert {address: after[address] for address in broken[1:]} == {address: before[address] for address in broken[1:]}
    assert broken[0] in after  # it tells where its files lie, and this is a copy of the project
    assert soundness.verify(world.store, "toy").broken == []
    assert "Another title" in (world.folder / "data/toy/site/index.html").read_text(encoding="utf-8")


def test_a_corrupt_viewer_is_built_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from atlas_assets.orchestration import making

    stored = world.store.current(Address("viewer", "build"))
    assert stored is not None
    flip(Path(world.store.path("viewer/build", stored.version, "index.html")))

    def build(store: ArtifactStore, progress: object):
        toy.put_viewer(store, recipe=toy.viewer_recipe())
        return store.current(Address("viewer", "build"))

    monkeypatch.setattr(making, "materialise_viewer", build)  # the real one needs Node and a minute
    assert world.refresh(spec(title="Another title")).success


def test_doctor_verify_says_what_is_whole_and_what_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from atlas_assets import doctor

    monkeypatch.setattr(doctor, "_findings", lambda: iter(()))
    monkeypatch.setattr(project, "spec_files", lambda: [world.folder / "defs" / "toy" / "defs.yaml"])

    def verify() -> tuple[bool, str]:
        out = io.StringIO()
        well = doctor.run(Console(file=out, width=400), verify=True)
        return well, out.getvalue()

    well, said = verify()
    assert well
    assert f"toy: {len(world.versions(SPEC))} versions" in said
    before = world.versions(SPEC)
    flip(Path(world.store.path("toy/projection/k5_tsne-p5", before["toy/projection/k5_tsne-p5"], "positions.npy")))
    well, said = verify()
    assert not well
    assert "toy/projection/k5_tsne-p5, version" in said


def test_a_failed_source_with_an_edited_title_leaves_the_site_as_it_was(world: World) -> None:
    """The sensor's second run used to show old data under the new title."""
    page = world.folder / "data/toy/site/index.html"
    before = page.read_bytes()
    (world.folder / "ratings.csv").write_text("user_id,book_id,rating\n1,2\n", encoding="utf-8")
    edited = spec(title="Another title")
    assert not world.refresh(edited, retry=False).success
    world.refresh(edited, retry=False)  # what failed is not tried again, and what it is for not made
    for stages in (["bundle", "site"], ["site"]):
        world.refresh(edited, stages=stages)
    assert not world.materialise(edited, "bundle").success
    assert page.read_bytes() == before

    toy.write_tables(world.folder)
    assert world.refresh(edited).success
    assert "Another title" in page.read_text(encoding="utf-8")
