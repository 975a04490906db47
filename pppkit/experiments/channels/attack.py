"""The channel attack: which channels of a segmentation network know where they are, and what they are worth.

Islam, Kowal, Jia, Derpanis and Bruce (ICCV 2021) pool an encoder's features over the image and its mirror
image, rank the channels by the difference, and set the first N to zero. The networks are those of
`posenet_tasks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ... import models
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

LAYER = "encoder.block4"  # the end of the encoder
RANKINGS = ("overall", "left", "right", "centre")
STRONGEST = "strongest"  # by their mean features: no paper's, and no matter of position
RANDOM = "random"
REGIONS = ("image", "left", "centre", "right")  # thirds of the width
KEY = ("model", "data", "padding", "seed", "profile")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"tops": (0.125, 0.5), "draws": 2, "images": 16, "networks": 1},
    "published": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": 120, "networks": 1},
    "paper": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": None, "networks": 5},
}
SHOWN = 6  # channels whose mean features are kept
BATCH = 60


def grid(
    profile: str = "published",
    data: str | Sequence[str] = SATELLITE,
    padding: str | Sequence[str] = FILLS,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """One trial for each segmentation network.

    Args:
        profile: One of `PROFILES`.
        data: What the networks learned from, one or several of `pppkit.scenes.SOURCES`.
        padding: Of the networks, one or several of `pppkit.padding.FILLS`.
        networks: How many of each padding; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    return [
        {"model": "vgg_fcn", "data": source, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(networks or PROFILES[profile]["networks"])
        for source in as_list(data)
        for scheme in choices("padding", padding, FILLS)
    ]


def startable(profile: str, paths: Mapping[str, str | Path] | None = None) -> list[dict[str, Any]]:
    """The trials that a page shows: published ones, of other profiles those on scenes or given mosaics."""
    if profile == "published":
        return grid(profile)
    return grid(profile, SATELLITE if (paths or {}).get(SATELLITE) else SCENES)


def train_missing(
    folder: str | Path, trials: Sequence[Trial], paths: Mapping[str, str | Path] | None = None
) -> None:
    """Trains the networks of trials that have neither rows nor weights yet."""
    for trial in EXPERIMENT.missing(folder, trials):
        if not tasks.weights_file(folder, training(trial)).is_file():
            tasks.EXPERIMENT.run(folder, [training(trial)], paths=paths)


def training(trial: Trial) -> dict[str, Any]:
    """The trial of `posenet_tasks` that leaves the network."""
    return {"task": tasks.SEGMENTATION, **{k: trial[k] for k in KEY}}


@torch.no_grad()
def pooled(network: nn.Module, layer: str, x: Tensor, padding: str) -> Tensor:
    """A layer's features, averaged over the image: `(N, C)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(0))
    parts = (features(network, [layer], part, *modes)[layer] for part in x.split(BATCH))
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
def attacked(network: nn.Module, layer: str, x: Tensor, padding: str, channels: Tensor) -> Tensor:
    """Predicted classes `(N, H, W)` with some channels of a layer set to zero."""
    generator, parts = torch.Generator(x.device).manual_seed(0), []

    def without(module, inputs, output):
        output = output.clone()
        output[:, channels] = 0
        return output

    with watching(network, {layer: without}), padded_by(padding, generator):
        for part in x.split(BATCH):
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
    learned, p = training(trial), PROFILES[trial["profile"]]
    network = models.load(_weights(trial, context)).to(context.device)
    task = tasks.open_task(learned, context)
    wide = Images(*(t[: p["images"]] for t in task.validation.tensors))
    held = tasks.inner(wide, task.room)
    x = ImageScaling.of(3, IMAGENET)(held.tensors[0], next(network.parameters()))
    truth, padding = held.tensors[1], trial["padding"]
    differences = flip_difference(lambda images: pooled(network, LAYER, images, padding), x)
    pattern = pattern_by_channel(network, LAYER, wide, padding, task.room)
    size, ppp = differences.abs().mean(0).cpu(), pattern.mean((1, 2))
    mean = pooled(network, LAYER, x, padding).mean(0).cpu()
    count = differences.shape[1]
    orders = {(r, 0): order(differences, r).cpu() for r in RANKINGS}
    orders[STRONGEST, 0] = mean.argsort(descending=True, stable=True)
    orders |= {(RANDOM, draw): drawn(count, draw) for draw in range(p["draws"])}
    nothing = attacked(network, LAYER, x, padding, torch.tensor([], dtype=torch.long))
    whole, rows = by_region(nothing, truth, task.classes), []
    for (ranking, draw), channels in orders.items():
        for top in p["tops"]:
            off = channels[: max(1, round(top * count))]
            found = by_region(attacked(network, LAYER, x, padding, off), truth, task.classes)
            about = {"ranking": ranking, "draw": draw, "top": len(off)}
            rows += [{**about, "region": k, "miou": v, "whole": whole[k]} for k, v in found.items()]
    _keep(trial, context, network, x, size, pattern)
    active = mean > 0
    ranks = _ranks("ppp rank", size, ppp)
    ranks |= _ranks("relative rank", (size / mean)[active], (ppp / mean)[active])
    return pd.DataFrame(rows).assign(layer=LAYER, channels=count, images=len(held), **ranks)


def _ranks(name: str, a: Tensor, b: Tensor) -> dict[str, float]:
    found = rank_correlation(pd.Series(a.numpy()), pd.Series(b.numpy()))
    return {name: found.value, f"{name} low": found.low, f"{name} high": found.high}


@torch.no_grad()
def _keep(
    trial: Trial, context: Context, network: nn.Module, x: Tensor, size: Tensor, pattern: Tensor
) -> None:
    """The channels' numbers, and mean features of those that are attacked first."""
    modes = padding_context(trial["padding"], torch.Generator(x.device).manual_seed(0))
    mean = features(network, [LAYER], x, *modes)[LAYER].mean(0).cpu()
    kept: dict[tuple[str, ...], np.ndarray]
    kept = {("flip",): size.numpy(), ("ppp",): pattern.mean((1, 2)).numpy()}
    kept["mean",] = mean.mean((1, 2)).numpy()
    for channel in size.argsort(descending=True)[:SHOWN].tolist():
        kept["features", str(channel)] = mean[channel].numpy()
    save_maps(map_file(context.folder, trial), kept, bits=10)


def _weights(trial: Trial, context: Context) -> Path:
    return context.weights(f"{tasks.name(training(trial))}.pt")


def check(trial: Trial, context: Context) -> None:
    """Refuses a network that was not trained yet."""
    if not _weights(trial, context).is_file():
        raise ValueError(
            f"{_weights(trial, context)} does not exist; train the network first: "
            "python -m pppkit.experiments run posenet_tasks"
        )


def after(trial: Trial) -> list[tuple[Experiment, Trial]]:
    """The training that leaves the weights."""
    return [(tasks.EXPERIMENT, training(trial))]


EXPERIMENT = Experiment(
    name="channel_attack",
    title="Channels that know where they are: ranked by mirror images, set to zero",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=lambda trial: tasks.needs(training(trial)),
    check=check,
    after=after,
    here=True,
    within=("ranking", "draw", "top", "region"),
    metrics=("miou", "ppp rank", "relative rank"),
    tolerance=2e-2,
    floor=0.1,
)
