"""Claims of the Global Pooling paper: position is in the order of the channels."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from ...models import TITLES
from ...results.statistics import Interval, student_interval, welch_interval
from .base import Finding, Line, claim, of_lines
from .rows import Rows, some

CHANNELS = "Global Pooling"  # the paper's name in the ledger


def _cells(rows: Rows, task: str, *models: str) -> dict[int, dict[str, pd.Series]]:
    """Accuracy under zeros of networks trained for a task, by grid, where there are some of each."""
    table = rows.table("gap_location")
    table = table[(table["task"] == task) & (table["padding"] == "zeros")]
    found = {
        int(cells): dict(tuple(part.groupby("model")["accuracy"]))  # type: ignore[call-overload]
        for cells, part in table.groupby("cells")
        if set(models) <= set(part["model"])
    }
    return some(found, f"networks of {' and '.join(models)} for {task}")


def _networks(rows: Rows, task: str) -> str:
    table = rows.table("gap_location")
    table = table[(table["task"] == task) & (table["padding"] == "zeros")]
    first = table.iloc[0]
    names = ", ".join(TITLES[model] for model in table["model"].unique())
    size = f"width {first['width']:g}, cells of {first['size']} pixels, {first['images']} images"
    return f"{names}: {table['seed'].nunique()} networks each, {size}, {first['epochs']} epochs"


def _points(found: dict[int, Interval]) -> str:
    return "; ".join(f"{k}x{k}: {_difference(difference)}" for k, difference in found.items())


def _difference(found: Interval) -> str:
    """One network alone has no interval."""
    spread = f" ± {found.half_width:.1f}" if math.isfinite(found.half_width) else ""
    return f"{found.value:+.1f}{spread} points"


_claim = partial(claim, paper=CHANNELS, place="Table 1", needs=["gap_location"])


@_claim(
    "gap-location",
    text="After global average pooling the place of an image can still be read",
    check="GAPNet's location accuracy under zeros minus chance is positive on every grid",
)
def the_place_can_be_read(rows: Rows) -> Finding:
    """Chance is one over the number of cells."""
    cells = _cells(rows, "location", "gapnet")
    above = {k: part["gapnet"] - 100 / k**2 for k, part in cells.items()}

    def line(k: int) -> Line:
        return Line(f"{k}x{k}", lambda level: {"gapnet": student_interval(above[k], level)})

    measured = _points({k: student_interval(values) for k, values in above.items()})
    return of_lines(measured, [line(k) for k in above], _networks(rows, "location"))


@_claim(
    "gap-order",
    text="Position information is encoded based on the ordering of the channels",
    check="GAPNet's location accuracy minus PermuteNet's, under zeros, is positive on every grid",
)
def place_is_in_the_order(rows: Rows) -> Finding:
    """Welch's interval over networks."""
    cells = _cells(rows, "location", "gapnet", "permutenet")

    def difference(k: int, level: float = 0.95) -> Interval:
        return welch_interval(cells[k]["gapnet"], cells[k]["permutenet"], level)

    def line(k: int) -> Line:
        return Line(f"{k}x{k}", lambda level: {"gapnet": difference(k, level)})

    measured = _points({k: difference(k) for k in cells})
    return of_lines(measured, [line(k) for k in cells], _networks(rows, "location"))


@_claim(
    "gap-class",
    text="Semantic information is largely not encoded in the ordering of the channels",
    check="PermuteNet's class accuracy minus half of GAPNet's, under zeros, is positive on every grid",
)
def classes_are_not_in_the_order(rows: Rows) -> Finding:
    """Largely: most of what GAPNet knows stays without the order."""
    cells = _cells(rows, "class", "gapnet", "permutenet")

    def difference(k: int, level: float = 0.95) -> Interval:
        return welch_interval(cells[k]["permutenet"], cells[k]["gapnet"] / 2, level)

    def line(k: int) -> Line:
        return Line(f"{k}x{k}", lambda level: {"permutenet": difference(k, level)})

    measured = _points({k: difference(k) for k in cells})
    return of_lines(measured, [line(k) for k in cells], _networks(rows, "class"))
