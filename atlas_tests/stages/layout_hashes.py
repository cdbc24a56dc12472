"""Run as a program: lay two graphs out by every method, and print a hash of the coordinates of each as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from atlas_assets import methods
from atlas_assets.stages.layout_inputs import LayoutInputs
from atlas_assets.stages.projection import project
from atlas_tests.stages.maps import Embedded
from atlas_tests.stages.test_knn_graph import VectorIndex, from_vectors

SMALL, LARGE = 150, 2_100  # openTSNE goes by a tree below 2,000 entities, by a grid above


def layouts(n: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each method by each engine from each source in 2 and 3 dimensions, from scratch and on from where it was."""
    vectors = np.random.default_rng(0).standard_normal((n, 5)).astype(np.float32)
    graph = from_vectors(VectorIndex(vectors), k=8, metric="euclidean")
    embedded = Embedded(positions=vectors[:, :3])
    routes = [(method, engine, source) for method, facts in methods.METHODS.items() for engine in facts.engines
              for source in facts.sources]  # fmt: skip
    for method, engine, source in routes:
        for dims in (2, 3) if n == SMALL else (2,):
            inputs = LayoutInputs(graph, embedded if source == "embedding" else None, seed=1)
            how: dict[str, Any] = {"inputs": inputs, "engine": engine, "dims": dims, "seed": 1}
            made = project(method, **how).positions
            yield f"{method} {engine} {source} {dims} {n}", made
            if n == SMALL:
                yield (
                    f"{method} {engine} {source} {dims} {n} warm",
                    project(method, start=np.roll(made, 1, axis=0), **how).positions,
                )


if __name__ == "__main__":
    hashes = {name: hashlib.sha256(made.tobytes()).hexdigest() for n in (SMALL, LARGE) for name, made in layouts(n)}
    json.dump(hashes, sys.stdout)
