"""What assets need beside data: the artifact store and the device that embeddings and large maps are computed on."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import dagster as dg

from atlas_assets import project
from atlas_assets.store.artifacts import ArtifactStore

# Read by dagster-k8s, dagster-celery and the run queue; without those executors they do nothing.
GPU_OP_TAGS = {
    "dagster-k8s/config": {"container_config": {"resources": {"limits": {"nvidia.com/gpu": "1"}}}},
    "dagster-celery/queue": "gpu",
    "dagster/priority": "10",
}
GPU_POOL = "gpu"


class Storage(dg.ConfigurableResource):
    """Where artifacts and sites live: a folder or an fsspec URL. Default: ATLAS_STORAGE, else ``data/``."""

    root: str = ""

    def store(self) -> ArtifactStore:
        return ArtifactStore(self.root or project.storage_root())


class PyMDE(dg.ConfigurableResource):
    """The device that embeddings and large maps are computed on.

    ``auto`` takes the GPU where torch finds one. Running out of its memory falls back to the CPU with a warning.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"

    @contextlib.contextmanager
    def reserved(self) -> Iterator[Literal["auto", "cpu", "cuda"]]:
        """The device to use. One process at a time gets a GPU, also where no run queue keeps the pool ``gpu``."""
        if self.device == "cpu" or not Path("/dev/nvidiactl").exists():
            yield "cpu" if self.device == "auto" else self.device
            return
        path = project.cache_folder() / "gpu.lock"  # in a folder for everybody, it could be somebody else's link
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.device
