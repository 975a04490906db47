"""PosENet on networks that others have trained, beside the same untrained: those of `published_networks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ... import models
from ...checks import one_of
from ...padding import FILLS
from ...scenes import SOURCES
from ..base import Experiment
from ..context import Context, Trial, choices
from ..ppp import published_networks as networks
from .patterns import PATTERNS
from .read_outs import read_outs

READ_OUT = {"depth": 1, "kernel": 3, "readout_padding": 0}  # the first of Islam et al.'s
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"train": 96, "test": 32, "epochs": 15, "trials": 5, "networks": 1, "padding": FILLS[:2]},
    "published": {"train": 512, "test": 96, "epochs": 15, "trials": 5, "networks": 5, "padding": FILLS},
    "paper": {"train": 10553, "test": 850, "epochs": 15, "trials": 5, "networks": 5, "padding": FILLS},
}
RESNETS = ("cifar_resnet20", "cifar_resnet56")


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str | Sequence[str] = tuple(networks.NETWORKS),
    weights: str | Sequence[str] | None = None,
    pattern: str | Sequence[str] = "gaussian",
    padding: str | Sequence[str] | None = None,
    count: int | None = None,
) -> list[dict[str, Any]]:
    """One trial for each network, padding and pattern: the profile's number of read-outs, side by side.

    Args:
        profile: One of `PROFILES`.
        source: As in `published_networks.grid`, and so `model` and `weights`.
        model: Networks.
        weights: Trained, or untrained of one of two initialisations.
        pattern: Of `PATTERNS`, one or several.
        padding: Padding schemes; None for the profile's.
        count: Untrained networks of each initialisation; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    p, patterns = PROFILES[profile], choices("pattern", pattern, PATTERNS)
    schemes = choices("padding", padding or p["padding"], FILLS)
    several = tuple(range(p["trials"]))
    return [
        {**network, "padding": scheme, "pattern": name, "trial": several}
        for network in networks.grid(profile, source, model, weights)
        if network["weights_seed"] < (count or p["networks"])
        for scheme in schemes
        for name in patterns
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows, a part of the grid: SqueezeNet's features fill 2 GB and take long."""
    return [
        *grid(source="scenes", model=RESNETS, weights=networks.TRAINED),
        *grid(source="satellite", model="cifar_resnet20", weights=networks.TRAINED),
        *grid(source="scenes", model="squeezenet1_0", weights=networks.TRAINED, padding="zeros"),
        *grid(source="scenes", model=RESNETS, weights="kaiming", count=2),
    ]


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for."""
    return {**PROFILES[trial["profile"]], "size": networks.settings(trial)["size"], **READ_OUT}


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """All read-outs of one network, a row for each; of a trained one `weights_digest` names the file."""
    found = settings(trial)
    model, layers = networks.build(trial, context), models.LAYERS_OF_INTEREST[trial["model"]]
    asked, seed = {**trial, **READ_OUT}, trial["weights_seed"]
    rows = read_outs(model, layers, found["size"], asked, found, context, seed)
    if trial["weights"] == networks.TRAINED:
        rows["weights_digest"] = networks.weights_digest(trial, context)
    return rows.assign(size=found["size"], **READ_OUT)


EXPERIMENT = Experiment(
    name="posenet_published",
    title="Position that a read-out finds in networks that others have trained",
    key=(*networks.EXPERIMENT.key, "pattern", "trial"),
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    needs=networks.needs,
    check=networks.check,
    here=True,
    within=("trial",),
    metrics=("spc images", "mae images"),
    tolerance=1e-2,
    floor=0.1,
)
