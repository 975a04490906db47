"""What a network's channels know of places: ranked, set to zero, and their PPP, of any network and layer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...checks import one_of
from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...metrics import MeanIoU
from ...models.hooks import features, padded_by, padding_context, watching
from ...training import Images

RANKINGS = ("overall", "left", "right", "centre")
REGIONS = ("image", "left", "centre", "right")  # thirds of the width
BATCH = 60


@torch.no_grad()
def pooled(network: nn.Module, layer: str, x: Tensor, padding: str, batch: int = BATCH) -> Tensor:
    """A layer's features, averaged over the image: `(N, C)`."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(0))
    parts = (features(network, [layer], part, *modes)[layer] for part in x.split(batch))
    return torch.cat([part.mean((2, 3)) for part in parts])


@torch.no_grad()
def mean_features(network: nn.Module, layer: str, x: Tensor, padding: str, batch: int = BATCH) -> Tensor:
    """A layer's features, averaged over images: `(C, h, w)`, on the CPU."""
    modes = padding_context(padding, torch.Generator(x.device).manual_seed(0))
    total = torch.zeros(())
    for part in x.split(batch):
        total = total + features(network, [layer], part, *modes)[layer].sum(0).cpu()
    return total / len(x)


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
    scale, like = ImageScaling.of(3, IMAGENET), next(network.parameters())
    total, generator = torch.zeros(()), torch.Generator(like.device).manual_seed(0)
    for part in images.tensors[0].split(BATCH):
        world = scale(part, like)
        plain = world[..., room:-room, room:-room]
        padded = features(network, [layer], plain, *padding_context(padding, generator))[layer]
        around = features(network, [layer], world)[layer]
        cut = (around.shape[-1] - padded.shape[-1]) // 2
        total = total + (around[..., cut:-cut, cut:-cut] - padded).abs().sum(0).cpu()
    return total / len(images)
