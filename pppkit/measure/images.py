"""The images of a measurement: read ahead of the network, scaled, normalised, in as many channels as it
takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import number, shown
from ..scenes import Window, read_ahead

Normalization = tuple[Sequence[float], Sequence[float]]

IMAGENET: Normalization = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode L


@dataclass(frozen=True)
class ImageScaling:
    """From pixels `(N, 3, H, W)`, uint8, to what a network takes.

    Attributes:
        channels: 3, or 1 for the luminance.
        mean: Of each channel, subtracted after scaling to [0, 1].
        std: Of each channel, divided by then.
    """

    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, channels: int, normalize: Normalization | None) -> ImageScaling:
        """Checks `normalize` for a network that takes so many channels.

        Raises:
            ValueError: For other channels than 1 and 3, or a wrong `normalize`.
        """
        if channels not in (1, 3):
            raise ValueError(
                f"model takes images of {channels} channels, but scenes have three, or one by luminance; "
                "put a layer in front that makes its channels, or set model.in_channels where this is wrong"
            )
        if normalize is None:
            return cls(channels, (0.0,) * channels, (1.0,) * channels)
        return cls(channels, *_pair(normalize, channels))

    def __call__(self, pixels: Tensor, like: Tensor) -> Tensor:
        """`(N, channels, H, W)` on the device and in the type of `like`."""
        mean, std, weights = (
            torch.tensor(v, device=like.device, dtype=like.dtype).view(-1, 1, 1)
            for v in (self.mean, self.std, LUMINANCE)
        )
        images = pixels.to(like.device).to(like.dtype).div_(255)
        if self.channels == 1:
            images = (images * weights).sum(1, keepdim=True)
        return images.sub_(mean).div_(std)


def _pair(normalize: Normalization, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    wanted = f"a mean and a standard deviation for each of {channels} channels, or None"
    try:
        mean, std = (tuple(part) for part in normalize)
    except (TypeError, ValueError):
        raise ValueError(f"normalize={shown(normalize)} must be (mean, std): {wanted}") from None
    if len(mean) != len(std) or len(mean) not in (channels, 3):
        raise ValueError(f"normalize={shown(normalize)} has {len(mean)} and {len(std)} values; give {wanted}")
    for value in (*mean, *std):
        number("normalize", value, remedy=f"give {wanted}")
    if min(std) <= 0:
        raise ValueError(f"normalize={shown(normalize)} divides by {min(std)}; give {wanted}, each above 0")
    if len(mean) == channels:
        return tuple(map(float, mean)), tuple(map(float, std))
    return (_luminance(mean),), (_luminance(std),)


def _luminance(values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(LUMINANCE, values))


@dataclass(frozen=True)
class Images:
    """Batches of a measurement.

    Attributes:
        places: Windows: each holds a regular image and what is needed around it.
        first: Row and column of the regular image's first pixel in a window.
        size: Side of the regular image.
        scaling: From pixels to what the network takes.
    """

    places: list[Window]
    first: int
    size: int
    scaling: ImageScaling

    def batches(self, ends: Sequence[int], like: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Windows and the regular images in them, both `(N, C, H, W)`; a batch ends at each of `ends`."""
        inside = slice(self.first, self.first + self.size)
        for pixels in read_ahead(self.places, ends):
            world = self.scaling(torch.from_numpy(pixels), like)
            yield world, world[..., inside, inside].contiguous()


def batch_ends(n: int, batch_size: int, counts: Sequence[int]) -> list[int]:
    """Where batches end: every batch_size images, and wherever convergence is recorded."""
    ends, last = [], 0
    for count in counts:
        ends += [*range(last + batch_size, count, batch_size), count]
        last = count
    return ends


def log_counts(n: int) -> list[int]:
    """1, 2, 5, 10, 20, 50, ... and n."""
    steps = [c * 10**e for e in range(len(str(n))) for c in (1, 2, 5)]
    return sorted({c for c in steps if c < n} | {n})
