"""The paper's three classifiers at any width (Lin et al., appendix A.1)."""

from __future__ import annotations

import torch
import torchvision
from torch import nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import Bottleneck, ResNet

from .entries import initialise, register, scaled


class VGG19(nn.Module):
    """VGG19 as in the paper's Figure 6: sixteen convolutions, global average pooling, one linear layer.

    `features` has torchvision's names. Without the last max pooling the fourth layer of interest is 14x14 at
    224 pixels.

    Args:
        width: Multiplies every number of channels.
        num_classes: Outputs.
        batch_norm: After every convolution.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 1000, batch_norm: bool = False):
        super().__init__()
        stages = [[scaled(c, width)] * n for c, n in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))]
        layers = [c for stage in stages for c in (*stage, "M")]
        self.features = torchvision.models.vgg.make_layers(layers[:-1], batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(stages[-1][-1], num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores `(N, num_classes)` of images `(N, 3, H, W)`."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@register("vgg19", title="VGG19", layers=("features.8", "features.17", "features.26", "features.35"))
def _vgg19(width: float, num_classes: int) -> nn.Module:
    return _initialised(VGG19(width, num_classes))


def _initialised(model: VGG19) -> VGG19:
    for module in model.features:
        if isinstance(module, nn.Conv2d):
            initialise(module)
    return model


@register("resnet50", title="ResNet50", layers=("layer1", "layer2", "layer3", "layer4"))
def _resnet50(width: float, num_classes: int) -> nn.Module:
    if width != 1:
        model = _ScaledResNet50(width, num_classes)
    else:
        model = ResNet(Bottleneck, [3, 4, 6, 3], num_classes=num_classes)
    model.conv1 = nn.Conv2d(3, model.conv1.out_channels, 3, stride=2, padding=1, bias=False)
    initialise(model.conv1)
    model.maxpool = nn.MaxPool2d(2, 2)
    return model


class _ScaledResNet50(ResNet):
    """torchvision's ResNet50 with every number of channels multiplied."""

    def __init__(self, width: float, num_classes: int):
        self._width = width
        super().__init__(Bottleneck, [3, 4, 6, 3], num_classes=num_classes)
        stem = scaled(64, width)
        self.conv1, self.bn1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False), nn.BatchNorm2d(stem)
        self.fc = nn.Linear(self.inplanes, num_classes)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:
            self.inplanes = scaled(64, self._width)
        return super()._make_layer(block, scaled(planes, self._width), blocks, stride, dilate)


@register(
    "efficientnet_b0",
    title="EfficientNet-B0",
    layers=("features.2", "features.3", "features.5", "features.7"),
)
def _efficientnet(width: float, num_classes: int) -> nn.Module:
    stages = [
        (1, 3, 1, 32, 16, 1),
        (6, 3, 2, 16, 24, 2),
        (6, 5, 2, 24, 40, 2),
        (6, 3, 2, 40, 80, 3),
        (6, 5, 1, 80, 112, 3),
        (6, 5, 2, 112, 192, 4),
        (6, 3, 1, 192, 320, 1),
    ]
    return EfficientNet(
        [MBConvConfig(*stage, width_mult=width) for stage in stages], dropout=0.2, num_classes=num_classes
    )


@register("vgg19_bn", title="VGG19-BN", layers=("features.12", "features.25", "features.38", "features.51"))
def _vgg19_bn(width: float, num_classes: int) -> nn.Module:
    return _initialised(VGG19(width, num_classes, batch_norm=True))
