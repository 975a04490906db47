"""Tables of rows of `emergence`: how a pattern settles as the number of images grows."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd


def convergence(rows: pd.DataFrame, layer: str, source: str) -> pd.DataFrame:
    """Rows of one layer on one kind of pictures, sorted by the number of images."""
    return rows[(rows["layer"] == layer) & (rows["source"] == source)].sort_values("n")


def at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    """SNR-PPP and its confidence interval after all images, by padding and layer, and by pictures."""
    return rows[rows["n"] == rows["n"].max()].pivot_table(
        index=["padding", "layer"], columns="source", values=["snr_ppp", "snr_ppp_ci95"], sort=False
    )


def with_networks(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several networks with the column `line`: the padding and the `network`."""
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(line=rows["padding"] + ", " + rows["network"])
