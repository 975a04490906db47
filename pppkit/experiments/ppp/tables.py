"""Tables of rows of `chronology` and `initial`, which pages show and claims are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...models import LAYERS_OF_INTEREST

NETWORK = ("model", "data", "padding", "seed")  # columns that name a trained network
CURVE = [*NETWORK, "source", "level"]  # and one measurement of it all along its training
PRINTED_MODELS = {
    "vgg-19": "vgg19",
    "resnet50": "resnet50",
    "efficientnet": "efficientnet_b0",
    "vgg16-sod": "vgg16_sod",
}  # by the name in the paper's tables


def native(rows: pd.DataFrame, level: int | None = None, source: str | None = "scenes") -> pd.DataFrame:
    """Rows that were measured at the size that their network was trained on.

    Args:
        rows: With the columns `size`, `trained_size`, `source` and `level`.
        level: Of the layer of interest, 1 to 4; None for all.
        source: Of pictures; None for all.
    """
    chosen = rows["size"] == rows["trained_size"]
    if level is not None:
        chosen &= rows["level"] == level
    if source is not None:
        chosen &= rows["source"] == source
    return rows[chosen]


def setups(rows: pd.DataFrame) -> pd.DataFrame:
    """How many networks were trained, how large they are, on how many images and for how long.

    Args:
        rows: Of `chronology`.
    """
    setup = ["width", "trained_size", "images", "epochs"]
    cells = rows.groupby(["model", "data", *setup], sort=False)
    table = cells.agg(paddings=("padding", "nunique"), networks=("seed", "nunique"))
    return table.reset_index(setup).rename(columns={"trained_size": "pixels"})


def along_training(rows: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """A metric at named moments of training, at the epoch measured next to each.

    Args:
        rows: Of `chronology`, those of `native`.
        metric: A column.

    Returns:
        One row for each network, source and layer, in the order of the rows: the columns of `CURVE`, then
        `start` (untrained), `first` (after one epoch), `early` (after a tenth of training, one epoch at
        least), `quarter`, `middle` and `end`.
    """
    last = rows["epochs"]
    moments = {
        "start": 0 * last,
        "first": 0 * last + 1,
        "early": (last / 10).clip(lower=1),
        "quarter": last / 4,
        "middle": last / 2,
        "end": last,
    }
    curves = rows[[*CURVE, "epoch", metric]]
    found = curves[CURVE].drop_duplicates()
    for moment, epoch in moments.items():
        by_distance = curves.assign(distance=(curves["epoch"] - epoch).abs()).sort_values(
            ["distance", "epoch"]
        )
        nearest = by_distance.drop_duplicates(CURVE).rename(columns={metric: moment})
        found = found.merge(nearest[[*CURVE, moment]], on=CURVE)
    return found


def growth(rows: pd.DataFrame, initial: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """`along_training` beside the same networks under PyTorch's default initialisation.

    Args:
        rows: Of `chronology`, those of `native`.
        initial: Of `initial`, those of `native`.
        metric: A column of both.

    Returns:
        The rows of `along_training` with the column `default`; NaN where `initial` lacks the network.
    """
    return beside_default(along_training(rows, metric), initial, metric)


def beside_default(found: pd.DataFrame, initial: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of `along_training` with the column `default`; the other arguments are those of `growth`."""
    fresh = initial.reindex(columns=[*CURVE, metric]).rename(columns={metric: "default"})
    return found.merge(fresh, on=CURVE, how="left")


def read_table2(path: str | Path) -> pd.DataFrame:
    """Table 2 of the PPP paper as it is printed.

    Returns:
        The file's columns; `model` is a name of `pppkit.models.build`, `weights` is `"untrained"` or
        `"trained"`.
    """
    table = pd.read_csv(path)
    weights = np.where(table["pretrained"].isna(), "untrained", "trained")
    return table.assign(model=table["model"].map(PRINTED_MODELS), weights=weights)


def is_deepest(model: str, level: int) -> bool:
    """Whether a layer of interest is the last of its network: the fourth, in ResNets for CIFAR the third."""
    return level == len(LAYERS_OF_INTEREST[model])


def deepest(rows: pd.DataFrame) -> pd.Series:
    """Whether each row is of its network's deepest layer of interest."""
    found = [is_deepest(model, level) for model, level in zip(rows["model"], rows["level"])]
    return pd.Series(found, index=rows.index, dtype=bool)


def at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last epoch."""
    return rows[rows["epoch"] == rows["epochs"]]


def rank_correlations(wide: pd.DataFrame, x: str, y: str, by: Sequence[str]) -> pd.Series:
    """Spearman's correlation of two columns within each group.

    Args:
        wide: With the columns `x`, `y` and `by`.
        x: A column.
        y: A column.
        by: Columns that name a group.
    """
    ranks = wide.groupby(list(by))[[x, y]].corr("spearman")
    return ranks.xs(x, level=-1)[y]
