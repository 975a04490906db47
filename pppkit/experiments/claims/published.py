"""The claims about training, judged on networks that others have trained."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache, partial

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results.statistics import LEVEL, Interval
from ..ppp import published_tables
from ..ppp.published_networks import TRAINED
from .base import CASE, Evidence, Finding, Line, claim, layer_name, of_lines
from .rows import Rows, some
from .training import MAE_NOTE, by_verdict

CASES = (
    "in every network, layer and kind of pictures under the padding that they were trained with (zeros); "
    "other paddings are shown beside"
)
RULE = (
    "is above what one more untrained network would show (95 % prediction interval over five, and the "
    "images' intervals)"
)


def _intervals(found: pd.DataFrame) -> dict[Hashable, Interval]:
    """By case, the logarithm of trained over untrained, from rows of `published_tables.compare`."""
    most = (found["trained"] / found["low"]).where(found["low"] > 0, np.inf)
    ratios = pd.DataFrame({"value": found["ratio"], "low": found["trained"] / found["high"], "high": most})
    with np.errstate(divide="ignore"):
        ends = np.log(ratios.astype(float)).itertuples(index=False, name=None)
    return {case: Interval(*found) for case, found in zip(zip(*(found[name] for name in CASE)), ends)}


def _lines(rows: pd.DataFrame, start: str, metric: str) -> list[Line]:
    @cache
    def compared(level: float) -> pd.DataFrame:
        return published_tables.compare(rows, start, metric, level)

    def line(model: str, layer: int, decides: bool) -> Line:
        name = layer_name(TITLES[model], model, layer) + ("" if decides else ", other paddings")

        def intervals_at(level: float) -> dict[Hashable, Interval]:
            found = compared(level)
            place = (found["model"] == model) & (found["level"] == layer)
            return _intervals(found[place & ((found["padding"] == published_tables.OWN) == decides)])

        return Line(name, intervals_at, decides)

    cells = compared(LEVEL)
    own = cells["padding"] == published_tables.OWN
    lines = []
    for decides, chosen in ((True, cells[own]), (False, cells[~own])):
        places = chosen[["model", "level"]].drop_duplicates().itertuples(index=False, name=None)
        lines += [line(model, layer, decides) for model, layer in places]
    return lines


def _exceeds(rows: Rows, start: str, metric: str) -> Finding:
    table = rows.table("published_networks")
    some(table[table["weights"] == TRAINED], "trained network among published ones")
    some(table[table["weights"] == start], f"untrained networks of initialisation {start}")
    found = published_tables.compare(table, start, metric)
    found = some(found[found["padding"] == published_tables.OWN], f"rows under {published_tables.OWN}")
    deep, lines = published_tables.deepest(found), _lines(table, start, metric)
    above = (found["verdict"] == published_tables.ABOVE).sum()
    measured = (
        f"trained networks are above in {above} of {len(found)} cases; the median ratio at the deepest layer "
        f"is {deep['ratio'].median():.2f}; {by_verdict(lines)}"
    )
    return of_lines(measured, lines, _networks(table, start))


def _networks(table: pd.DataFrame, start: str) -> str:
    trained = table[table["weights"] == TRAINED]
    names = ", ".join(TITLES[model] for model in trained["model"].unique())
    untrained = table[table["weights"] == start]
    return (
        f"{names}, trained under zeros by others, {int(trained['n'].max())} images; "
        f"{untrained['weights_seed'].nunique()} untrained of each, {int(untrained['n'].max())} images"
    )


_claim = partial(
    claim, paper="PPP", place="1; 4.1, Table 2", evidence=Evidence.PUBLISHED, needs=["published_networks"]
)


@_claim(
    "published-snr",
    text="Training strengthens PPP in every case, by SNR-PPP",
    check=f"SNR-PPP of the trained network {RULE}, initialised by He et al., {CASES}",
)
def trained_snr_exceeds_he(rows: Rows) -> Finding:
    """One trained network a kind, so the spread is that of untrained ones."""
    return _exceeds(rows, "kaiming", "snr_ppp")


@_claim(
    "published-snr-default",
    text="Training strengthens PPP in every case, from PyTorch's default initialisation, by SNR-PPP",
    check=f"SNR-PPP of the trained network {RULE}, of the default initialisation, {CASES}",
)
def trained_snr_exceeds_default(rows: Rows) -> Finding:
    """As beside He et al.'s."""
    return _exceeds(rows, "default", "snr_ppp")


@_claim(
    "published-mae",
    text="Training strengthens PPP in every case, by MAE-PPP",
    check=f"MAE-PPP of the trained network {RULE}, initialised by He et al., {CASES}",
    note=MAE_NOTE,
)
def trained_mae_exceeds_he(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _exceeds(rows, "kaiming", "mae_ppp")


@_claim(
    "published-mae-default",
    text="Training strengthens PPP in every case, from PyTorch's default initialisation, by MAE-PPP",
    check=f"MAE-PPP of the trained network {RULE}, of the default initialisation, {CASES}",
    note=MAE_NOTE,
)
def trained_mae_exceeds_default(rows: Rows) -> Finding:
    """As by SNR-PPP."""
    return _exceeds(rows, "default", "mae_ppp")
