"""Certificates: features of the canvas against those of the unpadded run, and of a larger canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from ..checks import number, whole
from ..models.hooks import blank, features, input_channels, padding_context
from .arguments import checked
from .canvas import GlobalPools, canvas_features, centre
from .geometry import AlignmentError
from .plan import prepare_unpadded, unpadded_features
from .reach import Survey, smallest_canvas

BEYOND = 4.0  # added to noise beyond a margin: no mean over the whole canvas stays as it was
TOLERANCE = 1e-4  # of the largest feature, for canvases that should agree; rounding gives 1e-6


def verify_alignment(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    padding: str | None = None,
    *,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> pd.DataFrame:
    """Computes optimally padded features in both ways, on noise, and compares them.

    They share no code: the canvas runs the padded network and knows nothing of its operations, the unpadded
    run follows each operation and pads nothing.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.
        tolerance: Largest difference allowed, relative to the largest feature of the layer.
        seed: Of the noise.

    Returns:
        For each layer: difference, the largest one; largest, the largest feature; relative, their ratio; and
        shifted, what relative would be if one of the two were a pixel off, which shows how much the
        comparison can see.

    Raises:
        AlignmentError: If the two ways differ by more than the tolerance, either cannot be exact for this
            network, or a layer's features are so flat that even a shift by a pixel would pass.
    """
    model, layers = checked(model, layers, size, padding)
    number("tolerance", tolerance, least=0, remedy="1e-5 allows for rounding")
    whole("seed", seed, least=0)
    canvas, unpadded = _both_ways(model, layers, size, padding, seed)
    rows = {name: _compare(canvas[name], unpadded[name]) for name in layers}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
    wrong = table.loc[~(table["relative"] <= tolerance), "relative"]
    if len(wrong):
        raise AlignmentError(
            f"the canvas and the unpadded run disagree by more than tolerance={tolerance:g} of the "
            f"largest feature: {wrong.to_dict()}"
        )
    flat = list(table.index[table["shifted"] <= tolerance])
    if flat:
        raise AlignmentError(
            f"layers {flat} give features too flat to verify an alignment with; use other weights"
        )
    return table


def canvas_margin(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    padding: str | None = None,
    at_least: int = 0,
) -> int:
    """The smallest M for `canvas_features`: a multiple of the total stride, beyond padding's reach.

    The total stride is that of the coarsest map on the way to the layers: 16 for the last layer of a U-Net
    with four poolings, though its own stride is 1.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.
        at_least: A smaller M will not do.

    Returns:
        M in input pixels: 128 for the paper's VGG19, 224 for its ResNet50, 448 for EfficientNet-B0.

    Raises:
        AlignmentError: As `padding_reach`; or if pixels beyond that margin change the features all the same,
            because the network looks at the whole image or at its size.
        ValueError: As `padding_reach`.
    """
    margin, total = certified_margin(model, layers, size, padding)
    return max(margin, math.ceil(at_least / total) * total)


def certified_margin(
    model: nn.Module, layers: Sequence[str] | None, size: int, padding: str | None
) -> tuple[int, int]:
    """The smallest M of `canvas_margin`, tried on noise, and the total stride of which it is a multiple."""
    model, layers = checked(model, layers, size, padding)
    margin, survey = smallest_canvas(model, layers, size, padding)
    _check_canvas(model, layers, size, padding, margin, survey)
    return margin, survey.total


def _both_ways(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, seed: int
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Optimally padded features of noise: by the canvas, by the unpadded run."""
    margin, _ = smallest_canvas(model, layers, size, padding)
    plan = prepare_unpadded(model, layers, size, padding)
    room = max(margin, *plan.margins)
    shape = (1, input_channels(model), size + 2 * room, size + 2 * room)
    world = torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(blank(model, 1, 1))
    pools, image = GlobalPools(), centre(world, (size, size)).contiguous()
    shapes = features(
        model, layers, image, *padding_context(padding), pools, keep=lambda n, t: tuple(t.shape)
    )
    wide = centre(world, (size + 2 * margin,) * 2).contiguous()
    canvas = canvas_features(model, layers, wide, shapes, pools.seen, padding)
    top, left, *_ = plan.margins
    height, width = plan.crop_size
    crop = world[..., room - top : room - top + height, room - left : room - left + width]
    return canvas, unpadded_features(model, plan, crop)


def _compare(canvas: Tensor, unpadded: Tensor) -> dict[str, float]:
    difference, largest = (canvas - unpadded).abs().max().item(), canvas.abs().max().item()
    if canvas.shape[-1] < 2:
        shifted = float("nan")
    else:
        shifted = (canvas[..., 1:] - unpadded[..., :-1]).abs().max().item() / (largest or 1.0)
    relative = difference / largest if largest else float(difference > 0)
    return {"difference": difference, "largest": largest, "relative": relative, "shifted": shifted}


def _check_canvas(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, margin: int, survey: Survey
) -> None:
    """Compares two canvases: the same noise up to the margin, brighter noise around it on the larger one.

    NaN in padding's place shows what padding reaches, but neither statistics over the image, nor coordinates,
    nor poolings that `GlobalPools` does not know: those see the image, or its size.
    """
    near, far = (size + 2 * (margin + further) for further in (0, survey.total))
    channels, generator = input_channels(model), torch.Generator().manual_seed(0)
    inside = torch.rand((1, channels, near, near), generator=generator)
    world = torch.rand((1, channels, far, far), generator=generator) + BEYOND
    centre(world, (near, near)).copy_(inside)
    like = blank(model, 1, 1)
    small, large = (
        canvas_features(model, layers, canvas.to(like), dict(survey.sizes), survey.pooled, padding)
        for canvas in (inside, world)
    )
    tolerance = max(TOLERANCE, 16 * torch.finfo(like.dtype).eps)
    changed = {name: _compare(small[name], large[name])["relative"] for name in layers}
    wrong = [f"{name} by {change:.1e}" for name, change in changed.items() if not change <= tolerance]
    if wrong:
        raise AlignmentError(
            f"no canvas is exact for this network: pixels beyond a margin of {margin}, which no padding "
            f"reaches, change features ({', '.join(wrong)} of the largest). It looks at the whole image "
            "(GroupNorm, InstanceNorm, attention) or at its size (coordinates); global poolings are followed "
            "as adaptive_avg_pool2d, adaptive_max_pool2d, or mean, amax or sum over the last two axes"
        )
