"""Encoders of networks that label pixels, for read-outs: the paper's VGG-SOD and VGG-SS, as ours are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from ... import models
from ...padding import FILLS
from ...training import SCENES
from ..context import SATELLITE, Context, Trial
from ..ppp import published_networks
from . import tasks
from .encoders import TRAINED, UNTRAINED, Encoder, register

NAMES = {
    "vgg_fcn_saliency": (tasks.SALIENCY, SCENES),
    "vgg_fcn_segmentation": (tasks.SEGMENTATION, SATELLITE),
}


def learned(trial: Trial) -> dict[str, Any]:
    """The trial of `posenet_tasks` that leaves an encoder's weights: the first network of its padding."""
    task, data = NAMES[trial["model"]]
    own = {"padding": trial["padding"], "seed": 0, "profile": trial["profile"]}
    return {"task": task, "model": "vgg_fcn", "data": data, **own}


def weights(trial: Trial, context: Context) -> Path:
    """The file of its weights, which may not exist."""
    return context.weights(f"{tasks.name(learned(trial))}.pt")


def check(trial: Trial, context: Context) -> None:
    """Refuses a network that was not trained yet."""
    if not weights(trial, context).is_file():
        raise ValueError(
            f"{weights(trial, context)} does not exist; train the network first: "
            "python -m pppkit.experiments run posenet_tasks"
        )


def build(trial: Trial, context: Context) -> nn.Module:
    """The network, trained, or as it started."""
    network = models.load(weights(trial, context))
    if trial["weights"] == UNTRAINED:
        made: Any = network.pppkit_built
        network = models.build(**made, init="kaiming")
    return network.to(context.device)


def _digest(trial: Trial, context: Context) -> str:
    return published_networks.digest(weights(trial, context)) if trial["weights"] == TRAINED else ""


for _name, (_task, _) in NAMES.items():
    register(
        _name,
        Encoder(
            title=f"VGG-FCN, {_task}",
            layers=models.LAYERS_OF_INTEREST["vgg_fcn"],
            size=tasks.COMMON["size"],
            weights=(TRAINED, UNTRAINED),
            build=build,
            after=lambda trial: [(tasks.EXPERIMENT, learned(trial))],
            check=check,
            digest=_digest,
            paddings=(*FILLS, tasks.NONE),
            each=True,
        ),
    )
