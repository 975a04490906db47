"""Tables of what we found in reproducing the BHV test, and what half the bits cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ...results.text import mean_and_spread, plus_minus
from .tables import METRICS, SHADES, contradictions

LEAST_SPREAD = 0.5  # percentage points: few seeds can agree by chance


def read_fconv(path: str | Path) -> pd.DataFrame:
    """What Kayhan and van Gemert print, on black: `similar` and `dissimilar` in percent, by padding."""
    return pd.read_csv(path).set_index("padding")


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean ± standard deviation of every metric over networks, as text, by padding."""
    return mean_and_spread(rows, "padding", METRICS)


def printed_cells(printed: pd.DataFrame, background: str = "0.0") -> pd.DataFrame:
    """`cells` of the PPP paper's Table 1 on one background, from `read_printed`."""
    part = printed[printed["background"] == background].set_index("padding")
    return pd.DataFrame({m: plus_minus(part[f"{m}_mean"], part[f"{m}_std"]) for m in METRICS})


def side_by_side(tables: Mapping[str, pd.DataFrame], metric: str, order: Sequence[str]) -> pd.DataFrame:
    """One metric of several tables of text by padding; empty where a table has no such row."""
    columns = pd.DataFrame({name: table[metric] for name, table in tables.items()})
    return columns.reindex(order).fillna("").rename_axis(index="padding", columns=metric)


def circular_readings(authors: pd.DataFrame, fconv: pd.DataFrame) -> pd.DataFrame:
    """Circular padding of one pixel and of two on the authors' splits, and what they print.

    Args:
        authors: Rows on the authors' splits.
        fconv: Of `read_fconv`.
    """
    names = {"circular": "1 pixel: what they ran", "full-circular": "2 pixels: the same line today"}
    ours = cells(authors[authors["padding"].isin(list(names))]).rename(index=names)
    theirs = fconv.loc[["circular"]].map("{:.1f}".format).rename(index={"circular": "F-Conv, printed"})
    return pd.concat([ours, theirs]).fillna("").rename_axis(index=None)


def candidates(
    printed: pd.DataFrame, fconv: pd.DataFrame, measured: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """What the dissimilar accuracy of zero padding on black could be, where Table 1 contradicts itself.

    Args:
        printed: Of `read_printed`.
        fconv: Of `read_fconv`.
        measured: Our rows on black by what they are called.
    """
    odd = contradictions(printed).iloc[0]
    found = {
        "PPP paper, printed": f"{odd['mean']:.2f}",
        "PPP paper, implied by its difference": f"{odd['implied']:.2f}",
        "F-Conv, printed": f"{fconv.loc['zeros', 'dissimilar']:.1f}",
    }
    for name, rows in measured.items():
        found[name] = cells(rows).loc["zeros", "dissimilar"]
    return pd.Series(found, name="dissimilar (%)").to_frame()


def cost_of_precision(half: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
    """What training in bfloat16 changes, cell by cell, over the seeds that both have.

    Args:
        half: The table's rows, trained in bfloat16.
        exact: Rows of the same cells, trained in float32.

    Returns:
        One row for each padding, background and metric: both means, their `difference`, the `standard error`
        of a difference of two such means with the table's spread over seeds (`LEAST_SPREAD` at least), and
        how many `pairs` of networks there are.
    """
    by = ["padding", "background"]
    names = [*by, "metric", "seed"]
    long = [rows.melt([*by, "seed"], METRICS, "metric") for rows in (half, exact)]
    pairs = long[0].merge(long[1], on=names, suffixes=("_half", "_exact"))
    groups = pairs.groupby([*by, "metric"], sort=False)
    spread = long[0].groupby([*by, "metric"])["value"].std().clip(lower=LEAST_SPREAD)
    cost = pd.DataFrame({"bfloat16": groups["value_half"].mean(), "float32": groups["value_exact"].mean()})
    cost["difference"] = (
        (pairs["value_half"] - pairs["value_exact"]).groupby([pairs[n] for n in names[:3]]).mean()
    )
    cost["standard error"] = spread.reindex(cost.index) * (2 / groups.size()) ** 0.5
    cost["pairs"] = groups.size()
    return cost.rename(index=SHADES, level="background").rename_axis(["padding", "background", "metric"])


def beyond_chance(cost: pd.DataFrame) -> pd.DataFrame:
    """Rows of `cost_of_precision` whose difference is more than two standard errors."""
    return cost[cost["difference"].abs() > 2 * cost["standard error"]]


def pairs_sentence(exact: pd.DataFrame, cost: pd.DataFrame) -> str:
    """How many networks were trained twice.

    Args:
        exact: Rows in float32.
        cost: Of `cost_of_precision`.
    """
    low, high = cost["pairs"].min(), cost["pairs"].max()
    each = f"{low} to {high}" if low < high else f"{low}"
    return f"{len(exact)} pairs of networks, {each} for each padding and background."


def cost_sentence(cost: pd.DataFrame) -> str:
    """Whether single cells differ, and how much so few pairs can tell.

    Args:
        cost: Of `cost_of_precision`.
    """
    gap, count = cost["difference"], len(cost)
    (padding, background, metric), largest = gap.abs().idxmax(), cost.loc[gap.abs().idxmax()]
    where = f"{padding} on {background}, {metric}: {largest['bfloat16']:.1f} against {largest['float32']:.1f}"
    return (
        f"{len(beyond_chance(cost))} of {count} cells differ by more than two standard errors; one in twenty "
        f"would by chance. The mean difference is {gap.mean():+.2f} points, the largest "
        f"{abs(largest['difference']):.1f} ({where}), with a standard error of "
        f"{largest['standard error']:.1f}: so few pairs tell little of single cells."
    )


def precision_table(cost: pd.DataFrame) -> pd.DataFrame:
    """Both means of `cost_of_precision` by padding and background, two columns for each metric."""
    wide = cost[["bfloat16", "float32"]].unstack("metric").swaplevel(axis=1)
    return wide[[(metric, bits) for metric in METRICS for bits in ("bfloat16", "float32")]]
