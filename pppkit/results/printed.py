"""Our trials beside a paper's printed means and standard deviations."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .statistics import Interval, welch_from_summary

AGREES, DISAGREES, TOO_FEW = "agrees", "disagrees", "too few"


def compare_with_printed(
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
        One row for each cell and metric: `mean`, `std` and `n` of ours, `paper_mean`, `paper_std`, the
        `difference`, the `half_width` of its 95 % interval (Welch), and the `verdict`: `"agrees"` where the
        interval reaches within the tolerance of 0, else `"disagrees"`; `"too few"` for a single trial of
        ours. Cells without trials are left out.
    """
    out = []
    groups = dict(tuple(rows.groupby(list(by), sort=False)))
    for cell in printed.to_dict("records"):
        names = {column: cell[column] for column in by}
        ours = groups.get(tuple(names.values()))
        if ours is None:
            continue
        for metric in metrics:
            paper_mean, paper_std = cell[f"{metric}_mean"], cell[f"{metric}_std"]
            mean, std, count = ours[metric].mean(), ours[metric].std(), int(ours[metric].count())
            found = welch_from_summary(mean, std, count, paper_mean, paper_std, n)
            row = {**names, "metric": metric, "mean": mean, "std": std, "n": count}
            row |= {"paper_mean": paper_mean, "paper_std": paper_std}
            row |= {"difference": found.value, "half_width": found.half_width}
            row["verdict"] = TOO_FEW if count < 2 else _agreement(found, tolerance)
            out.append(row)
    return pd.DataFrame(out)


def _agreement(difference: Interval, tolerance: float) -> str:
    return AGREES if abs(difference.value) - difference.half_width <= tolerance else DISAGREES
