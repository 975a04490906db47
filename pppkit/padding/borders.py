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
            raise ValueError(
                f"scheme={name!r} is not a padding scheme; choose one of {', '.join(SCHEMES)} (full means full-zeros)"
            )
        return cls(full.removeprefix("full-"), full.startswith("full-"))


def pair(value: Any) -> tuple[int, int]:
    """`(vertical, horizontal)` of a number or a sequence of one or two, as torch's layers take them."""
    if isinstance(value, int):
        return value, value
    value = tuple(int(v) for v in value)
    return value if len(value) == 2 else (value[0], value[0])


def layer_amounts(
    padding: int | str | tuple[int, ...],
    kernel: tuple[int, int],
    dilation: tuple[int, int],
    full: bool = False,
) -> Amounts:
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
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[int, int]:
    """Rows and columns that `ceil_mode` hides at the bottom and at the right of a pooling's input."""
    extra = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        extent = d * (k - 1) + 1
        count = -(-(n + 2 * p - extent) // s) + 1
        count -= (count - 1) * s >= n + p  # torch drops a window that would start in the padding
        extra.append(max(0, (count - 1) * s + extent - n - 2 * p))
    return extra[0], extra[1]


def _outside_index(size: int, before: int, after: int, fill: str) -> list[int]:
    """Source index of each position -before .. -1 and size .. size + after - 1, however far outside it lies."""
    outside = [*range(-before, 0), *range(size, size + after)]
    if fill == "circular":
        return [i % size for i in outside]
    if fill == "replicate" or size == 1:
        return [min(max(i, 0), size - 1) for i in outside]
    folded = [i % (2 * size - 2) for i in outside]
    return [min(i, 2 * size - 2 - i) for i in folded]


def _layout(x: Tensor) -> torch.memory_format:
    nhwc = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if nhwc else torch.contiguous_format


def _empty_padded(x: Tensor, amounts: Amounts) -> Tensor:
    """Uninitialised `(N, C, H + top + bottom, W + left + right)` in the memory format of `x`, and `x` copied into its middle."""
    left, right, top, bottom = amounts
    n, c, height, width = x.shape
    shape = (n, c, top + height + bottom, left + width + right)
    out = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=_layout(x))
    out[..., top : top + height, left : left + width] = x
    return out


class _Copied(torch.autograd.Function):
    """A border of pixels copied from inside, whose gradient goes back to the pixels that they copy.

    Touches the interior once each way, where torch's circular padding clones the whole map for each of its nine parts.
    """

    @staticmethod
    def forward(ctx, x: Tensor, amounts: Amounts, fill: str) -> Tensor:
        left, right, top, bottom = amounts
        height, width = x.shape[-2:]
        ctx.amounts = amounts
        ctx.rows = list(
            zip(
                [*range(top), *range(top + height, top + height + bottom)],
                _outside_index(height, top, bottom, fill),
            )
        )
        ctx.columns = list(
            zip(
                [*range(left), *range(left + width, left + width + right)],
                _outside_index(width, left, right, fill),
            )
        )
        out = _empty_padded(x, amounts)
        for border, inside in ctx.rows:
            out[..., border, :] = out[..., top + inside, :]
        for border, inside in ctx.columns:
            out[..., border] = out[..., left + inside]
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        (grad,) = grads
        left, right, top, bottom = ctx.amounts
        whole = grad[..., left : grad.shape[-1] - right].clone()  # the columns folded in, then the rows
        for border, inside in ctx.columns:
            whole[..., inside] += grad[..., border]
        x = whole[..., top : grad.shape[-2] - bottom, :]
        for border, inside in ctx.rows:
            x[..., inside, :] += whole[..., border, :]
        return x, None, None


class _Assembled(torch.autograd.Function):
    """A map in the middle of its top, left, right and bottom strips; the gradient is cut up again without a copy."""

    @staticmethod
    def forward(ctx, x: Tensor, top: Tensor, left: Tensor, right: Tensor, bottom: Tensor) -> Tensor:
        ctx.amounts = t, b, l, r = top.shape[-2], bottom.shape[-2], left.shape[-1], right.shape[-1]
        height, width = x.shape[-2:]
        out = _empty_padded(x, (l, r, t, b))
        out[..., :t, :], out[..., t + height :, :] = top, bottom
        out[..., t : t + height, :l], out[..., t : t + height, l + width :] = left, right
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        (grad,) = grads
        t, b, l, r = ctx.amounts
        below, beyond = grad.shape[-2] - b, grad.shape[-1] - r  # where the bottom and the right strip begin
        middle = grad[..., t:below, :]
        return (
            middle[..., l:beyond],
            grad[..., :t, :],
            middle[..., :l],
            middle[..., beyond:],
            grad[..., below:, :],
        )


class _Edges(torch.autograd.Function):
    """The outermost rows and columns of a map (top, left, right, bottom); their gradients are added into one map of zeros."""

    @staticmethod
    def forward(ctx, x: Tensor, rows: int, columns: int) -> tuple[Tensor, ...]:
        ctx.rows, ctx.columns, ctx.shape, ctx.layout = rows, columns, x.shape, _layout(x)
        return tuple(
            e.clone() for e in (x[..., :rows, :], x[..., :columns], x[..., -columns:], x[..., -rows:, :])
        )

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        top, left, right, bottom = grads
        out = torch.empty(ctx.shape, dtype=top.dtype, device=top.device, memory_format=ctx.layout).zero_()
        out[..., : ctx.rows, :] += top
        out[..., : ctx.columns] += left
        out[..., -ctx.columns :] += right
        out[..., -ctx.rows :, :] += bottom
        return out, None, None


def _randn_strips(
    x: Tensor, amounts: Amounts, window: tuple[int, int], generator: torch.Generator | None
) -> list[Tensor]:
    """Top, left, right and bottom strips drawn from N(mu, sigma^2) of each position's nearest sliding window.

    mu is the middle of the window's minimum and maximum, sigma its distance to the maximum (Lin et al., section 2.4).
    """
    left, right, top, bottom = amounts
    height, width = x.shape[-2:]
    kh, kw = min(window[0], height), min(window[1], width)

    def draw(strip: Tensor, dim: int, before: int, after: int, thickness: int) -> Tensor:
        high = F.max_pool2d(strip, (kh, kw), 1)
        mean = (high - F.max_pool2d(-strip, (kh, kw), 1)) / 2
        k = (kh, kw)[dim == 3]
        nearest = (
            before + k // 2,
            after + k - 1 - k // 2,
        )  # windows reach no further than the strip: the outer ones are repeated
        repeat = (*nearest, 0, 0) if dim == 3 else (0, 0, *nearest)
        mean, sigma = (F.pad(m, repeat, mode="replicate") for m in (mean, high - mean))
        shape = list(mean.shape)
        shape[5 - dim] = thickness
        noise = torch.randn(
            shape, generator=generator, device=x.device, dtype=torch.promote_types(x.dtype, torch.float32)
        )
        return mean + sigma * noise.to(x.dtype, memory_format=_layout(strip))

    t, l, r, b = _Edges.apply(x, kh, kw)
    return [
        draw(t, 3, left, right, top),
        draw(l, 2, 0, 0, left),
        draw(r, 2, 0, 0, right),
        draw(b, 3, left, right, bottom),
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
    if not any(amounts) or fill == "none":
        return x
    if fill in ("zeros", "partial"):
        return F.pad(x, amounts)
    if min(x.shape[-2:]) == 0:
        raise ValueError(f"x of shape {tuple(x.shape)} has no pixels to fill a {fill} border from")
    if fill == "randn":
        source, activation = pre or (x, lambda v: v)
        return _Assembled.apply(x, *map(activation, _randn_strips(source, amounts, window, generator)))
    return _Copied.apply(x, amounts, fill)
