"""By what a layout of our own is computed: compiled kernels on all cores, or for large maps torch on a GPU."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    from atlas_assets.stages.projection.layout_inputs import LayoutInputs

# From so many entities on a GPU is asked for: an estimate. There, two cores take 10 seconds and more; torch and the GPU
# take 5 to start.
GPU_ENTITIES = 100_000
TORCH_DEVICE = "cuda"
Layout = Literal["umap", "tsne", "pacmap"]


def descend(layout: Layout, inputs: LayoutInputs, lay_out: Callable[[Any], np.ndarray]) -> np.ndarray:
    """What ``lay_out`` makes of a map with the ``Descent`` of this layout's kernels, or of torch where a GPU pays.

    lay_out is called again, and begins anew, where a GPU runs out of memory.
    """
    import importlib

    by_kernels = importlib.import_module(f"atlas_assets.kernels.{layout}").Descent
    device, n = inputs.device, inputs.n_entities
    if device == "cuda" or (device == "auto" and n >= GPU_ENTITIES):
        from atlas_assets.stages.embedding import embedding

        if embedding.gpu_present():
            import torch

            from atlas_assets.kernels import torch_layouts

            by_torch = {"umap": torch_layouts.Umap, "tsne": torch_layouts.Tsne, "pacmap": torch_layouts.Pacmap}
            try:
                return lay_out(partial(by_torch[layout], device=TORCH_DEVICE))
            except torch.cuda.OutOfMemoryError as error:
                reason = str(error).partition("\n")[0]
                warnings.warn(
                    f"The GPU ran out of memory with {n:,} entities ({reason}); going on with the CPU. Free its "
                    "memory, or set the device to 'cpu'.",
                    RuntimeWarning,
                    stacklevel=2,
                )
                torch.cuda.empty_cache()
        elif device == "cuda":
            warnings.warn(embedding.no_gpu(), RuntimeWarning, stacklevel=2)
    return lay_out(by_kernels)
