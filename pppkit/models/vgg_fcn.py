"""A small VGG that labels every pixel: fully convolutional, its four blocks read together.

The encoder is the first four blocks of VGG13 with batch normalisation (Simonyan and Zisserman 2015), so short
that 80 pixels are enough without padding. The head reads every block by a 1x1 convolution and adds them up,
as FCN does (Long, Shelhamer and Darrell 2015): it has no border of its own, so all padding is the encoder's.
"""

from __future__ import annotations

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from .entries import initialise, register, scaled

BLOCKS = ("block1", "block2", "block3", "block4")
FINEST = 1  # the block whose resolution, half the image's, the head works at


def _block(channels: int, out: int, pool: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(2)] if pool else []
    for taken in (channels, out):
        layers += [
            nn.Conv2d(taken, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class VGGFCN(nn.Module):
    """Eight 3x3 convolutions in four blocks, and a head of 1x1 convolutions.

    Without padding maps shrink by a border. They are stretched to a common size and the result to the
    image's: a pixel of it then stands for one nearer to the middle.

    Args:
        width: Multiplies every number of channels.
        num_classes: Maps in the output; 1 for saliency.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 21):
        super().__init__()
        channels = [scaled(c, width) for c in (64, 128, 256, 512)]
        taken = [3, *channels[:-1]]
        blocks = zip(BLOCKS, taken, channels)
        self.encoder = nn.Sequential(OrderedDict((name, _block(c, out, c != 3)) for name, c, out in blocks))
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels[1], 1) for c in channels[FINEST:])
        self.norm = nn.BatchNorm2d(channels[1])
        self.predict = nn.Conv2d(channels[1], num_classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                initialise(module)

    def forward(self, x: Tensor) -> Tensor:
        """Images `(N, 3, H, W)` to logits `(N, num_classes, H, W)`."""
        size, maps = x.shape[-2:], []
        for block in self.encoder:
            x = block(x)
            maps.append(x)
        finest = maps[FINEST].shape[-2:]
        read = [
            F.interpolate(lateral(m), finest, mode="bilinear")
            for lateral, m in zip(self.lateral, maps[FINEST:])
        ]
        joined = F.relu(self.norm(sum(read[1:], read[0])))
        return F.interpolate(self.predict(joined), size, mode="bilinear")


@register("vgg_fcn", title="VGG-FCN", layers=tuple(f"encoder.{name}" for name in BLOCKS), task="masks")
def _vgg_fcn(width: float, num_classes: int) -> nn.Module:
    return VGGFCN(width, num_classes)
