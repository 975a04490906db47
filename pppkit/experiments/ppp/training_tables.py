"""Figure 5's page: what training makes of the pattern, in sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ...results.statistics import student_interval
from ...results.text import distinct, mean_and_spread
from . import recipes
from .own_networks import UNLEARNED
from .tables import NETWORK, at_the_end, growth, native

LEARNED = {True: "networks that learned", False: f"networks that {UNLEARNED}"}
SEVERAL = 3  # networks, from which on an interval over them is worth printing
KIND = ["network", "learned"]  # columns of `changes` that name a kind of networks


def changes(rows: pd.DataFrame, fresh: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """A metric at named moments of training, on scenes of the size that networks are trained on.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`, with padding.
        fresh: The same networks under PyTorch's default initialisation, of `initial`.
        metric: A column of both.

    Returns:
        `pppkit.experiments.ppp.tables.growth` with the columns `network`, `learned` and `deepest`.
    """
    found = growth(native(rows), native(fresh) if len(fresh) else fresh, metric)
    known = rows[[*NETWORK, *KIND]].drop_duplicates()
    named = found.merge(known, on=list(NETWORK), how="left")
    return named.assign(deepest=named["level"] == named.groupby("model")["level"].transform("max"))


def answer(found: pd.DataFrame) -> str:
    """The page's question, answered by networks that learned.

    Args:
        found: Of `changes`.
    """
    good = found[found["learned"]]
    if good.empty:
        return (
            "None of these networks has reached the accuracy from which on it counts as one that learned, so "
            "nothing here says when a network that learns gets its pattern."
        )
    deep = good[good["deepest"]]
    gained = share_of_change(deep, "first").median()
    part = f", a median of {gained:.0%} of the change after the first epoch" if not np.isnan(gained) else ""
    return (
        f"In {grew(deep)} networks that learned, training strengthened the pattern of the deepest "
        f"layer{part}; before that layer in {grew(good[~good['deepest']], 'curves')}. In the second half of "
        f"training the deepest layer's grew in {grew(deep, since='middle')}."
    )


def grew(found: pd.DataFrame, noun: str = "", since: str = "start", until: str = "end") -> str:
    """In how many curves a metric grew between two moments: `"3 of 5"`."""
    count = int((found[until] > found[since]).sum())
    return f"{count} of {len(found)} {noun}".strip()


def share_of_change(found: pd.DataFrame, moment: str) -> pd.Series:
    """The share of the change by training that is there at a moment; NaN unless it grew by a tenth."""
    change = found["end"] - found["start"]
    return ((found[moment] - found["start"]) / change).where(change > found["start"] / 10)


def networks_sentence(rows: pd.DataFrame) -> str:
    """How many networks stand behind the page, and whether anything can be said about their spread.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`, with padding.
    """
    counts = [
        f"{count} network{'s' * (count > 1)} that {'learned' if kind else UNLEARNED}"
        for kind, count in _count_networks(rows)
    ]
    good = rows[rows["learned"]]
    seeds = good.groupby(list(NETWORK[:3]))["seed"].nunique()
    alone = int((seeds == 1).sum())
    note = ""
    if alone:
        cells = "each cell" if alone == len(seeds) else f"{alone} of {len(seeds)} cells"
        note = f" A single one learned in {cells} of network and padding: no band, no interval there."
    return f"Behind this page: {' and '.join(counts)}.{note}"


def _count_networks(rows: pd.DataFrame) -> Iterator[tuple[bool, int]]:
    networks = rows.drop_duplicates(list(NETWORK))
    for kind in (True, False):
        count = int((networks["learned"] == kind).sum())
        if count:
            yield kind, count


def beside_the_paper(found: pd.DataFrame) -> pd.DataFrame:
    """What the paper says of training, and what networks show that learned and that did not.

    Args:
        found: Of `changes`.
    """
    claims: dict[str, Callable[[pd.DataFrame], str]] = {
        "Training strengthens the pattern, in every network": _strengthens,
        "All models gain significantly within the first 10 epochs, in all layers": _comes_first,
        "The deepest layer keeps growing until the end": _keeps_growing,
    }
    kinds = [kind for kind in (True, False) if (found["learned"] == kind).any()]
    cells = {
        LEARNED[kind]: [check(found[found["learned"] == kind]) for check in claims.values()] for kind in kinds
    }
    return pd.DataFrame({"the paper says": list(claims), **cells})


def _strengthens(found: pd.DataFrame) -> str:
    deep = found[found["deepest"]]
    ratio = (deep["end"] / deep["start"]).median()
    return (
        f"deepest layer {grew(deep)} (median trained / untrained {ratio:.2f}), "
        f"others {grew(found[~found['deepest']])}; from the default initialisation {_from_default(deep)}"
    )


def _from_default(deep: pd.DataFrame) -> str:
    known = deep[deep["default"].notna()]
    return grew(known, since="default") if len(known) else "not measured"


def _comes_first(found: pd.DataFrame) -> str:
    share = share_of_change(found, "early").median()
    typical = "" if np.isnan(share) else f"; where it lasted, a median of {share:.0%} came first"
    return f"grew by then in {grew(found, 'curves', until='early')}{typical}"


def _keeps_growing(found: pd.DataFrame) -> str:
    return f"grew in the second half in {grew(found[found['deepest']], since='middle')}"


def growth_by_layer(found: pd.DataFrame) -> pd.DataFrame:
    """How much of a pattern training made, and how early: one row for each kind of networks and layer.

    Args:
        found: Of `changes`.
    """
    rows = {}
    for (network, learned, level), part in found.groupby([*KIND, "level"], sort=False):
        ratio = part["end"] / part["start"]
        rows[label(network, learned), level] = {
            "grew in": grew(part),
            "trained / untrained": f"{ratio.min():.2f} to {ratio.max():.2f}",
            "median": ratio.median(),
            "after 1 epoch": share_of_change(part, "first").median(),
            "after a quarter": share_of_change(part, "quarter").median(),
            "grew in 2nd half": grew(part, since="middle"),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "layer"])
    return table.reset_index()


def label(network: str, learned: bool) -> str:
    """A kind of networks, marked where they did not learn."""
    return network if learned else f"{network} ({UNLEARNED})"


def growth_by_cell(found: pd.DataFrame) -> pd.DataFrame:
    """The same in full: one row for each kind of networks, padding and layer.

    Args:
        found: Of `changes`.

    Returns:
        Means over networks of the metric under the default initialisation, untrained and trained; trained
        over untrained with the factor by which its 95 % interval over networks reaches up and down (NaN for
        fewer than `SEVERAL`); in how many it grew; and the share of the change that is there after one epoch
        and after a quarter of training, a median over networks in which it grew by a tenth at least.
    """
    tidy = found.assign(
        name=[label(*pair) for pair in zip(found["network"], found["learned"])],
        after_one=share_of_change(found, "first"),
        after_quarter=share_of_change(found, "quarter"),
        log_ratio=np.log(found["end"] / found["start"]),
    )
    cells = tidy.groupby(["name", "padding", "level"], sort=False)
    interval = cells["log_ratio"].agg(_factor)
    table = pd.DataFrame(
        {
            "default initialisation": cells["default"].mean(),
            "untrained": cells["start"].mean(),
            "trained": cells["end"].mean(),
            "trained / untrained": np.exp(cells["log_ratio"].mean()),
            "×/÷": interval,
            "grew in": cells[["start", "end"]].apply(grew),
            "share after one epoch": cells["after_one"].median(),
            "share after a quarter": cells["after_quarter"].median(),
        }
    )
    return table.rename_axis(["network", "padding", "layer"])


def _factor(log_ratios: pd.Series) -> float:
    return float(np.exp(student_interval(log_ratios).half_width)) if len(log_ratios) >= SEVERAL else np.nan


def rates(values: pd.Series) -> str:
    """Learning rates as text, every one once, with three significant digits."""
    return distinct(values.map("{:.3g}".format))


def scale(rows: pd.DataFrame) -> pd.DataFrame:
    """How large the trained networks are, how many there are, and what they were shown.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`.

    Returns:
        One row for each kind of networks and number of `pixels` they were trained on.
    """
    named = rows.assign(pixels=rows["trained_size"])
    return named.groupby(["network", "pixels"], sort=False).agg(
        paddings=("padding", distinct),
        networks=("seed", "nunique"),
        width=("width", "first"),
        images=("images", "first"),
        epochs=("epochs", "first"),
        precision=("precision", "first"),
        measured=("n", "first"),
    )


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """What networks have learned: accuracy or weighted F-measure in percent on held-out images.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`.

    Returns:
        One row for each kind of `network`: the `gate` that an accuracy has to reach with the number of
        networks that did, and for each padding the mean ± standard deviation over networks, as text.
    """
    last = at_the_end(rows).drop_duplicates(list(NETWORK))
    named = last.assign(percent=100 * recipes.scores(last), gate=100 * recipes.gates(last))
    percent = mean_and_spread(named, ["network", "padding"], ["percent"])["percent"]
    by_padding = percent.unstack("padding", sort=False)
    by_padding.insert(0, "gate", named.groupby("network", sort=False)[["gate", "learned"]].apply(_gate))
    return by_padding.rename_axis(columns=None).reset_index()


def without_looking(rows: pd.DataFrame) -> str:
    """What the best map that ignores the picture scores, in a sentence; empty where no masks are learned."""
    fixed = rows.reindex(columns=["val_fixed"])["val_fixed"].dropna()
    if fixed.empty:
        return ""
    return f"The best single map for all pictures has a weighted F-measure of {100 * fixed.iloc[0]:.1f}"


def _gate(networks: pd.DataFrame) -> str:
    """The score that networks of one kind have to reach in percent, and how many did."""
    gate = networks["gate"].iloc[0]
    passed = f"{int(networks['learned'].sum())} of {len(networks)} passed"
    return f"{gate:.0f} ({passed})" if np.isfinite(gate) else "none"
