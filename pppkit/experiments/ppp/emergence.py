"""Figure 1: the pattern emerging from the mist as the number of images grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ... import models
from ...checks import one_of
from ...measure import measure_ppp
from ...results.store import Store, load_maps, provenance, save_maps
from ...scenes import open_source

KEY = ("model", "weights_seed", "source", "padding", "profile", "n")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 20, "size": 96, "width": 0.25},
    "published": {"n": 480, "size": 224, "width": 1.0},
    "paper": {"n": 480, "size": 224, "width": 1.0},
}
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 480)
PADDINGS = ("randn", "zeros")


def run(
    folder: str | Path,
    profile: str,
    source: str,
    satellite: str | Path | None = None,
    model: str = "resnet50",
    weights: str | None = None,
) -> tuple[pd.DataFrame, dict[tuple[str, ...], Any]]:
    """Measures the convergence of one network's pattern, unless its rows are present.

    Args:
        folder: Where `emergence.csv` and `maps/` are.
        profile: One of `PROFILES`.
        source: One of `pppkit.scenes.SOURCES`.
        satellite: Folder of the satellite mosaics.
        model: A name for `pppkit.models.build`.
        weights: A checkpoint's file; None for an untrained network. One of `pppkit.models.save` brings its own network along.
            `{padding}` in it stands for each padding's name, for networks that were trained under the padding they are measured with.

    Returns:
        Rows (padding, layer, n, metrics and their intervals), and for each (kind, padding, layer) the maps ppp, optimal and
        padded after each of the numbers of images, `(counts, H, W)`.
    """
    one_of("profile", profile, PROFILES)
    folder, p = Path(folder), PROFILES[profile]
    files = {padding: weights.replace("{padding}", padding) if weights else None for padding in PADDINGS}
    for file in files.values():
        if file and not Path(file).is_file():
            raise ValueError(f"weights={weights!r}: {file} does not exist")
    seeds = {padding: Path(file).stem if file else "0" for padding, file in files.items()}
    store = Store(folder / "emergence.csv", KEY)
    own = {"model": model, "source": source, "profile": profile}
    trials = [
        own | {"weights_seed": seed, "padding": padding, "n": n}
        for padding, seed in seeds.items()
        for n in COUNTS
        if n <= p["n"]
    ]
    label = Path(weights.replace("{padding}", "each")).stem if weights else "0"
    path = folder / "maps" / f"emergence_{model}_{label}_{source}_{profile}.npz"
    if store.missing(trials) or not path.exists():
        scenes = open_source(source, {"satellite": satellite})
        results = {}
        for file in dict.fromkeys(files.values()):
            net = models.from_checkpoint(file, model) if file else models.build(model, width=p["width"])
            paddings = [k for k, v in files.items() if v == file]
            results[file] = measure_ppp(
                net, scenes, padding=paddings, n=p["n"], size=p["size"], counts=COUNTS
            )
        snapshots = [item for result in results.values() for item in result.snapshots.items()]
        save_maps(path, {(kind, *key): stack for key, kinds in snapshots for kind, stack in kinds.items()})
        for result in results.values():
            made = result.rows.iloc[0][["size", "margin", "seed", "seconds", "device", "dtype"]].to_dict()
            names = {**own, **{k: v for k, v in provenance(profile).items() if k != "profile"}}
            rows = result.convergence.assign(**names, **made)
            store.append(rows.assign(weights_seed=rows["padding"].map(seeds)), present="skip")
    return store.rows(trials), load_maps(path)
