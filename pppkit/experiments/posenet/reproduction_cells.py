"""PosENet's tables: ours beside the printed ones.

The paper prints one number a cell, of other networks than ours. What can be compared is what it says by a
cell: that a network finds more than no network, a deeper read-out more than one of depth 1, and so on. Each
cell has a cell that it is seen against, and the difference of both is asked of our trials, with Welch's
interval. PosENet alone is the same network in both, so its cells are compared as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...checks import one_of
from ...results.statistics import Interval, prediction_interval, student_interval, welch_interval
from .encoders import ALONE
from .reproduction_grids import ALL, KEY, TABLES
from .reproduction_printed import counterpart

AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot be told"
VERDICTS = (AGREES, DISAGREES, OPEN)
# The column along which a table goes, and its value that other cells are seen against.
ALONG: dict[str, tuple[str, Any]] = {
    "models": ("model", ALONE),
    "depth": ("depth", 1),
    "kernel": ("kernel", 3),
    "stages": ("stages", ALL),
    "padding": ("padding", "zeros"),
}
NETWORK = ("model", "weights", "source")
CELL = ("pattern", "picture", "padding", "depth", "kernel", "readout_padding", "stages")
SMALL = 0.02  # a printed difference that is none


def by_picture(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `posenet_tables` once for each `picture`, with the columns `spc`, `mae`, `nan` and `count`."""
    rows = rows.assign(stages=rows["stages"].astype(str))
    tests = [column.removeprefix("spc ") for column in rows if column.startswith("spc ")]
    kept = [*KEY, "train_loss"]
    parts = []
    for test in tests:
        renamed = {f"{name} {test}": name for name in ("spc", "mae", "nan", "count")}
        parts.append(rows[[*kept, *renamed]].rename(columns=renamed).assign(picture=test))
    return pd.concat(parts, ignore_index=True)


def compare(rows: pd.DataFrame, printed: pd.DataFrame, table: str) -> pd.DataFrame:
    """Every printed cell beside each of our networks that stands for its network.

    Args:
        rows: Of `posenet_tables`.
        printed: Of `read_printed`, of that table.
        table: Of `TABLES`.

    Returns:
        One row for each of our networks (`model`, `weights`), kind of pictures (`source`), cell and `metric`:
        `ours` and its `half_width` over trials (Student), the `paper`'s; the `difference` from the cell that
        it is seen against, its `low` and `high` end (Welch) and the `paper_difference`; and the `verdict`, of
        `VERDICTS`. A cell that others are seen against has none.
    """
    one_of("table", table, TABLES)
    long = by_picture(rows)
    cells = {key: part for key, part in long.groupby([*NETWORK, *CELL], sort=False)}
    out = []
    for network in long[list(NETWORK)].drop_duplicates().itertuples(index=False, name=None):
        model, source = network[0], network[2]
        theirs = printed[printed["model"] == counterpart(table, model)]
        for cell in theirs.to_dict("records"):
            names = {column: cell[column] for column in CELL}
            ours = cells.get((*network, *names.values()))
            if ours is None:
                continue
            base = _base(table, model, names)
            first = (ALONE, "none", source) if table == "models" else network
            other = cells.get((*first, *base.values())) if base else None
            against = _printed_base(printed, table, cell, base)
            for metric in ("spc", "mae"):
                row = {**dict(zip(NETWORK, network)), **names, "metric": metric, "paper": cell[metric]}
                mean = student_interval(ours[metric])
                row |= {"ours": mean.value, "half_width": mean.half_width, "trials": ours[metric].count()}
                out.append(row | _judged(ours[metric], other, against, metric, cell[metric], model))
    return pd.DataFrame(out)


def _base(table: str, model: str, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """The cell that a cell is seen against; None for those themselves, and for PosENet alone in Table 1."""
    column, value = ALONG[table]
    if table == "models":
        return None if model == ALONE else {**names, "padding": "none"}
    if table == "padding" and model == ALONE:
        column, value = "readout_padding", 0
    return None if names[column] == value else {**names, column: value}


def _printed_base(
    printed: pd.DataFrame, table: str, cell: Mapping[str, Any], base: Mapping[str, Any] | None
) -> pd.Series | None:
    if base is None:
        return None
    model = ALONE if table == "models" else cell["model"]
    found = printed[printed["model"] == model]
    for column, value in base.items():
        found = found[found[column] == value]
    return found.iloc[0] if len(found) else None


def _judged(
    ours: pd.Series,
    other: pd.DataFrame | None,
    against: pd.Series | None,
    metric: str,
    paper: float,
    model: str,
) -> dict[str, Any]:
    if other is None or against is None:
        verdict = _same(ours, paper) if model == ALONE else ""
        return {"difference": math.nan, "low": math.nan, "high": math.nan, "verdict": verdict}
    if metric == "spc":  # a constant map has no correlation: it says nothing of positions, as the paper's 0
        ours, reference = ours.fillna(0.0), other[metric].fillna(0.0)
    else:
        reference = other[metric]
    found, printed = welch_interval(ours, reference), paper - float(against[metric])
    ends = {"difference": found.value, "low": found.low, "high": found.high}
    return {**ends, "paper_difference": printed, "verdict": direction(found, printed)}


def _same(ours: pd.Series, paper: float) -> str:
    """Whether one more trial of ours could be the printed one; maps without a correlation count as 0."""
    one_more = prediction_interval(ours.fillna(0.0))
    return AGREES if one_more.low - SMALL <= paper <= one_more.high + SMALL else DISAGREES


def direction(ours: Interval, paper: float, small: float = SMALL) -> str:
    """Whether a difference of ours goes where the printed one goes.

    Args:
        ours: The difference of our means, with its interval.
        paper: The printed difference.
        small: A printed difference up to here is none.

    Returns:
        Of `VERDICTS`. A printed difference that is none agrees with an interval that reaches within `small`
        of 0.
    """
    if abs(paper) <= small:
        return AGREES if ours.low <= small and ours.high >= -small else DISAGREES
    if ours.low > 0 or ours.high < 0:
        return AGREES if (ours.value > 0) == (paper > 0) else DISAGREES
    return OPEN
