"""The convolution of many read-outs at once, in two steps: a matrix product for every tap, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .pictures import READ


class Products(torch.autograd.Function):
    """One matrix times the features of some images, which are copied neither here nor for the gradient."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, x: Tensor, some: list[int]) -> Tensor:
        """`(rows, C)` and all images' `(N, C, pixels)` to some images' `(n, rows, pixels)`."""
        ctx.x, ctx.some = x, some
        out = weight.new_empty(len(some), len(weight), x.shape[2])
        for place, image in enumerate(some):
            torch.mm(weight, x[image], out=out[place])
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """That of the weights; the features are frozen."""
        (grad,) = grads
        total = grad.new_zeros(grad.shape[1], ctx.x.shape[1])
        for part, image in zip(grad, ctx.some):
            total.addmm_(part, ctx.x[image].T)
        return total, None, None


class TapSum(torch.autograd.Function):
    """Adds the maps of a kernel's taps, each shifted to its place: the rest of a convolution."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor, kernel: int, padding: int) -> Tensor:
        """`(n, settings, kernel * kernel, h, w)` to `(n, settings, h', w')`; beyond the maps there is 0."""
        ctx.shape, ctx.kernel, ctx.padding = taps.shape, kernel, padding
        height, width = (side + 2 * padding - kernel + 1 for side in taps.shape[3:])
        out = taps.new_zeros(*taps.shape[:2], height, width)
        for tap, to, source in _shifts(taps.shape[3:], kernel, padding):
            out[to] += taps[:, :, tap][source]
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad,) = grads
        whole = ctx.padding == 0 and ctx.kernel == 1
        taps = grad.new_empty(ctx.shape) if whole else grad.new_zeros(ctx.shape)
        for tap, to, source in _shifts(ctx.shape[3:], ctx.kernel, ctx.padding):
            taps[:, :, tap][source] = grad[to]
        return taps, None, None


Place = tuple[Any, slice, slice]


def _shifts(shape: Sequence[int], kernel: int, padding: int) -> Iterator[tuple[int, Place, Place]]:
    """For each tap, where in the sum its map goes, and which part of it."""
    for tap in range(kernel * kernel):
        to, source = [], []
        for side, place in zip(shape, divmod(tap, kernel)):
            first = max(0, padding - place)
            last = min(side + 2 * padding - kernel + 1, side + padding - place)
            to.append(slice(first, last))
            source.append(slice(first + place - padding, last + place - padding))
        yield tap, (..., to[0], to[1]), (..., source[0], source[1])


def enlarged(maps: Tensor) -> Tensor:
    """Maps `(N, C, h, w)` at 28 x 28, by a product along each axis."""
    if tuple(maps.shape[2:]) == (READ, READ):
        return maps
    u, v = (
        F.interpolate(torch.eye(n, device=maps.device)[None], READ, mode="linear", align_corners=True)[0].T
        for n in maps.shape[2:]
    )
    return u @ maps @ v.T
