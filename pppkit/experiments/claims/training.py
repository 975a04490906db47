"""Claims about how training changes the pattern: sections 4.1 and 4.3 of the PPP paper."""

from __future__ import annotations

import numpy as np

from .base import CELL, Finding, by, claim, log_ratio, networks
from .rows import Rows


def _strengthens(rows: Rows, metric: str) -> Finding:
    ends = rows.along_training(metric, 4)
    change = log_ratio(ends["end"], ends["start"])
    grew, ratio = (change > 0).sum(), np.exp(change.median())
    measured = f"it grew in {grew} of {len(ends)} networks; the median ratio is {ratio:.2f}"
    return Finding(measured, rows.every(by(change, CELL, ends)), networks(ends))


def _exceeds_default(rows: Rows, metric: str) -> Finding:
    both = rows.beside_default(metric, 4)
    change = log_ratio(both["end"], both["default"])
    larger = f"it is larger in {(change > 0).sum()} of {len(both)} networks"
    medians = f"medians {both['default'].median():.4f} and {both['end'].median():.4f}"
    return Finding(f"{larger}; {medians}", rows.every(by(change, CELL, both)), networks(both))


@claim(
    "training-snr",
    paper="PPP",
    place="4.1, Table 2",
    text="Training strengthens PPP in every case, by SNR-PPP",
    check=(
        "SNR-PPP at layer 4, trained over that of the network that training started from (He et al.), "
        "is above 1 in every cell"
    ),
)
def training_strengthens_snr(rows: Rows) -> Finding:
    """A cell is a network, a data set and a padding."""
    return _strengthens(rows, "snr_ppp")


@claim(
    "training-snr-default",
    paper="PPP",
    place="4.1, Table 2",
    text="The same, from PyTorch's default initialisation, by SNR-PPP",
    check=(
        "SNR-PPP at layer 4, trained over that of an untrained network of the default initialisation, "
        "is above 1 in every cell"
    ),
    needs=["chronology", "initial"],
)
def trained_snr_exceeds_default(rows: Rows) -> Finding:
    """No training starts from there, but the paper's untrained networks look like it."""
    return _exceeds_default(rows, "snr_ppp")


@claim(
    "training-mae",
    paper="PPP",
    place="4.1, Table 2",
    text="Training strengthens PPP in every case, by MAE-PPP",
    check=(
        "MAE-PPP at layer 4, trained over that of the network that training started from (He et al.), "
        "is above 1 in every cell"
    ),
)
def training_strengthens_mae(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _strengthens(rows, "mae_ppp")


@claim(
    "training-mae-default",
    paper="PPP",
    place="4.1, Table 2",
    text="The same, from PyTorch's default initialisation, by MAE-PPP",
    check=(
        "MAE-PPP at layer 4, trained over that of an untrained network of the default initialisation, "
        "is above 1 in every cell"
    ),
    needs=["chronology", "initial"],
)
def trained_mae_exceeds_default(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _exceeds_default(rows, "mae_ppp")


@claim(
    "first-tenth",
    paper="PPP",
    place="4.3, Figure 5",
    text="All models gain significant PPP within the first tenth of training, in all layers",
    check=(
        "SNR-PPP after a tenth of the epochs (at least one) over untrained is above 1 in every cell and layer"
    ),
)
def gains_come_first(rows: Rows) -> Finding:
    """The share of what comes first is told of curves that end higher than they start."""
    ends = rows.along_training("snr_ppp")
    gain = log_ratio(ends["early"], ends["start"])
    share = (ends["early"] - ends["start"]) / (ends["end"] - ends["start"])
    typical = share[ends["end"] > ends["start"]].median()
    measured = f"it grew in {(gain > 0).sum()} of {len(ends)} curves"
    if not np.isnan(typical):
        measured += f"; where it grew to the end, a median of {100 * typical:.0f} % of it came first"
    return Finding(measured, rows.every(by(gain, [*CELL, "level"], ends)), networks(ends))


@claim(
    "fourth-layer-to-the-end",
    paper="PPP",
    place="4.3, Figure 5",
    text="The fourth layer keeps growing until the end",
    check="SNR-PPP at layer 4, at the end over the middle of training, is above 1 in every cell",
)
def fourth_layer_keeps_growing(rows: Rows) -> Finding:
    """The middle is the epoch measured next to it."""
    ends = rows.along_training("snr_ppp", 4)
    late = log_ratio(ends["end"], ends["middle"])
    measured = f"it grew in {(late > 0).sum()} of {len(ends)} networks"
    return Finding(measured, rows.every(by(late, CELL, ends)), networks(ends))
