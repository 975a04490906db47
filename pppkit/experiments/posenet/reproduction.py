"""PosENet's own tables: which read-outs find which patterns, in which features, of which pictures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from ...checks import one_of
from ...results.maps import block_means, save_maps
from ..base import Experiment
from ..context import Context, Trial, as_list, needs_pictures
from .bank import Bank, Setting
from .bank_learning import learn
from .bank_scores import mean_maps, scores
from .encoders import encoder
from .pictures import READ
from .read_outs import TESTS
from .reproduction_features import read
from .reproduction_grids import (
    ALL,
    FIVE,
    KEY,
    PROFILES,
    READ_OUT,
    TABLES,
    THREE,
    grid,
    published,
    settings,
    shown,
    table,
)
from .reproduction_maps import is_kept, map_file, maps

__all__ = [
    "ALL",
    "EXPERIMENT",
    "FIVE",
    "KEY",
    "PROFILES",
    "READ_OUT",
    "TABLES",
    "THREE",
    "bank",
    "grid",
    "map_file",
    "maps",
    "measure",
    "published",
    "read",
    "settings",
    "shown",
    "table",
]


def needs(trial: Trial) -> Sequence[str]:
    """The pictures, and what the encoder needs."""
    return (*needs_pictures(trial), *encoder(trial).needs(trial))


def check(trial: Trial, context: Context) -> None:
    """Refuses a network that cannot be built here, and stages that it does not have."""
    found = encoder(trial)
    for name in as_list(trial["stages"]):
        one_of("stages", name, (ALL, *(str(i + 1) for i in range(len(found.layers)))))
    found.check(trial, context)


def after(trial: Trial) -> Sequence[tuple[Experiment, Trial]]:
    """The training that leaves the weights of a network of our own."""
    return encoder(trial).after(trial)


def bank(trial: Trial, channels: Sequence[int]) -> tuple[Bank, list[dict[str, Any]]]:
    """The read-outs of a trial, and the names of each."""
    columns = (*READ_OUT, "trial")
    values = itertools.product(*(as_list(trial[name]) for name in columns))
    names = [dict(zip(columns, chosen)) for chosen in values]
    return Bank(channels, [_setting(one) for one in names]), names


def _setting(names: Trial) -> Setting:
    stages = None if names["stages"] == ALL else (int(names["stages"]) - 1,)
    shape = (names["depth"], names["kernel"], names["readout_padding"])
    return Setting(names["pattern"], *shape, stages, seed=names["trial"])


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """All read-outs of one network, a row for each.

    `train_loss` is that of the last epoch; for each of `TESTS` there are `spc`, `mae`, and `nan`, how many of
    `count` maps had no correlation.
    """
    found, features = settings(trial), read(trial, context)
    readouts, names = bank(trial, [maps.shape[1] for maps in features["train"]])
    readouts.to(context.device)
    shown = [i for i, one in enumerate(names) if one["trial"] == 0] if is_kept(trial) else []
    kept: dict[tuple[str, ...], np.ndarray] = {}

    def keep(pictures: Sequence[Tensor], *keys: str) -> None:
        for place, drawn in mean_maps(readouts, pictures, shown).items():
            kept[names[place]["pattern"], *keys] = block_means(drawn.numpy(), READ)

    watched = [maps[: found["noise"]] for maps in features["images"]]
    mixed = max(as_list(trial["depth"])) > 1
    losses: list[Tensor] = []
    for loss in learn(readouts, features["train"], found["epochs"], mixed=mixed):
        losses.append(loss)
        if shown:
            keep(watched, "images", str(len(losses)))
    rows = pd.DataFrame(names).assign(train_loss=losses[-1].tolist())
    for test in TESTS:
        for place, score in enumerate(scores(readouts, features[test])):
            rows.loc[place, [f"{name} {test}" for name in score]] = list(score.values())
        if shown:
            keep(features[test], test)
    if shown:
        save_maps(map_file(context.folder, trial), kept, bits=10)
    sizes = {name: found[name] for name in ("train", "test", "epochs", "size")}
    sizes |= {"precision": "bf16-mixed" if mixed else "32-true"}
    digest = {"weights_digest": encoder(trial).digest(trial, context)}
    return rows.assign(channels=sum(readouts.channels), **sizes, **digest)


EXPERIMENT = Experiment(
    name="posenet_tables",
    title="PosENet's own tables: patterns, depths, kernels, stages and paddings of read-outs",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    needs=needs,
    check=check,
    after=after,
    here=True,
    metrics=("spc images", "mae images"),
    tolerance=1e-2,
    floor=0.1,
)
