"""What PosENet is to find: patterns of positions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...checks import one_of

WAVES = ("horizontal waves", "vertical waves")
PATTERNS = ("gaussian", "horizontal", "vertical", "horizontal stripes", "vertical stripes", *WAVES)
SIDE = 224  # pixels
# The papers print no width. At this one a map without position, constant at the mean, has the MAE of .197
# that Table 2 prints for networks without padding.
SIGMA = 0.184


def pattern(name: str, side: int = SIDE, sigma: float = SIGMA, periods: int = 4) -> Tensor:
    """A target: `(side, side)` in [0, 1], waves in [-1, 1].

    Args:
        name: One of `PATTERNS`: gradients from left to right and from top to bottom, a Gaussian in the
            middle, stripes, and `WAVES`, the sines that the printed errors of stripes come from (see
            `pppkit.experiments.posenet.constants`).
        side: Pixels.
        sigma: Of the Gaussian, in sides.
        periods: Of stripes, each half 0 and half 1, and of waves.
    """
    one_of("pattern", name, PATTERNS)
    axis = torch.arange(side, dtype=torch.float32)
    if name == "gaussian":
        bell = torch.exp(-(((axis - (side - 1) / 2) / (sigma * side)) ** 2) / 2)
        return bell[:, None] * bell
    line = _line(name, axis, side, periods)
    return (line[None] if name.startswith("horizontal") else line[:, None]).expand(side, side).contiguous()


def _line(name: str, axis: Tensor, side: int, periods: int) -> Tensor:
    """The pattern along the axis on which it varies, from the pixels' numbers."""
    if name in WAVES:
        return torch.sin(2 * torch.pi * periods * (axis + 0.5) / side)
    return axis / (side - 1) if "stripes" not in name else (axis * 2 * periods / side).floor() % 2


def null_error(target: Tensor) -> float:
    """MAE of the best map without position: constant at the target's mean."""
    return float(np.abs(target.numpy() - target.numpy().mean()).mean())
