"""What rounding alone answers: a constant map, resized in float32, is not constant in its last bits."""

from __future__ import annotations

import pandas as pd
import torch
import torch.nn.functional as F
from scipy import stats

from .patterns import pattern


def correlations_of_constants(count: int = 50, small: int = 26) -> pd.Series:
    """Spearman's correlation with the Gaussian of constant maps after resizing, computed naively.

    Args:
        count: Constants between 0.1 and 0.9.
        small: Side of the maps before they are resized.

    Returns:
        One value for each constant that rounding has made vary, and no value for the others.
    """
    target = pattern("gaussian")
    values = torch.linspace(0.1, 0.9, count).view(-1, 1, 1, 1).expand(-1, 1, small, small)
    resized = F.interpolate(values, target.shape, mode="bilinear", align_corners=True)[:, 0]
    vary = {i: m.ravel() for i, m in enumerate(resized) if m.min() < m.max()}
    return pd.Series({i: stats.spearmanr(m, target.ravel()).statistic for i, m in vary.items()}, dtype=float)
