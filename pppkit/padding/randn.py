"""The randn border: strips drawn from the statistics of the nearest sliding window, with gradients."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .borders import Strips, layout
from .schemes import Amounts


class _Edges(torch.autograd.Function):
    """The outermost rows and columns of a map: top, left, right, bottom.

    Their gradients are added into one map of zeros.
    """

    @staticmethod
    def forward(ctx, x: Tensor, rows: int, columns: int) -> tuple[Tensor, ...]:
        ctx.rows, ctx.columns, ctx.shape, ctx.layout = rows, columns, x.shape, layout(x)
        return tuple(
            e.clone() for e in (x[..., :rows, :], x[..., :columns], x[..., -columns:], x[..., -rows:, :])
        )

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):
        top, left, right, bottom = grads
        out = torch.empty(ctx.shape, dtype=top.dtype, device=top.device, memory_format=ctx.layout).zero_()
        out[..., : ctx.columns] = left  # columns first, as copying a short run is faster than adding it
        beyond = out[..., -ctx.columns :]
        apart = 2 * ctx.columns <= out.shape[-1]
        beyond.copy_(right) if apart else beyond.add_(right)
        out[..., : ctx.rows, :] += top
        out[..., -ctx.rows :, :] += bottom
        return out, None, None


def randn_strips(
    x: Tensor, amounts: Amounts, window: tuple[int, int], generator: torch.Generator | None
) -> Strips:
    """Top, left, right and bottom strips drawn from N(mu, sigma^2) of each position's nearest sliding window.

    mu is the middle of the window's minimum and maximum, sigma its distance to the maximum (Lin et al.,
    section 2.4).
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
        noise = noise.to(x.dtype).contiguous(memory_format=layout(strip))  # in one step it is half as fast
        return mean + sigma * noise

    t, l, r, b = _Edges.apply(x, kh, kw)
    return (
        draw(t, 3, left, right, top),
        draw(l, 2, 0, 0, left),
        draw(r, 2, 0, 0, right),
        draw(b, 3, left, right, bottom),
    )
