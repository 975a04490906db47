"""What training makes of a map's shape: where its pattern lies, and how strong it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from ...results.text import plus_minus
from . import chronology, own_networks
from .tables import NETWORK
from .trained_maps import Maps, Network, ends
from .training_tables import LEARNED, label

INSIDE, CORNER, STRENGTH = "share inside", "corner / side", "mean PPP"
CELL = ["network", "padding"]


def shapes(maps: Mapping[Network, Maps], source: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The deepest map before and after training: `pppkit.experiments.ppp.chronology.outline`, and its mean.

    Args:
        maps: Of `pppkit.experiments.ppp.trained_maps.load`.
        source: The pictures they were measured on.
        rows: Of `pppkit.experiments.ppp.own_networks.run`: which networks learned.

    Returns:
        One row for each network, indexed by kind of networks, padding, seed and `learned`; columns
        `(INSIDE, "untrained")`, `(INSIDE, "trained")` and so on.
    """
    names = list(NETWORK)
    learned = rows.drop_duplicates(names).set_index(names)["learned"].to_dict()
    found = {}
    for network, measured in maps.items():
        row: dict[tuple[str, str], float] = {}
        for name, layers in ends(measured, source).items():
            deepest = list(layers.values())[-1]
            corner, inside = chronology.outline(deepest)
            row |= {(INSIDE, name): inside, (CORNER, name): corner, (STRENGTH, name): float(deepest.mean())}
        model, data, padding, seed = network
        found[own_networks.network_name(model, data), padding, seed, learned[network]] = row
    table = pd.DataFrame.from_dict(found, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=[*CELL, "seed", "learned"])
    return table


def spread_inwards(found: pd.DataFrame) -> pd.Series:
    """Whether more of a pattern lies inside after training than before."""
    return found[INSIDE, "trained"] > found[INSIDE, "untrained"]


def grew_stronger(found: pd.DataFrame) -> pd.Series:
    """Whether the mean distance is larger after training than before, in units of the features."""
    return found[STRENGTH, "trained"] > found[STRENGTH, "untrained"]


def sits_in_a_corner(found: pd.DataFrame, weights: str = "trained") -> pd.Series:
    """Whether a map's strongest corner exceeds the strongest middle of a side."""
    return found[CORNER, weights] > 1


def reaches_inside(found: pd.DataFrame) -> pd.DataFrame:
    """Networks with some of their pattern inside, before or after: in others it cannot be seen to move."""
    return found[found[INSIDE].max(axis=1) > 0]


def learned_part(found: pd.DataFrame, learned: bool = True) -> pd.DataFrame:
    """The networks of `shapes` that learned, or those that did not."""
    return found[found.index.get_level_values("learned") == learned]


def answer(found: pd.DataFrame) -> str:
    """The page's question, answered by networks that learned.

    Args:
        found: Of `shapes`.
    """
    good = learned_part(found)
    if good.empty:
        return (
            "None of these networks has reached the accuracy from which on it counts as one that learned: "
            "what training does to the shape of a learned pattern cannot be seen here."
        )
    return (
        f"Of networks that learned, training moved the deepest layer's pattern inwards in {_inwards(good)}; "
        f"it made its mean larger in {_stronger(good)}; the maximum sits in a corner in {_corners(good)}."
    )


def _count(holds: pd.Series) -> str:
    return f"{int(holds.sum())} of {len(holds)}"


def _inwards(found: pd.DataFrame) -> str:
    """Of networks whose padding reaches inside; how many others there are."""
    reached = reaches_inside(found)
    others = len(found) - len(reached)
    note = f" (in the other {others} padding reaches less far than a seventh of the side)" if others else ""
    return f"{_count(spread_inwards(reached))}{note}"


def _stronger(found: pd.DataFrame) -> str:
    return _count(grew_stronger(found))


def _corners(found: pd.DataFrame) -> str:
    """After training and before it."""
    before = sits_in_a_corner(found, "untrained")
    return f"{_count(sits_in_a_corner(found))} after training, in {_count(before)} before"


CLAIMS: dict[str, Callable[[pd.DataFrame], str]] = {
    "The pattern spreads out with training": _inwards,
    "and strengthens it": _stronger,
    "Its maximum ends up in a corner, whatever the padding": _corners,
}


def beside_the_paper(found: pd.DataFrame) -> pd.DataFrame:
    """What the paper says of maps, and in how many networks it is so.

    Args:
        found: Of `shapes`.
    """
    table = pd.DataFrame({"the paper says": list(CLAIMS)})
    for kind, name in LEARNED.items():
        part = learned_part(found, kind)
        if len(part):
            table[name] = [check(part) for check in CLAIMS.values()]
    return table


def shape_table(found: pd.DataFrame) -> pd.DataFrame:
    """`shapes` as text: mean ± standard deviation over networks, by kind of networks and padding."""
    index = found.index.to_frame(index=False)
    named = found.set_axis(pd.MultiIndex.from_arrays([index["network"], index["padding"], index["learned"]]))
    cells = named.groupby(level=[0, 1, 2], sort=False)
    mean, spread = cells.mean(), cells.std()
    table = pd.DataFrame({column: plus_minus(mean[column], spread[column], 2) for column in found})
    names = [(label(network, learned), padding) for network, padding, learned in table.index]
    return table.set_axis(pd.MultiIndex.from_tuples(names, names=CELL))
