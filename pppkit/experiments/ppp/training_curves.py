"""Figure 5's page: the pattern along training as curves, and by the pictures that it was measured on."""

from __future__ import annotations

import pandas as pd

from .own_networks import choices
from .tables import NETWORK, at_the_end, rank_correlations
from .training_tables import KIND, label

METRIC_TITLES = {"snr_ppp": "SNR-PPP", "mae_ppp": "MAE-PPP"}
AS_TRAINED = "as trained"


def pictures(rows: pd.DataFrame) -> pd.Series:
    """What each row was measured on, in words: `"scenes, as trained"`, `"satellite, 224 px"`."""
    size = rows["size"].astype(str) + " px"
    return rows["source"] + ", " + size.where(rows["size"] != rows["trained_size"], AS_TRAINED)


def curves(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric along training: its `mean` and `std` over networks.

    Args:
        rows: Of one kind of networks and one kind of pictures. Where some of a padding's networks learned,
            they alone count.
        metric: A column.

    Returns:
        One row for each `layer of interest`, `padding` and `epoch`, sorted by layer and epoch; `learned` is
        False where none of the padding's networks did.
    """
    good = rows.groupby("padding")["learned"].transform("any")
    named = rows[rows["learned"] | ~good].assign(layer="layer " + rows["level"].astype(str))
    keys = ["layer", "padding", "epoch"]
    groups = named.groupby(keys, sort=False)
    summary = groups[metric].agg(["mean", "std"]).assign(learned=groups["learned"].first()).reset_index()
    return summary.rename(columns={"layer": "layer of interest"}).sort_values(["layer of interest", "epoch"])


def other_pictures(rows: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """A metric of trained networks by the pictures and the size that it was measured on.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`.
        metric: A column.

    Returns:
        One row for each network and layer; a column for each of `pictures`.
    """
    last = at_the_end(rows)
    named = last.assign(where=pictures(last))
    names = [*NETWORK, *KIND, "level"]
    wide = named.pivot_table(index=names, columns="where", values=metric, sort=False).reset_index()
    return wide.assign(kind=[label(*pair) for pair in zip(wide["network"], wide["learned"])])


def other_pictures_sentence(rows: pd.DataFrame) -> str:
    """How well satellite images and scenes agree on trained networks; empty where one kind is missing.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`, with padding.
    """
    wide = other_pictures(rows)
    here, there = (f"{source}, {AS_TRAINED}" for source in ("scenes", "satellite"))
    if not {here, there} <= set(wide):
        return ""
    ranks = rank_correlations(wide, here, there, ["kind"])
    return (
        f"On satellite images the same networks and layers have another SNR-PPP: by kind of network, its "
        f"rank correlation with that on scenes is {ranks.min():.2f} to {ranks.max():.2f}."
    )


def chart_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the page's figure draws, as its menus call them: networks that learned first.

    Args:
        rows: Of `pppkit.experiments.ppp.own_networks.run`, with padding.

    Returns:
        The rows with the columns `choice` and `pictures`; of kinds of networks that did not learn those alone
        that were measured on scenes of the size that they are trained on.
    """
    names = choices(rows)
    named = rows.assign(choice=rows["network"].map(names), pictures=pictures(rows))
    good = named.groupby("network")["learned"].transform("any")
    shown = named[good | (named["pictures"] == f"scenes, {AS_TRAINED}")]
    order = shown["choice"].map(list(names.values()).index)
    return shown.loc[order.sort_values(kind="stable").index]
