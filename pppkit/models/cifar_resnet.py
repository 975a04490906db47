"""ResNets for 32-pixel images (He et al. 2016, section 4.2), named as in their best known reimplementation.

Three stages of `n` blocks of two 3x3 convolutions, 6 n + 2 layers in all. Shortcuts have no weights: a new
stage takes every second pixel and fills the new channels with zeros on both sides ("option A"), so published
state dicts of that kind load as they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entries import initialise, register, scaled


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut.

    Args:
        channels: Of the input.
        out: Of the output.
        stride: Of the first convolution, and of the shortcut.
    """

    def __init__(self, channels: int, out: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.stride, self.more = stride, out - channels

    def shortcut(self, x: Tensor) -> Tensor:
        """Every `stride`-th pixel of `(N, C, H, W)`, with channels of zeros before and behind."""
        if self.stride > 1:
            x = F.avg_pool2d(x, 1, self.stride)  # of single pixels: only the stride acts
        if self.more:
            before = self.more // 2
            x = F.pad(x, (0, 0, 0, 0, before, self.more - before))
        return x

    def forward(self, x: Tensor) -> Tensor:
        """`(N, channels, H, W)` to `(N, out, H / stride, W / stride)`."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class CifarResNet(nn.Module):
    """A ResNet of 6 n + 2 layers for 32-pixel images: 16, 32, 64 channels, global pooling, one linear layer.

    Args:
        blocks: n, blocks in each of the three stages.
        width: Multiplies every number of channels.
        num_classes: Outputs.
    """

    def __init__(self, blocks: int, width: float = 1.0, num_classes: int = 10):
        super().__init__()
        stem, *_ = widths = [scaled(c, width) for c in (16, 32, 64)]
        self.conv1 = nn.Conv2d(3, stem, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.layer1 = self._stage(stem, widths[0], blocks, 1)
        self.layer2 = self._stage(widths[0], widths[1], blocks, 2)
        self.layer3 = self._stage(widths[1], widths[2], blocks, 2)
        self.linear = nn.Linear(widths[2], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                initialise(module)

    @staticmethod
    def _stage(channels: int, out: int, blocks: int, stride: int) -> nn.Sequential:
        first = Block(channels, out, stride)
        return nn.Sequential(first, *(Block(out, out) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores `(N, num_classes)` of images `(N, 3, H, W)`."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def _register(depth: int) -> None:
    blocks, layers = (depth - 2) // 6, ("layer1", "layer2", "layer3")

    @register(f"cifar_resnet{depth}", title=f"ResNet-{depth}", layers=layers)
    def make(width: float, num_classes: int) -> nn.Module:
        return CifarResNet(blocks, width, num_classes)


for _depth in (20, 32, 44, 56, 110):
    _register(_depth)
