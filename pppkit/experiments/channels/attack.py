"""The channel attack: which channels of a segmentation network know where they are, and what they are worth.

Islam, Kowal, Jia, Derpanis and Bruce (ICCV 2021) pool an encoder's features over the image and its mirror
image, rank the channels by the difference, and set the first N to zero. The networks are those of
`posenet_tasks`, or torchvision's with the user's own weights on Cityscapes, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...checks import one_of
from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...padding import FILLS
from ...results.maps import load_maps, save_maps
from ...results.statistics import rank_correlation
from ...training import SCENES
from ..base import Experiment
from ..context import SATELLITE, Context, Trial, as_list, choices
from ..posenet import tasks
from .attack_channels import (
    RANKINGS,
    REGIONS,
    attacked,
    by_region,
    drawn,
    flip_difference,
    mean_features,
    order,
    pattern_by_channel,
    pooled,
)
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
    "mean_features",
    "measure",
    "order",
    "pattern_by_channel",
    "pooled",
    "startable",
    "train_missing",
    "training",
]

STRONGEST = "strongest"  # by their mean features: no paper's, and no matter of position
RANDOM = "random"
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"tops": (0.125, 0.5), "draws": 2, "images": 16, "networks": 1},
    "published": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": 120, "networks": 1},
    "paper": {"tops": (1 / 16, 1 / 8, 1 / 4, 1 / 2), "draws": 10, "images": None, "networks": 5},
}
SHOWN = 6  # channels whose mean features are kept


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
    size, shown = differences.abs().mean(0).cpu(), mean_features(network, layer, x, padding, batch)
    mean = shown.mean((1, 2))
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
    ranks = _patterns(trial, context, subject, size, shown)
    return pd.DataFrame(rows).assign(layer=layer, channels=count, images=len(truth), **ranks)


def _patterns(
    trial: Trial, context: Context, subject: Subject, size: Tensor, shown: Tensor
) -> dict[str, float]:
    """Keeps what pages show of channels, and correlates it with PPP where images have surroundings.

    Args:
        trial: Of `grid`.
        context: Where maps go.
        subject: The network that was attacked.
        size: Of each channel's flip difference, `(C,)`.
        shown: Mean features, `(C, h, w)`.
    """
    mean, first = shown.mean((1, 2)), size.argsort(descending=True)[:SHOWN].tolist()
    kept: dict[tuple[str, ...], np.ndarray] = {("flip",): size.numpy(), ("mean",): mean.numpy()}
    kept |= {("features", str(k)): shown[k].numpy() for k in first}
    ranks = {}
    if subject.room:
        pattern = pattern_by_channel(
            subject.network, subject.layer, subject.images, trial["padding"], subject.room
        )
        ppp, active = pattern.mean((1, 2)), mean > 0
        kept["ppp",] = ppp.numpy()
        ranks = _ranks("ppp rank", size, ppp)
        ranks |= _ranks("relative rank", (size / mean)[active], (ppp / mean)[active])
    save_maps(map_file(context.folder, trial), kept, bits=10)
    return ranks


def _ranks(name: str, a: Tensor, b: Tensor) -> dict[str, float]:
    found = rank_correlation(pd.Series(a.numpy()), pd.Series(b.numpy()))
    return {name: found.value, f"{name} low": found.low, f"{name} high": found.high}


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
