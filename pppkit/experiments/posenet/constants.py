"""What a prediction without position scores, and what that says of the patterns behind printed errors.

PosENet alone finds no stripes (SPC 0), so it predicts about a constant, and yet the paper prints errors from
.628 to .723. No constant in [0, 1], which is all that a sigmoid gives, is so far from stripes in [0, 1].
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from .patterns import SIDE, pattern

READINGS = {
    "stripes from 0 to 1": lambda: pattern("horizontal stripes"),
    "stripes from -1 to 1": lambda: 2 * pattern("horizontal stripes") - 1,
    "a sine from 0 to 1": lambda: (1 + pattern("horizontal waves")) / 2,
    "a sine from -1 to 1": lambda: pattern("horizontal waves"),
}
PRINTED = (0.628, 0.723)  # the smallest and the largest error of PosENet alone with its stripes
ROUNDING = 0.01


def constant_error(target: Tensor, value: float) -> float:
    """MAE of a constant map."""
    return float((target.double() - value).abs().mean())


def sampled_sine(samples: int) -> float:
    """Mean absolute value of a sine that is sampled so many times a wave, from 0 on."""
    return float(torch.sin(2 * torch.pi * torch.arange(samples, dtype=torch.float64) / samples).abs().mean())


def readings() -> pd.DataFrame:
    """What constants in [0, 1] can score with each reading of "stripes".

    Returns:
        By reading the errors of 0 and of .5, the `least` and the `most` error of any constant, and `fits`:
        whether the printed errors lie between these.
    """
    values, out = np.linspace(0, 1, 101), {}
    for name, make in READINGS.items():
        target = make()
        errors = [constant_error(target, value) for value in values]
        found = {
            "constant 0": errors[0],
            "constant .5": errors[50],
            "least": min(errors),
            "most": max(errors),
        }
        low, high = found["least"] - ROUNDING, found["most"] + ROUNDING
        out[name] = found | {"fits": "yes" if low <= PRINTED[0] and PRINTED[1] <= high else "no"}
    return pd.DataFrame.from_dict(out, orient="index").rename_axis(f"target, {SIDE} pixels")
