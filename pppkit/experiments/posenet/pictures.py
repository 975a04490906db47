"""What PosENet reads: windows of a source, tests without content, and the features of a frozen network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import one_of
from ...measure import IMAGENET
from ...models.hooks import features, padding_context
from ...scenes import Scene, open_source, windows

READ = 28  # pixels of the resized features
# Images of a pass through a network: ResNet50's activations of more at 224 pixels leave a processor's cache,
# and reading 64 at once takes 1.3 times as long.
BATCH = 16


def resized(maps: Sequence[Tensor], side: int = READ) -> Tensor:
    """Feature maps `(N, C_i, H_i, W_i)` at one size, one behind the other: `(N, sum C_i, side, side)`."""
    return torch.cat([F.interpolate(m, (side, side), mode="bilinear", align_corners=True) for m in maps], 1)


def at_most(maps: Tensor, side: int = READ) -> Tensor:
    """Feature maps `(N, C, H, W)`, resized where they are larger than a side.

    Smaller ones are as good as resized: what is linear in channels can come before the resizing.
    """
    small = max(maps.shape[2:]) <= side
    return maps if small else resized([maps], side)


@lru_cache(maxsize=4)
def _windows(source: str, satellite: str | Path | None, half: int, n: int, size: int, seed: int) -> Tensor:
    world = open_source(source, {"satellite": satellite})
    part = world if isinstance(world, Scene) else world[half::2]  # no photograph is in both halves
    return torch.stack([w.read() for w in windows(part, n, size, seed)])


def images(source: str, part: str, n: int, size: int, satellite: str | Path | None = None) -> Tensor:
    """Windows of a source to train or to test on, normalised: `(n, 3, size, size)`.

    The last few are kept: networks share them.

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
    plain = {"black": torch.zeros(1, 3, size, size), "white": torch.ones(1, 3, size, size), "noise": noise}
    return {name: (image - mean) / std for name, image in plain.items()}


@torch.no_grad()
def read_layers(
    model: nn.Module, layers: Sequence[str], x: Tensor, padding: str | None, seed: int = 0, batch: int = BATCH
) -> list[Tensor]:
    """The layers' features under a padding, none larger than 28 x 28: for each `(N, C, h, w)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(seed))
    parts = (features(model, layers, part, *modes) for part in x.split(batch))
    return filled(([at_most(maps) for maps in found.values()] for found in parts), len(x))


@torch.no_grad()
def read_features(
    model: nn.Module, layers: Sequence[str], x: Tensor, padding: str | None, seed: int = 0, batch: int = 64
) -> Tensor:
    """The layers' features under a padding, resized: `(N, C, 28, 28)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(seed))
    parts = (features(model, layers, part, *modes) for part in x.split(batch))
    return filled(([resized(list(found.values()))] for found in parts), len(x))[0]


def filled(parts: Iterable[Sequence[Tensor]], count: int) -> list[Tensor]:
    """Batches of several tensors one behind the other: for each tensor all `count` of it.

    They are filled in place: of a large network's features two copies would not fit.
    """
    out: list[Tensor] = []
    start = 0
    for part in parts:
        out = out or [tensor.new_empty(count, *tensor.shape[1:]) for tensor in part]
        for whole, tensor in zip(out, part):
            whole[start : start + len(tensor)] = tensor
        start += len(part[0])
    return out
