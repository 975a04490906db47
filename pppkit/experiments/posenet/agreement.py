"""Do PosENet and PPP say the same of the same networks? From rows that four experiments have measured."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd

from ...models import TITLES
from ...results.statistics import Interval, rank_correlation, student_interval
from ..ppp import learned, own_networks, published_networks
from ..ppp import tables as ppp_tables
from ..ppp.chronology import EXPERIMENT as CHRONOLOGY
from ..ppp.published_tables import KINDS, OWN
from . import published
from .experiment import EXPERIMENT as POSENET
from .published_tables import by_network
from .tables import ends_of_training

FIRST = {"pattern": "gaussian", **published.READ_OUT}  # the read-out that all networks have had
COLUMNS = ["network", "weights", "source", "padding", "seed", "layer", "level", "deepest", "snr_ppp", "spc"]
FAMILY = ["network", "weights", "source"]


def measured(folder: str | Path, profile: str = "published") -> pd.DataFrame:
    """Both measures of every network of which a folder has both.

    Args:
        folder: Of the rows; nothing is measured.
        profile: Theirs.

    Returns:
        One row for each network, kind of pictures and layer, `COLUMNS`: `spc` is a mean over read-outs of all
        layers together.
    """
    parts = [own(folder, profile), others(folder, profile)]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def own(folder: str | Path, profile: str) -> pd.DataFrame:
    """Networks that the book trained, before and after; the arguments and columns are those of `measured`."""
    read = _first(_rows(POSENET, folder, profile))
    parts = [_rows(experiment, folder, profile) for experiment in (learned.EXPERIMENT, CHRONOLOGY)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if read.empty or rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    gated = learned.passed(rows)
    names = own_networks.choices(own_networks.named(rows).assign(learned=gated))
    ends = own_networks.named(ends_of_training(rows, level=None))
    key = [*ppp_tables.NETWORK, "source", "weights"]
    spc = read.groupby(key)["spc images"].mean().rename("spc").reset_index()
    both = ends.assign(deepest=ppp_tables.deepest(ends)).merge(spc, on=key)
    return both.assign(network=both["network"].map(names))[COLUMNS]


def others(folder: str | Path, profile: str) -> pd.DataFrame:
    """Networks that others trained, and the same untrained; arguments and columns are those of `measured`."""
    read = _first(_rows(published.EXPERIMENT, folder, profile))
    rows = _rows(published_networks.EXPERIMENT, folder, profile)
    if read.empty or rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = rows.assign(deepest=ppp_tables.deepest(rows))
    both = by_network(read).merge(rows, on=["model", "source", "padding", "weights", "weights_seed"])
    names = {"network": both["model"].map(TITLES), "weights": both["weights"].map(KINDS)}
    return both.assign(**names, seed=both["weights_seed"])[COLUMNS]


def _rows(experiment, folder: str | Path, profile: str) -> pd.DataFrame:
    rows = experiment.rows(folder)
    return rows[rows["profile"] == profile] if len(rows) else rows


def _first(read: pd.DataFrame) -> pd.DataFrame:
    """Of rows of read-outs those of `FIRST`."""
    for name, value in FIRST.items():
        read = read[read[name] == value] if name in read else read
    return read


def charted(both: pd.DataFrame) -> dict[tuple[str, str, str], pd.DataFrame]:
    """The rows of `measured` by network, weights and layer, the deepest layer of each first."""
    ordered = both.sort_values("level", ascending=False, kind="stable")
    groups = dict(tuple(ordered.groupby(["network", "weights", "level", "layer"], sort=False)))
    kinds = list(dict.fromkeys(zip(both["network"], both["weights"])))
    found = sorted(groups, key=lambda key: kinds.index(key[:2]))
    return {
        (network, weights, layer): groups[network, weights, level, layer]
        for network, weights, level, layer in found
    }


def by_family(both: pd.DataFrame) -> pd.DataFrame:
    """Whether both measures order the paddings of a network alike.

    Args:
        both: Of `measured`.

    Returns:
        One row for each of `FAMILY` and layer with two paddings or more: Spearman's `rank` correlation of the
        paddings' means with the ends of its 95 % interval, and of the `pairs` of paddings those that both put
        in the same order, `alike`.
    """
    found = []
    for key, part in both.groupby([*FAMILY, "level", "deepest"], sort=False):
        means = part.groupby("padding", sort=False)[["snr_ppp", "spc"]].mean()
        if len(means) > 1:
            rank = rank_correlation(means["snr_ppp"], means["spc"])
            orders = [_same_order(means, *pair) for pair in itertools.combinations(means.index, 2)]
            counts = {"alike": sum(orders), "pairs": len(orders)}
            interval = {"rank": rank.value, "low": rank.low, "high": rank.high}
            found.append(dict(zip([*FAMILY, "level", "deepest"], key)) | counts | interval)
    columns = [*FAMILY, "level", "deepest", "alike", "pairs", "rank", "low", "high"]
    return pd.DataFrame(found, columns=columns).astype({"deepest": bool})


def _same_order(means: pd.DataFrame, one: str, other: str) -> bool:
    gaps = means.loc[one] - means.loc[other]
    return bool(gaps["snr_ppp"] * gaps["spc"] > 0)


def over_networks(found: pd.DataFrame) -> Interval:
    """The mean rank correlation of kinds of networks, each a mean over weights and pictures.

    Args:
        found: Of `by_family`, of one kind of layers.
    """
    return student_interval(found.groupby("network", sort=False)["rank"].mean())


def answer(both: pd.DataFrame) -> str:
    """How often both measures order two paddings alike at the deepest layer, with zeros and without.

    Args:
        both: Of `measured`.
    """
    whole, rest = by_family(both), by_family(both[both["padding"] != OWN])
    if whole.empty:
        return "No network here has rows of both measures under two paddings; the pages before make them."
    texts = []
    for found, where in ((whole, "over all paddings"), (rest, f"without {OWN}")):
        deep = found[found["deepest"]]
        mean, kinds = over_networks(deep), deep["network"].nunique()
        rank = f"{mean.value:.2f} over {kinds} kinds of networks, {mean.low:.2f} to {mean.high:.2f}"
        texts.append(f"{deep['alike'].sum()} of {deep['pairs'].sum()} {where} (mean rank correlation {rank})")
    return f"Both measures put two paddings in the same order in {', and in '.join(texts)}."


def table(both: pd.DataFrame) -> pd.DataFrame:
    """`by_family` at the deepest layer, in the words of the page.

    Where all pairs are alike, or none, Fisher's interval has no width and is left out.
    """
    found = by_family(both)
    deep = found[found["deepest"]]
    known = deep["rank"].abs() < 1
    ends = [f"{low:.2f} … {high:.2f}" for low, high in zip(deep["low"], deep["high"])]
    alike = [f"{alike} of {pairs}" for alike, pairs in zip(deep["alike"], deep["pairs"])]
    interval = pd.Series(ends, deep.index).where(known, "")
    columns = {"rank correlation": deep["rank"], "95 % interval": interval, "pairs alike": alike}
    shown = deep.assign(**columns).set_index(FAMILY)[list(columns)]
    return shown.rename_axis(index={"source": "pictures"})


def by_depth(both: pd.DataFrame) -> pd.DataFrame:
    """The mean rank correlation of kinds of networks by place of the layer."""
    found = by_family(both)
    table = {}
    for deep, where in ((False, "layers before the deepest"), (True, "deepest layer")):
        part = found[found["deepest"] == deep]
        if part.empty:
            continue
        mean = over_networks(part)
        counts = {"families": len(part), "pairs alike": f"{part['alike'].sum()} of {part['pairs'].sum()}"}
        table[where] = {**counts, "rank correlation": mean.value, "low": mean.low, "high": mean.high}
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(index="where")
