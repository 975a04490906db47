"""ResNet-18 for 32-pixel images, and what is done to its pooled channels (Islam et al., ICCV 2021).

The first convolution is 3x3 at stride 1, and no max pooling follows, as is usual for CIFAR. GAPNet is that
network: its last map is averaged over the image, and a linear layer reads the channels. PermuteNet shuffles
the channels before they are read. BlurPool (`pppkit.models.blurpool`) replaces every stride of 2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blurpool import BlurPool
from .entries import initialise, register, scaled


class PermuteChannels(nn.Module):
    """Shuffles pooled channels, anew in every forward pass, in training and in eval.

    Attributes:
        generator: Random numbers of the order, on the CPU; None for torch's own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C)` in another order of C, the same for the whole batch."""
        return x[:, torch.randperm(x.shape[1], generator=self.generator).to(x.device)]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where shapes differ.

    Args:
        channels: Of the input.
        out: Of the output.
        stride: Of the block.
        blur: Whether a stride is a `BlurPool`.
    """

    def __init__(self, channels: int, out: int, stride: int = 1, blur: bool = False):
        super().__init__()
        inner = 1 if blur else stride
        self.conv1 = nn.Conv2d(channels, out, 3, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.blur = BlurPool(out, stride) if blur and stride > 1 else nn.Identity()
        self.shortcut = nn.Sequential()
        if stride > 1 or channels != out:
            before = [BlurPool(channels, stride)] if blur and stride > 1 else []
            self.shortcut = nn.Sequential(
                *before, nn.Conv2d(channels, out, 1, inner, bias=False), nn.BatchNorm2d(out)
            )
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """`(N, channels, H, W)` to `(N, out, H / stride, W / stride)`; smaller without padding."""
        y = self.blur(F.relu(self.bn1(self.conv1(x))))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self._beside(x, y))

    def _beside(self, x: Tensor, y: Tensor) -> Tensor:
        """The shortcut, where padding is taken away as far from the border as the convolutions are."""
        if x.shape[-1] > y.shape[-1] * self.stride:
            before = 1 + self.stride  # where the first pixel of y has its centre, less a blur's own pixel
            x = x[..., before:, before:]
        z = self.shortcut(x)
        return z[..., : y.shape[-2], : y.shape[-1]]


class ResNet18(nn.Module):
    """Eight blocks of 64 to 512 channels at strides 1, 2, 2, 2, global average pooling, one linear layer.

    Args:
        width: Multiplies every number of channels.
        num_classes: Outputs.
        permute: PermuteNet.
        blur: BlurPool at every stride.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 10, permute: bool = False, blur: bool = False):
        super().__init__()
        widths = [scaled(c, width) for c in (64, 128, 256, 512)]
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.layer1 = self._stage(widths[0], widths[0], 1, blur)
        self.layer2 = self._stage(widths[0], widths[1], 2, blur)
        self.layer3 = self._stage(widths[1], widths[2], 2, blur)
        self.layer4 = self._stage(widths[2], widths[3], 2, blur)
        self.order = PermuteChannels() if permute else nn.Identity()
        self.linear = nn.Linear(widths[3], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                initialise(module)

    @staticmethod
    def _stage(channels: int, out: int, stride: int, blur: bool) -> nn.Sequential:
        return nn.Sequential(BasicBlock(channels, out, stride, blur), BasicBlock(out, out))

    def pooled(self, x: Tensor) -> Tensor:
        """The channels that the linear layer reads, `(N, C)`, in their own order."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores `(N, num_classes)` of images `(N, 3, H, W)`."""
        return self.linear(self.order(self.pooled(x)))


LAYERS = ("layer1", "layer2", "layer3", "layer4")


@register("gapnet", title="GAPNet", layers=LAYERS)
def _gapnet(width: float, num_classes: int) -> nn.Module:
    return ResNet18(width, num_classes)


@register("permutenet", title="PermuteNet", layers=LAYERS)
def _permutenet(width: float, num_classes: int) -> nn.Module:
    return ResNet18(width, num_classes, permute=True)


@register("blurpool_resnet18", title="BlurPool", layers=LAYERS)
def _blurpool(width: float, num_classes: int) -> nn.Module:
    return ResNet18(width, num_classes, blur=True)
