"""Scores of saliency maps: F-measures, weighted (Margolin et al. 2014) and at the best threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from ..checks import needs
from .maps import check_maps

LEVELS = 256  # thresholds of the F-measure: those of a grey image
BETA_SQUARED = 0.3  # precision counts more than recall (Achanta et al. 2009)


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
    prediction, mask = _checked(prediction, mask)
    pairs = zip(prediction.double().cpu().numpy(), mask.cpu().numpy() > 0.5)
    return torch.tensor([_weighted_f(p, m) for p, m in pairs], dtype=torch.float64)


def _checked(prediction: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    prediction, mask = check_maps(prediction, mask, "mask")
    if prediction.min() < 0 or prediction.max() > 1:
        span = f"[{prediction.min():.3g}, {prediction.max():.3g}]"
        raise ValueError(f"prediction lies in {span}; it must lie in [0, 1] (apply a sigmoid)")
    return prediction, mask


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


def f_curve(prediction: Tensor, mask: Tensor) -> Tensor:
    """The F-measure of saliency maps at every threshold, beta squared 0.3 (Achanta et al., CVPR 2009).

    Args:
        prediction: `(N, H, W)` in [0, 1]; told apart in 256 levels.
        mask: What is salient, `(N, H, W)` of 0 and 1.

    Returns:
        `(N, 256)`, float64: of the pixels of at least each level, the highest first. Averaged over images,
        its largest value is the literature's maximal F-measure.

    Example:
        >>> mask = torch.tensor([[[0.0, 1.0]]])
        >>> f_curve(mask, mask)[0, [0, 254]].tolist()
        [1.0, 1.0]
    """
    prediction, mask = _checked(prediction, mask)
    if prediction.isnan().any():
        raise ValueError("prediction holds NaN, which lies above no threshold; look at the network's weights")
    level = (prediction.flatten(1) * (LEVELS - 1)).long()
    salient = mask.flatten(1) > 0.5
    image = torch.arange(len(level), device=level.device)[:, None]
    counted = torch.bincount(
        ((2 * image + salient) * LEVELS + level).flatten(), minlength=2 * LEVELS * len(level)
    )
    above = counted.view(-1, 2, LEVELS).flip(-1).cumsum(-1).double()
    hit, found = above[:, 1], above.sum(1)
    precision = hit / found.clamp(min=1)
    recall = hit / salient.sum(1, keepdim=True).clamp(min=1)
    both = BETA_SQUARED * precision + recall
    return torch.where(both > 0, (1 + BETA_SQUARED) * precision * recall / both.clamp(min=1e-300), 0.0)


class MaxF(Metric):
    """The maximal F-measure: `f_curve` averaged over images, at the threshold that is best for all.

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
        self.add_state("total", torch.zeros(LEVELS, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.set_dtype(torch.float64)

    def update(self, prediction: Tensor, mask: Tensor) -> None:
        """Adds maps `(N, H, W)` in [0, 1] with their masks."""
        self.total = self.total + f_curve(prediction, mask).sum(0).to(self.total)
        self.count = self.count + len(prediction)

    def compute(self) -> Tensor:
        """The largest value of the mean curve."""
        if self.count == 0:
            raise ValueError("n=0: MaxF needs at least one image")
        return (self.total / self.count).max()
