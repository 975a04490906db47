"""The maps that read-outs of PosENet's tables predict, as files beside the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...results.maps import load_maps
from ..context import Trial, as_list
from .reproduction_grids import FIVE, SETTINGS


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the predicted maps of a network are, of its first read-outs of the paper's first shape."""
    name = "_".join(str(trial[k]) for k in ("profile", "model", "weights", "padding", "source"))
    return Path(folder) / "maps" / f"posenet_tables_{name}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """The predicted maps of a network, 28 x 28.

    Returns:
        By pattern and picture (of `TESTS`) the mean over test images after training; with the number of an
        epoch as third key the mean over the test pictures after that epoch.
    """
    return load_maps(map_file(folder, trial))


def is_kept(trial: Trial) -> bool:
    """Whether a trial has the maps of its network."""
    first = all(as_list(trial[name]) == [value] for name, value in SETTINGS.items())
    return first and set(FIVE) <= set(as_list(trial["pattern"]))
