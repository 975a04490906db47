"""Scores of saliency maps: the weighted F-measure (Margolin, Zelnik-Manor and Tal, CVPR 2014)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from ..checks import needs
from .maps import check_maps


def weighted_f(prediction: Tensor, mask: Tensor) -> Tensor:
    """The weighted F-measure of saliency maps, beta = 1 (Margolin, Zelnik-Manor and Tal, CVPR 2014).

    Errors inside an object count less where their neighbours are right, errors outside more the further
    from it.

    Args:
        prediction: `(N, H, W)` in [0, 1].
        mask: What is salient, `(N, H, W)` of 0 and 1.

    Returns:
        `(N,)`, float64; 0 where a mask is empty, as in the authors' code.

    Example:
        >>> mask = torch.zeros(1, 9, 9)
        >>> mask[:, 3:6, 3:6] = 1
        >>> weighted_f(mask, mask)
        tensor([1.], dtype=torch.float64)
    """
    needs("pppkit.metrics.weighted_f", "scipy", extra="training")
    prediction, mask = check_maps(prediction, mask, "mask")
    if prediction.min() < 0 or prediction.max() > 1:
        span = f"[{prediction.min():.3g}, {prediction.max():.3g}]"
        raise ValueError(f"prediction lies in {span}; it must lie in [0, 1] (apply a sigmoid)")
    pairs = zip(prediction.double().cpu().numpy(), mask.cpu().numpy() > 0.5)
    return torch.tensor([_weighted_f(p, m) for p, m in pairs], dtype=torch.float64)


def _weighted_f(prediction: np.ndarray, mask: np.ndarray) -> float:
    from scipy import ndimage

    if not mask.any():
        return 0.0
    error = np.abs(prediction - mask)
    distance, nearest = ndimage.distance_transform_edt(~mask, return_indices=True)
    spread = np.where(mask, error, error[tuple(nearest)])  # outside, the error of the nearest object pixel
    axis = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 5.0**2))
    around = ndimage.convolve(spread, np.outer(axis, axis) / axis.sum() ** 2, mode="constant")
    weighted = np.where(mask, np.minimum(error, around), error * (2 - np.exp(math.log(0.5) / 5 * distance)))
    hit = mask.sum() - weighted[mask].sum()
    recall = 1 - weighted[mask].mean()
    precision = hit / (np.spacing(1) + hit + weighted[~mask].sum())
    return float(2 * recall * precision / (np.spacing(1) + recall + precision))


class WeightedF(Metric):
    """`weighted_f` averaged over images.

    Args:
        **kwargs: For `torchmetrics.Metric`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        for name in ("total", "count"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.set_dtype(torch.float64)

    def update(self, prediction: Tensor, mask: Tensor) -> None:
        """Adds maps `(N, H, W)` in [0, 1] with their masks."""
        # a sum in place would fail under inference mode
        self.total = self.total + weighted_f(prediction, mask).sum().to(self.total)
        self.count = self.count + len(prediction)

    def compute(self) -> Tensor:
        """The mean over images."""
        if self.count == 0:
            raise ValueError("n=0: WeightedF needs at least one image")
        return self.total / self.count
