"""Walking the rows of a CSR matrix on a device, so many entries at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch


class Rows(NamedTuple):
    """Some rows and their entries. row: of each entry, on the device; lengths: entries of each row, on the device."""

    rows: slice
    entries: slice
    row: torch.Tensor
    lengths: torch.Tensor

    def sums(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of the values (entries, d) of each row, (rows, d)."""
        return torch.segment_reduce(values, "sum", lengths=self.lengths, initial=0, unsafe=True)


def walk(indptr: torch.Tensor, *, most: int, device: str | torch.device) -> Iterator[Rows]:
    """All rows in order, at least one and else at most ``most`` entries at a time. indptr (n + 1,) int64 on the CPU."""
    first, n = 0, len(indptr) - 1
    while first < n:
        last = max(int(torch.searchsorted(indptr, indptr[first] + most, right=True)) - 1, first + 1)
        lengths = (indptr[first + 1 : last + 1] - indptr[first:last]).to(device)
        row = torch.repeat_interleave(torch.arange(first, last, device=device), lengths)
        yield Rows(slice(first, last), slice(int(indptr[first]), int(indptr[last])), row, lengths)
        first = last
