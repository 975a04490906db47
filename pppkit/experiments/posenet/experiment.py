"""PosENet: can a small read-out find position in frozen features?

Islam, Jia and Bruce, ICLR 2020; Table 2 of the PPP paper.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ... import models
from ...checks import one_of
from ...scenes import SOURCES
from ..base import Experiment
from ..context import Context, Trial, as_list, choices, needs_pictures
from ..ppp import chronology, learned, own_networks
from .patterns import PATTERNS
from .read_outs import read_outs

KEY = (*chronology.KEY, "weights", "source", "pattern", "depth", "kernel", "readout_padding", "trial")
WEIGHTS = ("untrained", "trained")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"train": 96, "test": 32, "epochs": 15, "trials": 5},
    "published": {"train": 512, "test": 96, "epochs": 15, "trials": 5},
    "paper": {"train": 10553, "test": 850, "epochs": 15, "trials": 5},  # DUT-S and PASCAL-S
}


def grid(
    profile: str = "published",
    networks: Sequence[Trial] | None = None,
    source: str | Sequence[str] = SOURCES,
    weights: str | Sequence[str] = WEIGHTS,
    pattern: str | Sequence[str] = "gaussian",
    depth: int | Sequence[int] = 1,
    kernel: int | Sequence[int] = 3,
    readout_padding: int | Sequence[int] = 0,
) -> list[dict[str, Any]]:
    """One trial for each network and setting: the profile's number of read-outs, trained side by side.

    Args:
        profile: One of `PROFILES`.
        networks: Trials of `chronology` or `learned`, of that profile; None for the grid of `chronology`.
        source: Of `pppkit.scenes.SOURCES`, one or several; and so the others:
        weights: Of `WEIGHTS`.
        pattern: Of `PATTERNS`.
        depth: Of the read-out.
        kernel: Of the read-out.
        readout_padding: Of the read-out.

    Raises:
        ValueError: For an unknown name, or networks of another profile.
    """
    one_of("profile", profile, PROFILES)
    networks = chronology.EXPERIMENT.trials(profile) if networks is None else networks
    for network in networks:
        if network["profile"] != profile:
            raise ValueError(f"networks: {dict(network)} is not of profile={profile!r}")
    columns = {
        "weights": choices("weights", weights, WEIGHTS),
        "source": choices("source", source, SOURCES),
        "pattern": choices("pattern", pattern, PATTERNS),
        "depth": as_list(depth),
        "kernel": as_list(kernel),
        "readout_padding": as_list(readout_padding),
    }
    read_outs = tuple(range(PROFILES[profile]["trials"]))
    return [
        {**network, **dict(zip(columns, values)), "trial": read_outs}
        for network in networks
        for values in itertools.product(*columns.values())
    ]


def shown(profile: str, networks: Sequence[Trial], source: str | Sequence[str]) -> list[dict[str, Any]]:
    """The trials of a page: of the profile `"published"` those of the committed rows.

    Args:
        profile: One of `PROFILES`.
        networks: As in `grid`.
        source: As in `grid`.
    """
    asked = grid(profile, networks, source)
    if profile != "published":
        return asked
    committed = published()
    return [trial for trial in asked if trial in committed]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: every network of Figure 5, those that learned on scenes alone."""
    return [*grid(), *grid(networks=learned.EXPERIMENT.trials(), source="scenes")]


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """All read-outs of one network on one source, a row for each; its weights lie in the context's folder."""
    layers, size = models.LAYERS_OF_INTEREST[trial["model"]], chronology.settings(trial)["size"]
    model = chronology.load(trial, _home(trial, context), trained=trial["weights"] == "trained")
    return read_outs(model.to(context.device), layers, size, trial, PROFILES[trial["profile"]], context)


def _home(trial: Trial, context: Context) -> Path:
    """The folder with the weights of a trial's network."""
    return context.weights(f"{chronology.name(trial)}.pt").parents[1]


def check(trial: Trial, context: Context) -> None:
    """Refuses a network that was not trained yet."""
    chronology.load(trial, _home(trial, context))


def after(trial: Trial) -> list[tuple[Experiment, Trial]]:
    """The training that leaves the weights."""
    return [own_networks.training(trial)]


EXPERIMENT = Experiment(
    name="posenet",
    title="Table 2: position that a read-out finds in frozen features",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    needs=needs_pictures,
    check=check,
    after=after,
    within=("trial",),
    metrics=("spc images", "mae images"),
    tolerance=1e-2,
    floor=0.1,
)
