"""Which networks the channel attack is made on: ours, and torchvision's on street scenes, as the paper's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ... import models
from ...models.segmentation import NAMES as TORCHVISION
from ...models.segmentation import encoder_end
from ...training import Images
from ...training.streets import STREETS, open_streets
from ..context import WEIGHTS, Context, Trial
from ..posenet import tasks

OWN, DEEPLAB = "vgg_fcn", "deeplabv3_resnet50"
MODELS = (OWN, *TORCHVISION)
CITYSCAPES = "cityscapes"
LAYER = "encoder.block4"  # the end of our encoder
KEY = ("model", "data", "padding", "seed", "profile")
HEIGHT = {"quick": 128, "published": 512, "paper": 1024}  # of street scenes, in pixels


@dataclass(frozen=True)
class Subject:
    """A network that is attacked, and what it is asked.

    Attributes:
        network: In eval mode.
        layer: Module path of its encoder's last block.
        images: With `room` pixels around their labels.
        room: More than the layer sees, or 0 where images have no surroundings.
        classes: How many.
        batch: Images in a forward pass.
    """

    network: nn.Module
    layer: str
    images: Images
    room: int
    classes: int
    batch: int

    @property
    def plain(self) -> Images:
        """The images without their surroundings."""
        return tasks.inner(self.images, self.room)


def training(trial: Trial) -> dict[str, object]:
    """The trial of `posenet_tasks` that leaves one of our networks."""
    return {"task": tasks.SEGMENTATION, **{k: trial[k] for k in KEY}}


def weights_file(trial: Trial, context: Context) -> Path:
    """A trial's weights: those that `posenet_tasks` left, or of torchvision's network the user's own."""
    if trial["model"] == OWN:
        return context.weights(f"{tasks.name(training(trial))}.pt")
    folder = Path(context.paths[WEIGHTS])
    found = [folder / f"{trial['model']}_{trial['data']}{end}" for end in (".pt", ".pth")]
    return next((file for file in found if file.is_file()), found[0])


def open_subject(trial: Trial, context: Context, count: int | None) -> Subject:
    """A trial's network with the first images that are held out.

    Args:
        trial: Of `channel_attack`.
        context: Where data and weights are.
        count: How many images; None for all.
    """
    weights = weights_file(trial, context)
    if trial["model"] == OWN:
        task = tasks.open_task(training(trial), context)
        images = Images(*(t[:count] for t in task.validation.tensors))
        network = models.load(weights).to(context.device)
        return Subject(network, LAYER, images, task.room, task.classes, batch=60)
    network = models.build(f"torchvision/{trial['model']}", num_classes=len(STREETS), weights=weights)
    streets = open_streets(context.paths[trial["data"]], "val", HEIGHT[trial["profile"]], count)
    layer = encoder_end(network)
    return Subject(network.to(context.device), layer, streets, 0, len(STREETS), batch=2)


def needs(trial: Trial) -> tuple[str, ...]:
    """Data sets by name; of torchvision's networks the weights, too."""
    if trial["model"] != OWN:
        return trial["data"], WEIGHTS
    return tuple(tasks.needs(training(trial)))


def check(trial: Trial, context: Context) -> None:
    """Refuses a network without weights."""
    file = weights_file(trial, context)
    if not file.is_file():
        way = (
            "train the network first: python -m pppkit.experiments run posenet_tasks"
            if trial["model"] == OWN
            else f"put a state_dict of torchvision's {trial['model']} with {len(STREETS)} classes there"
        )
        raise ValueError(f"{file} does not exist; {way}")
