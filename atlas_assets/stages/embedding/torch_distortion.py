"""The distortion of an embedding problem by torch: on a GPU, or for penalties of PyMDE without a compiled kernel.

Any penalty of ``pymde.penalties`` works: its slope comes from autograd over distances, and everything else is written
out, so that memory is bounded by the pairs taken at once and no sum is left to atomic additions in random order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pymde
import torch

from atlas_assets.errors import AtlasError
from atlas_assets.kernels.penalties import SMALLEST_SQUARE
from atlas_assets.kernels.torch_rows import walk
from atlas_assets.stages.embedding.push_and_pull import DeviceMemoryError, PushAndPull

WORKING_PAIRS = 1 << 22  # taken at once: about 100 bytes each, 400 MiB
FEWEST_PAIRS = 1 << 16
Penalty = Callable[[torch.Tensor], torch.nn.Module]

PENALTIES: dict[str, Any] = {
    name.lower(): found
    for name, found in vars(pymde.penalties).items()
    if inspect.isclass(found) and issubclass(found, torch.nn.Module)
    if not name.startswith("_") and name not in ("Function", "PushAndPull")
}


def penalty(choice: str | dict[str, Any], *, role: str) -> Penalty:
    """PyMDE's penalty by name, or by ``{"name": ..., **parameters}``: a function of the weights.

    role: ``attractive_penalty`` or ``repulsive_penalty``. Raises AtlasError that lists what there is, or which
    parameters are wrong or missing.
    """
    parameters = {} if isinstance(choice, str) else {key: value for key, value in choice.items() if key != "name"}
    name = choice if isinstance(choice, str) else str(choice.get("name"))
    if name not in PENALTIES:
        raise AtlasError(f"embedding.{role} is {name!r}; expected one of {', '.join(sorted(PENALTIES))}.")
    try:
        PENALTIES[name](torch.tensor([1.0 if role == "attractive_penalty" else -1.0]), **parameters)
    except (TypeError, ValueError) as error:
        signature = inspect.signature(PENALTIES[name])
        raise AtlasError(
            f"embedding.{role} {name!r} cannot be used with {parameters or 'its default parameters'}: {error}. "
            f"pymde.penalties.{PENALTIES[name].__name__}{signature}; parameters go beside the name, as in "
            f"{{name: power, exponent: 1.5}}."
        ) from error
    return lambda weights: PENALTIES[name](weights, **parameters)


class TorchDistortion:
    """Value and gradient of a problem as :class:`~atlas_assets.stages.push_and_pull.FusedDistortion` gives them.

    Where the device runs out of memory, half as many pairs are taken at once, down to ``FEWEST_PAIRS``; then
    DeviceMemoryError is raised.
    """

    def __init__(
        self,
        problem: PushAndPull,
        *,
        attractive: Penalty,
        repulsive: Penalty,
        device: str,
        working_pairs: int = WORKING_PAIRS,
    ) -> None:
        self.problem, self.device, self.working_pairs = problem, device, working_pairs
        self._attractive, self._repulsive = attractive, repulsive
        self._indptr = torch.from_numpy(problem.indptr)
        self._columns: torch.Tensor | None = None
        self._weights = torch.from_numpy(problem.weights)

    def __call__(self, x: np.ndarray, gradient: np.ndarray) -> float:
        """Distortion of positions x (n, d) float32; overwrites gradient (n, d) float32."""
        while True:
            try:
                return self._evaluate(x, gradient)
            except torch.cuda.OutOfMemoryError as error:
                if self.working_pairs <= FEWEST_PAIRS:
                    raise DeviceMemoryError(str(error).partition("\n")[0]) from error
                self.working_pairs //= 2
                torch.cuda.empty_cache()

    def _evaluate(self, x: np.ndarray, gradient: np.ndarray) -> float:
        problem = self.problem
        if self._columns is None:
            self._weights = self._weights.to(self.device)
            self._columns = torch.from_numpy(problem.columns.astype(np.int32)).to(self.device)
        positions = torch.from_numpy(x).to(self.device)
        pulled, pull_value = self._pulls(positions)
        ring = torch.from_numpy(problem.ring).to(self.device)
        pushed, push_value = self._pushes(positions[ring])
        pulled[ring] += problem.push_weight * pushed  # a permutation: no place is written twice
        gradient[:] = (problem.scale * pulled).cpu().numpy()
        return problem.scale * (pull_value + problem.push_weight * push_value)

    def _pulls(self, positions: torch.Tensor) -> tuple[torch.Tensor, float]:
        assert self._columns is not None
        gradient, value = torch.zeros_like(positions), 0.0
        for part in walk(self._indptr, most=self.working_pairs, device=self.device):
            differences = positions[part.row] - positions[self._columns[part.entries]]
            slopes, total = self._slopes(differences, self._attractive, self._weights[part.entries])
            gradient[part.rows] = part.sums(slopes)
            value += 0.5 * total
        return gradient, value

    def _pushes(self, placed: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Gradient and value over the ring; placed (n, d): positions in the order of the places."""
        n, steps = len(placed), self.problem.steps
        both = torch.from_numpy(np.concatenate([steps, n - steps])).to(self.device)
        gradient, value = torch.zeros_like(placed), 0.0
        width = min(n, self.working_pairs)
        at_once = max(self.working_pairs // width, 1)
        for first in range(0, n, width):
            places = torch.arange(first, min(n, first + width), device=self.device)
            for begin in range(0, len(both), at_once):
                others = (places + both[begin : begin + at_once, None]) % n
                differences = placed[places] - placed[others]
                weights = torch.full((others.numel(),), -1.0, device=self.device)
                part, total = self._slopes(differences.reshape(-1, placed.shape[1]), self._repulsive, weights)
                gradient[places] += part.reshape(differences.shape).sum(dim=0)
                value += 0.5 * total
        return gradient, value

    def _slopes(self, differences: torch.Tensor, make: Penalty, weights: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Gradients (p, d) by the first ends of pairs with those differences (p, d), and the sum of the distortions."""
        with torch.enable_grad():
            distances = differences.square().sum(dim=1).clamp_min(float(SMALLEST_SQUARE)).sqrt().requires_grad_()
            distortions = make(weights)(distances)
            (slopes,) = torch.autograd.grad(distortions.sum(), distances)
        slopes /= distances.detach()
        values = distortions.detach()
        if values.is_cuda:
            return differences * slopes[:, None], float(values.sum(dtype=torch.float64))
        # torch splits a sum by the number of threads, numpy does not
        return differences * slopes[:, None], float(values.numpy().sum(dtype=np.float64))
