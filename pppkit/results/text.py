"""Numbers and origins of rows as pages show them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from .statistics import Interval

NOISE = 9  # digits after the point, beyond which a mean of numbers in percent is rounding
ORIGIN = ("profile", "device", "dtype", "pppkit", "torch", "revision")


def several(count: int, noun: str) -> str:
    """`"1 network"`, `"2 networks"`."""
    return f"{count} {noun}{'s' if count > 1 else ''}"


def signed(mean: Interval, alone: str = "") -> str:
    """A difference with its interval, as text.

    Args:
        mean: The difference, a mean.
        alone: Said in place of an interval where there is none, because it is of a single number.

    Example:
        >>> signed(Interval(1.5, 1.0, 2.0)), signed(Interval(-1.5, float("-inf"), float("inf")), " (one)")
        ('+1.5 ± 0.5', '-1.5 (one)')
    """
    spread = f" ± {mean.half_width:.1f}" if math.isfinite(mean.half_width) else alone
    return f"{mean.value:+.1f}{spread}"


def plus_minus(mean: pd.Series, spread: pd.Series, digits: int = 1) -> pd.Series:
    """`"mean ± spread"` as text, cell by cell; without the second part where there is no spread (NaN).

    The last bits of a mean depend on who added up, and may not decide its rounding.

    Example:
        >>> plus_minus(pd.Series([1.25, 2.0]), pd.Series([0.5, float("nan")])).tolist()
        ['1.2 ± 0.5', '2.0']
    """
    after = spread.map(lambda v: "" if pd.isna(v) else f" ± {v:.{digits}f}")
    return mean.astype(float).round(NOISE).map(f"{{:.{digits}f}}".format) + after


def mean_and_spread(
    rows: pd.DataFrame, by: str | Sequence[str], columns: Sequence[str], digits: int = 1
) -> pd.DataFrame:
    """Mean ± standard deviation over the rows of each group, as text, in the order of the rows.

    Args:
        rows: One row a network.
        by: Columns that name a group.
        columns: Columns that are averaged.
        digits: After the point.
    """
    groups = rows.groupby(by if isinstance(by, str) else list(by), sort=False)
    return pd.DataFrame({c: plus_minus(groups[c].mean(), groups[c].std(), digits) for c in columns})


def distinct(values: pd.Series) -> str:
    """Every value once, in its order of appearance, as `"a, b"`."""
    return ", ".join(dict.fromkeys(values.dropna().astype(str)))


def provenance_table(rows: pd.DataFrame, by: Sequence[str], **more: Any) -> pd.DataFrame:
    """Where rows come from: one row for each group, with every value that its rows have.

    Args:
        rows: Result rows, with the columns of `provenance`; `seconds`, `device` and `dtype` where they were
            measured.
        by: Columns that name a group.
        **more: Columns before those, as named aggregations of `DataFrame.agg`: `networks=("seed",
            "nunique")`.

    Returns:
        Indexed by group, in the order of the rows: `more`, the median of `seconds`, and the columns of
        `ORIGIN` that rows have.
    """
    if "seconds" in rows:
        more["seconds"] = ("seconds", "median")
    origin = {column: (column, distinct) for column in ORIGIN if column in rows}
    return rows.groupby(list(by), sort=False).agg(**more, **origin)
