"""What the PosENet paper says of padding in networks for saliency and segmentation: section 4.2."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import pandas as pd

from ...results.statistics import Interval
from ...results.text import signed
from ..posenet.task_tables import differences
from ..posenet.tasks import NONE
from .base import Finding, Line, claim, of_lines
from .rows import Rows, some

CASE = "score"


@claim(
    "tasks-need-padding",
    paper="PosENet",
    place="4.2, Table 5",
    text="Networks for saliency and for segmentation do worse without padding",
    check=(
        "the score with zeros minus that without padding (F-measure, mIoU; percent) is positive for each "
        "task and data set (all paddings share their spread over networks)"
    ),
    needs=["posenet_tasks"],
    note="Networks without padding lose the image's border, too; their page tells both apart.",
)
def tasks_need_padding(rows: Rows) -> Finding:
    """All networks are asked, since without padding one may fail for want of it."""
    table = rows.table("posenet_tasks")
    found = differences(table)
    cells = some(found.loc[found["padding"] == NONE, "cell"], "networks with zeros and without padding")
    lines = [Line(cell, partial(_lost, table, cell)) for cell in cells]
    words = [f"{line.name} {signed(line.intervals[CASE])} points" for line in lines]
    networks = table.groupby(["task", "data", "padding"])["seed"].nunique().min()
    return of_lines("; ".join(words), lines, f"VGG-FCN: {networks} networks of each padding")


def _lost(table: pd.DataFrame, cell: str, level: float) -> dict[Hashable, Interval]:
    """What zeros have more than no padding."""
    found = differences(table, level=level)
    none = found[(found["padding"] == NONE) & (found["cell"] == cell)].iloc[0]
    return {CASE: Interval(-none["by"], -none["high"], -none["low"])}
