"""PPP, SNR-PPP and MAE-PPP in every reading of the paper's Eq. 4 and 5.

Pure kernels first: a `_update` turns a batch of feature pairs into sums, a `_compute` turns sums into
metrics. The `torchmetrics.Metric` classes beside them only hold the sums, so batches, processes and machines
merge exactly.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from ..checks import one_of

# How the l1 norm of Eq. 4 may treat channels, which the paper leaves open.
CHANNELS = {"mean": "the distance is averaged over channels", "sum": "the distance is summed over channels"}
# Of which map the sigma of Eq. 4 may be taken, which it leaves open, too.
SIGMAS = {
    "volume": "sigma over (C, H, W) of each image's padded features, averaged over images",
    "channel": "sigma over (H, W) of each channel, averaged over channels and images",
    "map": "sigma over (H, W) of each image's channel-reduced padded features, averaged over images",
    "expected": "sigma over (H, W) of the expectation over images of the channel-reduced padded features",
}
# Readings of Eq. 4: one of the channels, one of the sigmas.
SNR_READINGS = tuple(f"{c}-{s}" for c, s in itertools.product(CHANNELS, SIGMAS))
# Readings of Eq. 5, which does not say whether features are normalised first.
MAE_READINGS = ("range", "raw")
# The readings closest to the printed tables.
DEFAULT_SNR, DEFAULT_MAE = "mean-volume", "range"

SCALARS = ("distance", "sigma_volume", "sigma_channel", "sigma_map", "range", "distance_range")


class PPPSums(NamedTuple):
    """What a batch, or any union of batches, contributes: sums over its images."""

    count: Tensor  # type: ignore[assignment]  # ()
    distance: Tensor  # (H, W): the channel mean of |optimal - padded|
    padded: Tensor  # (H, W): the channel mean of the padded features
    optimal: Tensor  # (H, W): the same of the optimally padded ones
    scalars: Tensor  # (6,): SCALARS, per image
    products: Tensor  # (6, 6): their products, for confidence intervals
    channels: Tensor  # (): C, times count

    def __add__(self, other: PPPSums) -> PPPSums:  # type: ignore[override]
        return PPPSums(*(a + b for a, b in zip(self, other)))


class Estimate(NamedTuple):
    """A metric over images, and the half-width of its 95 % confidence interval (NaN for a single image)."""

    value: float
    ci95: float


def scene_scalars(optimal: Tensor, padded: Tensor) -> Tensor:
    """Per image: the mean distance, three sigmas, the features' range, and distance over range (`SCALARS`).

    Args:
        optimal: Optimally padded features, `(N, C, H, W)`.
        padded: Algorithmically padded features of the same images, aligned, `(N, C, H, W)`.

    Returns:
        `(N, 6)`, float64.
    """
    optimal, padded = _checked_pair(optimal, padded)
    return _scalars((optimal - padded).abs_(), padded, padded.mean(1))


def _scalars(gap: Tensor, padded: Tensor, over_channels: Tensor) -> Tensor:
    """`scene_scalars` from |optimal - padded|, the padded features and their channel means."""
    distance = gap.flatten(1).mean(1)
    span = padded.flatten(1).amax(1) - padded.flatten(1).amin(1)
    columns = [
        distance,
        _sigma(padded.flatten(1)),
        _sigma(padded.flatten(2)).mean(1),
        _sigma(over_channels.flatten(1)),
        span,
        torch.where(span > 0, distance / span, torch.where(distance > 0, math.inf, 0.0)),
    ]
    return torch.stack(columns, 1).double()


def _sigma(x: Tensor) -> Tensor:
    """Standard deviation over the last axis; twenty times as fast as `torch.std`, and as exact.

    Values are taken relative to the first, so that a constant has exactly 0.
    """
    relative = x - x[..., :1]
    return relative.sub_(relative.mean(-1, keepdim=True)).square_().mean(-1).sqrt_()


def _ppp_update(optimal: Tensor, padded: Tensor) -> PPPSums:
    optimal, padded = _checked_pair(optimal, padded)
    gap, over_channels = (optimal - padded).abs_(), padded.mean(1)
    scalars = _scalars(gap, padded, over_channels)
    n, channels = padded.shape[:2]
    return PPPSums(
        count=torch.tensor(float(n), dtype=torch.float64, device=padded.device),
        distance=gap.mean(1).double().sum(0),
        padded=over_channels.double().sum(0),
        optimal=optimal.mean(1).double().sum(0),
        scalars=scalars.sum(0),
        products=scalars.T @ scalars,
        channels=torch.tensor(float(n * channels), dtype=torch.float64, device=padded.device),
    )


def _ratio(a: int, b: int | None, sums: PPPSums, scale: float) -> Estimate:
    """mean(a) / mean(b) times scale, with the delta method's interval (b = None: mean(a))."""
    n = sums.count.item()
    mean = sums.scalars / n
    covariance = (sums.products / n - mean.outer(mean)) * (n / (n - 1) if n > 1 else math.nan)
    top, bottom = mean[a].item(), 1.0 if b is None else mean[b].item()
    if bottom == 0:
        return Estimate(math.nan if top == 0 else math.inf, math.nan)
    value = top / bottom
    variance = covariance[a, a].item()
    if b is not None:
        variance += value**2 * covariance[b, b].item() - 2 * value * covariance[a, b].item()
    return Estimate(
        scale * value, scale * 1.96 * math.sqrt(max(variance, 0.0) / n) / bottom if n > 1 else math.nan
    )


def _snr_ppp_compute(sums: PPPSums, reading: str = DEFAULT_SNR) -> Estimate:
    channels, _, sigma = reading.partition("-")
    one_of("reading", reading, SNR_READINGS)
    scale = (sums.channels / sums.count).item() if channels == "sum" else 1.0
    if sigma in ("volume", "channel"):
        return _ratio(0, SCALARS.index(f"sigma_{sigma}"), sums, scale)
    if sigma == "map":  # summing over channels scales distance and sigma alike
        return _ratio(0, SCALARS.index("sigma_map"), sums, 1.0)
    spread = (sums.padded / sums.count).std(correction=0).item()
    mean = _ratio(0, None, sums, 1.0)
    if spread == 0:
        return Estimate(math.nan if mean.value == 0 else math.inf, math.nan)
    return Estimate(mean.value / spread, mean.ci95 / spread)


def _mae_ppp_compute(sums: PPPSums, reading: str = DEFAULT_MAE) -> Estimate:
    one_of("reading", reading, MAE_READINGS)
    return _ratio(SCALARS.index("distance_range" if reading == "range" else "distance"), None, sums, 1.0)


def ppp_map(optimal: Tensor, padded: Tensor) -> Tensor:
    """The Position-information Pattern from Padding, averaged over channels (Lin et al., equation 3).

    Args:
        optimal: Optimally padded features, `(N, C, H, W)`.
        padded: Algorithmically padded features of the same images, aligned, `(N, C, H, W)`.

    Returns:
        `(H, W)`, float64, in units of the features.

    Example:
        >>> ppp_map(torch.tensor([[[[1., 2.]], [[0., 0.]]]]), torch.tensor([[[[1., 0.]], [[0., 4.]]]]))
        tensor([[0., 3.]], dtype=torch.float64)
    """
    sums = _ppp_update(optimal, padded)
    return sums.distance / sums.count


def snr_ppp(optimal: Tensor, padded: Tensor, reading: str = DEFAULT_SNR) -> Estimate:
    """SNR-PPP: mean distance over the features' standard deviation, no unit (Lin et al., equation 4).

    Args:
        optimal: Optimally padded features, `(N, C, H, W)`.
        padded: Algorithmically padded features of the same images, aligned, `(N, C, H, W)`.
        reading: One of `SNR_READINGS`: how channels are reduced and of what sigma is taken (`CHANNELS`,
            `SIGMAS`).

    Returns:
        The value and the half-width of its confidence interval over images. NaN where both are zero (flat,
        equal features).
    """
    return _snr_ppp_compute(_ppp_update(optimal, padded), reading)


def mae_ppp(optimal: Tensor, padded: Tensor, reading: str = DEFAULT_MAE) -> Estimate:
    """MAE-PPP: the mean absolute error between the two feature maps (Lin et al., equation 5).

    Args:
        optimal: Optimally padded features, `(N, C, H, W)`.
        padded: Algorithmically padded features of the same images, aligned, `(N, C, H, W)`.
        reading: `"range"` divides each image's error by the range of its padded features; `"raw"` is in units
            of the features.

    Returns:
        The value and the half-width of its confidence interval over images.
    """
    return _mae_ppp_compute(_ppp_update(optimal, padded), reading)


class PPP(Metric):
    """PPP of a stream of feature pairs; its state is sums, so it merges exactly and does not grow.

    Args:
        height: Height of the feature maps; needed before the first batch.
        width: Width of the feature maps.
        **kwargs: For `torchmetrics.Metric`.

    Example:
        >>> metric = PPP(1, 2)
        >>> metric.update(torch.tensor([[[[1., 2.]]]]), torch.tensor([[[[1., 0.]]]]))
        >>> metric.compute()["map"]
        tensor([[0., 2.]], dtype=torch.float64)
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False
    distance: Tensor
    scalars: Tensor

    def __init__(self, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        shapes = {"count": (), "channels": (), "scalars": (6,), "products": (6, 6)}
        for name in PPPSums._fields:
            self.add_state(
                name,
                torch.zeros(shapes.get(name, (height, width)), dtype=torch.float64),
                dist_reduce_fx="sum",
            )
        self.set_dtype(torch.float64)

    def sums(self) -> PPPSums:
        """The state."""
        return PPPSums(*(getattr(self, name) for name in PPPSums._fields))

    def update(self, optimal: Tensor, padded: Tensor) -> None:
        """Adds feature pairs, each `(N, C, H, W)`."""
        new = _ppp_update(optimal, padded)
        if new.distance.shape != self.distance.shape:
            raise ValueError(
                f"optimal: maps of {tuple(new.distance.shape)} do not fit a metric made for "
                f"{tuple(self.distance.shape)}; make another one for that size"
            )
        for name, value in (self.sums() + new)._asdict().items():
            setattr(self, name, value)

    def compute(self) -> dict[str, Any]:
        """`map` `(H, W)`, `snr` and `mae`: an `Estimate` for each reading."""
        sums = self.sums()
        if sums.count == 0:
            raise ValueError("n=0: PPP needs at least one image")
        return {
            "map": sums.distance / sums.count,
            "snr": {r: _snr_ppp_compute(sums, r) for r in SNR_READINGS},
            "mae": {r: _mae_ppp_compute(sums, r) for r in MAE_READINGS},
        }


def _checked_pair(optimal: Tensor, padded: Tensor) -> tuple[Tensor, Tensor]:
    """Both, in float32 at least: squares of half-precision features above 255 are beyond its range."""
    if optimal.shape != padded.shape or padded.dim() != 4 or padded.numel() == 0:
        raise ValueError(
            f"optimal {tuple(optimal.shape)} and padded {tuple(padded.shape)} must be equal, "
            "non-empty shapes (N, C, H, W)"
        )
    return _wide(optimal), _wide(padded)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
