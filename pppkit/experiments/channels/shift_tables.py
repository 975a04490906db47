"""Tables of rows of `shift_consistency`: ours beside the printed ones, by padding, and with PPP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ...models import TITLES
from ...results.statistics import rank_correlation
from ...results.text import plus_minus
from .invariance import VARIANTS

NAMES = {"plain": "plain", "blurpool": "BlurPool", "augshift": "AugShift"}
PRINTED = {"resnet18": "plain", "blurpool": "blurpool", "augshift": "augshift"}  # networks of the paper
FILLS = {"zeros": "black at the border", "circular": "rolled"}  # of the copies
METRICS = {
    "top1": "top-1, %",
    "consistency": "consistency, %: copies black at the border",
    "rolled": "consistency, %: rolled copies",
    "snr_ppp": "SNR-PPP of the deepest layer",
}
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
        `learned from`, `network`, and of top-1 and consistency ours (mean ± standard deviation over networks)
        and the paper's, with how many networks ours are.
    """
    ours = networks(rows[rows["padding"] == "zeros"])
    theirs = printed.set_index(["data", "variant"])
    out = []
    for data in dict.fromkeys([*ours["data"], *printed["data"]]):
        for variant in VARIANTS:
            part = ours[(ours["data"] == data) & (ours["variant"] == variant)]
            row: dict[str, Any] = {"learned from": data, "network": NAMES[variant]}
            for metric, title in {"top1": "top-1", "consistency": "consistency"}.items():
                row[title] = _spread(part[metric])
                known = (data, variant) in theirs.index
                row[f"{title}, paper"] = theirs[metric].get((data, variant)) if known else None
            out.append(row | {"networks": len(part)})
    return pd.DataFrame(out)


def _spread(values: pd.Series, digits: int = 1) -> str:
    if values.empty:
        return ""
    return plus_minus(pd.Series([values.mean()]), pd.Series([values.std()]), digits).iloc[0]


def by_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """Every kind of network under every padding: mean ± standard deviation over networks.

    Args:
        rows: Of `shift_consistency`.

    Returns:
        One row for each data set, padding and way to learn: `METRICS`, the `gate` of top-1, and how many of
        the `networks` are above it.
    """
    groups = networks(rows).groupby(CELL, sort=False)
    mean, std = (getattr(groups[list(METRICS)], what)() for what in ("mean", "std"))
    digits = {"top1": 1, "consistency": 1, "rolled": 1, "snr_ppp": 3}
    titles = {"top1": "top-1", "consistency": "black copies", "rolled": "rolled copies", "snr_ppp": "SNR-PPP"}
    found = pd.DataFrame({titles[m]: plus_minus(mean[m], std[m], d) for m, d in digits.items()})
    found["gate"] = groups["gate"].first()
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


def gains(rows: pd.DataFrame, variant: str, data: str) -> pd.DataFrame:
    """What a way to learn gains beside the plain one, of networks above their gates: a row for each padding.

    Args:
        rows: Of `shift_consistency`.
        variant: Of `VARIANTS`.
        data: What the networks learned from.

    Returns:
        Columns `top1`, `consistency` and `rolled`, in points.
    """
    own = networks(rows[(rows["data"] == data) & rows["passed"].astype(bool)])
    means = own.groupby(["variant", "padding"], sort=False)[["top1", "consistency", "rolled"]].mean()
    if not {variant, "plain"} <= set(own["variant"]):
        return means.iloc[:0].droplevel(0)
    return (means.loc[variant] - means.loc["plain"]).dropna()


def answer(rows: pd.DataFrame) -> str:
    """The page's sentence: what AugShift and BlurPool gain beside plain networks."""
    told = []
    for data in dict.fromkeys(rows["data"]):
        found = {v: gains(rows, v, data) for v in ("augshift", "blurpool")}
        words = [_gain(NAMES[v], gain) for v, gain in found.items() if len(gain)]
        if words:
            told.append(f"on {data} {', '.join(words)}")
    if not told:
        return "Too few of these networks are above their gates of accuracy to compare them."
    asked = "How often an image and its shifted copy get the same class, beside plain networks"
    return f"{asked}: {'; '.join(told)}."


def _gain(name: str, gain: pd.DataFrame) -> str:
    """Points may be negative."""
    paddings = f"{len(gain)} paddings" if len(gain) > 1 else gain.index[0]
    mean = gain.mean()
    return f"{name} {mean['consistency']:+.1f} points (top-1 {mean['top1']:+.1f}; {paddings})"


def ppp_sentence(rows: pd.DataFrame) -> str:
    """Whether a stronger pattern goes with less consistency, over all networks above their gates."""
    own = networks(rows[rows["passed"].astype(bool)])
    told = []
    for data, part in own.groupby("data", sort=False):
        if len(part) < 4:
            continue
        found = {title: rank_correlation(part["snr_ppp"], part[m]) for m, title in _COPIES.items()}
        words = [f"{f.value:+.2f} ({f.low:+.2f} to {f.high:+.2f}) for {t}" for t, f in found.items()]
        told.append(f"on {data}, over {len(part)} networks: {' and '.join(words)}")
    if not told:
        return "Too few networks are above their gates to compare consistency with PPP."
    return f"The rank correlation of SNR-PPP with consistency is, {'; '.join(told)}."


_COPIES = {"consistency": "copies that are black at the border", "rolled": "rolled copies"}


def size_sentence(rows: pd.DataFrame) -> str:
    """How large the networks and their training were."""
    words = []
    for (model, data), part in rows.groupby(["model", "data"], sort=False):
        first, most = part.iloc[0], part.groupby(["variant", "padding"])["seed"].nunique().max()
        words.append(
            f"{TITLES[model]} on {data}: width {first['width']:g}, {first['size']} pixels, {first['images']} "  # type: ignore[index]
            f"images, tested on {first['test']}, up to {most} network{'s' * bool(most > 1)} a cell"
        )
    return f"({'; '.join(words)}.)"
