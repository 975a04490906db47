"""Tables of rows of `chronology` and `initial`, which pages show and claims are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results.text import distinct, mean_and_spread

NETWORK = ("model", "data", "padding", "seed")  # columns that name a trained network
CURVE = [*NETWORK, "source", "level"]  # and one measurement of it all along its training
LARGEST = 224  # pixels, at which trained networks are measured, too
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
    fresh = initial.reindex(columns=[*CURVE, metric]).rename(columns={metric: "default"})
    return along_training(rows, metric).merge(fresh, on=CURVE, how="left")


def growth_by_cell(found: pd.DataFrame) -> pd.DataFrame:
    """How much of a pattern training made, and how early: the table of Figure 5's page.

    Args:
        found: Of `growth`.

    Returns:
        One row for each network, data set, padding and layer. Means over networks of the metric under the
        default initialisation, untrained and trained, and of trained over untrained; in how many networks it
        was strengthened; and the share of the change that is there after one epoch and after a quarter of
        training, a median over networks in which it grew by a tenth at least.
    """
    change = found["end"] - found["start"]
    clear = change > found["start"] / 10
    tidy = found.assign(
        model=found["model"].map(TITLES),
        ratio=found["end"] / found["start"],
        grew=change > 0,
        after_one=((found["first"] - found["start"]) / change).where(clear),
        after_quarter=((found["quarter"] - found["start"]) / change).where(clear),
    )
    cells = tidy.groupby(["model", "data", "padding", "level"], sort=False)
    grew, size = cells["grew"].sum(), cells.size()
    table = pd.DataFrame(
        {
            "default initialisation": cells["default"].mean(),
            "untrained": cells["start"].mean(),
            "trained": cells["end"].mean(),
            "ratio": cells["ratio"].mean(),
            "strengthened": grew.astype(str) + " of " + size.astype(str),
            "share after one epoch": cells["after_one"].median(),
            "share after a quarter": cells["after_quarter"].median(),
        }
    )
    return table.rename_axis(["network", "trained on", "padding", "layer"])


def growth_counts(snr: pd.DataFrame, mae: pd.DataFrame) -> pd.DataFrame:
    """In how many networks training strengthened the pattern.

    Args:
        snr: Of `growth`, by `snr_ppp`.
        mae: Of `growth`, by `mae_ppp`.

    Returns:
        One row for each network and data set, a column for each layer. The counts are by SNR-PPP and by
        MAE-PPP from the network that training started from, and by SNR-PPP from the default initialisation.
    """
    keys = ["model", "data", "level"]

    def counted(grew: pd.Series, found: pd.DataFrame) -> pd.Series:
        return grew.groupby([found[k] for k in keys], sort=False).sum().astype(str)

    parts = (
        counted(snr["end"] > snr["start"], snr),
        counted(mae["end"] > mae["start"], mae),
        counted(snr["end"] > snr["default"], snr),
    )
    text = parts[0].str.cat(parts[1:], sep=" / ") + " of " + snr.groupby(keys, sort=False).size().astype(str)
    table = text.unstack("level", sort=False).rename(index=TITLES, columns=lambda level: f"layer {level}")
    return table.rename_axis(index=[None, None], columns=None)


def read_table2(path: str | Path) -> pd.DataFrame:
    """Table 2 of the PPP paper as it is printed.

    Returns:
        The file's columns; `model` is a name of `pppkit.models.build`, `weights` is `"untrained"` or
        `"trained"`.
    """
    table = pd.read_csv(path)
    weights = np.where(table["pretrained"].isna(), "untrained", "trained")
    return table.assign(model=table["model"].map(PRINTED_MODELS), weights=weights)


def scale(rows: pd.DataFrame) -> pd.DataFrame:
    """How large the trained networks are, how many there are, and what they were shown.

    Returns:
        One row for each model, data set and number of `pixels` they were trained on.
    """
    table = rows.groupby(["model", "data", "trained_size"], sort=False).agg(
        paddings=("padding", distinct),
        networks=("seed", "nunique"),
        width=("width", "first"),
        images=("images", "first"),
        epochs=("epochs", "first"),
        precision=("precision", "first"),
        n=("n", "first"),
    )
    return table.rename_axis(index={"trained_size": "pixels"})


def curves(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric along training: its `mean` and `std` over networks.

    Args:
        rows: Of one family and data set, those of `native`.
        metric: A column.

    Returns:
        One row for each `layer of interest`, `padding` and `epoch`, sorted by layer and epoch.
    """
    named = rows.assign(layer="layer " + rows["level"].astype(str)).rename(
        columns={"layer": "layer of interest"}
    )
    keys = ["layer of interest", "padding", "epoch"]
    summary = named.groupby(keys, sort=False)[metric].agg(["mean", "std"]).reset_index()
    return summary.sort_values(["layer of interest", "epoch"])


def at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last epoch."""
    return rows[rows["epoch"] == rows["epochs"]]


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """What networks have learned: accuracy or weighted F-measure in percent on held-out images.

    Args:
        rows: Of `chronology`.

    Returns:
        Mean ± standard deviation over networks as text: one row for each family and data set, one column for
        each padding.
    """
    last = at_the_end(rows).drop_duplicates(list(NETWORK))
    score = last.reindex(columns=["val_accuracy", "val_weighted_f"]).bfill(axis=1).iloc[:, 0]
    table = mean_and_spread(last.assign(percent=100 * score), NETWORK[:3], ["percent"])["percent"]
    return table.unstack("padding", sort=False)


def other_pictures(rows: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """A metric of trained networks by the pictures and the size that it was measured on.

    Args:
        rows: Of `chronology`.
        metric: A column.

    Returns:
        One row for each network and layer; a column for each pair: `"scenes as trained"`, `"satellite 224"`,
        ...
    """
    last = at_the_end(rows)
    size = last["size"].astype(str).where(last["size"] == LARGEST, "as trained")
    named = last.assign(where=last["source"] + " " + size)
    return named.pivot_table(index=[*NETWORK, "level"], columns="where", values=metric).reset_index()


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
