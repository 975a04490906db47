"""Tables of rows of `shift_consistency`: ours beside the printed ones, by padding, and with PPP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...results.statistics import Interval, rank_correlation, student_interval
from ...results.text import plus_minus, several, signed
from ..ppp.own_networks import data_title, network_name
from .invariance import VARIANTS

NAMES = {"plain": "plain", "blurpool": "BlurPool", "augshift": "AugShift"}
PRINTED = {"resnet18": "plain", "blurpool": "blurpool", "augshift": "augshift"}  # networks of the paper
FILLS = {"zeros": "black at the border", "circular": "rolled"}  # of the copies
GAINS = {"consistency": "consistency", "top1": "top-1"}
METRICS = {
    "top1": "top-1, %",
    "consistency": "consistency, %: copies black at the border",
    "rolled": "consistency, %: rolled copies",
    "snr_ppp": "SNR-PPP of the deepest layer",
}
CHARTS = {name: METRICS[name] for name in ("consistency", "rolled", "top1", "snr_ppp")}  # the question first
CELL = ["data", "padding", "variant"]
CLAIMS = ("gap-augshift", "gap-augshift-blurpool")  # of this table


def read_printed(path: str | Path) -> pd.DataFrame:
    """The printed table, its columns named as in result rows."""
    table = pd.read_csv(path).rename(columns={"network": "variant", "dataset": "data"})
    return table.assign(variant=table["variant"].map(PRINTED))


def networks(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each network: `consistency` of copies that are black at the border, `rolled` of others.

    Args:
        rows: Of `shift_consistency`.
    """
    black, rolled = (rows[rows["fill"] == fill] for fill in FILLS)
    names = [*CELL, "model", "seed"]
    others = rolled[[*names, "consistency"]].rename(columns={"consistency": "rolled"})
    return black.merge(others, on=names, how="left")


def beside_the_paper(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Ours under zeros beside every printed cell; empty where it was not measured.

    Args:
        rows: Of `shift_consistency`.
        printed: Of `read_printed`.

    Returns:
        A row for each data set and network: of top-1 and consistency `ours` (mean ± standard deviation over
        networks) and the `paper`'s, and how many `networks` ours are.
    """
    ours = networks(rows[rows["padding"] == "zeros"])
    theirs, out = printed.set_index(["data", "variant"]), {}
    for data in dict.fromkeys([*ours["data"], *printed["data"]]):
        for variant in VARIANTS:
            part = ours[(ours["data"] == data) & (ours["variant"] == variant)]
            row: dict[tuple[str, str], Any] = {}
            for metric, title in {"top1": "top-1", "consistency": "consistency"}.items():
                row[title, "ours"] = _spread(part[metric])
                row[title, "paper"] = theirs[metric].get((data, variant))
            out[data, NAMES[variant]] = row | {("", "networks"): len(part)}
    table = pd.DataFrame(out).T
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    return table.infer_objects()


def _spread(values: pd.Series, digits: int = 1) -> str:
    if values.empty:
        return ""
    return plus_minus(pd.Series([values.mean()]), pd.Series([values.std()]), digits).iloc[0]


def by_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """Every kind of network under every padding: mean ± standard deviation over networks.

    Args:
        rows: Of `shift_consistency`.

    Returns:
        One row for each data set, padding and way to learn: `METRICS`, and how many networks `passed`
        their gate of top-1.
    """
    groups = networks(rows).groupby(CELL, sort=False)
    mean, std = (getattr(groups[list(METRICS)], what)() for what in ("mean", "std"))
    digits = {"top1": 1, "consistency": 1, "rolled": 1, "snr_ppp": 2}
    titles = {"top1": "top-1", "consistency": "black copies", "rolled": "rolled copies", "snr_ppp": "SNR-PPP"}
    found = pd.DataFrame({titles[m]: plus_minus(mean[m], std[m], d) for m, d in digits.items()})
    found["passed"] = groups["passed"].sum().astype(str) + " of " + groups.size().astype(str)
    found = found.reset_index()
    found["variant"] = found["variant"].map(NAMES)
    return found.rename(columns={"data": "learned from", "variant": "network"})


def points(rows: pd.DataFrame, printed: pd.DataFrame, data: str, metric: str) -> pd.DataFrame:
    """Every network as a point, with the paper's numbers as others.

    Args:
        rows: Of `shift_consistency`.
        printed: Of `read_printed`.
        data: What the networks learned from.
        metric: Of `METRICS`.

    Returns:
        Columns `padding`, `value` and `network`.
    """
    own = networks(rows[rows["data"] == data])
    ours = own.assign(value=own[metric], network=own["variant"].map(NAMES))
    parts = [ours[["padding", "value", "network"]]]
    if metric in printed and len(own):
        paper = printed[(printed["data"] == data) & printed["variant"].isin(own["variant"])]
        theirs = paper.assign(padding="zeros", value=paper[metric])
        theirs["network"] = theirs["variant"].map(NAMES) + ", paper (zeros)"
        parts.append(theirs[["padding", "value", "network"]])
    return pd.concat(parts, ignore_index=True)


def gains(rows: pd.DataFrame, variant: str, data: str, other: str = "plain") -> pd.DataFrame:
    """What a way to learn gains beside another, of networks above their gates: a row for each padding.

    Args:
        rows: Of `shift_consistency`.
        variant: Of `VARIANTS`.
        data: What the networks learned from.
        other: Of `VARIANTS`.

    Returns:
        Columns `top1`, `consistency` and `rolled`, in points.
    """
    own = networks(rows[(rows["data"] == data) & rows["passed"].astype(bool)])
    means = own.groupby(["variant", "padding"], sort=False)[["top1", "consistency", "rolled"]].mean()
    if not {variant, other} <= set(own["variant"]):
        return means.iloc[:0].droplevel(0)
    return (means.loc[variant] - means.loc[other]).dropna()


def answer(rows: pd.DataFrame) -> str:
    """The page's sentence: what plain networks say, and what AugShift and BlurPool gain beside them."""
    told = []
    for data in dict.fromkeys(rows["data"]):
        found = {v: gains(rows, v, data) for v in ("augshift", "blurpool")}
        compared, plain = {padding for gain in found.values() for padding in gain.index}, _plain(rows, data)
        level = plain[plain.index.isin(compared)]["consistency"].mean()
        words = [_gain(NAMES[v], gain) for v, gain in found.items() if len(gain)]
        if words:
            learned = data_title(data)
            told.append(f"on {learned} from plain networks {level:.1f} %; {'; '.join(words)}")
    if not told:
        return "Too few of these networks are above their gates of accuracy to compare them."
    return f"How often an image and its shifted copy get the same class: {'. And '.join(told)}."


def _plain(rows: pd.DataFrame, data: str) -> pd.DataFrame:
    """Plain networks above their gate, means over networks by padding."""
    own = networks(rows[(rows["data"] == data) & rows["passed"].astype(bool)])
    return own[own["variant"] == "plain"].groupby("padding", sort=False)[list(METRICS)].mean()


def padding_sentence(rows: pd.DataFrame) -> str:
    """Under which paddings plain networks are the most and the least consistent."""
    told = []
    for data in dict.fromkeys(rows["data"]):
        plain = _plain(rows, data)
        if len(plain) < 2:
            continue
        words = []
        for metric, copies in {"consistency": "black copies", "rolled": "rolled copies"}.items():
            best, worst = plain[metric].idxmax(), plain[metric].idxmin()
            most, least = plain[metric].max(), plain[metric].min()
            words.append(
                f"{copies} most often under {best} ({most:.1f} %), least under {worst} ({least:.1f} %)"
            )
        given = f"give the same class to {'; to '.join(words)}."
        told.append(f"Plain networks on {data_title(data)} {given}")
    return " ".join(told)


def _gain(name: str, gain: pd.DataFrame) -> str:
    """Means over paddings with their 95 % intervals; points may be negative, of one padding none is told."""
    found = {column: student_interval(gain[column]) for column in GAINS}
    paddings = f"{len(gain)} paddings" if len(gain) > 1 else f"{gain.index[0]} alone, no interval"
    said = f"{name} {signed(found['consistency'])} points (top-1 {signed(found['top1'])}; {paddings})"
    return f"{said}{_not_told(found)}" if len(gain) > 1 else said


def _not_told(found: Mapping[str, Interval]) -> str:
    """Which intervals hold 0, as the end of a phrase."""
    open_ = [GAINS[column] for column, interval in found.items() if interval.low <= 0 <= interval.high]
    if not open_:
        return ""
    which = "neither is" if len(open_) == len(found) else f"{open_[0]} is not"
    return f": {which} told from 0"


def ppp_sentence(rows: pd.DataFrame) -> str:
    """Whether a stronger pattern goes with less consistency, over all networks above their gates."""
    own = networks(rows[rows["passed"].astype(bool)])
    told = []
    for data, part in own.groupby("data", sort=False):
        if len(part) < 4:
            continue
        found = {title: rank_correlation(part["snr_ppp"], part[m]) for m, title in _COPIES.items()}
        words = [f"{f.value:+.2f} ({f.low:+.2f} to {f.high:+.2f}) for {t}" for t, f in found.items()]
        told.append(f"on {data_title(data)}, over {len(part)} networks: {' and '.join(words)}")
    if not told:
        return "Too few networks are above their gates to compare consistency with PPP."
    return f"The rank correlation of SNR-PPP with consistency is, {'; '.join(told)}."


_COPIES = {"consistency": "copies that are black at the border", "rolled": "rolled copies"}


def size_sentence(rows: pd.DataFrame) -> str:
    """How large the networks and their training were."""
    words = []
    for (model, data), part in rows.groupby(["model", "data"], sort=False):
        first, most = part.iloc[0], part.groupby(["variant", "padding"])["seed"].nunique().max()
        size = f"width {first['width']:g}, {first['size']} pixels, {first['images']} images"
        asked = f"tested on {first['test']}, gate {first['gate']:g} % of top-1"
        cell = f"up to {several(most, 'network')} a cell"
        words.append(f"{network_name(model, data)}: {size}, {asked}, {cell}")
    return f"({'; '.join(words)}.)"
