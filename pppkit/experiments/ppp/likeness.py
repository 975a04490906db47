"""How much of a pattern is in the mean feature map of a few images: what emerges in Figure 1, as a number.

A map of few images is compared with the pattern of all the other images, so nothing is compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ...measure import MAPS

GROUPS = 32  # of so many images, at most, are compared with the rest
FLAT = 1e-6  # times the image features' spread: a pattern with less is rounding


def group_ends(n: int, size: int) -> list[int]:
    """Where groups of so many images begin and end among n: at most `GROUPS`, one behind the other.

    Example:
        >>> group_ends(10, 4)
        [0, 4, 8]
    """
    return [size * k for k in range(min(GROUPS, n // size) + 1)]


def record_at(n: int, sizes: Iterable[int]) -> list[int]:
    """Numbers of images after which means must be recorded for groups of these sizes."""
    ends = {end for size in sizes for end in group_ends(n, size)}
    return sorted((ends | {n}) - {0})


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation of two maps `(H, W)` over their pixels; NaN where one is constant."""
    left, right = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / spread if spread > 0 else float("nan")


def likeness(
    means: Mapping[str, np.ndarray], counts: Sequence[int], sizes: Iterable[int]
) -> list[dict[str, Any]]:
    """How alike the maps of few images are to the pattern of the others.

    The pattern is what padding adds to the mean features of all images that are not in a group: mean padded
    less mean optimally padded features. With it a group's own maps are correlated: its mean padded features
    (which hold the pattern and the images), its mean optimally padded features (which hold the images only)
    and its mean distance, which is correlated with the others' mean distance.

    Args:
        means: For each of `pppkit.measure.MAPS` the means `(len(counts), H, W)` over the first images.
        counts: Over how many, ascending, every one of `record_at` among them.
        sizes: Of the groups.

    Returns:
        For each size `n`: `likeness_padded`, `likeness_optimal`, `likeness_ppp`, means over groups, with the
        standard deviation over groups of the first as `likeness_padded_sd`; NaN where there is no pattern, or
        no other images.
    """
    n = counts[-1]
    sums = {kind: np.asarray(means[kind], np.float64) for kind in MAPS}
    sums = {kind: stack * np.reshape(counts, (-1, 1, 1)) for kind, stack in sums.items()}
    at = {count: {kind: stack[i] for kind, stack in sums.items()} for i, count in enumerate(counts)}
    at[0] = {kind: np.zeros_like(stack[0]) for kind, stack in sums.items()}
    out = []
    for size in sizes:
        groups = [_group(at, start, end, n) for start, end in pairwise(group_ends(n, size)) if size < n]
        out.append({"n": size, **_summary(pd.DataFrame(groups, columns=list(MAPS), dtype=float))})
    return out


def _group(at: Mapping[int, Mapping[str, np.ndarray]], start: int, end: int, n: int) -> dict[str, float]:
    """The correlations of one group of images with the others' pattern."""
    inside = {kind: at[end][kind] - at[start][kind] for kind in MAPS}
    others = {kind: (at[n][kind] - inside[kind]) / (n - end + start) for kind in MAPS}
    pattern = others["padded"] - others["optimal"]
    if pattern.std() <= FLAT * others["optimal"].std():
        return dict.fromkeys(MAPS, float("nan"))
    compared = {"padded": pattern, "optimal": pattern, "ppp": others["ppp"]}
    return {kind: correlation(inside[kind], compared[kind]) for kind in MAPS}


def _summary(groups: pd.DataFrame) -> dict[str, float]:
    means = {f"likeness_{kind}": groups[kind].mean() for kind in MAPS}
    return {**means, "likeness_padded_sd": groups["padded"].std()}
