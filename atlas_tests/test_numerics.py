"""The numerics without files: functions of arrays, and estimators that scikit-learn's own tests take for such."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import atlas_assets as atlas
from atlas_assets import estimators
from atlas_assets.errors import AtlasError


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    data, _ = load_digits(return_X_y=True)
    return np.asarray(data, np.float32)[:600]


@pytest.fixture(scope="module")
def memberships() -> sparse.csr_array:
    """Two groups of 40 entities, each with 60 collections of its own."""
    rng = np.random.default_rng(0)
    held = np.zeros((80, 120), bool)
    for group in (0, 1):
        held[40 * group : 40 * (group + 1), 60 * group : 60 * (group + 1)] = rng.random((40, 60)) < 0.2
    return sparse.csr_array(held)


def test_neighbours_of_vectors_are_the_nearest(digits: np.ndarray) -> None:
    graph = atlas.neighbours(digits, n_neighbors=10, similarity="euclidean")
    _, nearest = NearestNeighbors(n_neighbors=10).fit(digits).kneighbors()
    same = [len(set(a) & set(b)) / 10 for a, b in zip(graph.indices, nearest, strict=True)]
    assert np.mean(same) > 0.99  # apart from ties


def test_neighbours_by_company_are_those_of_the_formula(memberships: sparse.csr_array) -> None:
    graph = atlas.neighbours(memberships, n_neighbors=5)
    held = memberships.toarray()
    both = (held[:, None] & held[None]).sum(axis=2)
    either = (held[:, None] | held[None]).sum(axis=2)
    jaccard = both / np.maximum(either, 1)
    np.fill_diagonal(jaccard, 0)
    np.testing.assert_allclose(graph.similarity, -np.sort(-jaccard, axis=1)[:, :5], rtol=1e-6)


@pytest.mark.parametrize("method", ["umap", "tsne", "pacmap", "localmap"])
def test_layouts_keep_what_is_near_and_are_the_same_each_time(method: str, digits: np.ndarray) -> None:
    graph = atlas.neighbours(digits)
    lay_out = getattr(atlas, method)
    made = lay_out(graph)
    assert made.shape == (600, 2)
    assert trustworthiness(digits, made, n_neighbors=10) > 0.95
    np.testing.assert_array_equal(made, lay_out(graph))
    assert lay_out(graph, n_components=3, seed=1).shape == (600, 3)


def test_a_layout_of_an_embedding_and_one_that_begins_at_an_earlier_map(digits: np.ndarray) -> None:
    graph = atlas.neighbours(digits)
    first = atlas.umap(graph, embedding=atlas.embed(graph))
    assert trustworthiness(digits, first, n_neighbors=10) > 0.9
    again = atlas.umap(graph, start=first)
    width = np.ptp(first, axis=0).max()
    assert np.median(np.linalg.norm(again - first, axis=1)) < 0.1 * width


def test_a_network_falls_into_its_parts(memberships: sparse.csr_array) -> None:
    parts = (memberships.astype(float) @ memberships.astype(float).T).tocsr()
    positions = atlas.umap(atlas.linked(parts))
    centres = positions[:40].mean(axis=0), positions[40:].mean(axis=0)
    nearer = [np.argmin([np.linalg.norm(one - centre) for centre in centres]) for one in positions]
    assert np.mean(np.array(nearer) == np.repeat([0, 1], 40)) > 0.95


no_graph: Any = np.eye(3)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda: atlas.neighbours(np.zeros(3)), r"array of float64 in 1 dimensions; expected vectors"),
        (lambda: atlas.neighbours(np.zeros((5, 2)), similarity="npmi"), "vectors have one of cosine, euclidean, dot"),
        (lambda: atlas.neighbours(sparse.eye_array(5) * 3), r"holds 3.0 among others; expected 1 or True.*matrix > 0"),
        (lambda: atlas.neighbours(sparse.eye_array(5), similarity="x"), "collections have one of jaccard"),
        (lambda: atlas.neighbours(np.zeros((1, 2))), "There are 1 rows"),
        (lambda: atlas.linked(np.eye(3)), "expects a sparse matrix"),
        (lambda: atlas.umap(no_graph), r"umap was given a ndarray; expected a graph"),
        (lambda: atlas.umap(atlas.neighbours(np.eye(9)), min_dits=1), "min_dits is 1"),
    ],
)
def test_what_cannot_be_is_said(ask: Any, expected: str) -> None:
    with pytest.raises(AtlasError, match=expected):
        ask()


IN_ONE_DIMENSION = (
    *("check_dont_overwrite_parameters", "check_fit2d_1feature", "check_fit2d_predict1d"),
    *("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", estimators.__all__)
def test_scikit_learn_takes_them_for_estimators(name: str) -> None:
    made = getattr(estimators, name)(n_listed=5)
    maps_are_flat_or_solid = dict.fromkeys(IN_ONE_DIMENSION, "asks for n_components=1")
    done = check_estimator(made, expected_failed_checks=maps_are_flat_or_solid)
    assert sum(one["status"] == "passed" for one in done) > 30
    assert {str(one["exception"]) for one in done if one["status"] == "xfail"} <= {
        text for text in (str(one["exception"]) for one in done) if "dims is 1; expected 2 or 3" in text
    }


def test_an_estimator_in_a_pipeline_and_on_memberships(digits: np.ndarray, memberships: sparse.csr_array) -> None:
    made = make_pipeline(StandardScaler(), estimators.UMAP(n_neighbors=10)).fit_transform(digits)
    assert trustworthiness(digits, made, n_neighbors=10) > 0.9
    company = estimators.TSNE(metric="jaccard", similarity_power=1.5, n_listed=10)
    assert company.fit_transform(memberships).shape == (80, 2)
    assert company.graph_.method == "jaccard"
    assert list(company.get_feature_names_out()) == ["tsne0", "tsne1"]


def test_to_import_the_package_costs_nothing() -> None:
    ask = "import sys, atlas_assets; print(*[m for m in ('numpy', 'polars', 'numba', 'dagster') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
