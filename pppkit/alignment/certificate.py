"""The certificate: optimally padded features computed in two ways that share no code must be equal."""

from __future__ import annotations

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
from .reach import measured_margin


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


def _both_ways(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, seed: int
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Optimally padded features of noise: by the canvas, by the unpadded run."""
    margin = measured_margin(model, layers, size, padding)
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
