"""Claims about how training changes the pattern, in our own networks: sections 4.1, 4.3 of the PPP paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..ppp.tables import deepest
from .base import Finding, Line, claim, layer_lines, line_verdicts, log_ratio, networks, of_lines
from .rows import Rows

METRICS = {"snr_ppp": "SNR-PPP", "mae_ppp": "MAE-PPP"}
CASES = "in every family, layer, padding and kind of pictures"
MAE_NOTE = (
    "The paper says so of PPP, not of each metric; its own Table 2 prints a smaller MAE-PPP after training "
    "for the saliency network under zeros and for EfficientNet under randn."
)


def growth_by_layer(change: pd.Series, found: pd.DataFrame, lines: Sequence[Line]) -> str:
    """In how many measurements a pattern grew, by how much at the deepest layer, and the layers' verdicts."""
    measured = f"it grew in {(change > 0).sum()} of {len(change)} measurements; {by_verdict(lines)}"
    deep = change[deepest(found)].dropna()
    return measured + (
        f"; the median ratio at the deepest layer is {np.exp(deep.median()):.2f}" if len(deep) else ""
    )


def by_verdict(lines: Sequence[Line]) -> str:
    """How many deciding lines have each verdict."""
    deciding = [line for line in lines if line.decides]
    counts = pd.Series([str(verdict) for verdict in line_verdicts(deciding)]).value_counts(sort=False)
    return "layers: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _strengthens(rows: Rows, metric: str) -> Finding:
    return _grows(rows, rows.along_training(metric), "start")


def _exceeds_default(rows: Rows, metric: str) -> Finding:
    return _grows(rows, rows.beside_default(metric), "default")


def _grows(rows: Rows, found: pd.DataFrame, start: str) -> Finding:
    change = log_ratio(found["end"], found[start])
    lines = layer_lines(change, found, rows.family)
    return of_lines(growth_by_layer(change, found, lines), lines, rows.stands_on(networks(found)))


@claim(
    "training-snr",
    paper="PPP",
    place="1; 4.1, Table 2",
    text="Training strengthens PPP in every case, by SNR-PPP",
    check=(
        "SNR-PPP of networks that learned, over that of the network that training started from (He et al.), "
        f"is above 1 {CASES}"
    ),
)
def training_strengthens_snr(rows: Rows) -> Finding:
    """By the logarithm of the ratio, over networks; a line a layer."""
    return _strengthens(rows, "snr_ppp")


@claim(
    "training-snr-default",
    paper="PPP",
    place="1; 4.1, Table 2",
    text="Training strengthens PPP in every case, from PyTorch's default initialisation, by SNR-PPP",
    check=(
        "SNR-PPP of networks that learned, over that of an untrained network of the default initialisation, "
        f"is above 1 {CASES}"
    ),
)
def trained_snr_exceeds_default(rows: Rows) -> Finding:
    """No training starts from there, but the paper's untrained networks look like it."""
    return _exceeds_default(rows, "snr_ppp")


@claim(
    "training-mae",
    paper="PPP",
    place="1; 4.1, Table 2",
    text="Training strengthens PPP in every case, by MAE-PPP",
    check=(
        "MAE-PPP of networks that learned, over that of the network that training started from (He et al.), "
        f"is above 1 {CASES}"
    ),
    note=MAE_NOTE,
)
def training_strengthens_mae(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _strengthens(rows, "mae_ppp")


@claim(
    "training-mae-default",
    paper="PPP",
    place="1; 4.1, Table 2",
    text="Training strengthens PPP in every case, from PyTorch's default initialisation, by MAE-PPP",
    check=(
        "MAE-PPP of networks that learned, over that of an untrained network of the default initialisation, "
        f"is above 1 {CASES}"
    ),
    note=MAE_NOTE,
)
def trained_mae_exceeds_default(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _exceeds_default(rows, "mae_ppp")


@claim(
    "first-tenth",
    paper="PPP",
    place="4.3, Figure 5",
    text="All models gain significant PPP within the first 10 epochs, in all layers",
    check=(
        "SNR-PPP of networks that learned, after a tenth of the epochs (at least one) over untrained, "
        f"is above 1 {CASES}"
    ),
    note="Ours train for fewer epochs; the paper does not print how many its own do. A tenth stands for ten.",
)
def gains_come_first(rows: Rows) -> Finding:
    """The share of what comes first is told of curves that end higher than they start."""
    ends = rows.along_training("snr_ppp")
    gain = log_ratio(ends["early"], ends["start"])
    share = (ends["early"] - ends["start"]) / (ends["end"] - ends["start"])
    typical = share[ends["end"] > ends["start"]].median()
    lines = layer_lines(gain, ends, rows.family)
    measured = f"it grew in {(gain > 0).sum()} of {len(ends)} curves; {by_verdict(lines)}"
    if not np.isnan(typical):
        measured += f"; where it grew to the end, a median of {100 * typical:.0f} % of it came first"
    return of_lines(measured, lines, rows.stands_on(networks(ends)))


@claim(
    "fourth-layer-to-the-end",
    paper="PPP",
    place="4.3, Figure 5",
    text="The fourth layer keeps growing until the end",
    check=(
        "SNR-PPP of networks that learned, at the end over the middle of training, is above 1 at the deepest "
        "layer of every family, padding and kind of pictures; other layers are shown beside"
    ),
)
def fourth_layer_keeps_growing(rows: Rows) -> Finding:
    """The middle is the epoch measured next to it."""
    ends = rows.along_training("snr_ppp")
    late = log_ratio(ends["end"], ends["middle"])
    lines = layer_lines(late, ends, rows.family, deepest_decides=True)
    deep = late[deepest(ends)]
    measured = f"at the deepest layer it grew in {(deep > 0).sum()} of {len(deep)} curves"
    return of_lines(measured, lines, rows.stands_on(networks(ends)))
