"""Networks that others have trained, beside the same untrained: what learning does to the pattern."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader

from ... import models
from ...checks import one_of
from ...measure import IMAGENET, measure_ppp
from ...measure.images import ImageScaling
from ...padding import FILLS
from ...results.maps import save_maps
from ...scenes import SOURCES
from ...training.datasets import first, open_data
from ..base import Experiment
from ..context import WEIGHTS, Context, Trial, choices, needs_pictures


@dataclass(frozen=True)
class Network:
    """A network whose trained weights are a file.

    All of them were trained under zero padding, on images normalised by ImageNet's mean and std.

    Attributes:
        file: Its name in `paths["weights"]`.
        size: Side of its input in pixels.
        num_classes: Outputs.
        data: What it was trained on, a name in `paths`.
        accuracy: Top-1 that was published for it on its own test set, in per cent.
        origin: Of the file and of the network.
    """

    file: str
    size: int
    num_classes: int
    data: str
    accuracy: float
    origin: str


AKAMASTER = "akamaster/pytorch_resnet_cifar10 (BSD 2-Clause; He et al. 2016)"
HAN = "songhan/SqueezeNet-Deep-Compression (BSD 2-Clause; Iandola et al. 2016, Han et al. 2016)"
NETWORKS = {
    "squeezenet1_0": Network("squeezenet1_0_imagenet.pt", 224, 1000, "imagenet", 57.5, HAN),
    "cifar_resnet20": Network("cifar_resnet20.pt", 32, 10, "cifar10", 91.78, AKAMASTER),
    "cifar_resnet56": Network("cifar_resnet56.pt", 32, 10, "cifar10", 93.62, AKAMASTER),
}
TRAINED, UNTRAINED = "trained", ("kaiming", "default")  # by He et al. as torchvision does; by PyTorch
KINDS = (TRAINED, *UNTRAINED)
# Images by kind of weights, untrained networks of each initialisation, largest input.
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"trained": 4, "untrained": 4, "networks": 2, "size": 64},
    "published": {"trained": 480, "untrained": 60, "networks": 5, "size": 224},
    "paper": {"trained": 480, "untrained": 480, "networks": 5, "size": 224},
}
BATCH = 8
PICTURES = 2000  # of its own test set, by which a trained network is checked


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str | Sequence[str] = tuple(NETWORKS),
    weights: str | Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Trained networks first, then untrained ones by seed. All fills are measured together.

    Args:
        profile: One of `PROFILES`.
        source: Of `pppkit.scenes.SOURCES`, one or several.
        model: Of `NETWORKS`, one or several.
        weights: Of `KINDS`, one or several; None for all, but in the quick profile for `UNTRAINED`, which
            need no files.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    if weights is None:
        weights = UNTRAINED if profile == "quick" else KINDS
    kinds, names = choices("weights", weights, KINDS), choices("model", model, tuple(NETWORKS))
    sources = choices("source", source, SOURCES)
    seeds = range(PROFILES[profile]["networks"])
    first_kinds, others = [k for k in kinds if k == TRAINED], [k for k in kinds if k != TRAINED]
    drawn = [(kind, 0) for kind in first_kinds] + [(kind, seed) for seed in seeds for kind in others]
    return [
        {"model": name, "weights": kind, "weights_seed": seed, "source": pictures}
        | {"padding": tuple(FILLS), "profile": profile}
        for kind, seed in drawn
        for name in names
        for pictures in sources
    ]


def settings(trial: Trial) -> dict[str, Any]:
    """Images, size and file of a trial."""
    profile, network = PROFILES[trial["profile"]], NETWORKS[trial["model"]]
    kind = "trained" if trial["weights"] == TRAINED else "untrained"
    return {"n": profile[kind], "size": min(profile["size"], network.size), "file": network.file}


def needs(trial: Trial) -> Sequence[str]:
    """The pictures, and for trained networks the folder of files."""
    return (*needs_pictures(trial), *((WEIGHTS,) if trial["weights"] == TRAINED else ()))


def check(trial: Trial, context: Context) -> None:
    """Refuses a trained network without its file."""
    if trial["weights"] == TRAINED and not weights_file(trial, context).is_file():
        path, network = context.paths[WEIGHTS], NETWORKS[trial["model"]]
        raise ValueError(
            f"paths: {str(path)!r} of 'weights' has no {network.file}, the state dict of {trial['model']}; "
            f"get it from {network.origin}, or ask for weights {' and '.join(UNTRAINED)} only"
        )


def weights_file(trial: Trial, context: Context) -> Path:
    """The state dict of a trained network, which may not exist."""
    return Path(context.paths[WEIGHTS]) / NETWORKS[trial["model"]].file


def digest(file: Path) -> str:
    """The first 16 hexadecimal digits of a file's SHA-256: which weights rows were measured with."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def weights_digest(trial: Trial, context: Context) -> str:
    """SHA-256 of a trained network's file, its first 16 digits."""
    return digest(weights_file(trial, context))


def build(trial: Trial, context: Context) -> nn.Module:
    """The network of a trial, float32, on the context's device."""
    classes = NETWORKS[trial["model"]].num_classes
    if trial["weights"] == TRAINED:
        file = weights_file(trial, context)
        model = models.build(trial["model"], num_classes=classes, weights=file)
    else:
        init, seed = trial["weights"], trial["weights_seed"]
        model = models.build(trial["model"], num_classes=classes, init=init, seed=seed)
    return model.to(context.device)


@torch.no_grad()
def accuracy(model: nn.Module, data: str | Path, size: int, num_classes: int, pictures: int) -> float:
    """Share of a data set's test images that a network names rightly.

    Args:
        model: In eval mode; gives scores `(N, num_classes)`.
        data: Folder, as in `pppkit.training.open_data`; classes in the order of their folders' names.
        size: Side of the input.
        num_classes: Outputs.
        pictures: How many, drawn once and for all.

    Raises:
        ValueError: If the folder has other classes.
    """
    found = open_data(str(data), size, train=1, validation=pictures)
    if len(found.classes) != num_classes:
        raise ValueError(
            f"data={str(data)!r} has {len(found.classes)} classes, the network {num_classes} outputs; "
            "give the folder of what it was trained on"
        )
    scale, like, right = ImageScaling.of(3, IMAGENET), next(model.parameters()), 0
    for images, labels in DataLoader(found.validation, 100, collate_fn=first):
        right += int((model(scale(images, like)).argmax(1).cpu() == labels).sum())
    return right / len(found.validation)  # type: ignore[arg-type]


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial's deepest layer are, by padding and layer; of first networks only."""
    name = "_".join(str(trial[k]) for k in ("profile", "model", "weights", "source"))
    return Path(folder) / "maps" / f"published_networks_{name}.npz"


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One network: a row for each padding and layer.

    Trained networks have columns that say what was measured: `weights_digest` of the file (SHA-256), and
    `accuracy` where the folder of their data is given.
    """
    network, chosen = NETWORKS[trial["model"]], settings(trial)
    model = build(trial, context)
    size, scenes = chosen["size"], context.open(trial["source"])
    asked = {"padding": trial["padding"], "size": size, "n": chosen["n"], "batch_size": BATCH}
    result = measure_ppp(model, scenes, progress=context.progress, **asked)
    rows = result.rows
    if trial["weights_seed"] == 0:
        deepest = rows["layer"].iloc[rows["level"].argmax()]
        maps = {name: kinds["ppp"] for name, kinds in result.maps.items() if name[1] == deepest}
        save_maps(map_file(context.folder, trial), maps)
    if trial["weights"] != TRAINED:
        return rows
    rows["weights_digest"] = weights_digest(trial, context)
    if network.data in context.paths:
        data = context.paths[network.data]
        rows["accuracy"] = accuracy(model, data, network.size, network.num_classes, PICTURES)
    return rows


EXPERIMENT = Experiment(
    name="published_networks",
    title="Networks that others have trained, beside untrained ones of both initialisations",
    key=("model", "weights", "weights_seed", "source", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    resolve=settings,
    needs=needs,
    check=check,
    here=True,
    within=("layer",),
    metrics=("snr_ppp", "mae_ppp"),
)
