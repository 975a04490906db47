"""Networks whose position information is known, asked by PosENet and by PPP: which of the two is right?

Neither paper has such controls. What is known is known by construction: windows of endless scenes have the
same statistics at every place, so a network without padding and without coordinates cannot know where it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pandas as pd
import torch
from torch import nn

from ...alignment import padding_reach
from ...checks import one_of
from ...measure import measure_ppp
from ...training import Recipe, fit
from ..base import Experiment
from ..context import Context, Trial, as_list, choices
from .control_networks import STAGES, VIEWS, ControlNetwork, Interior, Shuffled, with_views
from .control_training import PlaceModule, frames
from .patterns import PATTERNS
from .read_outs import read_outs

UNTRAINED, TRAINED = "untrained", "trained"
# What is asked about a network: all of it, its inside that no padding reaches, or its places in no order.
WHOLE, MASKED, SHUFFLED = "plain", "masked", "shuffled"
COORDINATES = "coordinates"
CONTROLS = (WHOLE, MASKED, SHUFFLED, COORDINATES)
PADDINGS = ("none", "zeros", "reflect", "circular", "randn")
ASKED = ("horizontal", "gaussian")  # patterns
LAYERS = (STAGES[0], STAGES[-1])
GATE = 0.8  # of `accuracy`, a mean over nine cells; chance is 1/9. Chosen before PosENet and PPP were asked
KEY = ("control", "weights", "padding", "seed", "pattern", "trial", "profile")
READ_OUT: dict[str, Any] = {"source": "scenes", "depth": 1, "kernel": 3, "readout_padding": 0}
# `frames` to learn places from, `held_out` for their accuracy, epochs of `learning`; `n` pictures of PPP;
# pictures that read-outs `train` on, and that `test` them; read-outs (`trials`) and networks.
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {
        "frames": 128,
        "held_out": 32,
        "learning": 3,
        "n": 8,
        "train": 64,
        "test": 16,
        "trials": 1,
        "networks": 1,
    },
    "published": {
        "frames": 1024,
        "held_out": 128,
        "learning": 6,
        "n": 32,
        "train": 256,
        "test": 32,
        "trials": 2,
        "networks": 3,
    },
    "paper": {
        "frames": 20000,
        "held_out": 1000,
        "learning": 20,
        "n": 480,
        "train": 10553,
        "test": 850,
        "trials": 5,
        "networks": 5,
    },
}
EPOCHS = 15  # of the read-outs
SIZE = 64  # pixels
RECIPE = Recipe(lr=5e-3, flip=False)
BATCH = 32


def grid(
    profile: str = "published",
    padding: str | Sequence[str] = PADDINGS,
    pattern: str | Sequence[str] = ASKED,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """A trial for each network; what is asked about one network is measured together.

    Args:
        profile: One of `PROFILES`.
        padding: Of `PADDINGS`, one or several.
        pattern: Of `pppkit.experiments.posenet.PATTERNS`, one or several.
        networks: Seeds of each cell; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    schemes = choices("padding", padding, PADDINGS)
    read = {
        "pattern": tuple(choices("pattern", pattern, PATTERNS)),
        "trial": tuple(range(PROFILES[profile]["trials"])),
        "profile": profile,
    }
    found = []
    for seed in range(networks or PROFILES[profile]["networks"]):
        for scheme in schemes:
            views = (WHOLE,) if scheme == "none" else (WHOLE, MASKED, SHUFFLED)
            kinds = [((WHOLE,), UNTRAINED), (views, TRAINED), ((COORDINATES,), TRAINED)]
            if scheme == "none":
                kinds.append(((COORDINATES,), UNTRAINED))
            for control, weights in kinds:
                names = {"control": control, "weights": weights, "padding": scheme, "seed": seed}
                found.append({**names, **read})
    return found


def shown(profile: str, padding: Sequence[str]) -> list[dict[str, Any]]:
    """The trials that a page shows: without padding always, since chance is told from those networks."""
    chosen = [scheme for scheme in PADDINGS if scheme in padding or scheme == PADDINGS[0]]
    return grid(profile, chosen)


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for."""
    one_of("profile", trial["profile"], PROFILES)
    return {**PROFILES[trial["profile"]], "epochs": EPOCHS, "size": SIZE}


def network(trial: Trial) -> ControlNetwork:
    """The untrained network of a trial, in eval mode."""
    coordinates = SIZE if COORDINATES in as_list(trial["control"]) else 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial["seed"])
        return ControlNetwork(coordinates=coordinates).eval()


def teach(model: ControlNetwork, trial: Trial, context: Context) -> float:
    """Trains a network to tell places by what its padding, or its coordinates, leave; gives its accuracy."""
    chosen = settings(trial)
    module = PlaceModule(model, trial["padding"], RECIPE, seed=trial["seed"])
    train = frames(chosen["frames"], SIZE, 101)
    held_out = frames(chosen["held_out"], SIZE, 102)
    with tempfile.TemporaryDirectory() as folder:
        trainer = fit(
            module,
            train,
            held_out,
            epochs=chosen["learning"],
            folder=folder,
            batch=BATCH,
            precision="bf16-mixed",
            progress=False,
            **context.hardware,
        )
    model.to(context.device).eval()
    return float(trainer.callback_metrics["val_accuracy"])


@lru_cache
def rims() -> dict[str, int]:
    """How many places of each stage padding reaches on each side, by the name of its view."""
    reach = padding_reach(ControlNetwork().eval(), STAGES, SIZE, "zeros")
    sides = reach[["top", "left", "bottom", "right"]].max(axis=1)
    return {view: int(sides[stage]) for view, stage in zip(VIEWS, STAGES)}


def viewed(model: ControlNetwork, control: str) -> ControlNetwork:
    """A network as a control reads it: its inside, its places in no order, or as it is."""
    views: dict[str, nn.Module] = {}
    if control == MASKED:
        views = {view: Interior(rim) for view, rim in rims().items()}
    elif control == SHUFFLED:
        views = {view: Shuffled() for view in VIEWS}
    return with_views(model, views)


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One network: a row for each control, layer, pattern and read-out, with PPP of the same layer."""
    model, accuracy = network(trial).to(context.device), float("nan")
    if trial["weights"] == TRAINED:
        accuracy = teach(model, trial, context)
    parts = []
    for control in as_list(trial["control"]):
        ppp = ppp_by_layer(model, control, trial, context)
        seen = viewed(model, control)
        for stage in LAYERS:
            for pattern in trial["pattern"]:
                asked = {**trial, **READ_OUT, "pattern": pattern}
                view = VIEWS[STAGES.index(stage)]
                rows = read_outs(seen, [view], SIZE, asked, settings(trial), context)
                named = {"control": control, "layer": stage, "pattern": pattern, **ppp[stage]}
                parts.append(rows.assign(**named))
    return pd.concat(parts, ignore_index=True).assign(accuracy=accuracy, size=SIZE)


def ppp_by_layer(
    model: ControlNetwork, control: str, trial: Trial, context: Context
) -> dict[str, dict[str, float]]:
    """SNR-PPP and MAE-PPP by stage.

    Shuffled places are measured before they are shuffled: both metrics are means over places and do not know
    their order.
    """
    seen = model if control == SHUFFLED else viewed(model, control)
    views = [VIEWS[STAGES.index(stage)] for stage in LAYERS]
    result = measure_ppp(
        seen,
        context.open(READ_OUT["source"]),
        views,
        padding=trial["padding"],
        size=SIZE,
        n=settings(trial)["n"],
        batch_size=BATCH,
        progress=context.progress,
    )
    columns = ["snr_ppp", "snr_ppp_ci95", "mae_ppp", "mae_ppp_ci95"]
    found = result.rows.set_index("layer")[columns]
    return {stage: found.loc[view].to_dict() for stage, view in zip(LAYERS, views)}


EXPERIMENT = Experiment(
    name="posenet_controls",
    title="PosENet and PPP on networks whose position information is known",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    resolve=settings,
    here=True,
    within=("layer",),
    metrics=("snr_ppp", "mae_ppp", "spc images", "mae images", "accuracy"),
    tolerance=5e-2,
    floor=0.2,
)
