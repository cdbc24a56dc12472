"""Maps by a GPU: whole ones by torch on the CPU, what is asked for when, and what happens when its memory runs out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from atlas_assets.kernels import torch_layouts
from atlas_assets.methods import devices
from atlas_assets.stages.embedding import embedding
from atlas_assets.stages.projection import projection
from atlas_assets.stages.projection.layout_inputs import LayoutInputs
from atlas_tests.stages.maps import broken_graph, grouped_vectors, share_of_own_group
from atlas_tests.stages.test_knn_graph import from_vectors

METHODS = ("umap", "tsne", "localmap", "pacmap")
BY_TORCH = {"umap": "Umap", "tsne": "Tsne", "localmap": "Pacmap", "pacmap": "Pacmap"}


@pytest.fixture(autouse=True)
def _one_thread():
    """Of torch: small tensors are quicker so, beside other work ten times."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def grouped():
    vectors, group = grouped_vectors()
    return from_vectors(vectors, k=6, metric="euclidean"), group


@pytest.fixture
def gpu(monkeypatch) -> list[str]:
    """A GPU that is the CPU; names of the layouts that it was given."""
    given: list[str] = []
    for name in set(BY_TORCH.values()):

        class Counted(getattr(torch_layouts, name)):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                given.append(type(self).__name__)
                super().__init__(*arguments, **options)

        Counted.__name__ = name
        monkeypatch.setattr(torch_layouts, name, Counted)
    monkeypatch.setattr(embedding, "gpu_present", lambda: True)
    monkeypatch.setattr(devices, "TORCH_DEVICE", "cpu")
    return given


def lay_out(graph, method: str, device: Any, **options: Any) -> np.ndarray:
    return projection.project(method, inputs=LayoutInputs(graph, device=device), **options).positions


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("method", METHODS)
def test_a_map_by_torch_keeps_groups_apart_and_reproduces(grouped, gpu, method, dims):
    graph, group = grouped
    made = [lay_out(graph, method, "cuda", dims=dims) for _ in range(2)]
    assert gpu == [BY_TORCH[method]] * 2
    assert share_of_own_group(made[0], group) > 0.95
    assert np.array_equal(made[0], made[1])


@pytest.mark.parametrize("method", METHODS)
def test_a_map_by_torch_begins_as_the_one_by_the_kernels_does(grouped, gpu, method, monkeypatch):
    """Few steps from an earlier map: many would part over their last digits."""
    graph, _ = grouped
    start = lay_out(graph, method, "cpu")
    assert gpu == []
    by_kernels, by_torch = (lay_out(graph, method, one, start=start, changed=0.01) for one in ("cpu", "cuda"))
    assert gpu == [BY_TORCH[method]]
    away = np.linalg.norm(by_torch - by_kernels, axis=1)
    assert np.median(away) < 0.01 * np.ptp(by_kernels, axis=0).max()  # measured 0.0001 to 0.002


@pytest.mark.parametrize("method", METHODS)
def test_a_broken_graph_gives_finite_positions_by_torch(gpu, method):
    made = lay_out(broken_graph(), method, "cuda")
    assert len(gpu) == 1
    assert np.isfinite(made).all()


def test_a_gpu_is_asked_for_by_large_maps_and_where_it_is_told_to(grouped, gpu, monkeypatch):
    graph, _ = grouped
    lay_out(graph, "umap", "auto")
    assert gpu == []
    monkeypatch.setattr(devices, "GPU_ENTITIES", 90)
    lay_out(graph, "umap", "cpu")
    assert gpu == []
    lay_out(graph, "umap", "auto")
    assert gpu == ["Umap"]


@pytest.mark.parametrize("method", METHODS)
def test_memory_that_runs_out_is_said_and_the_cpu_goes_on_with_the_same_map(grouped, gpu, method, monkeypatch):
    graph, _ = grouped

    def out_of_memory(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nmore")

    monkeypatch.setattr(torch_layouts._Descent, "_along", out_of_memory)
    expected = lay_out(graph, method, "cpu")
    with pytest.warns(RuntimeWarning, match=r"with 90 entities \(CUDA .* 20.00 GiB\); going on with the CPU. Free its"):
        made = lay_out(graph, method, "cuda")
    assert np.array_equal(made, expected)


def test_a_gpu_that_is_not_there_is_said_and_large_maps_just_go_on(grouped, monkeypatch):
    graph, _ = grouped
    monkeypatch.setattr(embedding, "gpu_present", lambda: False)
    monkeypatch.setattr(devices, "GPU_ENTITIES", 10)
    with pytest.warns(RuntimeWarning, match="No CUDA device was found; going on with the CPU"):
        asked = lay_out(graph, "tsne", "cuda")
    assert np.array_equal(asked, lay_out(graph, "tsne", "auto"))
