"""Networks that change resolution on the way, for the tests of their alignment."""

import torch
import torch.nn.functional as F
from torch import nn


def block(channels, out):
    first, second = (nn.Conv2d(c, out, 3, padding=1) for c in (channels, out))
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


class Resize(nn.Module):
    """As U-Nets do that take any image: to the size of the map that is joined next."""

    def __init__(self, mode):
        super().__init__()
        self.mode = mode

    def forward(self, x, skip):
        return F.interpolate(x, size=skip.shape[2:], mode=self.mode)


class Upsample(nn.Module):
    """A layer that doubles the resolution; what it lacks of the skip's size is padded, as in many U-Nets."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, skip):
        x = self.layer(x)
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        return F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])


def upsampling(kind, channels):
    layers = {
        "transposed 2": lambda: nn.ConvTranspose2d(channels, channels, 2, 2),
        "transposed 3": lambda: nn.ConvTranspose2d(channels, channels, 3, 2, 1, 1),
        "transposed 4": lambda: nn.ConvTranspose2d(channels, channels, 4, 2, 1),
        "shuffle": lambda: nn.Sequential(nn.Conv2d(channels, 4 * channels, 1), nn.PixelShuffle(2)),
        "bicubic": lambda: nn.Upsample(scale_factor=2, mode="bicubic"),
        "upsample": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
    }
    return Upsample(layers[kind]()) if kind in layers else Resize(kind)


UPSAMPLINGS = (
    "nearest",
    "nearest-exact",
    "bilinear",
    "bicubic",
    "upsample",
    "transposed 2",
    "transposed 3",
    "transposed 4",
    "shuffle",
)


class UNet(nn.Module):
    """Two steps down and up, skips by concatenation; gives a dict, as torchvision's segmentation networks."""

    def __init__(self, kind="nearest", channels=4, images=3):
        super().__init__()
        self.down0, self.down1 = block(images, channels), block(channels, channels)
        self.bottom, self.pool = block(channels, channels), nn.MaxPool2d(2)
        self.resize1, self.resize0 = upsampling(kind, channels), upsampling(kind, channels)
        self.up1, self.up0 = block(2 * channels, channels), block(2 * channels, channels)
        self.head = nn.Conv2d(channels, 2, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x):
        fine = self.down0(x)
        middle = self.down1(self.pool(fine))
        deep = self.bottom(self.pool(middle))
        middle = self.up1(torch.cat([middle, self.resize1(deep, middle)], 1))
        fine = self.up0(torch.cat([fine, self.resize0(middle, fine)], 1))
        return {"out": self.head(fine), "size": x.shape[-2:]}


UNET_LAYERS = ["down0", "bottom", "up1", "up0", "head"]


class ValidUNet(nn.Module):
    """Without padding: skips are cropped to the middle (Ronneberger et al. 2015)."""

    def __init__(self):
        super().__init__()
        self.down, self.bottom = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.resize, self.up = nn.ConvTranspose2d(4, 4, 2, 2), nn.Conv2d(8, 3, 3)

    def forward(self, x):
        fine = torch.relu(self.down(x))
        deep = self.resize(torch.relu(self.bottom(F.max_pool2d(fine, 2))))
        height, width = deep.shape[-2:]
        top, left = (fine.shape[-2] - height) // 2, (fine.shape[-1] - width) // 2
        return self.up(torch.cat([fine[:, :, top : top + height, left : left + width], deep], 1))


class Output(nn.Module):
    """The `"out"` of a network that gives a dict, as a module that can be measured."""

    def __init__(self, model):
        super().__init__()
        self.model, self.out = model, nn.Identity()

    def forward(self, x):
        return self.out(self.model(x)["out"])
