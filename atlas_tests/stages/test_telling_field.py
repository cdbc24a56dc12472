"""The colour a map opens with: what neighbours share, not what merely has few values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from atlas_assets.stages.bundle.default_colour import telling_field
from atlas_assets.stages.bundle.default_size import telling_size
from atlas_assets.stages.relation.knn_graph import KnnGraph


def ring(n: int, k: int = 4) -> KnnGraph:
    """Entities on a ring, each with the k next ones as neighbours."""
    indices = (np.arange(n)[:, None] + np.arange(1, k + 1)) % n
    return KnnGraph(
        indices=indices.astype(np.int32),
        similarity=np.ones((n, k), np.float32),
        shared=None,
        filled=np.zeros((n, k), bool),
        edges=np.empty((0, 2), np.int32),
        edge_weights=np.empty(0, np.float32),
    )


def described(**columns: tuple[str, list]) -> tuple[pl.DataFrame, list[dict]]:
    table = pl.DataFrame({name: values for name, (_, values) in columns.items()}, strict=False)
    return table, [{"name": name, "type": kind} for name, (kind, _) in columns.items()]


N = 200
RANDOM = np.random.default_rng(3)
BY_PLACE = [("north", "east", "south", "west")[i * 4 // N] for i in range(N)]
SHUFFLED = [str(value) for value in RANDOM.permutation(BY_PLACE)]


def test_what_neighbours_share_is_chosen_over_what_is_scattered() -> None:
    table, fields = described(scattered=("category", SHUFFLED), place=("category", BY_PLACE))
    assert telling_field(table, fields, ring(N)) == "place"


def test_nothing_is_chosen_where_nothing_tells() -> None:
    table, fields = described(
        constant=("category", ["x"] * N), name=("category", [str(i) for i in range(N)]), note=("text", BY_PLACE)
    )
    assert telling_field(table, fields, ring(N)) is None


def test_a_field_known_for_few_does_not_colour_the_map() -> None:
    rare = [value if i % 10 == 0 else None for i, value in enumerate(BY_PLACE)]
    table, fields = described(rare=("category", rare), number=("number", [float(i // 20) for i in range(N)]))
    assert telling_field(table, fields, ring(N)) == "number"


def test_lists_count_by_their_most_common_value_as_the_viewer_colours_them() -> None:
    graph = ring(N)
    graph.indices[5] = -1
    swamped, fields = described(tags=("list", [[value, "all"] for value in BY_PLACE]))
    assert telling_field(swamped, fields, graph) is None
    telling, fields = described(tags=("list", [[f"rare {i}", value] for i, value in enumerate(BY_PLACE)]))
    assert telling_field(telling, fields, graph) == "tags"


def test_no_coordinate_id_or_number_of_a_cluster_is_a_colour() -> None:
    table, fields = described(
        ref_x=("number", [float(i) for i in range(N)]),
        cluster=("category", BY_PLACE),
        entity_id=("category", BY_PLACE),
    )
    assert telling_field(table, fields, ring(N)) is None


READERS = [100 + i % 20 for i in range(N)]
STARS = [10 * 2 ** (i % 8) for i in range(N)]


@pytest.mark.parametrize(
    ("popularity", "columns", "size"),
    [
        (STARS, {"ratings_count": STARS}, "popularity"),
        (READERS, {"ratings_count": STARS, "editions_count": [1 + i % 5 for i in range(N)]}, "ratings_count"),
        (READERS, {"rank": STARS}, "popularity"),
        (READERS, {"average_rating": [float(i % 5) for i in range(N)]}, "popularity"),
        (READERS, {"stars": [s / 3 for s in STARS]}, "popularity"),
        (READERS, {"stars": [*STARS[: N // 2], *[None] * (N // 2)]}, "popularity"),
        (READERS, {}, "popularity"),
    ],
)
def test_points_are_sized_by_how_well_known_they_are(popularity: list, columns: dict[str, list], size: str) -> None:
    table, fields = described(**{name: ("number", values) for name, values in columns.items()})
    told = (
        pl.DataFrame({"popularity": popularity})
        if table.is_empty()
        else table.with_columns(popularity=pl.Series(popularity))
    )
    assert telling_size(told, fields) == size
