"""Claims of the Global Pooling paper: position is in the order of the channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import partial

import pandas as pd

from ...models import TITLES
from ...results.statistics import LEVEL, Interval, student_interval, welch_interval
from ...results.text import signed
from ..channels.location import CIFAR
from .base import Finding, Line, claim, of_lines
from .rows import Rows, some

CHANNELS = "Global Pooling"  # the paper's name in the ledger
At = Callable[[float], Interval]  # from a level of confidence


def _under_zeros(rows: Rows, task: str) -> pd.DataFrame:
    """On the paper's pictures where there are rows of them: networks of several data sets do not repeat."""
    table = rows.table("gap_location")
    own = table[table["data"] == CIFAR]
    table = own if len(own) else table
    return table[(table["task"] == task) & (table["padding"] == "zeros")]


def _cells(rows: Rows, task: str, *models: str) -> dict[int, dict[str, pd.Series]]:
    """Accuracy under zeros of networks trained for a task, by grid, where there are some of each."""
    found = {
        int(cells): dict(tuple(part.groupby("model")["accuracy"]))  # type: ignore[call-overload]
        for cells, part in _under_zeros(rows, task).groupby("cells")
        if set(models) <= set(part["model"])
    }
    return some(found, f"networks of {' and '.join(models)} for {task}")


def _networks(rows: Rows, task: str) -> str:
    table = _under_zeros(rows, task)
    first = table.iloc[0]
    names = ", ".join(TITLES[model] for model in table["model"].unique())
    size = f"width {first['width']:g}, cells of {first['size']} pixels, {first['images']} images"
    counts = sorted(set(table.groupby(["model", "cells"])["seed"].nunique()))
    return f"{names}: {' or '.join(map(str, counts))} networks each, {size}, {first['epochs']} epochs"


def _by_grid(rows: Rows, task: str, network: str, intervals_at: Mapping[int, At]) -> Finding:
    """A line for each grid; its case is the network that is to be ahead.

    A grid of one network each is shown beside those of several, and does not decide.
    """
    spread = {k: math.isfinite(at(LEVEL).half_width) for k, at in intervals_at.items()}
    lines = [
        Line(f"{k}x{k}", partial(_case, network, at), decides=spread[k] or not any(spread.values()))
        for k, at in intervals_at.items()
    ]
    measured = "; ".join(f"on {line.name} {signed(line.intervals[network])} points" for line in lines)
    return of_lines(measured, lines, _networks(rows, task))


def _case(network: str, at: At, level: float) -> dict[Hashable, Interval]:
    return {network: at(level)}


_POSITIVE = "is positive on every grid with several networks"
_claim = partial(claim, paper=CHANNELS, place="Table 1", needs=["gap_location"])


@_claim(
    "gap-location",
    text="After global average pooling the place of an image can still be read",
    check=f"GAPNet's location accuracy under zeros minus chance {_POSITIVE}",
)
def the_place_can_be_read(rows: Rows) -> Finding:
    """Chance is one over the number of cells."""
    cells = _cells(rows, "location", "gapnet")
    above = {k: partial(student_interval, part["gapnet"] - 100 / k**2) for k, part in cells.items()}
    return _by_grid(rows, "location", "gapnet", above)


@_claim(
    "gap-order",
    text="Position information is encoded based on the ordering of the channels",
    check=f"GAPNet's location accuracy minus PermuteNet's, under zeros, {_POSITIVE}",
)
def place_is_in_the_order(rows: Rows) -> Finding:
    """Welch's interval over networks."""
    cells = _cells(rows, "location", "gapnet", "permutenet")
    lead = {k: partial(welch_interval, part["gapnet"], part["permutenet"]) for k, part in cells.items()}
    found = _by_grid(rows, "location", "gapnet", lead)
    epochs = _under_zeros(rows, "location")["epochs"].max()
    bound = f"its accuracy after {epochs} epochs is a lower bound, the lead an upper one"
    return replace(found, measured=f"{found.measured} (PermuteNet learns slowly: {bound})")


@_claim(
    "gap-class",
    text="Semantic information is largely not encoded in the ordering of the channels",
    check=f"PermuteNet's class accuracy minus half of GAPNet's, under zeros, {_POSITIVE}",
)
def classes_are_not_in_the_order(rows: Rows) -> Finding:
    """Largely: most of what GAPNet knows stays without the order."""
    cells = _cells(rows, "class", "gapnet", "permutenet")
    kept = {k: partial(welch_interval, part["permutenet"], part["gapnet"] / 2) for k, part in cells.items()}
    return _by_grid(rows, "class", "permutenet", kept)
