"""Sentences on rows of `posenet_tasks`: whether position is missed, where, and what has no row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...padding import FILLS
from ...results.statistics import rank_correlation
from ..ppp.own_networks import data_title
from . import tasks
from .task_tables import PAPER_DATA, SET, ZEROS, by_region, differences, named
from .tasks import NONE, PADDINGS, SURROUNDED

FEW = 4  # networks, of which no correlation is told
NAMES = {"pascal_voc": "voc"}  # printed data sets whose rows have another name


def answer(rows: pd.DataFrame) -> str:
    """Whether scores fall without padding, and without position."""
    gaps = differences(rows).set_index(["padding", "cell"])
    if NONE not in gaps.index or SURROUNDED not in gaps.index:
        return "Ask for the paddings zeros, none and surrounded to see what padding is good for."
    none, around = gaps.loc[NONE], gaps.loc[SURROUNDED]
    fell, worse = int((none["high"] < 0).sum()), int((around["high"] < 0).sum())
    first = (
        f"Without padding {fell} of {len(none)} tasks score worse than with zeros by more than networks vary"
    )
    second = (
        f"networks that see the real surroundings instead, and so cannot know where they are either, do so "
        f"in {worse} of {len(around)} ({_listed(around['by'])})"
    )
    both = none.index.intersection(around.index)
    better = fell and bool((around.loc[both, "low"] > none.loc[both, "high"]).all())
    last = ": most of what is missed is the image's border, not position" if better else ""
    more = (
        " They also see more of the world than any other network, so part of this is information, not border."
    )
    return f"{first} ({_listed(none['by'])} points); {second}{last}.{more}"


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{v:+.1f}" for v in values)


def gate_sentence(rows: pd.DataFrame) -> str:
    """How many networks there are, and how many learned."""
    own = named(rows)
    padded = own[own["padding"] != NONE]
    return (
        f"Behind it are {len(own)} networks, each trained from scratch; of those that see the whole image "
        f"{int(padded['learned'].sum())} of {len(padded)} score at least {100 * tasks.GATE:.0f} points above "
        "the best answer that ignores the picture."
    )


def pattern_sentence(rows: pd.DataFrame) -> str:
    """Whether networks with a stronger pattern score better, among those that pad."""
    own, parts = named(rows), []
    for cell, part in own[own["padding"].isin(FILLS)].groupby("cell", sort=False):
        rank = rank_correlation(part["snr_ppp 4"], part["score"])
        if np.isfinite(rank.value) and len(part) > FEW:
            parts.append(f"{rank.value:+.2f} ({rank.low:+.2f} to {rank.high:+.2f}) for {cell}")
    listed = "; ".join(parts) or "unknown, for want of networks"
    return f"Rank correlation of SNR-PPP at the deepest layer with the score, 95 % interval: {listed}."


def region_sentence(rows: pd.DataFrame) -> str:
    """What is lost without padding in the border and in the middle, and who errs least in a border.

    Args:
        rows: Of `posenet_tasks`.
    """
    table, parts, least = by_region(rows), [], []
    for cell, part in table.groupby(level=0, sort=False):
        own = part.droplevel(0)
        if not {ZEROS, NONE} <= set(own.index):
            continue
        worse = own.loc[NONE] - own.loc[ZEROS]
        parts.append(f"{cell} {worse['border']:+.1f} in the border and {worse['middle']:+.1f} in the middle")
        ranked = own["border"].sort_values(ascending=_errors(str(cell)))
        best, second = ranked.index[:2]
        least.append(f"{best} {_titled(str(cell))} ({ranked[best]:.1f}; then {second}, {ranked[second]:.1f})")
    if not parts:
        return "Ask for the paddings zeros and none to see where networks without padding err."
    return f"Without padding: {'; '.join(parts)}. Best in the border: {'; '.join(least)}."


def _errors(cell: str) -> bool:
    """Whether the numbers of a cell of `by_region` are errors, of which fewer are better."""
    return cell.endswith("MAE")


def _titled(cell: str) -> str:
    return f"in {cell.rsplit(',', 1)[0]}"


def surroundings_sentence(rows: pd.DataFrame) -> str:
    """What trained networks score where the real surroundings take their padding's place.

    Args:
        rows: Of `posenet_tasks`.
    """
    parts = []
    for cell, part in named(rows).groupby("cell", sort=False):
        seen = part[part["padding"].isin(FILLS)].dropna(subset=["score surrounded"])
        gain = seen["score surrounded"] - seen["score"]
        if len(gain):
            parts.append(
                f"{(gain > 0).sum()} of {len(gain)} better in {cell} (mean {gain.mean():+.1f} points)"
            )
    if not parts:
        return "No network here was tested with the real surroundings in place of its padding."
    return f"With the real surroundings in the place of their padding networks score {'; '.join(parts)}."


def missing(rows: pd.DataFrame, printed: pd.DataFrame) -> str:
    """Which printed cells, and which cells of our own, have no row, and why: a list in Markdown.

    Args:
        rows: Of `posenet_tasks`.
        printed: Of `pppkit.experiments.posenet.task_tables.read_printed`.
    """
    lines = []
    for (task, data), part in printed.groupby(["task", "dataset"], sort=False):
        if NAMES.get(data, data) not in set(rows["tested_on"]):
            kind = SET[task]
            what = f"**{kind} on {PAPER_DATA[data]}**: {len(part)} printed cells have no row"
            lines.append(
                f"- {what}, for its pictures are a download; in their place stand {_own(rows, kind)}."
            )
    for (task, data), part in rows.groupby(["task", "data"], sort=False):
        networks = part.groupby("padding")["seed"].nunique().reindex(PADDINGS, fill_value=0)
        few = networks[networks < networks.max()]
        if len(few):
            listed = ", ".join(f"{count} under {padding}" for padding, count in few.items())
            what = f"**{task} on {data_title(data)}**: {networks.max()} networks of a padding"
            lines.append(f"- {what}, but, for want of time, {listed}.")
    return "\n".join(lines)


def _own(rows: pd.DataFrame, task: str) -> str:
    own = rows.loc[rows["task"] == task, "data"].unique()
    return " and ".join(data_title(data) for data in own)
