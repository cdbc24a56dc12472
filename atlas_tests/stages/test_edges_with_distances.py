"""Neighbours that are known already, with their distances: the nearest of each, whoever lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_assets.errors import AtlasError
from atlas_assets.kinds.edges import EDGES
from atlas_assets.sources import files
from atlas_assets.spec.loading import validate

SPEC = {"source": {"edges": "e.csv", "columns": {"source": "from", "target": "to", "distance": "minutes"}}}
pair = st.tuples(st.integers(0, 6), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 20).map(float)))


def listed(folder: Path, rows: list[tuple[int, int, float | None]], *, k: int) -> dict[int, list[int]]:
    """The neighbours of each town, by its number, after reading a file of drives."""
    table = pl.DataFrame(rows, schema={"from": pl.Int64, "to": pl.Int64, "minutes": pl.Float64}, orient="row")
    table.write_csv(folder / "e.csv")
    spec = validate(SPEC, file=folder / "towns" / "defs.yaml")
    files.read_edges(
        folder / "raw", edges=["e.csv"], columns=spec.source.columns.model_dump(exclude_none=True), base=folder
    )
    index: Any = EDGES.relation.index(folder / "raw", spec, previous=None, progress=lambda *_: None)
    index.save(folder / "index")
    made, _ = EDGES.relation.count(
        folder / "index", spec, n_neighbors=k, spare=0, memory=1 << 20, progress=lambda *_: None
    )
    ids = index.ids["id"].to_list()
    return {ids[i]: [ids[j] for j in row if j >= 0] for i, row in enumerate(np.asarray(made.indices).tolist())}


@given(rows=st.lists(pair, min_size=1, max_size=30))
def test_the_nearest_are_those_of_the_smallest_distance(tmp_path_factory, rows):
    rows = [*rows, (0, 1, 5.0), (1, 2, 7.0)]
    best: dict[tuple[int, int], float] = {}
    for a, b, minutes in rows:
        if a != b and minutes is not None:
            for ends in ((a, b), (b, a)):
                best[ends] = min(minutes, best.get(ends, np.inf))
    towns = sorted({a for a, _ in best})
    right = {
        town: sorted((b for a, b in best if a == town), key=lambda b, a=town: (best[a, b], b))[:2] for town in towns
    }
    assert listed(tmp_path_factory.mktemp("towns"), rows, k=2) == right


def test_a_distance_below_zero_is_told_with_its_row(tmp_path):
    with pytest.raises(AtlasError, match=r"row 2 .*'minutes' is -3.*a distance of at least 0"):
        listed(tmp_path, [(0, 1, 5.0), (1, 2, -3.0)], k=1)


@pytest.mark.parametrize("other", [{"edges": {"repeats": "sum"}}, {}])
def test_distances_are_not_added_up(other):
    columns = SPEC["source"]["columns"] | ({} if other else {"weight": "n"})
    with pytest.raises(AtlasError, match=r"source\.columns\.distance is given beside"):
        validate({"source": {"edges": "e.csv", "columns": columns}} | other, file=Path("defs/towns/defs.yaml"))
