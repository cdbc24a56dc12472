"""An object store that throttles, breaks off, stalls and refuses: tried again, or said; never half of something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from atlas_assets.errors import AtlasError, UnreachableError
from atlas_assets.sources import files
from atlas_tests import s3
from atlas_tests.faults.place import Place

Recorder = Callable[[str, object], None]
PASSING: list[s3.Fault] = ["slow down", "internal", "reset", "half"]
LASTING: list[tuple[s3.Fault, str]] = [
    ("slow down", "reduce your request rate|SlowDown|Service Unavailable"),
    ("internal", "internal error|Internal Server Error"),
    ("reset", "reset|[Dd]isconnected|closed|[Cc]onnect to the endpoint"),
    ("half", "payload|closed|[Ii]ncomplete|not enough data"),
    ("stalled", "[Tt]imeout|timed out"),
    ("denied", "PermissionError|AccessDenied|Forbidden"),
    ("no bucket", "bucket does not exist|NoSuchBucket"),
]


def some(faults: list[tuple[s3.Fault, str]], *quick: s3.Fault) -> list[Any]:
    """All of them, of which the normal run takes ``quick``: retries take seconds."""
    slow = pytest.mark.slow
    return [pytest.param(fault, said, id=fault, marks=() if fault in quick else slow) for fault, said in faults]


@pytest.fixture(scope="module")
def whole() -> Iterator[str]:
    with s3.served() as endpoint:
        yield endpoint


@pytest.fixture
def faulty(whole: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Faulty]:
    with s3.Faulty(whole) as there:
        # As much patience as a test has; people have botocore's.
        s3.use(monkeypatch, there.endpoint, retries={"max_attempts": 2}, read_timeout=1)
        monkeypatch.setattr(fsspec.get_filesystem_class("s3"), "retries", 2)
        fsspec.filesystem("s3").mkdirs("maps", exist_ok=True)
        yield there
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def place(faulty: s3.Faulty, tmp_path: Path) -> Place:
    """A store on S3 with two versions of an artifact, as a process finds it that has not read them."""
    root: Any = f"s3://maps/{tmp_path.name}"
    place = Place(root, cache=tmp_path / "cache")
    place.write("one")
    place.write("two")
    return place


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_not_even_noticed(
    place: Place, faulty: s3.Faulty, fault: s3.Fault, record_property: Recorder
) -> None:
    record_property("outcome", "tried again")
    faulty.breaks(fault, 1, after=1)
    assert place.read() == "two"
    faulty.breaks(fault, 1, after=1)
    place.write("three")
    assert faulty.n_broken == 1
    assert place.read() == "three"


@pytest.mark.parametrize(("fault", "said"), some(LASTING, "slow down", "half", "no bucket"))
def test_a_fault_that_lasts_is_said_and_what_was_stored_stays(
    place: Place, faulty: s3.Faulty, fault: s3.Fault, said: str, record_property: Recorder
) -> None:
    record_property("outcome", "said with its address")
    for ask in (place.read, lambda: place.write("three")):
        faulty.breaks(fault)
        with pytest.raises(UnreachableError, match=f"(?s){place.root}.*({said}).*credentials"):
            ask()
        faulty.breaks(None)
    assert place.read() == "two"
    place.write("three")
    assert place.read() == "three"


@pytest.mark.parametrize(("fault", "said"), some(LASTING, "stalled", "denied"))
def test_a_source_that_cannot_be_fetched_is_said_with_its_address(
    faulty: s3.Faulty, tmp_path: Path, fault: s3.Fault, said: str, record_property: Recorder
) -> None:
    record_property("outcome", "said with its address")
    address = "s3://maps/rows.csv"
    with fsspec.open(address, "w") as file:
        file.write("user,item\n" + "".join(f"u{i % 7},b{i % 11}\n" for i in range(600)))  # type: ignore[attr-defined]

    def read() -> int:
        return files.read_collections(tmp_path / "out", interactions=[address])["rows"]

    faulty.breaks(fault)
    with pytest.raises(AtlasError, match=f"(?s){address}.*({said}|FileNotFoundError).*credentials"):
        read()
    faulty.breaks(None)
    assert read() == 600
