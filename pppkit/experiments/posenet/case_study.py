"""PosENet's case study: what read-outs draw, as `posenet_tables` leaves it beside its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...results.maps import block_means
from ..context import Trial
from .encoders import ALONE, named
from .patterns import pattern
from .pictures import READ
from .read_outs import TESTS
from .reproduction_grids import FIVE, THREE
from .reproduction_maps import map_file, maps

TARGET = "target"


def title(trial: Trial) -> str:
    """What pages call the network of a trial."""
    return named(trial["model"], trial["weights"])


def with_maps(folder: str | Path, trials: Sequence[Trial]) -> list[Trial]:
    """The trials whose maps are in a folder; the picture alone, which draws nothing, comes last."""
    found = [trial for trial in trials if map_file(folder, trial).is_file()]
    return sorted(found, key=lambda trial: trial["model"] == ALONE)


def drawings(folder: str | Path, trials: Sequence[Trial]) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """For each network what its read-outs draw after training, beside the target.

    Returns:
        By the network's title: by pattern and picture (`"target"` first) a map of 28 x 28.
    """
    out = {}
    for trial in with_maps(folder, trials):
        found = maps(folder, trial)
        panels: dict[tuple[str, str], np.ndarray] = {}
        for name in FIVE:
            panels[name, TARGET] = block_means(pattern(name).numpy(), READ)
            panels |= {(name, test): found[name, test] for test in TESTS}
        out[title(trial)] = panels
    return out


def films(
    folder: str | Path, trials: Sequence[Trial], patterns: Sequence[str] = THREE
) -> dict[tuple[str, str], list[np.ndarray]]:
    """For each network and pattern the map on pictures with content after each epoch."""
    out = {}
    for trial in with_maps(folder, trials):
        found = maps(folder, trial)
        for name in patterns:
            epochs = sorted(int(key[2]) for key in found if key[0] == name and len(key) == 3)
            out[title(trial), name] = [found[name, "images", str(epoch)] for epoch in epochs]
    return out


def contrast(panels: dict[tuple[str, str], np.ndarray], name: str, picture: str = "images") -> float:
    """How far a drawn map goes from its lowest to its highest point: 0 where it is constant."""
    return float(np.ptp(panels[name, picture]))


def answer(found: dict[str, dict[tuple[str, str], np.ndarray]], name: str = "horizontal") -> str:
    """Between which networks drawings of one pattern lie, on pictures and on black.

    Args:
        found: Of `drawings`.
        name: A pattern whose target goes from 0 to 1.
    """
    parts = []
    for picture, words in (("images", "pictures"), ("black", "black")):
        spans = sorted((contrast(panels, name, picture), network) for network, panels in found.items())
        ends = " to ".join(f"{value:.2f} ({network})" for value, network in (spans[0], spans[-1]))
        parts.append(f"{ends} on {words}")
    return f"Of the {name} gradient, from 0 to 1, read-outs draw a map that spans {'; '.join(parts)}."
