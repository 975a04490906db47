"""How much of what depthwise convolutions see is padding, and what BatchNorm makes of it.

On a map of 2 x 2 pixels a 5 x 5 kernel meets 4 pixels and 21 zeros. BatchNorm learns the variance of such
sums and divides by it; where real surroundings stand in the zeros' place, sums vary more, by the number of
pixels that the kernel then meets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from torch import nn

from ...models.hooks import Hook, blank, watching


def share_inside(side: int, kernel: int, stride: int = 1, padding: int = 0) -> float:
    """The share of a square kernel's taps that lie inside a square map, over all places of the kernel.

    Args:
        side: Of the map in pixels.
        kernel: Side of the kernel.
        stride: Of the convolution.
        padding: On each side.

    Example:
        >>> round(share_inside(2, kernel=5, padding=2), 2), share_inside(8, kernel=3)
        (0.16, 1.0)
    """
    starts = range(-padding, side + padding - kernel + 1, stride)
    inside = [min(start + kernel, side) - max(start, 0) for start in starts]
    return (sum(inside) / len(inside) / kernel) ** 2


def border_factors(model: nn.Module, layers: Sequence[str], size: int) -> pd.DataFrame:
    """By how much features would grow if real pixels took the place of the zeros that BatchNorm has met.

    For independent taps of mean 0 the variance of a sum grows with their number, and what one layer adds is
    handed on to the next: a product over the depthwise convolutions up to a layer. Shortcuts around a block
    and gates are left out, so this is an order of magnitude.

    Args:
        model: A network of square, depthwise convolutions such as EfficientNet.
        layers: Module paths, shallow to deep.
        size: Side of its input in pixels.

    Returns:
        One row for each layer: `side` of its map, `inside`, the share of taps inside the map at the last
        depthwise convolution before it, and `factor` in standard deviations.
    """
    depthwise = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and module.groups > 1
    }
    shares: list[float] = []
    rows: list[dict[str, Any]] = []

    def look(name: str) -> Hook:
        def note(module: nn.Module, inputs: Any, output: Any) -> None:
            if name in depthwise:
                conv, side = depthwise[name], inputs[0].shape[-1]
                shares.append(share_inside(side, conv.kernel_size[0], conv.stride[0], int(conv.padding[0])))
            if name in layers:
                factor = math.prod(share**-0.5 for share in shares)
                rows.append({"layer": name, "side": output.shape[-1], "inside": shares[-1], "factor": factor})

        return note

    with watching(model, {name: look(name) for name in [*depthwise, *layers]}):
        model(blank(model, size, size))
    return pd.DataFrame(rows)
