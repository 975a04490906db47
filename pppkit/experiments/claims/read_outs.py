"""What the PosENet paper says of its read-outs, judged on networks that others have trained."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from ...models import TITLES
from ...results.statistics import Interval, student_interval, welch_interval
from ..posenet.encoders import OPTIMAL
from ..posenet.read_outs import TESTS
from ..posenet.reproduction_grids import SETTINGS
from ..ppp.published_networks import NETWORKS
from .base import Evidence, Finding, Line, claim, of_lines
from .rows import Rows, some

ALONE = "posenet"  # the read-out on the picture itself
SPC = "spc images"
GRADIENTS = ("horizontal", "vertical", "gaussian")
WITHOUT_CONTENT = TESTS[1:]
SPREAD = "Intervals are over read-outs that start differently, of one network of each kind."
_claim = partial(claim, paper="PosENet", evidence=Evidence.PUBLISHED, needs=["posenet_tables"], note=SPREAD)


def _read(rows: Rows, **changed: Any) -> pd.DataFrame:
    """Rows on scenes of one read-out: the paper's first, but for what is given; None is any value."""
    read = rows.table("posenet_tables")
    chosen = read["source"] == "scenes"
    for column, value in {**SETTINGS, **changed}.items():
        if value is not None:
            chosen &= read[column].astype(str) == str(value)
    return some(read[chosen], f"read-outs with {changed or SETTINGS}")


def _networks(read: pd.DataFrame, padding: str = "zeros") -> pd.DataFrame:
    """Of networks that others have trained, under the padding that they learned with or another."""
    trained = (read["weights"] == "trained") & (read["padding"] == padding) & read["model"].isin(NETWORKS)
    return some(read[trained], "read-outs of trained networks")


def _alone(read: pd.DataFrame) -> pd.DataFrame:
    return some(read[read["model"] == ALONE], "read-outs of pictures")


def _cells(read: pd.DataFrame, *columns: str) -> dict[Any, pd.Series]:
    """SPC over trials, by pattern and the columns given."""
    return {key: part[SPC] for key, part in read.groupby(["pattern", *columns], sort=False)}


def _more(name: str, high: Mapping, low: Mapping) -> Line:
    """A line whose cases are the cells that both have: the first exceeds the second."""

    def intervals_at(level: float) -> dict[Hashable, Interval]:
        return {key: welch_interval(high[key], low[key], level) for key in high if key in low}

    return Line(name, intervals_at)


def _finding(lines: list[Line], read: pd.DataFrame) -> Finding:
    """With how many cases speak for the claim, and by how much in the median."""
    values = pd.Series([case.value for line in lines for case in line.intervals.values()])
    some(values, "cells that can be compared")
    measured = f"{int((values > 0).sum())} of {len(values)} cases; median difference {values.median():+.3f}"
    names = ", ".join(TITLES.get(model, "pictures alone") for model in read["model"].unique())
    return of_lines(measured, lines, f"{names}; {read['trial'].nunique()} read-outs of each cell")


@_claim(
    "read-outs-find-position",
    place="3.3, Table 1",
    text="Position can be read from a network's features, and not from the picture itself",
    check="SPC on networks exceeds that of the read-out alone, for every pattern",
)
def position_is_in_features(rows: Rows) -> Finding:
    """The same read-out on the features and on the picture."""
    read = _read(rows)
    trained, alone = _networks(read), _cells(_alone(read))
    lines = []
    for model, part in trained.groupby("model", sort=False):
        lines.append(_more(TITLES[model], _cells(part), alone))
    return _finding(lines, trained)


@_claim(
    "read-outs-need-no-content",
    place="3.1, 5, Table 1",
    text="Position is found even where the picture shows nothing",
    check="SPC of gradients is above 0 on black, white and noise, too",
)
def content_is_not_needed(rows: Rows) -> Finding:
    """Maps that are constant have no SPC and are left out; the tables count them."""
    trained = _networks(_read(rows))
    trained = trained[trained["pattern"].isin(GRADIENTS)]
    lines = []
    for test in WITHOUT_CONTENT:
        cells = {key: part[f"spc {test}"] for key, part in trained.groupby(["model", "pattern"], sort=False)}
        lines.append(Line(test, partial(_above_zero, cells)))
    return _finding(lines, trained)


def _above_zero(cells: Mapping[Hashable, pd.Series], level: float) -> dict[Hashable, Interval]:
    return {key: student_interval(values, level) for key, values in cells.items()}


@_claim(
    "read-outs-stripes",
    place="3.3, Table 1",
    text="Stripes are harder to find than gradients",
    check="SPC of the horizontal gradient exceeds that of horizontal stripes",
)
def stripes_are_harder(rows: Rows) -> Finding:
    """Stripes as the paper's printed errors have them, waves (see its first table)."""
    trained = _networks(_read(rows))
    smooth, striped = (
        {model: part[SPC] for model, part in trained[trained["pattern"] == name].groupby("model", sort=False)}
        for name in ("horizontal", "horizontal waves")
    )
    return _finding([_more("gradient over stripes", smooth, striped)], trained)


@_claim(
    "read-outs-depth",
    place="3.4, Table 2 (a)",
    text="A deeper read-out finds more",
    check="SPC of three convolutions exceeds that of one, for every pattern",
)
def depth_finds_more(rows: Rows) -> Finding:
    """The receptive field of the read-out grows, too."""
    deep, flat = (_networks(_read(rows, depth=depth)) for depth in (3, 1))
    return _finding([_more("3 over 1", _cells(deep, "model"), _cells(flat, "model"))], deep)


@_claim(
    "read-outs-kernel",
    place="3.4, Table 2 (b)",
    text="A larger kernel finds more",
    check="SPC of 7 x 7 exceeds that of 1 x 1, for every pattern",
)
def kernels_find_more(rows: Rows) -> Finding:
    """The read-out itself does not pad."""
    large, small = (_networks(_read(rows, kernel=kernel)) for kernel in (7, 1))
    return _finding([_more("7 over 1", _cells(large, "model"), _cells(small, "model"))], large)


@_claim(
    "read-outs-stages",
    place="3.5, Table 3",
    text="Deeper stages hold more position than shallow ones",
    check="SPC of the last stage exceeds that of the first, for every pattern",
)
def deep_stages_hold_more(rows: Rows) -> Finding:
    """One stage alone is read, resized like the others."""
    single = _single_stages(_networks(_read(rows, stages=None)))
    lines = []
    for model, part in single.groupby("model", sort=False):
        stages = part["stages"].astype(int)
        last, first = (_cells(part[stages == stage]) for stage in (stages.max(), stages.min()))
        lines.append(_more(TITLES[model], last, first))
    return _finding(lines, single)


def _single_stages(read: pd.DataFrame) -> pd.DataFrame:
    return some(read[read["stages"].astype(str) != SETTINGS["stages"]], "read-outs of single stages")


@_claim(
    "read-outs-equal-stages",
    place="3.5, Table 3",
    text="Of two stages with equally many channels the deeper holds more position",
    check="SPC of the last stage of our VGG19-BN exceeds that of the stage before, for every pattern",
    evidence=Evidence.OURS,
)
def depth_counts_not_channels(rows: Rows) -> Finding:
    """The last two stages of a VGG19 are as wide as each other."""
    read = _single_stages(_read(rows, stages=None))
    vgg = read[(read["model"] == "vgg19_bn") & (read["weights"] == "trained") & (read["padding"] == "zeros")]
    stages = some(vgg, "read-outs of single stages of VGG19-BN")["stages"].astype(int)
    last, before = (_cells(vgg[stages == stage]) for stage in (stages.max(), stages.max() - 1))
    return _finding([_more("last over last but one", last, before)], vgg)


@_claim(
    "read-outs-without-padding",
    place="4, Table 4",
    text="Without zero padding far less position can be read from a network",
    check="SPC on networks with their zeros exceeds that on the same networks without, for every pattern",
    note=f"The paper takes the padding away, and pixels with it; ours see what really lies around. {SPREAD}",
)
def zeros_are_read(rows: Rows) -> Finding:
    """The same weights, with padding and with what really lies there."""
    read = _read(rows)
    trained, bare = _networks(read), _networks(read, padding=OPTIMAL)
    both = trained[trained["model"].isin(bare["model"])]
    lines = [
        _more(TITLES[model], _cells(part), _cells(bare[bare["model"] == model]))
        for model, part in both.groupby("model", sort=False)
    ]
    return _finding(lines, both)


@_claim(
    "read-outs-padding",
    place="4, Table 4",
    text="Padding of the read-out alone makes position readable from a picture",
    check="SPC of the read-out on pictures is higher with a padding of 2 than with none, for every pattern",
    evidence=Evidence.ALONE,
)
def padding_reads_pictures(rows: Rows) -> Finding:
    """No network, no features."""
    padded, bare = (_alone(_read(rows, readout_padding=pixels)) for pixels in (2, 0))
    return _finding([_more("2 over 0", _cells(padded), _cells(bare))], padded)
