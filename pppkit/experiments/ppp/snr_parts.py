"""SNR-PPP taken apart: its numerator, its denominator, and how both are spread over channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from ...measure import IMAGENET
from ...measure.front import feature_pairs
from ...measure.images import ImageScaling, batch_ends
from ...measure.plan import place_images, plan_ways
from ...metrics.ppp import DEFAULT_MAE, DEFAULT_SNR, PPP, SCALARS
from ...scenes import Scene

BATCH = 4
STILL = 1e-3  # a channel varies less than that, in standard deviations of the whole layer
LOUDEST = 0.05  # share of the channels


class ChannelSums:
    """Sums over images and positions of a layer's features, channel by channel."""

    def __init__(self) -> None:
        self.count = 0
        self.distance = self.mean = self.square = torch.zeros(0, dtype=torch.float64)

    def add(self, optimal: Tensor, padded: Tensor) -> None:
        """Adds feature pairs, each `(N, C, H, W)`."""
        axes = (0, 2, 3)
        new = ((optimal - padded).abs().double().sum(axes), padded.double().sum(axes))
        square = padded.double().square().sum(axes)
        if not self.count:
            self.distance, self.mean, self.square = *new, square
        else:
            self.distance, self.mean = self.distance + new[0], self.mean + new[1]
            self.square = self.square + square
        self.count += padded[:, 0].numel()

    def compute(self) -> dict[str, float]:
        """What is said of a layer's channels.

        Returns:
            `between`: the share of the padded features' variance that lies between channels, whose means
            differ; `still`: the share of channels that hardly vary (`STILL`); `loudest`: the share of the
            distance in the few channels where it is largest (`LOUDEST`).
        """
        mean = self.mean / self.count
        within = (self.square / self.count - mean.square()).clamp(min=0)
        between = mean.var(correction=0)
        total = within.mean() + between
        loudest = self.distance.sort(descending=True).values[: max(1, round(LOUDEST * len(mean)))]
        return {
            "between": float(between / total),
            "still": float((within.sqrt() < STILL * total.sqrt()).double().mean()),
            "loudest": float(loudest.sum() / self.distance.sum()),
        }


@torch.no_grad()
def snr_parts(
    model: nn.Module,
    scenes: Scene | Sequence[Scene],
    layers: Sequence[str],
    padding: str | None = None,
    *,
    size: int = 224,
    n: int = 8,
    seed: int = 0,
) -> pd.DataFrame:
    """PPP of a network on the images of `measure_ppp`, and what its metrics are made of.

    Args:
        model: In eval mode.
        scenes: As in `measure_ppp`, and so the others.
        layers: Module paths.
        padding: A scheme, or None for the model's own.
        size: Side of the input in pixels.
        n: Images.
        seed: Chooses the windows, and randn's numbers.

    Returns:
        One row for each layer: `snr_ppp` and `mae_ppp`; `side` of the map; `distance`, the numerator of both;
        `sigma`, the denominator of SNR-PPP, and `sigma_within`, the same inside a channel; `sigma_optimal`
        and `sigma_within_optimal` of the optimally padded features; and the columns of
        `ChannelSums.compute`.
    """
    plans = plan_ways(model, layers, size, [padding], "auto", None)
    images, _ = place_images(scenes, n, size, plans, seed, ImageScaling.of(3, IMAGENET), fixed=False)
    like = next(model.parameters())
    generators = {padding: torch.Generator(like.device).manual_seed(seed)}
    found: dict[str, _Layer] = {}
    for world, image in images.batches(batch_ends(n, BATCH, [n]), like):
        for _, optimal, padded in feature_pairs(model, plans, generators, world, image, images.first):
            for layer, features in padded.items():
                if layer not in found:
                    found[layer] = _Layer(features)
                found[layer].add(optimal[layer], features)
    rows = [{"layer": layer, **parts.compute()} for layer, parts in found.items()]
    return pd.DataFrame(rows).assign(level=range(1, len(rows) + 1), size=size, n=n)


class _Layer:
    """What is gathered of a layer: both features as they are, exchanged, and by channel."""

    def __init__(self, features: Tensor):
        shape = tuple(features.shape[-2:])
        self.forward, self.exchanged = (PPP(*shape, sync_on_compute=False) for _ in range(2))
        self.channels, self.side = ChannelSums(), shape[0]
        for metric in (self.forward, self.exchanged):
            metric.to(features.device)

    def add(self, optimal: Tensor, padded: Tensor) -> None:
        self.forward.update(optimal, padded)
        self.exchanged.update(padded, optimal)
        self.channels.add(optimal, padded)

    def compute(self) -> dict[str, Any]:
        metrics = self.forward.compute()
        padded, optimal = (m.sums().scalars / m.sums().count for m in (self.forward, self.exchanged))
        sigma, within = SCALARS.index("sigma_volume"), SCALARS.index("sigma_channel")
        return {
            "side": self.side,
            "snr_ppp": metrics["snr"][DEFAULT_SNR].value,
            "mae_ppp": metrics["mae"][DEFAULT_MAE].value,
            "distance": float(padded[SCALARS.index("distance")]),
            "sigma": float(padded[sigma]),
            "sigma_within": float(padded[within]),
            "sigma_optimal": float(optimal[sigma]),
            "sigma_within_optimal": float(optimal[within]),
            **self.channels.compute(),
        }
