"""Untrained networks under every padding: the first rows of Figure 4 and the untrained rows of Table 2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from ... import models
from ...checks import one_of
from ...measure import PPPResult, measure_ppp
from ...padding import FILLS
from ...results.store import Store, provenance, save_maps
from ...scenes import open_source

KEY = ("model", "init", "weights_seed", "source", "padding", "profile")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 4, "networks": 1, "size": 64, "width": 0.125},
    "published": {"n": 32, "networks": 5, "size": 224, "width": 1.0},
    "paper": {"n": 480, "networks": 5, "size": 224, "width": 1.0},
}
NONE_SIZE = 256  # VGG19 without padding shrinks to nothing below 252 pixels


def trials(profile: str, sources: Sequence[str]) -> list[dict[str, Any]]:
    """Every network and source of a profile; the second initialisation for one network only.

    Args:
        profile: One of `PROFILES`.
        sources: Of `pppkit.scenes.SOURCES`.

    Raises:
        ValueError: For an unknown profile.
    """
    one_of("profile", profile, PROFILES)
    grid = [
        {"model": m, "init": init, "weights_seed": seed, "source": source, "profile": profile}
        for seed in range(PROFILES[profile]["networks"])
        for m in ("resnet50", "vgg19", "efficientnet_b0")
        for source in sources
        for init in (("default", "kaiming") if seed == 0 else ("default",))
    ]
    return [
        t | {"padding": p}
        for t in grid
        for p in ("all", *(["none"] if t["model"] == "vgg19" and t["init"] == "default" else []))
    ]


def measure(trial: dict[str, Any], satellite: str | Path | None = None, progress: bool = True) -> PPPResult:
    """Measures one trial: all fills at once, or the network without padding."""
    p = PROFILES[trial["profile"]]
    none = trial["padding"] == "none"
    model = models.build(trial["model"], width=p["width"], init=trial["init"], seed=trial["weights_seed"])
    size, n = (max(NONE_SIZE, p["size"]), min(4, p["n"])) if none else (p["size"], p["n"])
    return measure_ppp(
        model,
        open_source(trial["source"], {"satellite": satellite}),
        padding=["none"] if none else FILLS,
        size=size,
        n=n,
        progress=progress,
    )


def run(
    folder: str | Path, profile: str, sources: Sequence[str], satellite: str | Path | None = None
) -> pd.DataFrame:
    """Measures what is missing of a profile and returns all its rows.

    Args:
        folder: Where `untrained.csv` is, and `maps/` with the maps of the first network.
        profile: One of `PROFILES`.
        sources: Of `pppkit.scenes.SOURCES`.
        satellite: Folder of the satellite mosaics, where that source is missing rows.

    Returns:
        One row for each model, initialisation, network, source, padding and layer.
    """
    folder = Path(folder)
    store = Store(folder / "untrained.csv", KEY)
    todo = [
        t
        for t in trials(profile, sources)
        if store.missing([t | {"padding": "zeros" if t["padding"] == "all" else t["padding"]}])
    ]
    for source in {t["source"] for t in todo}:
        open_source(source, {"satellite": satellite})  # refuse a missing folder before any work
    for trial in tqdm(todo, desc="untrained networks", unit="network", disable=not todo):
        result = measure(trial, satellite)
        names = {k: trial[k] for k in ("model", "init", "weights_seed", "source")}
        rows = result.rows.assign(**names, **provenance(profile))
        if trial["weights_seed"] == 0 and trial["padding"] == "all":
            maps = {(padding, layer): kinds["ppp"] for (padding, layer), kinds in result.maps.items()}
            save_maps(
                folder
                / "maps"
                / f"untrained_{profile}_{trial['model']}_{trial['init']}_{trial['source']}.npz",
                maps,
            )
        store.append(rows[[*names, *result.rows.columns, *provenance(profile)]])
    rows = store.load()
    return rows[(rows["profile"] == profile) & rows["source"].isin(list(sources))].reset_index(drop=True)
