"""How border pixels are filled: the schemes' names, the amounts, and the kernels that `pppkit.padding` is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

FILLS = ("zeros", "reflect", "replicate", "circular", "randn")
SCHEMES = (*FILLS, "partial", "none", *(f"full-{fill}" for fill in FILLS))

Amounts = tuple[int, int, int, int]  # left, right, top, bottom: the order of torch.nn.functional.pad


class Scheme(NamedTuple):
    """What a scheme's name says: how border pixels are filled, and whether the padding is full (kernel - 1)."""

    fill: str
    full: bool

    @classmethod
    def parse(cls, name: str) -> Scheme:
        """Reads a scheme's name; `"full"` is short for `"full-zeros"`.

        Raises:
            ValueError: For an unknown name; lists the valid ones.
        """
        full = "full-zeros" if name == "full" else name
        if full not in SCHEMES:
            raise ValueError(f"scheme={name!r} is not a padding scheme; choose one of {', '.join(SCHEMES)} (full means full-zeros)")
        return cls(full.removeprefix("full-"), full.startswith("full-"))


def pair(value: Any) -> tuple[int, int]:
    """`(vertical, horizontal)` of a number or a sequence of one or two, as torch's layers take them."""
    if isinstance(value, int):
        return value, value
    value = tuple(int(v) for v in value)
    return value if len(value) == 2 else (value[0], value[0])


def layer_amounts(padding: int | str | tuple[int, ...], kernel: tuple[int, int], dilation: tuple[int, int], full: bool = False) -> Amounts:
    """What a convolution's `padding` argument puts on each side.

    Args:
        padding: A number, `(vertical, horizontal)`, `"same"` or `"valid"`.
        kernel: Kernel size, vertical and horizontal.
        dilation: Dilation, vertical and horizontal.
        full: Replace any padding by dilation * (kernel - 1), as in F-Conv (Kayhan and van Gemert 2020, section 3).

    Returns:
        Pixels on the left, right, top and bottom. An even `"same"` kernel puts the odd pixel on the right and at the bottom.
    """
    extent = [d * (k - 1) for d, k in zip(dilation, kernel)]
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        (v, h) = (extent[0] // 2, extent[1] // 2)
        amounts: Amounts = (h, extent[1] - h, v, extent[0] - v)
    else:
        v, h = pair(padding)
        amounts = (h, h, v, v)
    return (extent[1], extent[1], extent[0], extent[0]) if full and any(amounts) else amounts


def ceil_amounts(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns that `ceil_mode` hides at the bottom and at the right of a pooling's input."""
    extra = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        extent = d * (k - 1) + 1
        count = -(-(n + 2 * p - extent) // s) + 1
        count -= (count - 1) * s >= n + p  # torch drops a window that would start in the padding
        extra.append(max(0, (count - 1) * s + extent - n - 2 * p))
    return extra[0], extra[1]


def _outside_index(size: int, before: int, after: int, fill: str, device: torch.device) -> Tensor:
    """Source index of each position -before .. size + after - 1, however far outside it lies."""
    i = torch.arange(-before, size + after, device=device)
    if fill == "circular":
        return i % size
    if size == 1:
        return torch.zeros_like(i)
    i = i % (2 * size - 2)
    return torch.where(i < size, i, 2 * size - 2 - i)


def _randn_strips(x: Tensor, amounts: Amounts, window: tuple[int, int], generator: torch.Generator | None) -> list[Tensor]:
    """Top, left, right and bottom strips drawn from N(mu, sigma^2) of each position's nearest sliding window.

    mu is the middle of the window's minimum and maximum, sigma its distance to the maximum (Lin et al., section 2.4).
    """
    left, right, top, bottom = amounts
    height, width = x.shape[-2:]
    kh, kw = min(window[0], height), min(window[1], width)

    def draw(strip: Tensor, dim: int, before: int, after: int, thickness: int) -> Tensor:
        high = F.max_pool2d(strip, (kh, kw), 1)
        mean = (high - F.max_pool2d(-strip, (kh, kw), 1)) / 2
        size, k = ((height, kh), (width, kw))[dim == 3]
        nearest = (torch.arange(-before, size + after, device=x.device) - k // 2).clamp(0, size - k)
        shape = [-1, -1, -1, -1]
        shape[5 - dim] = thickness
        mean, sigma = (m.index_select(dim, nearest).expand(shape) for m in (mean, high - mean))
        return mean + sigma * torch.randn(mean.shape, generator=generator, device=x.device, dtype=x.dtype)

    return [
        draw(x[..., :kh, :], 3, left, right, top),
        draw(x[..., :kw], 2, 0, 0, left),
        draw(x[..., -kw:], 2, 0, 0, right),
        draw(x[..., -kh:, :], 3, left, right, bottom),
    ]


def fill_border(
    x: Tensor,
    amounts: Amounts,
    fill: str,
    window: tuple[int, int],
    generator: torch.Generator | None,
    pre: tuple[Tensor, Callable[[Tensor], Tensor]] | None,
) -> Tensor:
    """Surrounds `(N, C, H, W)` with a border; randn samples from `pre`, a tensor and the activation that made `x` of it."""
    left, right, top, bottom = amounts
    height, width = x.shape[-2:]
    if not any(amounts) or fill == "none":
        return x
    if fill in ("zeros", "partial"):
        return F.pad(x, amounts)
    if min(height, width) == 0:
        raise ValueError(f"x of shape {tuple(x.shape)} has no pixels to fill a {fill} border from")
    if fill == "randn":
        source, activation = pre or (x, lambda v: v)
        t, l, r, b = map(activation, _randn_strips(source, amounts, window, generator))
        return torch.cat([t, torch.cat([l, x, r], 3), b], 2)
    limit = {"reflect": (height - 1, width - 1), "circular": (height, width)}.get(fill)
    if limit and (max(top, bottom) > limit[0] or max(left, right) > limit[1]):  # wider than the map: torch refuses
        x = x.index_select(-2, _outside_index(height, top, bottom, fill, x.device))
        return x.index_select(-1, _outside_index(width, left, right, fill, x.device))
    return F.pad(x, amounts, mode=fill)
