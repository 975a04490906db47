"""Tables of rows of `posenet.csv`, which pages show and claims are judged by."""

from __future__ import annotations

import pandas as pd

from ...models import TITLES


def discrimination(rows: pd.DataFrame, metric: str) -> float:
    """The standard deviation of the paddings' means over the mean standard deviation within a padding.

    Above 1, paddings differ by more than their noise. NaN where no padding has two values.

    Args:
        rows: With the column `padding`.
        metric: A column.
    """
    by_padding = rows.groupby("padding")[metric]
    return float(by_padding.mean().std() / by_padding.std().mean())


def spread(read: pd.DataFrame, ppp: pd.DataFrame) -> pd.DataFrame:
    """Where the spread of SPC comes from, and what it and SNR-PPP tell apart.

    Args:
        read: Rows of `posenet.csv` of padded networks, on one kind of pictures.
        ppp: Rows of `chronology.csv` of the same networks on those pictures, of one layer, with the column
            `weights`.

    Returns:
        One row for each network, data set and weights: the standard deviation of SPC over trials of one
        network, that of the networks' means, that of SNR-PPP over networks (each a mean over paddings), and
        both metrics' `discrimination`.
    """
    out = {}
    for (model, data, weights), part in read.groupby(["model", "data", "weights"], sort=False):
        own = ppp[(ppp["model"] == model) & (ppp["data"] == data) & (ppp["weights"] == weights)]
        trials = part.groupby(["padding", "seed"])["spc images"]
        out[TITLES[model], data, weights] = {
            "SPC: over trials": trials.std().mean(),
            "SPC: over networks": trials.mean().groupby("padding").std().mean(),
            "SPC: discrimination": discrimination(part, "spc images"),
            "SNR-PPP: over networks": own.groupby("padding")["snr_ppp"].std().mean(),
            "SNR-PPP: discrimination": discrimination(own, "snr_ppp"),
        }
    table = pd.DataFrame.from_dict(out, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "trained on", "weights"])
    return table
