"""What the statistics that BatchNorm starts with do to the pattern of untrained networks.

An untrained network is measured in eval mode, where BatchNorm divides by running statistics that nothing has
set yet: mean 0 and variance 1, whatever its features are. Here also with the statistics of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from ... import models
from ...checks import one_of
from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...scenes import SOURCES, windows
from ..base import Experiment
from ..context import Context, Trial, as_list, choices, needs_pictures
from .interventions import with_statistics_of
from .snr_parts import snr_parts

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 4, "seen": 32, "networks": 1, "size": 32},
    "published": {"n": 60, "seen": 256, "networks": 5, "size": 32},
    "paper": {"n": 480, "seen": 1024, "networks": 5, "size": 32},
}
NETWORKS = ("cifar_resnet20", "cifar_resnet56")
AS_BUILT, OF_IMAGES = "mean 0, variance 1", "of images"
SEED = 11  # of the images whose statistics are taken; those that are measured have 0


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str | Sequence[str] = NETWORKS,
    padding: str | Sequence[str] = "zeros",
) -> list[dict[str, Any]]:
    """Trials, networks outermost; He et al.'s initialisation.

    Args:
        profile: One of `PROFILES`.
        source: Of `pppkit.scenes.SOURCES`, one or several.
        model: Of `NETWORKS`, one or several.
        padding: Padding schemes, one or several.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    sources, names = choices("source", source, SOURCES), choices("model", model, NETWORKS)
    return [
        {"model": name, "weights_seed": seed, "source": pictures, "padding": scheme, "profile": profile}
        for seed in range(PROFILES[profile]["networks"])
        for name in names
        for pictures in sources
        for scheme in as_list(padding)
    ]


def _images(scenes: Any, n: int, size: int, like: Tensor) -> Tensor:
    """Other windows than those that are measured, normalised: `(n, 3, size, size)`."""
    pixels = torch.stack([window.read() for window in windows(scenes, n, size, SEED)])
    return ImageScaling.of(3, IMAGENET)(pixels, like)


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One untrained network with either statistics: a row for each and each layer."""
    p, name = PROFILES[trial["profile"]], trial["model"]
    model = models.build(name, num_classes=10, init="kaiming", seed=trial["weights_seed"]).to(context.device)
    scenes, layers, padding = context.open(trial["source"]), models.LAYERS_OF_INTEREST[name], trial["padding"]
    images = _images(scenes, p["seen"], p["size"], next(model.parameters()))
    networks = {AS_BUILT: model, OF_IMAGES: with_statistics_of(model, images, padding)}
    parts = []
    for statistics, network in networks.items():
        rows = snr_parts(network, scenes, layers, padding, size=p["size"], n=p["n"])
        parts.append(rows.assign(statistics=statistics))
    return pd.concat(parts, ignore_index=True).assign(seen=p["seen"], init="kaiming")


EXPERIMENT = Experiment(
    name="initial_statistics",
    title="Untrained ResNets with the statistics of images in BatchNorm",
    key=("model", "weights_seed", "source", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=needs_pictures,
    within=("statistics", "layer"),
    metrics=("snr_ppp", "mae_ppp", "distance", "sigma"),
)
