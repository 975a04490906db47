"""Untrained networks under every padding: the first rows of Figure 4 and the untrained rows of Table 2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ... import models
from ...checks import one_of
from ...measure import measure_ppp
from ...padding import FILLS
from ...results.maps import load_maps, save_maps
from ...scenes import SOURCES
from ..base import Experiment
from ..context import Context, Trial, as_list, choices, needs_pictures

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 4, "networks": 1, "size": 64, "width": 0.125},
    "published": {"n": 32, "networks": 5, "size": 224, "width": 1.0},
    "paper": {"n": 480, "networks": 5, "size": 224, "width": 1.0},
}
NONE_SIZE = 256  # VGG19 without padding shrinks to nothing below 252 pixels


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str | Sequence[str] = ("resnet50", "vgg19", "efficientnet_b0"),
) -> list[dict[str, Any]]:
    """Every network and source of a profile; the second initialisation for one network only.

    All fills are measured together, because they share the optimal features; VGG19 is measured without
    padding, too.

    Args:
        profile: One of `PROFILES`.
        source: Of `pppkit.scenes.SOURCES`, one or several.
        model: Names for `pppkit.models.build`, one or several.

    Raises:
        ValueError: For an unknown profile or source.
    """
    one_of("profile", profile, PROFILES)
    sources = choices("source", source, SOURCES)
    trials: list[dict[str, Any]] = []
    for seed in range(PROFILES[profile]["networks"]):
        for name in as_list(model):
            for pictures in sources:
                for init in ("default", "kaiming") if seed == 0 else ("default",):
                    network = {"model": name, "init": init, "weights_seed": seed}
                    place = {"source": pictures, "profile": profile}
                    trials.append({**network, **place, "padding": tuple(FILLS)})
                    if name == "vgg19" and init == "default":
                        trials.append({**network, **place, "padding": "none"})
    return trials


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial's network are, if it is the first of its kind: by padding and layer."""
    name = "_".join(str(trial[k]) for k in ("profile", "model", "init", "source"))
    return Path(folder) / "maps" / f"untrained_{name}.npz"


def maps(
    folder: str | Path, trials: Sequence[Trial]
) -> dict[tuple[str, str], dict[tuple[str, ...], np.ndarray]]:
    """PPP maps `(H, W)` of first networks with default weights, by (model, source) and (padding, layer)."""
    first = [
        t for t in trials if t["weights_seed"] == 0 and t["init"] == "default" and t["padding"] != "none"
    ]
    return {(t["model"], t["source"]): load_maps(map_file(folder, t)) for t in first}


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One network: a row for each of the trial's paddings and layers."""
    p, none = PROFILES[trial["profile"]], trial["padding"] == "none"
    model = models.build(trial["model"], width=p["width"], init=trial["init"], seed=trial["weights_seed"])
    result = measure_ppp(
        model.to(context.device),
        context.open(trial["source"]),
        padding=trial["padding"],
        size=max(NONE_SIZE, p["size"]) if none else p["size"],
        n=min(4, p["n"]) if none else p["n"],
        progress=context.progress,
    )
    if trial["weights_seed"] == 0 and not none:
        maps = {name: kinds["ppp"] for name, kinds in result.maps.items()}
        save_maps(map_file(context.folder, trial), maps)
    return result.rows


EXPERIMENT = Experiment(
    name="untrained",
    title="Figure 4 and Table 2: untrained networks under every padding",
    key=("model", "init", "weights_seed", "source", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=needs_pictures,
    here=True,
    within=("layer",),
    metrics=("snr_ppp", "mae_ppp"),
)
