"""How border pixels are filled, with gradients: copied from inside, drawn at random, or zero."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .preactivations import Activation
from .schemes import Amounts


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


def check_generator(generator: Any) -> None:
    """Refuses what is no generator of random numbers.

    Raises:
        ValueError: With the argument's name.
    """
    if generator is not None and not isinstance(generator, torch.Generator):
        raise ValueError(
            f"generator is a {type(generator).__name__}; give torch.Generator(device).manual_seed(seed), or None"
        )


def _check_random(x: Tensor, generator: torch.Generator | None) -> None:
    if not x.is_floating_point():
        raise ValueError(
            f"x is of {x.dtype}, but randn draws real numbers; give floating point, say x.float()"
        )
    if generator is not None and generator.device.type != x.device.type:
        raise ValueError(
            f"generator is on {generator.device}, but x on {x.device}; make it by torch.Generator({x.device.type!r})"
        )


def fill_border(
    x: Tensor,
    amounts: Amounts,
    fill: str,
    window: tuple[int, int],
    generator: torch.Generator | None,
    before: tuple[Tensor, Activation] | None,
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
    if min(x.shape[-2:]) == 0:
        raise ValueError(f"x of shape {tuple(x.shape)} has no pixels to fill a {fill} border from")
    if fill == "randn":
        _check_random(x, generator)
        strips = _randn_strips(x if before is None else before[0], amounts, window, generator)
        if before is not None:
            strips = [before[1](strip) for strip in strips]
        return _Assembled.apply(x, *strips)
    return _Copied.apply(x, amounts, fill)
