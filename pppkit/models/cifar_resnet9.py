"""A residual network of nine layers for 32-pixel images, which learns CIFAR-10 in minutes.

The architecture is that of Page ("How to train your ResNet", 2018), the base of DAWNBench's fastest entries:
few layers, and most of the work at low resolution, where a convolution costs the least memory traffic.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entries import initialise, register, scaled


def convolution(channels: int, out: int, *after: nn.Module) -> nn.Sequential:
    """A 3x3 convolution of stride 1, what comes after it, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, 1, 1, bias=False), *after, nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = convolution(channels, channels)
        self.conv2 = convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, channels, H, W)` to the same shape."""
        return x + self.conv2(self.conv1(x))


class ResNet9(nn.Module):
    """Eight convolutions and one linear layer: 64, 128, 256 and 512 channels, halved in size between them.

    Args:
        width: Multiplies every number of channels.
        num_classes: Outputs.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 10):
        super().__init__()
        stem, *wider = [scaled(c, width) for c in (64, 128, 256, 512)]
        self.conv1 = convolution(3, stem)
        self.layer1 = nn.Sequential(convolution(stem, wider[0], nn.MaxPool2d(2)), Residual(wider[0]))
        self.layer2 = convolution(wider[0], wider[1], nn.MaxPool2d(2))
        self.layer3 = nn.Sequential(convolution(wider[1], wider[2], nn.MaxPool2d(2)), Residual(wider[2]))
        self.linear = nn.Linear(wider[2], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                initialise(module)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores `(N, num_classes)` of images `(N, 3, H, W)`."""
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.linear(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


@register("resnet9", title="ResNet-9", layers=("conv1", "layer1", "layer2", "layer3"))
def _resnet9(width: float, num_classes: int) -> nn.Module:
    return ResNet9(width, num_classes)
