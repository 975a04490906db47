"""Tables of rows of `untrained`, beside the untrained rows of the PPP paper's Table 2."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...metrics import SNR_READINGS
from ...models import LAYERS_OF_INTEREST, TITLES
from ...results.text import plus_minus

METRICS = {"SNR-PPP": "snr_ppp", "MAE-PPP": "mae_ppp"}


def of_level(rows: pd.DataFrame, level: int = 4, init: str = "default") -> pd.DataFrame:
    """Rows of one layer of interest and one initialisation."""
    return rows[(rows["level"] == level) & (rows["init"] == init)]


def padded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of networks that pad."""
    return rows[rows["padding"] != "none"]


def beside_the_paper(deep: pd.DataFrame, printed: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric as mean ± standard deviation over networks, by pictures, and as it is printed.

    Args:
        deep: Of one layer.
        printed: Of `read_table2`, untrained.
        metric: Of `METRICS`.

    Returns:
        One row for each network and padding, as text; empty where the paper has no such row.
    """
    column = METRICS[metric]
    cells = deep.groupby(["model", "padding", "source"], sort=False)[column]
    ours = plus_minus(cells.mean(), cells.std(), 4).unstack("source", sort=False)
    theirs = printed.set_index(["model", "padding"])
    text = plus_minus(theirs[f"{column}_mean"], theirs[f"{column}_std"], 4).rename("paper")
    table = ours.join(text).sort_index(axis=1, ascending=False).rename(index=TITLES, level="model")
    table.columns = pd.MultiIndex.from_product([[metric], table.columns])
    return table.rename_axis(["network", "padding"]).fillna("")


def every_network(deep: pd.DataFrame, printed: pd.DataFrame, model: str) -> pd.DataFrame:
    """SNR-PPP of one family: a point for each network and kind of pictures, and the paper's.

    Returns:
        Columns `padding`, `source` (or `"paper, ± std"`), `value`, and `error`, the paper's standard
        deviation.
    """
    ours = deep[deep["model"] == model]
    points = ours[["padding", "source"]].assign(value=ours["snr_ppp"], error=0.0)
    theirs = printed[(printed["model"] == model) & printed["padding"].isin(ours["padding"])]
    shown = theirs[["padding"]].assign(
        source="paper, ± std", value=theirs["snr_ppp_mean"], error=theirs["snr_ppp_std"]
    )
    return pd.concat([points, shown])


def agreement(deep: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """How well paddings agree with the paper's by SNR-PPP: their order, the ratio of sizes, and our order.

    Args:
        deep: Of one layer.
        printed: Of `read_table2`, untrained.

    Returns:
        One row for each network and kind of pictures, as text. Paddings that the paper prints as zero have no
        ratio.
    """
    cells = padded(deep).groupby(["model", "source", "padding"], sort=False)["snr_ppp"].mean()
    both = cells.rename("ours").reset_index().merge(printed, on=["model", "padding"])
    found = {}
    for (model, source), part in both.groupby(["model", "source"], sort=False):
        paper = part["snr_ppp_mean"]
        ratio = (part["ours"] / paper)[paper > 0]
        rank = part["ours"].round(4).corr(paper, method="spearman")  # the paper prints four digits
        found[TITLES[model], source] = {
            "rank correlation": f"{rank:.2f}",
            "ours / paper": f"{ratio.min():.2f} to {ratio.max():.2f}",
            "our order": " > ".join(part.sort_values("ours", ascending=False)["padding"]),
        }
    table = pd.DataFrame.from_dict(found, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "pictures"])
    return table


def two_worlds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean SNR-PPP by pictures: one row for each model, padding and layer, one column for each source."""
    cells = padded(rows).groupby(["model", "padding", "layer", "source"], sort=False)["snr_ppp"]
    return cells.mean().unstack("source").reset_index()


def worlds_agreement(wide: pd.DataFrame) -> pd.DataFrame:
    """Of `two_worlds`, by model: rank correlation of the two kinds of pictures, median of their ratio."""
    ranks = wide.groupby("model")[["scenes", "satellite"]].corr("spearman").xs("scenes", level=1)["satellite"]
    ratio = (wide["satellite"] / wide["scenes"]).groupby(wide["model"]).median()
    return pd.DataFrame({"rank correlation": ranks, "median of satellite / scenes": ratio})


def readings(deep: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Mean SNR-PPP under every reading of Eq. 4, by model and padding, and the paper's in the last column."""
    columns = [f"snr {reading}" for reading in SNR_READINGS]
    means = padded(deep).groupby(["model", "padding"], sort=False)[columns].mean()
    paper = printed.set_index(["model", "padding"])["snr_ppp_mean"].rename("paper")
    return means.join(paper).rename(columns=lambda c: c.removeprefix("snr "))


def initialisations(rows: pd.DataFrame, level: int = 4) -> pd.DataFrame:
    """SNR-PPP of the first network of each kind, by initialisation and pictures."""
    first = padded(rows[(rows["weights_seed"] == 0) & (rows["level"] == level)])
    return first.pivot_table(
        index=["model", "padding"], columns=["init", "source"], values="snr_ppp", sort=False
    )


def surfaces(
    maps: Mapping[tuple[str, str], Mapping[tuple[str, ...], np.ndarray]],
) -> dict[tuple[str, str, str], np.ndarray]:
    """Maps for `pppkit.figures.surface_menu`: by network and layer, padding, and pictures.

    Args:
        maps: By model and source, the maps `(H, W)` by padding and layer.
    """
    shown = {}
    for (model, source), found in maps.items():
        for (padding, layer), z in found.items():
            level = 1 + LAYERS_OF_INTEREST[model].index(layer)
            shown[f"{TITLES[model]}, layer {level}", padding, source] = z
    return shown
