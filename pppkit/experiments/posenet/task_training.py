"""How the networks that label pixels are trained, with padding, without it, and amid real surroundings."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from ... import models
from ...scenes import SOURCES
from ...training import Images, PaddedModule, Recipe, Saliency, Segmenter, fit
from ...training.saliency import open_masks
from ...training.segmentation import open_classes
from ..context import Context, Trial
from .task_grids import ROOM, SALIENCY, SURROUNDED, name, settings, weights_file

MONITORED = 32  # validation images that are scored while a network trains; at the end all are


class Task(NamedTuple):
    """What a network learns: images with `ROOM` around their targets if they have it, and the classes."""

    train: Images
    validation: Images
    classes: int
    room: int


def open_task(trial: Trial, context: Context) -> Task:
    """The pictures of a trial. The same for every padding and seed."""
    s, data = settings(trial), trial["data"]
    source, room = context.data(data), ROOM if data in SOURCES else 0
    asked = {"train": s["images"], "validation": s["validation"], "margin": room}
    if trial["task"] == SALIENCY:
        return Task(*open_masks(source, s["size"], **asked), 1, room)
    found = open_classes(source, s["size"], **asked)
    return Task(found.train, found.validation, len(found.classes), room)


def inner(images: Images, room: int) -> Images:
    """Images without their surroundings."""
    pixels, targets = images.tensors
    return Images(pixels[..., room : pixels.shape[-2] - room, room : pixels.shape[-1] - room], targets)


class Middle(nn.Module):
    """The middle of a network's output: without a border of so many pixels.

    Args:
        network: From images to maps of their size.
        room: Pixels on each side.
    """

    def __init__(self, network: nn.Module, room: int):
        super().__init__()
        self.network, self.room = network, room

    def forward(self, x: Tensor) -> Tensor:
        """`(N, 3, H + 2 room, W + 2 room)` to `(N, C, H, W)`."""
        y = self.network(x)
        return y[..., self.room : y.shape[-2] - self.room, self.room : y.shape[-1] - self.room]


def module(trial: Trial, network: nn.Module, classes: int) -> PaddedModule:
    """What trains a trial's network."""
    s = settings(trial)
    surrounded = trial["padding"] == SURROUNDED
    model = Middle(network, ROOM) if surrounded else network
    padding = "zeros" if surrounded else trial["padding"]  # zeros that no pixel of the middle can see
    learning: dict[str, Any] = {
        "recipe": Recipe(lr=s["lr"], warm_up=s["warm_up"]),
        "seed": trial["seed"],
    }
    if trial["task"] == SALIENCY:
        return Saliency(model, padding, **learning)
    return Segmenter(model, padding, classes=classes, **learning)


def train(trial: Trial, task: Task, context: Context) -> nn.Module:
    """A trial's network, trained, in eval mode, its weights left in the context's folder."""
    s = settings(trial)
    build = {"width": s["width"], "num_classes": task.classes, "init": "kaiming", "seed": trial["seed"]}
    network = models.build(trial["model"], **build)
    cut = 0 if trial["padding"] == SURROUNDED else task.room
    sets = [inner(images, cut) for images in (task.train, task.validation)]
    sets[1] = Images(*(t[:MONITORED] for t in sets[1].tensors))
    fit(
        module(trial, network, task.classes),
        *sets,
        epochs=s["epochs"],
        batch=s["batch"],
        precision=s["precision"],
        **context.fitting(name(trial)),
    )
    models.save(network, weights_file(context.folder, trial))
    return network.eval().to(context.device)
