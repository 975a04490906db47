"""What a read-out can read: the image alone, networks with and without weights of others, and our own.

`ENCODERS` has them by name; another room adds its own by `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ... import models
from ...alignment import OptimalPlan, plan_optimal
from ...checks import one_of
from ...measure import IMAGENET
from ...models.hooks import features
from ...padding import FILLS
from ..base import Experiment
from ..context import WEIGHTS, Context, Trial
from ..ppp import chronology, own_networks, published_networks
from .pictures import BATCH, at_most, filled, read_layers

ALONE = "posenet"
OPTIMAL = "optimal"  # as if nothing were padded: the real picture goes on beyond the border
PADDINGS = (*FILLS, "none", OPTIMAL)
TRAINED, UNTRAINED, IMAGENET_WEIGHTS = "trained", "untrained", "imagenet"


def _nothing(trial: Trial) -> tuple[()]:
    return ()


def _anything(trial: Trial, context: Context) -> None:
    return None


def _own_only(trial: Trial, context: Context) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A frozen network that read-outs read.

    Attributes:
        title: What pages call it.
        layers: Module paths that are read, shallow to deep: the stages.
        size: Side of its input in pixels.
        weights: The kinds of weights that it can have; the last one needs no file.
        build: The network of a trial, in eval mode, on the context's device. It takes images normalised by
            ImageNet's mean and standard deviation.
        needs: Data sets by their names in `paths`, beside the pictures.
        after: Trials of other experiments that leave its weights.
        check: Refuses what cannot be built, before any work.
        digest: Of the weights' file, empty where there is none.
        paddings: Of `PADDINGS`, under which it runs.
        each: Whether every padding has a network of its own, that was trained under it.
    """

    title: str
    layers: tuple[str, ...]
    size: int
    weights: tuple[str, ...]
    build: Callable[[Trial, Context], nn.Module]
    needs: Callable[[Trial], Sequence[str]] = _nothing
    after: Callable[[Trial], Sequence[tuple[Experiment, Trial]]] = _nothing
    check: Callable[[Trial, Context], None] = _anything
    digest: Callable[[Trial, Context], str] = _own_only
    paddings: tuple[str, ...] = PADDINGS
    each: bool = False


ENCODERS: dict[str, Encoder] = {}


def register(name: str, encoder: Encoder) -> None:
    """Adds an encoder, so that trials can name it.

    Raises:
        ValueError: If there is another of that name.
    """
    if name in ENCODERS:
        raise ValueError(f"name={name!r} is taken by {ENCODERS[name].title}; choose another")
    ENCODERS[name] = encoder


class Picture(nn.Module):
    """No network: the image itself, from 0 to 1."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.image = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """A normalised image without its normalisation."""
        return self.image(x * self.std + self.mean)


register(
    ALONE,
    Encoder(
        title="PosENet alone",
        layers=("image",),
        size=224,
        weights=("none",),
        build=lambda trial, context: Picture().eval().to(context.device),
        paddings=("none",),
    ),
)


def _published(trial: Trial) -> Trial:
    """A trial of `published_networks` of the same network."""
    kind = TRAINED if trial["weights"] == TRAINED else "kaiming"
    return {**trial, "weights": kind, "weights_seed": 0}


def _published_digest(trial: Trial, context: Context) -> str:
    is_trained = trial["weights"] == TRAINED
    return published_networks.weights_digest(_published(trial), context) if is_trained else ""


for _name, _network in published_networks.NETWORKS.items():
    register(
        _name,
        Encoder(
            title=models.TITLES[_name],
            layers=models.LAYERS_OF_INTEREST[_name],
            size=_network.size,
            weights=(TRAINED, UNTRAINED),
            build=lambda trial, context: published_networks.build(_published(trial), context),
            needs=lambda trial: (WEIGHTS,) if trial["weights"] == TRAINED else (),
            check=lambda trial, context: published_networks.check(_published(trial), context),
            digest=_published_digest,
            paddings=(*FILLS, OPTIMAL),  # without padding their branches have two sizes
        ),
    )


def _imagenet_file(trial: Trial, context: Context) -> Path | None:
    """torchvision's weights as a file in the folder of weights, if it is there."""
    folder = context.paths.get(WEIGHTS)
    file = Path(folder) / f"{trial['model']}_imagenet.pt" if folder else None
    return file if file and file.is_file() else None


def _torchvision(trial: Trial, context: Context) -> nn.Module:
    """Weights from a file `MODEL_imagenet.pt`, or torchvision's by name, which are downloaded."""
    known = trial["weights"] == IMAGENET_WEIGHTS
    weights = (_imagenet_file(trial, context) or "IMAGENET1K_V1") if known else None
    model = models.build(f"torchvision/{trial['model']}", init="kaiming", weights=weights)
    return model.to(context.device)


def _imagenet_digest(trial: Trial, context: Context) -> str:
    file = _imagenet_file(trial, context) if trial["weights"] == IMAGENET_WEIGHTS else None
    return published_networks.digest(file) if file else ""


BLOCKS = tuple(f"features.{i}" for i in (3, 8, 15, 22, 29))  # the last ReLU of each of VGG16's blocks
for _name, _title, _layers, _paddings in (
    ("vgg16", "VGG16", BLOCKS, PADDINGS),
    ("resnet152", "ResNet152", tuple(f"layer{i}" for i in (1, 2, 3, 4)), (*FILLS, OPTIMAL)),
):
    register(
        _name,
        Encoder(
            title=_title,
            layers=_layers,
            size=224,
            weights=(IMAGENET_WEIGHTS, UNTRAINED),
            build=_torchvision,
            digest=_imagenet_digest,
            paddings=_paddings,
        ),
    )


def _own(trial: Trial) -> Trial:
    """The training of a network of our own: the first of its padding (`OPTIMAL`: of zeros), on scenes."""
    padding = FILLS[0] if trial["padding"] == OPTIMAL else trial["padding"]
    return {**trial, "padding": padding, "data": "scenes", "seed": 0}


def _own_home(trial: Trial, context: Context) -> Path:
    return context.weights(f"{chronology.name(_own(trial))}.pt").parents[1]


def _load_own(trial: Trial, context: Context) -> nn.Module:
    trained = trial["weights"] == TRAINED
    return chronology.load(_own(trial), _own_home(trial, context), trained).to(context.device)


def _check_own(trial: Trial, context: Context) -> None:
    chronology.load(_own(trial), _own_home(trial, context))


def _own_digest(trial: Trial, context: Context) -> str:
    return published_networks.digest(context.weights(f"{chronology.name(_own(trial))}.pt"))


# Trained by `learned` and `chronology`; their weights lie in the folder of the rows. One of them draws masks.
for _name in ("resnet9", "vgg19_bn", "vgg16_sod"):
    register(
        _name,
        Encoder(
            title=models.TITLES[_name],
            layers=models.LAYERS_OF_INTEREST[_name],
            size=64,
            weights=(TRAINED, UNTRAINED),
            build=_load_own,
            after=lambda trial: [own_networks.training(_own(trial))],
            check=_check_own,
            digest=_own_digest,
            paddings=(*FILLS, OPTIMAL),
            each=True,
        ),
    )


def named(model: str, weights: str) -> str:
    """What pages call a network: untrained ones say so."""
    return ENCODERS[model].title + (f", {weights}" if weights == UNTRAINED else "")


def encoder(trial: Trial) -> Encoder:
    """That of a trial.

    Raises:
        ValueError: For an unknown name, weights or padding.
    """
    one_of("model", trial["model"], ENCODERS)
    found = ENCODERS[trial["model"]]
    one_of("weights", trial["weights"], found.weights)
    one_of("padding", trial["padding"], found.paddings)
    return found


class Reader:
    """Reads features of an encoder, and knows how large the images have to be for it.

    Args:
        model: The network, in eval mode.
        layers: Module paths.
        size: Side of the images in pixels.
        padding: Of `PADDINGS`; under `OPTIMAL` images come with their surroundings.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str], size: int, padding: str):
        self.model, self.layers, self.size, self.padding = model, layers, size, padding
        optimal = padding == OPTIMAL
        self.plan: OptimalPlan | None = plan_optimal(model, layers, size, "zeros") if optimal else None
        self.window = size + (self.plan.before + self.plan.after if self.plan else 0)

    def read(self, x: Tensor, batch: int = BATCH) -> list[Tensor]:
        """Features of images `(N, 3, window, window)`: for each layer `(N, C, h, w)`, 28 x 28 at most."""
        if self.plan is None:
            padding = None if isinstance(self.model, Picture) else self.padding
            return read_layers(self.model, self.layers, x, padding, batch=batch)
        first = self.plan.before
        inner = x[:1, :, first : first + self.size, first : first + self.size]
        shapes = {name: tuple(f.shape[2:]) for name, f in features(self.model, self.layers, inner).items()}
        return self._read_plan(self.plan, x, shapes, batch)

    @torch.no_grad()
    def _read_plan(
        self, plan: OptimalPlan, x: Tensor, shapes: dict[str, tuple[int, ...]], batch: int
    ) -> list[Tensor]:
        runs = (plan.features(self.model, part, plan.before, shapes, []) for part in x.split(batch))
        return filled(([at_most(maps) for maps in run.values()] for run in runs), len(x))
