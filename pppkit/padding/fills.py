"""How border pixels are filled, by the name of the fill."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .borders import Assembled, Copied, Strips
from .preactivations import Activation
from .randn import randn_strips
from .schemes import Amounts

# What randn samples from instead of a map, and the activation between the two.
Before = tuple[Tensor, Activation]


def check_generator(generator: Any) -> None:
    """Refuses what is no generator of random numbers.

    Raises:
        ValueError: With the argument's name.
    """
    if generator is not None and not isinstance(generator, torch.Generator):
        raise ValueError(
            f"generator is a {type(generator).__name__}; "
            "give torch.Generator(device).manual_seed(seed), or None"
        )


def _check_random(x: Tensor, generator: torch.Generator | None) -> None:
    if not x.is_floating_point():
        raise ValueError(
            f"x is of {x.dtype}, but randn draws real numbers; give floating point, say x.float()"
        )
    if generator is not None and generator.device.type != x.device.type:
        raise ValueError(
            f"generator is on {generator.device}, but x on {x.device}; "
            f"make it by torch.Generator({x.device.type!r})"
        )


def _drawn_strips(
    x: Tensor,
    amounts: Amounts,
    window: tuple[int, int],
    generator: torch.Generator | None,
    before: Before | None,
) -> Strips:
    """randn's border of `(N, C, H, W)`; the arguments are those of `fill_border`."""
    _check_pixels(x, "randn")
    _check_random(x, generator)
    source, activation = (x, None) if before is None else before
    strips = randn_strips(source, amounts, window, generator)
    if activation is None:
        return strips
    top, left, right, bottom = (activation(strip) for strip in strips)
    return top, left, right, bottom


def _check_pixels(x: Tensor, fill: str) -> None:
    if min(x.shape[-2:]) == 0:
        raise ValueError(
            f"x of shape {tuple(x.shape)} has no pixels to fill a {fill} border from; "
            "give a larger map, or pad zeros"
        )


def fill_border(
    x: Tensor,
    amounts: Amounts,
    fill: str,
    window: tuple[int, int],
    generator: torch.Generator | None,
    before: Before | None,
) -> Tensor:
    """Surrounds `(N, C, H, W)` with a border.

    Args:
        x: Features.
        amounts: Pixels on each side.
        fill: What they are filled with.
        window: Of randn, vertical and horizontal.
        generator: Of randn.
        before: What randn samples from: a tensor, and the activation that made `x` of it. None for `x`.
    """
    if not any(amounts) or fill == "none":
        return x
    if fill in ("zeros", "partial"):
        return torch.constant_pad_nd(x, amounts)
    if fill == "randn":
        return Assembled.apply(x, *_drawn_strips(x, amounts, window, generator, before))
    _check_pixels(x, fill)
    return Copied.apply(x, amounts, fill)
