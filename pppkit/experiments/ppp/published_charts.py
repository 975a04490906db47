"""What the page of `published_networks` draws: every network as a point, and maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results.maps import load_maps
from .published_networks import TRAINED, map_file
from .published_tables import KINDS, after_padding, by_place, depths


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Every network as a point for `pppkit.figures.strip_menu`, at layers after some padding.

    Returns:
        Columns `network`, `source`, `depth` ("layer k of n" by place), `padding`, `weights`, `value`, and
        `error`, the half-width over images of a trained network's interval.
    """
    kept, places = after_padding(rows), depths(rows)
    depth = [places[key] for key in zip(kept["model"], kept["layer"])]
    found = kept[["source", "padding", "layer"]].assign(
        network=kept["model"].map(TITLES),
        depth=depth,
        weights=kept["weights"].map(KINDS),
        value=kept["snr_ppp"],
        error=kept["snr_ppp_ci95"].where(kept["weights"] == TRAINED),
    )
    order = {name: i for i, name in enumerate(by_place(3))}
    shown = list(KINDS.values())
    placed = found.assign(place=found["depth"].map(order), kind=found["weights"].map(shown.index))
    return placed.sort_values(["kind", "place"], kind="stable").drop(columns=["place", "kind"])


def deepest_maps(
    folder: str | Path, trials: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str], dict[tuple[str, str], np.ndarray]]:
    """Maps of the deepest layer of the first network of each kind, for galleries.

    Args:
        folder: Of the rows.
        trials: Of `published_networks`.

    Returns:
        By network and pictures, the maps `(H, W)` by kind of weights and padding.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], np.ndarray]] = {}
    for trial in trials:
        if trial["weights_seed"] != 0:
            continue
        shown = found.setdefault((TITLES[trial["model"]], trial["source"]), {})
        kind = KINDS[trial["weights"]].replace(", ", "<br>")
        for (padding, *_), z in load_maps(map_file(folder, trial)).items():
            shown[kind, padding] = z
    return found
