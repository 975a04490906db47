"""Claims about the shape of the pattern, from trained networks' maps: section 4.1 of the PPP paper."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from ...results.statistics import pooled_intervals
from ..ppp.chronology import outline
from ..ppp.own_networks import network_name
from .base import CASE, FAMILY, Finding, Line, by, claim, log_ratio, networks, of_lines
from .rows import CannotTell, NetworkMap, Rows, some


def _named(maps: Sequence[NetworkMap]) -> pd.DataFrame:
    columns = [*FAMILY, *CASE, "seed"]
    return pd.DataFrame([{c: getattr(m, c) for c in columns} for m in maps], columns=columns)


def _finding(rows: Rows, measured: str, values: pd.Series, named: pd.DataFrame) -> Finding:
    """A line for each family; its cases are kinds of pictures and paddings."""
    lines = []
    for family, part in named.groupby(FAMILY, sort=False):
        cells = by(values.loc[part.index], CASE, part)
        name = f"{network_name(*family)}, deepest layer"
        lines.append(Line(name, partial(pooled_intervals, cells, rows.family)))
    behind = f"maps of the deepest layer on the largest images; {networks(_named(rows.maps))}"
    return of_lines(measured, lines, rows.stands_on(behind))


@claim(
    "corners",
    paper="PPP",
    place="4.1",
    text="After training the maximum sits in the corners",
    check=(
        "the strongest corner (a seventh of the map's side) over the strongest middle of a side, in networks "
        "that learned, is above 1 in every family, padding and kind of pictures"
    ),
    needs=["maps"],
)
def maximum_in_the_corners(rows: Rows) -> Finding:
    """Judged by the ratio's logarithm."""
    found = some(rows.maps, "maps of networks that learned")
    ratio = pd.Series([np.log(outline(m.trained)[0]) for m in found])
    span = f"ratios {np.exp(ratio.min()):.2f} to {np.exp(ratio.max()):.2f}"
    measured = f"it is in {(ratio > 0).sum()} of {len(ratio)} maps; {span}"
    return _finding(rows, measured, ratio, _named(found))


@claim(
    "spreads-out",
    paper="PPP",
    place="4.1, Figure 4",
    text="In all scenarios PPP spreads out with training",
    check=(
        "the share of PPP that lies further than a seventh of the side from the border, in networks that "
        "learned over the same untrained (He et al.), is above 1 in every family, padding and kind of "
        "pictures"
    ),
    needs=["maps"],
)
def pattern_spreads_out(rows: Rows) -> Finding:
    """Of networks whose map before training was kept, too; of the default initialisation none is.

    Where padding reaches less far than a seventh of the side, nothing can lie inside, before or after.
    """
    both = [(m, m.untrained) for m in rows.maps if m.untrained is not None]
    kept = some([m for m, _ in both], "maps before training")
    shares = pd.DataFrame([(outline(start)[1], outline(m.trained)[1]) for m, start in both])
    reached = shares.max(axis=1) > 0
    if not reached.any():
        raise CannotTell("padding of the networks that learned reaches less far than a seventh of the side")
    gain = log_ratio(shares[1], shares[0])[reached]
    measured = (
        f"it grew in {(gain > 0).sum()} of {len(gain)} maps; the median ratio is {np.exp(gain.median()):.2f}"
    )
    return _finding(rows, measured, gain, _named(kept)[reached])


@claim(
    "paddings-alike",
    paper="PPP",
    place="4.1",
    text="The overall structure of PPP is similar for all paddings",
    check=(
        "the correlation of two paddings' maps, of networks of one family and seed that learned, "
        "is above 0.5 for every pair, on every kind of pictures"
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
    beyond = np.arctanh(found.clip(1e-6 - 1, 1 - 1e-6)) - np.arctanh(0.5)
    return _finding(rows, measured, beyond, pairs)


def _pairs(maps: Sequence[NetworkMap]) -> pd.DataFrame:
    """One row for two maps of one family, seed, pictures and size; `padding` names both."""
    out = []
    for a, b in itertools.combinations(maps, 2):
        same = (a.model, a.data, a.seed, a.source) == (b.model, b.data, b.seed, b.source)
        if not same or a.trained.shape != b.trained.shape:
            continue
        names = {"model": a.model, "data": a.data, "source": a.source, "seed": a.seed}
        correlation = np.corrcoef(a.trained.ravel(), b.trained.ravel())[0, 1]
        out.append(names | {"padding": f"{a.padding} and {b.padding}", "correlation": correlation})
    return pd.DataFrame(out)
