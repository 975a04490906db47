"""Claims about the shape of the pattern, from trained networks' maps: section 4.1 of the PPP paper."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from ..ppp.chronology import outline
from .base import CELL, Finding, by, claim, networks
from .rows import NetworkMap, Rows, some


def _named(maps: list[NetworkMap]) -> pd.DataFrame:
    columns = ["model", "data", "padding", "seed"]
    return pd.DataFrame([{c: getattr(m, c) for c in columns} for m in maps], columns=columns)


def _networks(rows: Rows) -> str:
    return f"maps of layer 4 on the largest images; {networks(_named(rows.maps))}"


@claim(
    "corners",
    paper="PPP",
    place="4.1",
    text="After training the maximum sits in the corners",
    check=(
        "the strongest corner (a seventh of the map's side) over the strongest middle of a side "
        "is above 1 in every cell"
    ),
    needs=["maps"],
)
def maximum_in_the_corners(rows: Rows) -> Finding:
    """Judged by the ratio's logarithm."""
    ratio = pd.Series([np.log(outline(m.trained)[0]) for m in rows.maps])
    span = f"ratios {np.exp(ratio.min()):.2f} to {np.exp(ratio.max()):.2f}"
    measured = f"it is in {(ratio > 0).sum()} of {len(ratio)} networks; {span}"
    return Finding(measured, rows.every(by(ratio, CELL, _named(rows.maps))), _networks(rows))


@claim(
    "spreads-out",
    paper="PPP",
    place="4.1, Figure 4",
    text="In all scenarios PPP spreads out with training",
    check=(
        "the share of PPP that lies further than a seventh of the side from the border, "
        "trained over untrained, is above 1 in every cell"
    ),
    needs=["maps"],
)
def pattern_spreads_out(rows: Rows) -> Finding:
    """Of networks whose map before training was kept, too."""
    kept = [(m, m.untrained) for m in rows.maps if m.untrained is not None]
    gain = pd.Series([np.log(outline(m.trained)[1] / outline(start)[1]) for m, start in kept], dtype=float)
    median = np.exp(some(gain, "maps before training").median())
    measured = f"it grew in {(gain > 0).sum()} of {len(gain)} networks; the median ratio is {median:.2f}"
    return Finding(measured, rows.every(by(gain, CELL, _named([m for m, _ in kept]))), _networks(rows))


@claim(
    "paddings-alike",
    paper="PPP",
    place="4.1",
    text="The overall structure of PPP is similar for all paddings",
    check=(
        "the correlation of two paddings' maps, of networks of one family and seed, "
        "is above 0.5 for every pair"
    ),
    needs=["maps"],
)
def paddings_are_alike(rows: Rows) -> Finding:
    """Judged by Fisher's z, which has one spread for small and for large correlations."""
    pairs = _pairs(rows.maps)
    found = some(pairs, "pairs of paddings")["correlation"]
    measured = (
        f"median {found.median():.2f}, {found.min():.2f} to {found.max():.2f}, "
        f"{(found > 0.5).sum()} of {len(found)} above 0.5"
    )
    beyond = np.arctanh(found.clip(upper=1 - 1e-6)) - np.arctanh(0.5)
    return Finding(measured, rows.every(by(beyond, CELL, pairs)), _networks(rows))


def _pairs(maps: list[NetworkMap]) -> pd.DataFrame:
    """One row for two maps of one family, seed and size; `padding` names both."""
    out = []
    for a, b in itertools.combinations(maps, 2):
        same = (a.model, a.data, a.seed) == (b.model, b.data, b.seed)
        if not same or a.trained.shape != b.trained.shape:
            continue
        names = {"model": a.model, "data": a.data, "padding": f"{a.padding} and {b.padding}"}
        correlation = np.corrcoef(a.trained.ravel(), b.trained.ravel())[0, 1]
        out.append(names | {"correlation": correlation})
    return pd.DataFrame(out)
