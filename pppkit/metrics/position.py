"""Scores of predicted position maps: PosENet's correlation and error with a pattern (Islam et al. 2020)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from ..checks import needs
from .maps import check_maps


def spearman(prediction: Tensor, target: Tensor) -> Tensor:
    """Spearman's correlation of predicted maps with targets (PosENet's SPC; Islam et al. 2020, section 3.1).

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

    check_maps(prediction, target)
    flat, pattern = (t.detach().cpu().flatten(-2) for t in (prediction, target))
    eps = torch.finfo(flat.dtype).eps if flat.is_floating_point() else 0.0
    constant = flat.amax(-1) - flat.amin(-1) <= 4 * eps * flat.abs().amax(-1)
    ranks = (stats.rankdata(_as_numpy(t), axis=-1) for t in (flat, pattern))
    a, b = (torch.from_numpy(r - r.mean(-1, keepdims=True)) for r in ranks)
    return ((a * b).sum(-1) / (a.square().sum(-1) * b.square().sum(-1)).sqrt()).masked_fill(
        constant, math.nan
    )


def _as_numpy(x: Tensor) -> np.ndarray:
    """The same numbers; numpy has no bfloat16."""
    return (x.float() if x.is_floating_point() and x.itemsize < 4 else x).numpy()


def mean_absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """PosENet's MAE of predicted maps `(N, H, W)` with targets `(N, H, W)` or `(H, W)`: `(N,)`, float64."""
    prediction, target = check_maps(prediction, target)
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
        # sums in place would fail under inference mode
        self.spc = self.spc + spc.nansum().to(self.spc)
        self.nan = self.nan + spc.isnan().sum().to(self.nan)
        self.mae = self.mae + mean_absolute_error(prediction, target).sum().to(self.mae)
        self.count = self.count + len(spc)

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
