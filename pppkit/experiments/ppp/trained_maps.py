"""Maps of trained networks as pages show them: panels, surfaces, steps and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...checks import one_of
from ...models import LAYERS_OF_INTEREST, TITLES
from ...results.text import plus_minus
from . import chronology

Network = tuple[str, str, str, int]  # model, data, padding, seed
Maps = dict[tuple[str, ...], np.ndarray]  # PPP `(H, W)` by epoch, source and layer


def load(folder: str | Path, trials: Iterable[Mapping[str, Any]]) -> dict[Network, Maps]:
    """The maps of networks without those without padding, which have no pattern."""
    return {
        (t["model"], t["data"], t["padding"], t["seed"]): chronology.maps(folder, t)
        for t in trials
        if t["padding"] != "none"
    }


def first_networks(maps: Mapping[Network, Maps]) -> dict[Network, Maps]:
    """Of each cell the network of seed 0, whose maps are kept for every layer."""
    return {network: found for network, found in maps.items() if network[3] == 0}


def ends(found: Maps, source: str) -> dict[str, dict[str, np.ndarray]]:
    """A network's maps before and after training: `"untrained"` and `"trained"`, each by layer.

    Args:
        found: One network's.
        source: The pictures it was measured on.

    Raises:
        ValueError: For pictures that it was not measured on.
    """
    one_of("source", source, {pictures for _, pictures, _ in found})
    last = max(int(epoch) for epoch, _, _ in found)
    return {
        name: {layer: z for (e, pictures, layer), z in found.items() if (e, pictures) == (epoch, source)}
        for name, epoch in (("untrained", "0"), ("trained", str(last)))
    }


def panels(
    maps: Mapping[Network, Maps], model: str, data: str, source: str
) -> dict[tuple[str, str], np.ndarray]:
    """Maps of one family for a gallery: by padding and `untrained` or `trained`, and by layer."""
    return {
        (f"{padding}<br>{name}", f"layer {level}"): z
        for (m, d, padding, _), found in maps.items()
        if (m, d) == (model, data)
        for name, layers in ends(found, source).items()
        for level, z in enumerate(layers.values(), 1)
    }


def surfaces(
    maps: Mapping[Network, Maps], source: str, levels: Sequence[int] = (3, 4)
) -> dict[tuple[str, str, str], np.ndarray]:
    """Maps before and after training by network and layer, padding, and `"untrained"` or `"trained"`."""
    shown = {}
    for (model, data, padding, _), found in maps.items():
        both = ends(found, source)
        for level in levels:
            layer = LAYERS_OF_INTEREST[model][level - 1]
            for name, layers in both.items():
                shown[f"{TITLES[model]} on {data}, layer {level}", padding, name] = layers[layer]
    return shown


def trained_surfaces(maps: Mapping[Network, Maps]) -> dict[tuple[str, str, str], np.ndarray]:
    """Maps after training by network and layer, padding, and the pictures that were measured."""
    shown = {}
    for (model, data, padding, _), found in maps.items():
        last = max(int(epoch) for epoch, _, _ in found)
        for (epoch, source, layer), z in found.items():
            if int(epoch) == last:
                level = 1 + LAYERS_OF_INTEREST[model].index(layer)
                shown[f"{TITLES[model]} on {data}, layer {level}", padding, source] = z
    return shown


def along_training(found: Maps, source: str, layer: str) -> dict[int, np.ndarray]:
    """One network's maps of a layer by epoch, in the order of time."""
    steps = {int(epoch): z for (epoch, pictures, at), z in found.items() if (pictures, at) == (source, layer)}
    return dict(sorted(steps.items()))


def shapes(maps: Mapping[Network, Maps], source: str) -> pd.DataFrame:
    """`pppkit.experiments.ppp.chronology.outline` of the deepest map, before and after training.

    Returns:
        One row for each network; columns `("corner / side", "untrained")`, `("share inside", "untrained")`
        and the same for `"trained"`.
    """
    rows = {}
    for (model, data, padding, seed), found in maps.items():
        row: dict[tuple[str, str], float] = {}
        for name, layers in ends(found, source).items():
            corner, inside = chronology.outline(list(layers.values())[-1])
            row |= {("corner / side", name): corner, ("share inside", name): inside}
        rows[TITLES[model], data, padding, seed] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["network", "trained on", "padding", "seed"])
    return table


def shape_table(found: pd.DataFrame) -> pd.DataFrame:
    """`shapes` as text: mean ± standard deviation over networks."""
    cells = found.groupby(level=[0, 1, 2], sort=False)
    mean, spread = cells.mean(), cells.std()
    return pd.DataFrame({column: plus_minus(mean[column], spread[column], 2) for column in found})


def shape_sentence(found: pd.DataFrame) -> str:
    """In how many networks the pattern moved inwards, and in how many its maximum sits in a corner."""
    inwards = (found["share inside", "trained"] > found["share inside", "untrained"]).sum()
    cornered = (found["corner / side", "trained"] > 1).sum()
    return (
        f"training moved the pattern inwards in {inwards} of {len(found)} networks; "
        f"the maximum sits in a corner in {cornered} of {len(found)}"
    )
