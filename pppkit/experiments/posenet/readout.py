"""PosENet: can a small read-out find position in frozen features? (Islam, Jia and Bruce, ICLR 2020; Table 2 of the PPP paper.)"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from distributed import Client
from torch import Tensor, nn

from ... import models
from ...checks import one_of
from ...measure import IMAGENET
from ...metrics import PatternScore
from ...models.hooks import features, padding_context
from ...results.store import Store, provenance
from ...results.sweeps import sweep
from ...scenes import Scene, open_source, windows
from ..ppp import chronology

KEY = (*chronology.KEY, "weights", "source", "pattern", "depth", "kernel", "readout_padding", "trial")
PATTERNS = ("gaussian", "horizontal", "vertical", "horizontal stripes", "vertical stripes")
WEIGHTS = ("untrained", "trained")
TESTS = ("images", "black", "white", "noise")
SIDE, READ = 224, 28  # pixels of the pattern and of the resized features
# The papers print no width. At this one a map without position, constant at the mean, has the MAE of .197 that Table 2 prints
# for networks without padding.
SIGMA = 0.184
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"train": 96, "test": 32, "epochs": 15, "trials": 5},
    "published": {"train": 512, "test": 96, "epochs": 15, "trials": 5},
    "paper": {"train": 10553, "test": 850, "epochs": 15, "trials": 5},  # DUT-S and PASCAL-S
}


def pattern(name: str, side: int = SIDE, sigma: float = SIGMA, periods: int = 4) -> Tensor:
    """A target: `(side, side)` in [0, 1].

    Args:
        name: One of `PATTERNS`: gradients from left to right and from top to bottom, a Gaussian in the middle, stripes.
        side: Pixels.
        sigma: Of the Gaussian, in sides.
        periods: Of the stripes, each half 0 and half 1.
    """
    one_of("pattern", name, PATTERNS)
    axis = torch.arange(side, dtype=torch.float32)
    if name == "gaussian":
        bell = torch.exp(-(((axis - (side - 1) / 2) / (sigma * side)) ** 2) / 2)
        return bell[:, None] * bell
    line = axis / (side - 1) if "stripes" not in name else (axis * 2 * periods / side).floor() % 2
    return (line[None] if name.startswith("horizontal") else line[:, None]).expand(side, side).contiguous()


def resized(maps: Sequence[Tensor], side: int = READ) -> Tensor:
    """Feature maps `(N, C_i, H_i, W_i)` at one size, one behind the other: `(N, sum C_i, side, side)`."""
    return torch.cat([F.interpolate(m, (side, side), mode="bilinear", align_corners=True) for m in maps], 1)


class NarrowConv2d(nn.Conv2d):
    """A convolution from many channels to few: a matrix product for each image gives every tap its map, and the maps are added, shifted.

    General kernels work on blocks of output channels, of which a single one fills a small part. It takes images as a batch or as a list,
    so that drawing a batch at random copies nothing.
    """

    def forward(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """Features `(N, C, H, W)`, or N of `(C, H, W)`, to `(N, out_channels, H', W')`."""
        k, p = int(self.kernel_size[0]), int(self.padding[0])
        taps = self.weight.permute(2, 3, 0, 1).flatten(0, 2)  # one row for each tap and output channel
        maps = torch.stack([taps @ image.flatten(1) for image in x]).unflatten(2, x[0].shape[1:])
        maps = F.pad(maps, (p, p, p, p))
        h, w = (n - k + 1 for n in maps.shape[2:])
        shifted = [m[..., i // k : i // k + h, i % k : i % k + w] for i, m in enumerate(maps.chunk(k * k, 1))]
        return torch.stack(shifted).sum(0) + self.bias.view(-1, 1, 1)  # type: ignore[union-attr]


class ReadOut(nn.Module):
    """The read-outs of several trials side by side: each a stack of convolutions with its own weights, over the same features.

    The trials share nothing but their input, so they learn what they would learn alone.

    Args:
        channels: Of the features.
        seeds: One for each trial, of its initial weights (Xavier uniform; biases are 0).
        depth: Convolutions; all but the last keep the number of channels and end in BatchNorm and ReLU.
        kernel: Their size.
        padding: Theirs; the papers' is 0.
        side: Pixels of the predicted map.
    """

    def __init__(
        self,
        channels: int,
        seeds: Sequence[int] = (0,),
        depth: int = 1,
        kernel: int = 3,
        padding: int = 0,
        side: int = SIDE,
    ):
        super().__init__()
        for name, value in (("depth", depth), ("kernel", kernel), ("seeds", len(seeds))):
            if value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        self.side, n = side, len(seeds)
        blocks: list[nn.Module] = []
        for level in range(depth):
            last = level == depth - 1
            kind = NarrowConv2d if depth == 1 else nn.Conv2d
            conv = kind(
                channels * (n if level else 1),
                n * (1 if last else channels),
                kernel,
                padding=padding,
                groups=n if level else 1,
            )
            blocks += [conv, nn.BatchNorm2d(conv.out_channels), *([] if last else [nn.ReLU()])]
        for seed, part in zip(seeds, range(n)):
            generator = torch.Generator().manual_seed(seed)
            for module in blocks:
                if isinstance(module, nn.Conv2d):
                    nn.init.xavier_uniform_(module.weight.data.chunk(n)[part], generator=generator)
                    nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        self.layers = nn.Sequential(*blocks)

    def small(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """Features `(N, C, h, w)` to maps `(N, trials, h', w')` in (0, 1), before they are resized; N of `(C, h, w)` where depth is 1."""
        return self.layers(x).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Features `(N, C, h, w)` to maps `(N, trials, side, side)` in (0, 1)."""
        return F.interpolate(self.small(x), (self.side, self.side), mode="bilinear", align_corners=True)


class ResizedError(nn.Module):
    """Mean squared error between small maps, once resized to a target's size, and the target; nothing of that size is computed.

    Resizing is linear along each axis, so the error is a quadratic form of the small map: with the axes' matrices U and V and the
    target t it is (<U'U m V'V, m> - 2 <U't V, m> + <t, t>) / pixels.

    Args:
        target: `(H, W)`.
        shape: Of the small maps.
    """

    def __init__(self, target: Tensor, shape: tuple[int, int]):
        super().__init__()
        u, v = (
            F.interpolate(
                torch.eye(n, device=target.device, dtype=target.dtype)[None],
                size,
                mode="linear",
                align_corners=True,
            )[0].T
            for n, size in zip(shape, target.shape)
        )
        self.rows, self.columns, self.seen = u.T @ u, v.T @ v, u.T @ target @ v
        self.constant, self.pixels = target.square().sum(), target.numel()

    def forward(self, maps: Tensor) -> Tensor:
        """Of maps `(N, trials, h, w)`: for each trial its error, `(trials,)`."""
        products = ((self.rows @ maps @ self.columns - 2 * self.seen) * maps).sum((2, 3))
        return (products.mean(0) + self.constant) / self.pixels


def train(
    readout: ReadOut, x: Tensor, target: Tensor, epochs: int = 15, batch: int = 32, seed: int = 0
) -> list[float]:
    """The authors' protocol: SGD, lr 0.1, momentum 0.9, weight decay 1e-4, the rate times 0.1 after ten epochs, mean squared error.

    Args:
        readout: Trained in place, left in eval mode.
        x: Features `(N, C, h, w)`, computed once.
        target: `(side, side)`.
        epochs: How many.
        batch: Images in a step.
        seed: Of the order of images.

    Returns:
        The loss in each epoch, of all trials together.
    """
    optimizer = torch.optim.SGD(readout.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10], 0.1)
    order = torch.Generator().manual_seed(seed)
    losses, error, several = [], None, isinstance(readout.layers[0], NarrowConv2d)
    readout.train()
    for _ in range(epochs):
        total = 0.0
        for some in torch.randperm(len(x), generator=order).split(batch):
            optimizer.zero_grad()
            maps = readout.small([x[i] for i in some] if several else x[some.to(x.device)])
            error = error or ResizedError(target, maps.shape[2:])  # type: ignore[arg-type]
            loss = error(maps).sum()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(some)
        schedule.step()
        losses.append(total / len(x))
    readout.eval()
    return losses


@torch.no_grad()
def score(readout: ReadOut, x: Tensor, target: Tensor, batch: int = 32) -> list[dict[str, float]]:
    """SPC and MAE of each trial on features `(N, C, h, w)`: `spc`, `mae`, and `nan` of `count` maps that had no correlation."""
    scores = [PatternScore(sync_on_compute=False) for _ in range(readout.layers[-1].num_features)]  # type: ignore[arg-type]
    for part in x.split(batch):
        for metric, maps in zip(scores, readout(part).cpu().unbind(1)):
            metric.update(maps, target.cpu())
    return [{k: v.item() for k, v in metric.compute().items()} for metric in scores]


@lru_cache(maxsize=4)
def _windows(source: str, satellite: str | None, half: int, n: int, size: int, seed: int) -> Tensor:
    world = open_source(source, {"satellite": satellite})
    part = world if isinstance(world, Scene) else world[half::2]  # no photograph is in both halves
    return torch.stack([w.read() for w in windows(part, n, size, seed)])


def images(source: str, part: str, n: int, size: int, satellite: str | None = None) -> Tensor:
    """Windows of a source to train or to test on, normalised: `(n, 3, size, size)`. The last few are kept: networks share them.

    Args:
        source: Of `pppkit.scenes.SOURCES`.
        part: `"train"` or `"test"`, which share no picture.
        n: How many.
        size: Side in pixels.
        satellite: Folder of the satellite mosaics.
    """
    one_of("part", part, ("train", "test"))
    half = int(part == "test")
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
    return (_windows(source, satellite, half, n, size, 11 + half) / 255 - mean) / std


def blanks(n: int, size: int, seed: int = 0) -> dict[str, Tensor]:
    """The tests without content: one black and one white image, and n of white noise, normalised."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
    noise = torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(seed))
    return {
        k: (v - mean) / std
        for k, v in {
            "black": torch.zeros(1, 3, size, size),
            "white": torch.ones(1, 3, size, size),
            "noise": noise,
        }.items()
    }


@torch.no_grad()
def read_features(
    model: nn.Module, layers: Sequence[str], x: Tensor, padding: str | None, seed: int = 0, batch: int = 64
) -> Tensor:
    """The layers' features under a padding, resized: `(N, C, 28, 28)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(seed))
    return torch.cat(
        [resized(list(features(model, layers, part, *modes).values())) for part in x.split(batch)]
    )


def measure(
    trial: Mapping[str, Any], folder: str | Path, satellite: str | None = None, device: str = "cpu"
) -> pd.DataFrame:
    """All read-out trials of one network on one source: a row for each.

    Args:
        trial: Of `grid`; its `trial` is ignored.
        folder: Where `chronology.run` has left `weights/`.
        satellite: Folder of the satellite mosaics, where that is the source.
        device: Where to compute.
    """
    p, own = PROFILES[trial["profile"]], chronology.settings(trial)
    model = chronology.load(trial, folder, trained=trial["weights"] == "trained").to(device)
    layers, size = models.LAYERS_OF_INTEREST[trial["model"]], own["size"]
    x = {
        part: images(trial["source"], part, p[part], size, satellite) for part in ("train", "test")
    } | blanks(16, size)
    read = {k: read_features(model, layers, v.to(device), trial["padding"]) for k, v in x.items()}
    target = pattern(trial["pattern"]).to(device)
    count = p["trials"]
    seeds = [1000 * trial["seed"] + i for i in range(count)]
    readout = ReadOut(
        read["train"].shape[1], seeds, trial["depth"], trial["kernel"], trial["readout_padding"]
    ).to(device)
    losses = train(readout, read["train"], target, p["epochs"], seed=trial["seed"])
    names = {k: trial[k] for k in KEY}
    rows = [names | {"trial": i, "train_loss": losses[-1] / count} for i in range(count)]
    for test, kind in zip(TESTS, ("test", *TESTS[1:])):
        for row, found in zip(rows, score(readout, read[kind], target)):
            row |= {f"{k} {test}": v for k, v in found.items()}
    made = {
        "channels": read["train"].shape[1],
        "train": p["train"],
        "test": p["test"],
        "epochs": p["epochs"],
        "device": device,
    }
    return pd.DataFrame(
        [
            row | made | {k: v for k, v in provenance(trial["profile"]).items() if k != "profile"}
            for row in rows
        ]
    )


def grid(
    networks: Sequence[Mapping[str, Any]],
    sources: Sequence[str] = ("scenes", "satellite"),
    weights: Sequence[str] = WEIGHTS,
    patterns: Sequence[str] = ("gaussian",),
    depths: Sequence[int] = (1,),
    kernels: Sequence[int] = (3,),
    readout_paddings: Sequence[int] = (0,),
) -> list[dict[str, Any]]:
    """One entry for each network and setting; each stands for the profile's number of trials (its own `trial` is the first).

    Args:
        networks: Of `chronology.grid`.
        sources: Of `pppkit.scenes.SOURCES`.
        weights: Of `WEIGHTS`.
        patterns: Of `PATTERNS`.
        depths: Of the read-out.
        kernels: Of the read-out.
        readout_paddings: Of the read-out.
    """
    for name in patterns:
        one_of("pattern", name, PATTERNS)
    for name in weights:
        one_of("weights", name, WEIGHTS)
    settings = list(itertools.product(weights, sources, patterns, depths, kernels, readout_paddings))
    keys = ("weights", "source", "pattern", "depth", "kernel", "readout_padding")
    return [{**network, **dict(zip(keys, values)), "trial": 0} for network in networks for values in settings]


def each(trial: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The keys of the rows that an entry of `grid` stands for: one for each of the profile's trials."""
    return [{**trial, "trial": i} for i in range(PROFILES[trial["profile"]]["trials"])]


def published() -> list[dict[str, Any]]:
    """The grid of the committed rows: all published networks, untrained and trained, on both kinds of pictures."""
    return grid(chronology.published())


def run(
    folder: str | Path,
    trials: Sequence[Mapping[str, Any]],
    *,
    satellite: str | None = None,
    client: Client | str | int | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """Trains the read-outs that are missing and returns the grid's rows, one for each trial of each.

    Args:
        folder: Where `posenet.csv` is, and `weights/` of `chronology.run` for what is missing.
        trials: Of `grid`.
        satellite: Folder of the satellite mosaics.
        client: As in `pppkit.sweep.sweep`.
        device: Where to compute.

    Raises:
        ValueError: If a network that is needed was not trained yet, before any work.
    """
    store = Store(Path(folder) / "posenet.csv", KEY)
    for trial in store.missing(trials):
        one_of("profile", trial["profile"], PROFILES)
        if trial["weights"] == "trained":
            chronology.load(trial, folder)
        open_source(trial["source"], {"satellite": satellite})
    sweep(
        partial(measure, folder=folder, satellite=satellite, device=device),
        trials,
        store,
        client=client,
        desc="read-outs",
    )
    return store.rows([row for trial in trials for row in each(trial)])


def null_error(target: Tensor) -> float:
    """MAE of the best map without position: constant at the target's mean."""
    return float(np.abs(target.numpy() - target.numpy().mean()).mean())
