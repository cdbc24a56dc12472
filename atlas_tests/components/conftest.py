"""The toy atlas in a project of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_assets import project
from atlas_tests import toy
from atlas_tests.components.world import World, instance_of_a_test


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    toy.write_tables(tmp_path)
    with instance_of_a_test() as instance:
        world = World(tmp_path, instance)
        toy.put_viewer(world.store)
        yield world
