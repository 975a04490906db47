"""Figure 1: the pattern emerging from the mist as the number of images grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from .. import models
from ..checks import one_of
from ..measure import measure_ppp
from ..results import Store, load_maps, provenance, save_maps
from .sources import open_source

KEY = ("model", "weights_seed", "source", "padding", "profile", "n")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 20, "size": 96, "width": 0.25},
    "published": {"n": 480, "size": 224, "width": 1.0},
    "paper": {"n": 480, "size": 224, "width": 1.0},
}
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 480)
PADDINGS = ("randn", "zeros")


def run(
    folder: str | Path, profile: str, source: str, satellite: str | Path | None = None, model: str = "resnet50", weights: str | None = None
) -> tuple[pd.DataFrame, dict[tuple[str, ...], Any]]:
    """Measures the convergence of one network's pattern, unless its rows are present.

    Args:
        folder: Where `emergence.csv` and `maps/` are.
        profile: One of `PROFILES`.
        source: One of `pppkit.experiments.sources.SOURCES`.
        satellite: Folder of the satellite mosaics.
        model: A name for `pppkit.models.build`.
        weights: A checkpoint's file; None for an untrained network.

    Returns:
        Rows (padding, layer, n, metrics and their intervals), and for each (kind, padding, layer) the maps ppp, optimal and
        padded after each of the numbers of images, `(counts, H, W)`.
    """
    one_of("profile", profile, PROFILES)
    folder, p = Path(folder), PROFILES[profile]
    trial = {"model": model, "weights_seed": Path(weights).stem if weights else 0, "source": source, "profile": profile}
    store = Store(folder / "emergence.csv", KEY)
    path = folder / "maps" / f"emergence_{'_'.join(str(v) for v in trial.values())}.npz"
    if store.missing([trial | {"padding": PADDINGS[0], "n": p["n"]}]) or not path.exists():
        scenes = open_source(source, satellite)
        net = models.build(model, weights=weights) if weights else models.build(model, width=p["width"])
        result = measure_ppp(net, scenes, padding=PADDINGS, n=p["n"], size=p["size"], counts=COUNTS)
        save_maps(path, {(kind, *key): stack for key, kinds in result.snapshots.items() for kind, stack in kinds.items()})
        made = result.rows.iloc[0][["size", "margin", "seed", "seconds", "device", "dtype"]].to_dict()
        store.append(result.convergence.assign(**trial, **made, **{k: v for k, v in provenance(profile).items() if k != "profile"}))
    rows = store.load()
    present = (
        (rows["profile"] == profile)
        & (rows["source"] == source)
        & (rows["model"] == model)
        & (rows["weights_seed"].astype(str) == str(trial["weights_seed"]))
    )
    return rows[present].reset_index(drop=True), load_maps(path)
