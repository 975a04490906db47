"""Scores of predicted maps: PosENet's correlation and error with a pattern, saliency's weighted F-measure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from ..checks import needs


def spearman(prediction: Tensor, target: Tensor) -> Tensor:
    """Spearman's correlation of predicted maps with targets (PosENet's SPC; Islam et al. 2020, section 3.3).

    Args:
        prediction: `(N, H, W)`.
        target: `(N, H, W)` or `(H, W)`.

    Returns:
        `(N,)`, float64; NaN where a map is constant up to rounding, which has no correlation with anything.
        (A constant that was resized in float32 differs in its last bits, which correlate with a Gaussian at
        .125.)
    """
    needs("pppkit.metrics.spearman", "scipy", extra="training")
    from scipy import stats

    _check_maps(prediction, target)
    flat, pattern = (t.detach().cpu().flatten(-2) for t in (prediction, target))
    eps = torch.finfo(flat.dtype).eps if flat.is_floating_point() else 0.0
    constant = flat.amax(-1) - flat.amin(-1) <= 4 * eps * flat.abs().amax(-1)
    ranks = (stats.rankdata(t.numpy(), axis=-1) for t in (flat, pattern))
    a, b = (torch.from_numpy(r - r.mean(-1, keepdims=True)) for r in ranks)
    return ((a * b).sum(-1) / (a.square().sum(-1) * b.square().sum(-1)).sqrt()).masked_fill(
        constant, math.nan
    )


def mean_absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """PosENet's MAE of predicted maps `(N, H, W)` with targets `(N, H, W)` or `(H, W)`: `(N,)`, float64."""
    prediction, target = _check_maps(prediction, target)
    return (prediction.double() - target.double()).abs().flatten(1).mean(1)


class PatternScore(Metric):
    """SPC and MAE of predicted position maps, averaged over images; constant predictions are only counted.

    Args:
        **kwargs: For `torchmetrics.Metric`.
    """

    is_differentiable = False
    full_state_update = False
    spc: Tensor
    mae: Tensor
    count: Tensor
    nan: Tensor

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        for name in ("spc", "mae", "count", "nan"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.set_dtype(torch.float64)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Adds maps `(N, H, W)` with their targets `(N, H, W)` or `(H, W)`."""
        spc = spearman(prediction, target)
        self.spc += spc.nansum()
        self.nan += spc.isnan().sum()
        self.mae += mean_absolute_error(prediction, target).sum()
        self.count += len(spc)

    def compute(self) -> dict[str, Tensor]:
        """`spc` over the images that have one, `mae` over all; `nan` of `count` images had no correlation."""
        if self.count == 0:
            raise ValueError("n=0: PatternScore needs at least one image")
        return {
            "spc": self.spc / (self.count - self.nan),
            "mae": self.mae / self.count,
            "nan": self.nan,
            "count": self.count,
        }


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
    prediction, mask = _check_maps(prediction, mask)
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


def _check_maps(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if prediction.dim() != 3 or target.shape not in (prediction.shape, prediction.shape[1:]):
        shapes = f"prediction {tuple(prediction.shape)} must be (N, H, W) and target {tuple(target.shape)}"
        raise ValueError(f"{shapes} the same or (H, W)")
    return prediction, target.expand_as(prediction)
