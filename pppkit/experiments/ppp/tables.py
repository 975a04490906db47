"""Tables of rows of `chronology.csv` and `initial.csv`, which pages show and claims are judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...models import TITLES

NETWORK = ("model", "data", "padding", "seed")  # columns that name a trained network
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


def along_training(rows: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """A metric at named moments of training, at the epoch measured next to each.

    Args:
        rows: Of `chronology.csv`, those of `native`.
        metric: A column.

    Returns:
        One row for each network and layer, in the order of the rows: `model`, `data`, `padding`, `seed`,
        `level`, then `start` (untrained), `first` (after one epoch), `early` (after a tenth of training, one
        epoch at least), `quarter`, `middle` and `end`.
    """
    keys = [*NETWORK, "level"]
    out = []
    for names, part in rows.groupby(keys, sort=False):
        last = int(part["epochs"].iloc[0])
        curve = part.set_index("epoch")[metric]
        moments = {
            "start": 0,
            "first": 1,
            "early": max(1, last / 10),
            "quarter": last / 4,
            "middle": last / 2,
        }
        row = dict(zip(keys, names))
        for moment, epoch in (moments | {"end": last}).items():
            row[moment] = float(curve.loc[_nearest(curve.index, epoch)])
        out.append(row)
    return pd.DataFrame(out, columns=[*keys, "start", "first", "early", "quarter", "middle", "end"])


def _nearest(epochs: pd.Index, wanted: float) -> int:
    """Of two that are equally near, the earlier."""
    return min(epochs, key=lambda epoch: (abs(epoch - wanted), epoch))


def growth(rows: pd.DataFrame, initial: pd.DataFrame, metric: str = "snr_ppp") -> pd.DataFrame:
    """`along_training` beside the same networks under PyTorch's default initialisation.

    Args:
        rows: Of `chronology.csv`, those of `native`.
        initial: Of `initial.csv`, those of `native`.
        metric: A column of both.

    Returns:
        The rows of `along_training` with the column `default`; NaN where `initial` lacks the network.
    """
    keys = [*NETWORK, "level"]
    fresh = initial.reindex(columns=[*keys, metric]).rename(columns={metric: "default"})
    return along_training(rows, metric).merge(fresh, on=keys, how="left")


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
