"""Claims of the Global Pooling paper about what position channels cost: shifted copies, and the attack."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial

import pandas as pd

from ...results.statistics import Interval, prediction_interval, student_interval
from ...results.text import signed
from ..channels.shift_tables import gains, networks
from ..ppp.own_networks import network_name
from .base import Finding, Line, claim, of_lines
from .channels import CHANNELS
from .rows import CannotTell, Rows, some

MARGIN = 2.0  # points of top-1 that count as none: the paper's AugShift loses 1.0 on CIFAR-10
THIRDS = ("left", "centre", "right")


def _learned(rows: Rows) -> pd.DataFrame:
    """Networks above their gates."""
    table = rows.table("shift_consistency")
    good = table[table["passed"].astype(bool)]
    if good.empty:
        raise CannotTell("no network that was asked about shifted copies is above its gate")
    return good


def _gains(good: pd.DataFrame, variant: str, other: str) -> dict[tuple[str, str], pd.DataFrame]:
    """What a way to learn gains beside another, by network and data: a row for each padding with both."""
    found = {}
    for (model, data), part in good.groupby(["model", "data"], sort=False):
        gain = gains(part, variant, data, other)
        if len(gain):
            found[model, data] = gain
    return some(found, f"networks of {variant} and {other} under one padding")


def _shift_finding(rows: Rows, other: str) -> Finding:
    good = _learned(rows)
    found = _gains(good, "augshift", other)
    several = any(len(gain) > 1 for gain in found.values())
    lines, words = [], []
    for (model, data), gain in found.items():
        name = network_name(model, data)
        lines.append(Line(name, partial(_shift_cases, gain), decides=len(gain) > 1 or not several))
        words.append(f"{name}: {_points(gain['consistency'])} consistency, {_points(gain['top1'])} top-1")
    counts = networks(good).groupby(["model", "data", "variant"], sort=False).size()
    counted = ", ".join(f"{count} {v} of {network_name(m, d)}" for (m, d, v), count in counts.items())
    return of_lines("; ".join(words), lines, f"networks above their gates: {counted}")


def _shift_cases(gain: pd.DataFrame, level: float) -> dict[Hashable, Interval]:
    kept = student_interval(gain["top1"] + MARGIN, level)
    return {"consistency": student_interval(gain["consistency"], level), "top-1": kept}


def _points(values: pd.Series) -> str:
    """A mean over paddings; of one padding it has no interval."""
    return signed(student_interval(values), alone=" (one padding)")


_shifts = partial(claim, paper=CHANNELS, place="Table 2", needs=["shift_consistency"])
_CHECK = (
    "AugShift's consistency minus {} is positive, and its top-1 at most "
    f"{MARGIN:g} points lower: means over paddings, on each data set with several, above the gates"
)


@_shifts(
    "gap-augshift",
    text="A simple data augmentation improves the translation invariance of CNNs",
    check=_CHECK.format("the plain network's"),
    note="The paper's AugShift has a loss on pairs of copies as well, which ours lacks.",
)
def copies_make_consistent(rows: Rows) -> Finding:
    """Paddings are the repetitions: a network of each kind under each."""
    return _shift_finding(rows, "plain")


@_shifts(
    "gap-augshift-blurpool",
    text="AugShift makes more consistent than antialiased downsampling (BlurPool) does",
    check=_CHECK.format("BlurPool's"),
)
def copies_beat_blurs(rows: Rows) -> Finding:
    """The order of the printed table, in both of its data sets."""
    return _shift_finding(rows, "blurpool")


_attack = partial(claim, paper=CHANNELS, place="The channel attack", needs=["channel_attack"])


def _losses(rows: Rows) -> pd.DataFrame:
    """Points of mIoU that each attack costs: a row for each network, ranking, draw and number of channels."""
    table = rows.table("channel_attack")
    marked = table.assign(loss=100 * (table["whole"] - table["miou"]))
    index = ["data", "padding", "seed", "ranking", "draw", "top"]
    return some(marked.pivot(index=index, columns="region", values="loss"), "attacks")


def _beyond_random(values: Mapping[str, pd.Series], level: float) -> dict[Hashable, Interval]:
    """What a ranking has more than one further random draw would, by ranking, network and channels."""
    found: dict[Hashable, Interval] = {}
    for ranking, series in values.items():
        for (seed, top), part in series.groupby(["seed", "top"]):
            kinds = part.index.get_level_values("ranking")
            random = prediction_interval(part[kinds == "random"], level)
            own = float(part[kinds == ranking].iloc[0])
            found[ranking, seed, top] = Interval(own - random.value, own - random.high, own - random.low)
    return found


def _attack_finding(losses: pd.DataFrame, values: Mapping[str, pd.Series], what: str) -> Finding:
    """A line for each padding; its cases are rankings and numbers of channels."""
    lines, means = [], []
    for (data, padding), part in losses.groupby(["data", "padding"], sort=False):
        own = {ranking: series.loc[part.index] for ranking, series in values.items()}
        line = Line(f"{padding} on {data}", partial(_beyond_random, own))
        gain = pd.Series([found.value for found in line.intervals.values()]).mean()
        means.append(f"{line.name} {gain:+.1f}")
        lines.append(line)
    seeds = losses.index.get_level_values("seed").nunique()
    draws = losses.index.get_level_values("draw").nunique()
    behind = f"VGG-FCN: {len(lines)} paddings, {seeds} network{'s' * (seeds > 1)} each, {draws} random draws"
    return of_lines(f"{what}, in points of mIoU: {', '.join(means)}", lines, behind)


@_attack(
    "gap-attack",
    text="Setting position-specific channels to zero hurts more than random channels do",
    check="points of mIoU that overall position channels cost, minus one more random draw, are positive "
    "for every number of channels under every padding",
)
def position_channels_matter(rows: Rows) -> Finding:
    """The interval is where another random draw would fall."""
    losses = _losses(rows)
    return _attack_finding(losses, {"overall": losses["image"]}, "mean over numbers of channels")


@_attack(
    "gap-attack-region",
    text="Region-specific channels hurt their own region",
    check="points of mIoU that the channels of a third cost there, minus in the other thirds, minus the same "
    "of one more random draw, are positive for every third and number of channels under every padding",
    note="The authors' regions are halves; thirds, and the centre among them, are ours.",
)
def regions_have_channels(rows: Rows) -> Finding:
    """Random channels may cost more in one third, too: scenes are not the same everywhere."""
    losses = _losses(rows)
    thirds = losses[list(THIRDS)]
    own = {third: losses[third] - thirds.drop(columns=third).mean(axis=1) for third in THIRDS}
    return _attack_finding(losses, own, "mean over thirds and numbers of channels")
