"""What Atlas depends on may be used and passed on with it: the licences of everything that it brings are known.

Known vulnerabilities need a database from the network: run `pip-audit` where there is one.
"""

from __future__ import annotations

import importlib.metadata as metadata
import re
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement

ALLOWED = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Python-2\.0|MPL|Mozilla Public|Unlicense|Zlib|HPND|"
    r"CMU License|0BSD|CC0|BSL|Boost|public domain)\b",
    re.IGNORECASE,
)
OF_NVIDIA = ("nvidia-", "cuda-")  # what torch brings for GPUs, under the licence of CUDA


def required(name: str, seen: set[str]) -> Iterator[str]:
    """The installed distributions that one needs, itself first."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    seen.add(key)
    try:
        wanted = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # of another platform
    yield key
    for text in wanted:
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            yield from required(one.name, seen)


def licence_of(name: str) -> str:
    facts = metadata.metadata(name)
    own = [*(facts.get_all("License-Expression") or []), *(facts.get_all("License") or [])]
    return " ".join([*own, *(one for one in facts.get_all("Classifier") or [] if "License" in one)])


def test_every_dependency_has_a_licence_that_is_allowed() -> None:
    found = {name: licence_of(name) for name in required("atlas-assets", set())}
    if len(found) < 30:
        pytest.skip("atlas-assets is not installed with its dependencies here")
    unknown = {
        name: licence[:80]
        for name, licence in found.items()
        if not name.startswith(OF_NVIDIA) and not ALLOWED.search(licence)
    }
    assert unknown == {}
