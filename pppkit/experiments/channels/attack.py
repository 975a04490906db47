"""The channel attack: which channels of a segmentation network know where they are, and what they are worth.

Islam, Kowal, Jia, Derpanis and Bruce (ICCV 2021) pool an encoder's features over the image and its mirror
image, rank the channels by the difference, and set the first N to zero. The networks are those of
`posenet_tasks`, or torchvision's with the user's own weights on Cityscapes, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ...checks import one_of
from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...metrics import MeanIoU
from ...models.hooks import features, padded_by, padding_context, watching
from ...padding import FILLS
from ...results.maps import load_maps, save_maps
from ...results.statistics import rank_correlation
from ...training import SCENES, Images
from ..base import Experiment
from ..context import SATELLITE, Context, Trial, as_list, choices
from ..posenet import tasks
from .attack_subjects import (
    CITYSCAPES,
    DEEPLAB,
    KEY,
    LAYER,
    MODELS,
    OWN,
    Subject,
    check,
    needs,
    open_subject,
    training,
)

__all__ = [
    "CITYSCAPES",
    "EXPERIMENT",
    "KEY",
    "LAYER",
    "PROFILES",
    "RANDOM",
    "RANKINGS",
    "REGIONS",
    "STRONGEST",
    "attacked",
    "by_region",
    "check",
    "drawn",
    "flip_difference",
    "grid",
    "map_file",
    "maps",
    "measure",
    "order",
    "pattern_by_channel",
    "pooled",
    "startable",
    "train_missing",
    "training",
]

RANKINGS = ("overall", "left", "right", "centre")
STRONGEST = "strongest"  # by their mean features: no paper's, and no matter of position
RANDOM = "random"
REGIONS = ("image", "left", "centre", "right")  # thirds of the width
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"tops": (0.125, 0.5), "draws": 2, "images": 16, "networks": 1},
    "published": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": 120, "networks": 1},
    "paper": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": None, "networks": 5},
}
SHOWN = 6  # channels whose mean features are kept
BATCH = 60


def grid(
    profile: str = "published",
    data: str | Sequence[str] | None = None,
    padding: str | Sequence[str] = FILLS,
    networks: int | None = None,
    model: str = DEEPLAB,
) -> list[dict[str, Any]]:
    """One trial for each segmentation network; of torchvision's one, under the zeros that it learned with.

    Args:
        profile: One of `PROFILES`.
        data: What the networks learned from, one or several of `pppkit.scenes.SOURCES` and `"cityscapes"`;
            None for the mosaics, and in the paper profile Cityscapes.
        padding: Of the networks, one or several of `pppkit.padding.FILLS`.
        networks: How many of each padding; None for the profile's number.
        model: Which of torchvision's networks is asked about Cityscapes.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    one_of("model", model, MODELS[1:])
    sources = as_list(data) if data else [SATELLITE, *([CITYSCAPES] if profile == "paper" else [])]
    own = [
        {"model": OWN, "data": source, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(networks or PROFILES[profile]["networks"])
        for source in sources
        for scheme in choices("padding", padding, FILLS)
        if source != CITYSCAPES
    ]
    street = {"model": model, "data": CITYSCAPES, "padding": "zeros", "seed": 0, "profile": profile}
    return [*own, *([street] if CITYSCAPES in sources and "zeros" in as_list(padding) else [])]


def startable(
    profile: str, paths: Mapping[str, str | Path] | None = None, model: str = ""
) -> list[dict[str, Any]]:
    """The trials that a page shows: published ones, of other profiles those on what is given, or scenes.

    Args:
        profile: One of `PROFILES`.
        paths: Folders of data sets by name.
        model: Which of torchvision's networks is asked about Cityscapes; empty for DeepLab's smallest.
    """
    if profile == "published":
        return grid(profile)
    given = [name for name in (SATELLITE, CITYSCAPES) if (paths or {}).get(name)]
    return grid(profile, given or SCENES, model=model or DEEPLAB)


def train_missing(
    folder: str | Path, trials: Sequence[Trial], paths: Mapping[str, str | Path] | None = None
) -> None:
    """Trains the networks of trials that have neither rows nor weights yet."""
    for trial in EXPERIMENT.missing(folder, trials):
        if trial["model"] == OWN and not tasks.weights_file(folder, training(trial)).is_file():
            tasks.EXPERIMENT.run(folder, [training(trial)], paths=paths)


@torch.no_grad()
def pooled(network: nn.Module, layer: str, x: Tensor, padding: str, batch: int = BATCH) -> Tensor:
    """A layer's features, averaged over the image: `(N, C)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(0))
    parts = (features(network, [layer], part, *modes)[layer] for part in x.split(batch))
    return torch.cat([part.mean((2, 3)) for part in parts])


def flip_difference(latent: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Pooled latents of images less those of their mirror images.

    Args:
        latent: From images to `(N, C)`.
        x: `(N, 3, H, W)`.
    """
    return latent(x) - latent(x.flip(-1))


def order(differences: Tensor, ranking: str) -> Tensor:
    """Channels, the first to be attacked first.

    Args:
        differences: Of `flip_difference`, `(N, C)`.
        ranking: `"overall"`: by the mean absolute difference. `"left"` and `"right"`: by the mean difference,
            the largest and the smallest first. `"centre"`: the smallest mean absolute difference first.
    """
    one_of("ranking", ranking, RANKINGS)
    signed, size = differences.mean(0), differences.abs().mean(0)
    value = {"overall": size, "left": signed, "right": -signed, "centre": -size}[ranking]
    return value.argsort(descending=True, stable=True)


def drawn(channels: int, draw: int) -> Tensor:
    """Channels in random order."""
    return torch.randperm(channels, generator=torch.Generator().manual_seed(draw))


@torch.no_grad()
def attacked(
    network: nn.Module, layer: str, x: Tensor, padding: str, channels: Tensor, batch: int = BATCH
) -> Tensor:
    """Predicted classes `(N, H, W)` with some channels of a layer set to zero."""
    generator, parts = torch.Generator(x.device).manual_seed(0), []

    def without(module, inputs, output):
        output = output.clone()
        output[:, channels] = 0
        return output

    with watching(network, {layer: without}), padded_by(padding, generator):
        for part in x.split(batch):
            parts.append(network(part).argmax(1).to(torch.uint8).cpu())
    return torch.cat(parts)


def by_region(predicted: Tensor, truth: Tensor, classes: int) -> dict[str, float]:
    """The mIoU of the image and of the thirds of its width, by `REGIONS`."""
    width = truth.shape[-1]
    ends = [0, round(width / 3), round(2 * width / 3), width]
    slices = {"image": slice(None)} | {
        name: slice(ends[i], ends[i + 1]) for i, name in enumerate(("left", "centre", "right"))
    }
    found = {}
    for name in REGIONS:
        metric = MeanIoU(classes)
        metric.update(predicted[..., slices[name]], truth[..., slices[name]])
        found[name] = float(metric.compute())
    return found


@torch.no_grad()
def pattern_by_channel(network: nn.Module, layer: str, images: Images, padding: str, room: int) -> Tensor:
    """PPP of each channel: the mean distance between padded features and those that see the surroundings.

    Args:
        network: Of `pppkit.models.build`.
        layer: Whose features.
        images: With `room` pixels around them, more than the layer sees; a multiple of its stride.
        padding: A padding scheme.
        room: Pixels.

    Returns:
        `(C, h, w)`.
    """
    scale, generator = ImageScaling.of(3, IMAGENET), torch.Generator().manual_seed(0)
    total, like = torch.zeros(()), next(network.parameters())
    for part in images.tensors[0].split(BATCH):
        world = scale(part, like)
        plain = world[..., room:-room, room:-room]
        padded = features(network, [layer], plain, *padding_context(padding, generator))[layer]
        around = features(network, [layer], world)[layer]
        cut = (around.shape[-1] - padded.shape[-1]) // 2
        total = total + (around[..., cut:-cut, cut:-cut] - padded).abs().sum(0).cpu()
    return total / len(images)


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where a trial's channels are: `flip`, `ppp`, and mean features of the first, by channel."""
    return Path(folder) / "maps" / f"channel_attack_{'_'.join(str(trial[k]) for k in KEY)}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """By (`"flip"`,), (`"ppp"`,) and (`"mean"`,): `(C,)`; by (`"features"`, channel): `(h, w)`."""
    return load_maps(map_file(folder, trial))


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Attacks one network.

    Returns:
        A row for each ranking, draw, number of channels and region: `miou`, and `whole`, that of the network
        as it is; `ppp rank`, the rank correlation of a channel's flip difference with its PPP, and `relative
        rank`, that of both over the channel's mean feature.
    """
    p, padding = PROFILES[trial["profile"]], trial["padding"]
    subject = open_subject(trial, context, p["images"])
    network, layer, batch = subject.network, subject.layer, subject.batch
    x = ImageScaling.of(3, IMAGENET)(subject.plain.tensors[0], next(network.parameters()))
    truth = subject.plain.tensors[1]
    differences = flip_difference(lambda images: pooled(network, layer, images, padding, batch), x)
    size, mean = differences.abs().mean(0).cpu(), pooled(network, layer, x, padding, batch).mean(0).cpu()
    count = differences.shape[1]
    orders = {(r, 0): order(differences, r).cpu() for r in RANKINGS}
    orders[STRONGEST, 0] = mean.argsort(descending=True, stable=True)
    orders |= {(RANDOM, draw): drawn(count, draw) for draw in range(p["draws"])}

    def without(channels: Tensor) -> dict[str, float]:
        return by_region(attacked(network, layer, x, padding, channels, batch), truth, subject.classes)

    whole, rows = without(torch.tensor([], dtype=torch.long)), []
    for (ranking, draw), channels in orders.items():
        for top in p["tops"]:
            off = channels[: max(1, round(top * count))]
            about = {"ranking": ranking, "draw": draw, "top": len(off)}
            rows += [{**about, "region": k, "miou": v, "whole": whole[k]} for k, v in without(off).items()]
    ranks = _patterns(trial, context, subject, x, size, mean)
    return pd.DataFrame(rows).assign(layer=layer, channels=count, images=len(truth), **ranks)


def _patterns(
    trial: Trial, context: Context, subject: Subject, x: Tensor, size: Tensor, mean: Tensor
) -> dict[str, float]:
    """Keeps what pages show of channels, and correlates it with PPP where images have surroundings."""
    kept: dict[tuple[str, ...], np.ndarray] = {("flip",): size.numpy(), ("mean",): mean.numpy()}
    ranks = {}
    if subject.room:
        pattern = pattern_by_channel(
            subject.network, subject.layer, subject.images, trial["padding"], subject.room
        )
        ppp, active = pattern.mean((1, 2)), mean > 0
        kept["ppp",] = ppp.numpy()
        ranks = _ranks("ppp rank", size, ppp)
        ranks |= _ranks("relative rank", (size / mean)[active], (ppp / mean)[active])
    save_maps(map_file(context.folder, trial), kept | _features(trial, subject, x, size), bits=10)
    return ranks


def _ranks(name: str, a: Tensor, b: Tensor) -> dict[str, float]:
    found = rank_correlation(pd.Series(a.numpy()), pd.Series(b.numpy()))
    return {name: found.value, f"{name} low": found.low, f"{name} high": found.high}


@torch.no_grad()
def _features(trial: Trial, subject: Subject, x: Tensor, size: Tensor) -> dict[tuple[str, ...], np.ndarray]:
    """Mean features of the channels that are attacked first."""
    modes = padding_context(trial["padding"], torch.Generator(x.device).manual_seed(0))
    total, layer = torch.zeros(()), subject.layer
    for part in x.split(subject.batch):
        total = total + features(subject.network, [layer], part, *modes)[layer].sum(0).cpu()
    first = size.argsort(descending=True)[:SHOWN].tolist()
    return {("features", str(k)): (total / len(x))[k].numpy() for k in first}


def after(trial: Trial) -> list[tuple[Experiment, Trial]]:
    """The training that leaves the weights of one of our networks."""
    return [(tasks.EXPERIMENT, training(trial))] if trial["model"] == OWN else []


EXPERIMENT = Experiment(
    name="channel_attack",
    title="Channels that know where they are: ranked by mirror images, set to zero",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=needs,
    check=check,
    after=after,
    here=True,
    within=("ranking", "draw", "top", "region"),
    metrics=("miou", "ppp rank", "relative rank"),
    tolerance=2e-2,
    floor=0.1,
)
