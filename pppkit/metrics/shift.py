"""Whether a network says the same of two views of an image."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


def consistency(first: Tensor, second: Tensor) -> Tensor:
    """Share of images of which two views get the same class (Zhang 2019, section 4.1).

    Args:
        first: Class scores `(N, classes)`.
        second: Of the other views.

    Returns:
        Between 0 and 1, float64.

    Raises:
        ValueError: For scores of different shapes, or none.

    Example:
        >>> consistency(torch.eye(4), torch.eye(4)[[0, 1, 2, 0]]).item()
        0.75
    """
    if first.shape != second.shape or first.dim() != 2 or not len(first):
        raise ValueError(
            f"first and second must be class scores (N, classes) of the same images, got "
            f"{tuple(first.shape)} and {tuple(second.shape)}"
        )
    return (first.argmax(1) == second.argmax(1)).double().mean()


class ShiftConsistency(Metric):
    """`consistency` over batches.

    Args:
        **kwargs: For `torchmetrics.Metric`.
    """

    is_differentiable = False
    full_state_update = False
    same: Tensor
    count: Tensor

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        for name in ("same", "count"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.set_dtype(torch.float64)

    def update(self, first: Tensor, second: Tensor) -> None:
        """Adds class scores `(N, classes)` of two views of the same images."""
        self.same = self.same + (consistency(first, second) * len(first)).to(self.same)
        self.count = self.count + len(first)

    def compute(self) -> Tensor:
        """Between 0 and 1."""
        if self.count == 0:
            raise ValueError("n=0: ShiftConsistency needs at least one image")
        return self.same / self.count
