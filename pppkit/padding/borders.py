"""Borders of feature maps and their gradients: copied from inside, or put together from strips."""

from __future__ import annotations

import torch
from torch import Tensor

from .schemes import Amounts

Strips = tuple[
    Tensor, Tensor, Tensor, Tensor
]  # top, left, right, bottom; the corners belong to top and bottom


def _outside_index(size: int, before: int, after: int, fill: str) -> list[int]:
    """Source index of each position -before .. -1 and size .. size + after - 1, however far outside."""
    outside = [*range(-before, 0), *range(size, size + after)]
    if fill == "circular":
        return [i % size for i in outside]
    if fill == "replicate" or size == 1:
        return [min(max(i, 0), size - 1) for i in outside]
    folded = [i % (2 * size - 2) for i in outside]
    return [min(i, 2 * size - 2 - i) for i in folded]


def layout(x: Tensor) -> torch.memory_format:
    """channels_last where `x` is laid out so, else contiguous."""
    nhwc = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if nhwc else torch.contiguous_format


def _empty_padded(x: Tensor, amounts: Amounts) -> Tensor:
    """A new `(N, C, H + top + bottom, W + left + right)` in the memory format of `x`.

    `x` is copied into its middle, the border is not initialised.
    """
    left, right, top, bottom = amounts
    n, c, height, width = x.shape
    shape = (n, c, top + height + bottom, left + width + right)
    out = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=layout(x))
    out[..., top : top + height, left : left + width] = x
    return out


def _sources(amounts: Amounts, height: int, width: int, fill: str) -> tuple[list, list]:
    """Rows and columns of a padded map that are border, each with that of the map which it copies."""
    left, right, top, bottom = amounts
    rows = [*range(top), *range(top + height, top + height + bottom)]
    columns = [*range(left), *range(left + width, left + width + right)]
    return (
        list(zip(rows, _outside_index(height, top, bottom, fill))),
        list(zip(columns, _outside_index(width, left, right, fill))),
    )


def copied(x: Tensor, amounts: Amounts, fill: str) -> Tensor:
    """`(N, C, H, W)` with a border that is copied from inside; not differentiable."""
    left, _, top, _ = amounts
    rows, columns = _sources(amounts, x.shape[-2], x.shape[-1], fill)
    out = _empty_padded(x, amounts)
    for border, inside in rows:
        out[..., border, :] = out[..., top + inside, :]
    for border, inside in columns:
        out[..., border] = out[..., left + inside]
    return out


def fold(x: Tensor, strips: Strips, amounts: Amounts, fill: str) -> None:
    """Adds a copied border to the pixels that it copies, in place: the transpose of `copied`."""
    left, _, top, _ = amounts
    height, width = x.shape[-2:]
    rows, columns = _sources(amounts, height, width, fill)
    above, before, after, below = strips
    for border, inside in columns:
        x[..., inside] += before[..., border] if border < left else after[..., border - left - width]
    for border, inside in rows:  # which have the corners
        strip = above[..., border, :] if border < top else below[..., border - top - height, :]
        row = strip[..., left : left + width].clone()
        for beyond, within in columns:
            row[..., within] += strip[..., beyond]
        x[..., inside, :] += row


def _cut(padded: Tensor, amounts: Amounts) -> tuple[Tensor, Strips]:
    """A padded map's middle and its border."""
    left, right, top, bottom = amounts
    below, beyond = padded.shape[-2] - bottom, padded.shape[-1] - right  # where these strips begin
    rows = padded[..., top:below, :]
    strips = padded[..., :top, :], rows[..., :left], rows[..., beyond:], padded[..., below:, :]
    return rows[..., left:beyond], strips


class Copied(torch.autograd.Function):
    """A border of pixels copied from inside, whose gradient goes back to the pixels that they copy.

    Touches the interior once each way, where torch's circular padding clones the whole map for each of its
    nine parts.
    """

    @staticmethod
    def forward(ctx, x: Tensor, amounts: Amounts, fill: str) -> Tensor:
        ctx.amounts, ctx.fill = amounts, fill
        return copied(x, amounts, fill)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        (grad,) = grads
        middle, strips = _cut(grad, ctx.amounts)
        x = middle.clone(memory_format=layout(grad))  # dense: what follows is slow on a window
        fold(x, strips, ctx.amounts, ctx.fill)
        return x, None, None


def assembled(x: Tensor, strips: Strips) -> Tensor:
    """A map in the middle of its top, left, right and bottom strips; not differentiable."""
    top, left, right, bottom = strips
    amounts = left.shape[-1], right.shape[-1], top.shape[-2], bottom.shape[-2]
    out = _empty_padded(x, amounts)
    for part, strip in zip(_cut(out, amounts)[1], strips):
        part.copy_(strip)
    return out


class Assembled(torch.autograd.Function):
    """A map in the middle of its strips, whose gradient is cut up again."""

    @staticmethod
    def forward(ctx, x: Tensor, *strips: Tensor) -> Tensor:
        top, left, right, bottom = strips
        ctx.amounts = left.shape[-1], right.shape[-1], top.shape[-2], bottom.shape[-2]
        return assembled(x, (top, left, right, bottom))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        middle, strips = _cut(grads[0], ctx.amounts)
        return middle.contiguous(memory_format=layout(grads[0])), *strips
