"""Our trials beside a paper's printed means and standard deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from scipy import stats


def welch(
    mean_a: float, std_a: float, n_a: int, mean_b: float, std_b: float, n_b: int, level: float = 0.95
) -> tuple[float, float]:
    """The difference of two means and the half-width of its confidence interval (Welch 1947: unequal variances).

    Args:
        mean_a: Of the first group; the standard deviation is the sample's, of `n_a` values.
        std_a: See `mean_a`.
        n_a: See `mean_a`.
        mean_b: Of the second group.
        std_b: See `mean_b`.
        n_b: See `mean_b`.
        level: Of confidence.

    Returns:
        `mean_a - mean_b` and the half-width, which is 0 where neither group varies and infinite for a group of one.

    Example:
        >>> difference, half = welch(90.0, 1.0, 10, 89.0, 1.0, 10)
        >>> round(difference, 2), round(half, 2)
        (1.0, 0.94)
    """
    if min(n_a, n_b) < 2:
        return mean_a - mean_b, math.inf
    a, b = std_a**2 / n_a, std_b**2 / n_b
    if a + b == 0:
        return mean_a - mean_b, 0.0
    freedom = (a + b) ** 2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    return mean_a - mean_b, float(stats.t.ppf(0.5 + level / 2, freedom)) * math.sqrt(a + b)


def beside(
    rows: pd.DataFrame,
    printed: pd.DataFrame,
    by: Sequence[str],
    metrics: Sequence[str],
    *,
    n: int,
    tolerance: float = 0.0,
) -> pd.DataFrame:
    """Every printed cell beside our trials.

    Args:
        rows: Ours, one a trial, with the columns `by` and `metrics`.
        printed: The paper's, with `by` and for each metric `METRIC_mean` and `METRIC_std`.
        by: Columns that name a cell.
        metrics: Columns that are compared.
        n: Trials behind each printed mean.
        tolerance: Differences that nobody would call one, in the metric's unit.

    Returns:
        One row for each cell and metric: `mean`, `std` and `n` of ours, `paper_mean`, `paper_std`, the `difference` and the `half`
        width of its 95 % interval, and the `verdict`: `"agrees"` where the interval reaches within the tolerance of 0, else `"disagrees"`;
        `"too few"` for a single trial of ours. Cells without trials are left out.
    """
    out = []
    groups = dict(tuple(rows.groupby(list(by), sort=False)))
    for cell in printed.to_dict("records"):
        ours = groups.get(tuple(cell[b] for b in by))
        if ours is None:
            continue
        for metric in metrics:
            mean, std, count = ours[metric].mean(), ours[metric].std(), len(ours)
            difference, half = welch(mean, std, count, cell[f"{metric}_mean"], cell[f"{metric}_std"], n)
            out.append(
                {b: cell[b] for b in by}
                | {"metric": metric, "mean": mean, "std": std, "n": count}
                | {
                    "paper_mean": cell[f"{metric}_mean"],
                    "paper_std": cell[f"{metric}_std"],
                    "difference": difference,
                    "half": half,
                }
                | {
                    "verdict": "too few"
                    if count < 2
                    else "agrees"
                    if abs(difference) - half <= tolerance
                    else "disagrees"
                }
            )
    return pd.DataFrame(out)
