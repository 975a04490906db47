"""`pppkit.models.gapnet` on canvases, without computing the black between the images again for each of them.

Under zero padding, what a layer makes of a canvas differs from what it makes of a black one only near the
image. So the first layers see two things: one black canvas for the whole batch, and of each image's canvas a
square around its cell, which grows by a pixel each way with every 3x3 convolution. Once the squares fill
most of the map, the maps are put together, and the network goes on as always. Outputs, gradients and running
statistics are the network's own, up to the order of summation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.blurpool import BlurPool
from ...models.gapnet import BasicBlock, ResNet18
from .canvas import Margins

MOST = 0.6  # of a map: where squares are larger, whole maps cost less


@dataclass(frozen=True)
class Maps:
    """A layer's maps of canvases: those of a black canvas, and a square of each image's own.

    The square of an image in row r and column c begins at pixel (r * step + start, c * step + start).

    Attributes:
        black: `(1, C, cells * step, cells * step)`.
        squares: `(N, C, side, side)`; 0 beyond the canvas, as its padding is.
        cell: Of each image, `(N,)`.
        cells: Of a row and of a column.
        step: Pixels from a cell to the next.
        start: Of the squares in the first cell; negative where they reach beyond the canvas.
    """

    black: Tensor
    squares: Tensor
    cell: Tensor
    cells: int
    step: int
    start: int

    @property
    def side(self) -> int:
        """Of the squares."""
        return self.squares.shape[-1]

    def at(self, start: int, side: int) -> Tensor:
        """Pixels of the canvas under squares, by row or by column of the grid: `(cells, side)`."""
        first = start + self.step * torch.arange(self.cells, device=self.cell.device)
        return first[:, None] + torch.arange(side, device=self.cell.device)

    def window(self, start: int, side: int) -> Tensor:
        """Wider squares, `(N, C, side, side)`: black around the own ones, 0 beyond the canvas."""
        before = self.start - start
        after = side - before - self.side
        beyond = max(0, -start)
        last = (self.cells - 1) * self.step + start + side
        black = F.pad(self.black, (beyond, last - self.black.shape[-1]) * 2)[0].permute(1, 2, 0)
        at = self.at(start + beyond, side)
        hole = black.new_ones(side, side, 1)
        hole[max(0, before) : side - after, max(0, before) : side - after] = 0
        around = black[at[:, None, :, None], at[None, :, None, :]] * hole  # row, column, y, x, C
        around = around.flatten(0, 1).index_select(0, self.cell).permute(0, 3, 1, 2)
        return around + F.pad(self.squares, (before, after) * 2)

    def own(self) -> tuple[Tensor, Tensor]:
        """Which rows and which columns of each square are of the canvas: `(N, side)` each."""
        at = self.at(self.start, self.side)
        inside = (at >= 0) & (at < self.cells * self.step)
        return inside[self.cell // self.cells], inside[self.cell % self.cells]

    def outside(self) -> Tensor:
        """How many images have no square on a pixel of the canvas, `(H, H)`."""
        side = self.cells * self.step
        at = torch.arange(side, device=self.cell.device) - self.at(self.start, 1)
        under = ((at >= 0) & (at < self.side)).long()
        each = torch.bincount(self.cell, minlength=self.cells**2).view(self.cells, -1)
        return len(self.cell) - (under.T @ each @ under)

    def whole(self) -> Tensor:
        """All maps, `(N, C, H, H)`, with no part left out."""
        rows, columns = self.own()
        image, y, x = (rows[:, :, None] & columns[:, None, :]).nonzero(as_tuple=True)
        at, cell = self.at(self.start, self.side), self.cell[image]
        made = self.black.permute(0, 2, 3, 1).expand(len(self.cell), -1, -1, -1)
        put = image, at[cell // self.cells, y], at[cell % self.cells, x]
        return made.index_put(put, self.squares.permute(0, 2, 3, 1)[image, y, x]).permute(0, 3, 1, 2)


def replaces(model: nn.Module, padding: str | None, margins: Margins) -> TypeGuard[ResNet18]:
    """Whether `scores` gives what a model does: a `ResNet18` without blur, under zeros, and no more black."""
    if not isinstance(model, ResNet18) or padding != "zeros" or any(margins):
        return False
    return not any(isinstance(module, BlurPool) for module in model.modules())


def scores(model: ResNet18, images: Tensor, cell: Tensor, cells: int) -> Tensor:
    """What a network says of images on black canvases.

    Args:
        model: One that `replaces` allows.
        images: `(N, 3, S, S)`, black is 0.
        cell: Of each image, `(N,)`.
        cells: Of a row and of a column of the grid.

    Returns:
        `model(paste(images, cell, cells))`.
    """
    side = images.shape[-1]
    maps = Maps(images.new_zeros(1, 3, cells * side, cells * side), images, cell, cells, side, 0)
    maps = relu(normalised(convolved(maps, model.conv1), model.bn1))
    stages = (model.layer1, model.layer2, model.layer3, model.layer4)
    blocks: list[Any] = [block for stage in stages for block in stage]
    while blocks and worthwhile(maps, blocks[0]):
        maps = through(maps, blocks.pop(0))
    x = nn.Sequential(*blocks)(maps.whole())
    return model.linear(model.order(F.adaptive_avg_pool2d(x, 1).flatten(1)))


def worthwhile(maps: Maps, block: BasicBlock) -> bool:
    """Whether squares after a block are small enough, and the stride meets every cell at the same pixel."""
    if maps.step % block.stride:
        return False
    side = reach(reach((maps.start, maps.side), block.conv1), block.conv2)[1]
    return side**2 <= MOST * (maps.cells * maps.step // block.stride) ** 2


def reach(square: tuple[int, int], conv: nn.Conv2d) -> tuple[int, int]:
    """Start and side of what a convolution makes of squares: all outputs that see a pixel of them."""
    (start, side), kernel, stride, pad = square, conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    first = -((kernel - 1 - pad - start) // stride)
    return first, (start + side - 1 + pad) // stride - first + 1


def convolved(maps: Maps, conv: nn.Conv2d, square: tuple[int, int] | None = None) -> Maps:
    """Maps after a convolution without bias; of squares as large as asked for, or as they must be."""
    start, side = square or reach((maps.start, maps.side), conv)
    kernel, stride, pad = conv.kernel_size[0], conv.stride[0], int(conv.padding[0])
    seen = maps.window(start * stride - pad, (side - 1) * stride + kernel)
    squares = F.conv2d(seen, conv.weight, stride=stride)
    return replace(maps, black=conv(maps.black), squares=squares, step=maps.step // stride, start=start)


def relu(maps: Maps) -> Maps:
    """Maps after a ReLU."""
    return replace(maps, black=F.relu(maps.black), squares=F.relu(maps.squares))


def through(maps: Maps, block: BasicBlock) -> Maps:
    """Maps after a block."""
    made = relu(normalised(convolved(maps, block.conv1), block.bn1))
    made = normalised(convolved(made, block.conv2), block.bn2)
    square = made.start, made.side
    if len(block.shortcut):
        conv: Any = block.shortcut[0]
        beside = normalised(convolved(maps, conv, square), block.shortcut[1])
    else:
        beside = replace(maps, squares=maps.window(*square), start=made.start)
    return relu(replace(made, black=made.black + beside.black, squares=made.squares + beside.squares))


def normalised(maps: Maps, bn: Any) -> Maps:
    """Maps after a BatchNorm, whose statistics in training are of all canvases; 0 beyond them again."""
    if not bn.training:
        rows, columns = maps.own()
        squares = bn(maps.squares) * (rows[:, None, :, None] & columns[:, None, None, :])
        return replace(maps, black=bn(maps.black), squares=squares)
    n = len(maps.cell) * (maps.cells * maps.step) ** 2
    black, squares, mean, var = _Normalise.apply(
        maps.black, maps.squares, bn.weight, bn.bias, maps.outside(), *maps.own(), n, bn.eps
    )
    if bn.track_running_stats:
        bn.num_batches_tracked.add_(1)
        momentum = 1 / int(bn.num_batches_tracked) if bn.momentum is None else bn.momentum
        bn.running_mean.lerp_(mean.to(bn.running_mean), momentum)
        bn.running_var.lerp_((var * n / (n - 1)).to(bn.running_var), momentum)
    return replace(maps, black=black, squares=squares)


class _Normalise(torch.autograd.Function):
    """BatchNorm of pixels that count as often as their weight says.

    Maps are seen as lines `(N, H, W * C)`: an operation on a long line is faster than on W short ones.
    """

    @staticmethod
    def forward(ctx: Any, black, squares, gamma, beta, outside, rows, columns, n, eps):
        channels = len(gamma)
        precise = torch.promote_types(black.dtype, torch.float32)
        weights = (
            outside.flatten().to(precise),
            (rows[:, :, None] & columns[:, None, :]).flatten().to(precise),
        )
        x = [lines(part).to(precise) for part in (black, squares)]
        mean = sum(w @ part.view(-1, channels) for w, part in zip(weights, x)) / n
        x = [part - repeated(mean, part) for part in x]
        var = sum(w @ part.square().view(-1, channels) for w, part in zip(weights, x)) / n
        inverse = (var + eps).rsqrt()
        ctx.save_for_backward(*x, gamma, inverse, *weights, rows, columns)
        ctx.n = n
        scale = gamma * inverse
        made = [torch.addcmul(repeated(beta, p), p, repeated(scale, p)).to(black.dtype) for p in x]
        emptied(made[1], rows, columns)
        ctx.mark_non_differentiable(mean, var)
        return *(part.unflatten(2, (-1, channels)).permute(0, 3, 1, 2) for part in made), mean, var

    @staticmethod
    def backward(ctx: Any, *grads: Any):
        *x, gamma, inverse, outside, own, rows, columns = ctx.saved_tensors
        channels, dtype = len(gamma), grads[0].dtype
        y = [lines(grad).to(own) for grad in grads[:2]]
        black, squares = (part.view(-1, channels) for part in y)
        of_beta = black.sum(0) + own @ squares
        black, squares = ((a * b).view(-1, channels) for a, b in zip(x, y))
        of_gamma = inverse * (black.sum(0) + own @ squares)
        scale = gamma * inverse
        constant, slope = -scale * of_beta / ctx.n, -scale * inverse * of_gamma / ctx.n
        made = [torch.addcmul(repeated(constant, part), part, repeated(slope, part)) for part in x]
        made[0] *= outside.view(y[0].shape[1], -1).repeat_interleave(channels, 1)
        made = [part.addcmul_(grad, repeated(scale, grad)).to(dtype) for part, grad in zip(made, y)]
        emptied(made[1], rows, columns)
        made = [part.unflatten(2, (-1, channels)).permute(0, 3, 1, 2) for part in made]
        return *made, of_gamma, of_beta, *[None] * 5


def lines(x: Tensor) -> Tensor:
    """`(N, C, H, W)` as `(N, H, W * C)`."""
    return x.permute(0, 2, 3, 1).flatten(2)


def repeated(values: Tensor, to: Tensor) -> Tensor:
    """One value for each channel, along lines."""
    return values.repeat(to.shape[2] // len(values))


def emptied(x: Tensor, rows: Tensor, columns: Tensor) -> None:
    """Puts 0 into lines beyond the canvas."""
    x *= rows[:, :, None].to(x.dtype)
    x *= columns.to(x.dtype).repeat_interleave(x.shape[2] // columns.shape[1], 1)[:, None]
