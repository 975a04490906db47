"""Maps of trained networks as pages show them: panels, surfaces, steps and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...checks import one_of
from ...models import LAYERS_OF_INTEREST
from ...results.maps import block_means
from . import chronology, own_networks

Network = tuple[str, str, str, int]  # model, data, padding, seed
Maps = dict[tuple[str, ...], np.ndarray]  # PPP `(H, W)` by epoch, source and layer


def load(folder: str | Path, trials: Iterable[Mapping[str, Any]]) -> dict[Network, Maps]:
    """The maps of networks that have any: not of those without padding, which have no pattern."""
    return {
        (t["model"], t["data"], t["padding"], t["seed"]): chronology.maps(folder, t)
        for t in trials
        if t["padding"] != "none" and chronology.map_file(folder, t).exists()
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
    maps: Mapping[Network, Maps], names: Mapping[str, str], sources: Sequence[str], largest: int = 28
) -> dict[tuple[str, str, str], dict[tuple[str, str], np.ndarray]]:
    """Galleries of maps, untrained above trained, a column for each padding.

    Args:
        maps: Of `first_networks`.
        names: What menus call each kind of networks (`pppkit.experiments.ppp.own_networks.choices`).
        sources: The pictures they were measured on. Of kinds of networks that did not learn the first only.
        largest: Wider maps are averaged over blocks.

    Returns:
        By kind of networks, layer and pictures.
    """
    shown: dict[tuple[str, str, str], dict[tuple[str, str], np.ndarray]] = {}
    for kind, (model, data, padding, seed) in _in_order(maps, names):
        known = sources if names[kind] == kind else sources[:1]
        for source in known:
            both = ends(maps[model, data, padding, seed], source)
            for name, layers in both.items():
                for level, z in enumerate(layers.values(), 1):
                    one = shown.setdefault((names[kind], f"layer {level}", source), {})
                    one[name, padding] = block_means(z, largest)
    return shown


def _in_order(maps: Mapping[Network, Maps], names: Mapping[str, str]) -> list[tuple[str, Network]]:
    """Networks with their kinds, in the order of the menus."""
    kinds = [(own_networks.network_name(*network[:2]), network) for network in maps]
    return sorted(kinds, key=lambda pair: list(names).index(pair[0]))


def surfaces(
    maps: Mapping[Network, Maps], names: Mapping[str, str], source: str, largest: int = 28
) -> dict[tuple[str, str, str], np.ndarray]:
    """Maps of the deepest layer before and after training: by kind of networks, padding, and which.

    The arguments are those of `panels`, for one kind of pictures.
    """
    shown = {}
    for kind, network in _in_order(maps, names):
        for name, layers in ends(maps[network], source).items():
            shown[names[kind], network[2], name] = block_means(list(layers.values())[-1], largest)
    return shown


def films(
    maps: Mapping[Network, Maps], names: Mapping[str, str], source: str, largest: int = 28
) -> dict[tuple[str, str], dict[int, np.ndarray]]:
    """Maps of the deepest layer by epoch: of the kinds of networks that learned, else of the first kind.

    Args:
        maps: Of `first_networks`.
        names: What pages call each kind of networks (`pppkit.experiments.ppp.own_networks.choices`).
        source: The pictures they were measured on.
        largest: Wider maps are averaged over blocks.

    Returns:
        By kind of networks and padding.
    """
    kinds = {network: own_networks.network_name(*network[:2]) for network in maps}
    good = [network for network, kind in kinds.items() if names[kind] == kind]
    first = [network for network, kind in kinds.items() if kind == next(iter(kinds.values()))]
    found = {}
    for network in good or first:
        deepest = LAYERS_OF_INTEREST[network[0]][-1]
        steps = along_training(maps[network], source, deepest)
        found[names[kinds[network]], network[2]] = {e: block_means(z, largest) for e, z in steps.items()}
    return found


def along_training(found: Maps, source: str, layer: str) -> dict[int, np.ndarray]:
    """One network's maps of a layer by epoch, in the order of time."""
    steps = {int(epoch): z for (epoch, pictures, at), z in found.items() if (pictures, at) == (source, layer)}
    return dict(sorted(steps.items()))
