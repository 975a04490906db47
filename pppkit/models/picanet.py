"""VGG16 with PiCANet's pixel-wise contextual attention, for saliency (Liu, Han and Yang, CVPR 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entries import register


def _conv(channels: int, out: int, kernel: int = 3, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=padding, dilation=dilation), nn.BatchNorm2d(out), nn.ReLU()
    )


class GlobalAttention(nn.Module):
    """Each pixel attends over the whole map, by weights from an LSTM that sweeps in four directions (ReNet).

    Args:
        channels: Of the map.
        hidden: Of each LSTM direction.
        grid: The attended map is pooled to `(grid, grid)`.
    """

    def __init__(self, channels: int, hidden: int, grid: int = 10):
        super().__init__()
        self.grid = grid
        self.across = nn.LSTM(channels, hidden, bidirectional=True, batch_first=True)
        self.down = nn.LSTM(2 * hidden, hidden, bidirectional=True, batch_first=True)
        self.weights = nn.Conv2d(2 * hidden, grid * grid, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape."""
        n, c, h, w = x.shape
        rows = self.across(x.permute(0, 2, 3, 1).reshape(n * h, w, c))[0].view(n, h, w, -1)
        columns = self.down(rows.transpose(1, 2).reshape(n * w, h, -1))[0].view(n, w, h, -1)
        attention = self.weights(columns.permute(0, 3, 2, 1)).flatten(2).softmax(1)  # (N, grid^2, H W)
        seen = F.adaptive_avg_pool2d(x, self.grid).flatten(2)  # (N, C, grid^2)
        return (seen @ attention).view(n, c, h, w)


class LocalAttention(nn.Module):
    """Each pixel attends over its neighbourhood, 7 x 7 at dilation 2.

    Args:
        channels: Of the map.
        hidden: Between the two convolutions that give the weights.
        kernel: Side of the neighbourhood.
        dilation: Its dilation.
    """

    def __init__(self, channels: int, hidden: int, kernel: int = 7, dilation: int = 2):
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.weights = nn.Sequential(
            _conv(channels, hidden, kernel, dilation), nn.Conv2d(hidden, kernel * kernel, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape; what lies beyond the border is 0, as in the authors' code."""
        n, c, h, w = x.shape
        attention = F.interpolate(self.weights(x), (h, w)).softmax(
            1
        )  # without padding it is smaller than the map
        reach = self.dilation * (self.kernel // 2)
        near = F.unfold(x, self.kernel, self.dilation, reach).view(n, c, -1, h, w)
        return (near * attention[:, None]).sum(2)


class Decoder(nn.Module):
    """One step up: joins the deeper map with the encoder's, attends, predicts.

    Args:
        deep: Channels of the deeper map.
        skip: Channels of the encoder's map.
        out: Channels of this one.
        attention: `"global"`, `"local"` or None.
        hidden: Of the attention.
    """

    def __init__(self, deep: int, skip: int, out: int, attention: str | None, hidden: int):
        super().__init__()
        self.skip = nn.Sequential(nn.BatchNorm2d(skip), nn.ReLU()) if skip else None
        self.fuse = _conv(deep + skip, skip or deep)
        kinds = {"global": GlobalAttention, "local": LocalAttention}
        self.attend = kinds[attention](skip or deep, hidden) if attention else None
        self.out = _conv((skip or deep) * (2 if attention else 1), out)
        self.predict = nn.Conv2d(out, 1, 1)

    def forward(self, deep: Tensor, skip: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The map of this step `(N, out, H, W)` and its logits `(N, 1, H, W)`."""
        if self.skip is not None and skip is not None:
            deep = torch.cat([F.interpolate(deep, skip.shape[-2:], mode="bilinear"), self.skip(skip)], 1)
        x = self.fuse(deep)
        if self.attend is not None:
            x = torch.cat([x, self.attend(x)], 1)
        x = self.out(x)
        return x, self.predict(x)


class VGG16SOD(nn.Module):
    """VGG16 and a decoder of six steps: two with global attention, three with local attention, one without.

    As in the paper the fourth and fifth pooling keep the resolution, the fifth block is dilated by 2, and two
    more layers take the place of the fully connected ones. `features` has torchvision's names.

    Args:
        width: Multiplies every number of channels.
    """

    def __init__(self, width: float = 1.0):
        super().__init__()

        def wide(c: int) -> int:
            return max(1, round(c * width))

        blocks, channels = [], 3
        self.features = nn.Sequential()
        for level, (c, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
            for _ in range(count):
                dilation = 2 if level == 4 else 1
                self.features.extend(
                    [nn.Conv2d(channels, wide(c), 3, padding=dilation, dilation=dilation), nn.ReLU()]
                )
                channels = wide(c)
            blocks.append((len(self.features) - 1, channels))
            self.features.append(nn.MaxPool2d(2) if level < 3 else nn.MaxPool2d(3, 1, 1))
        self.ends = [i for i, _ in blocks]  # the last ReLU of each block
        self.fc = nn.Sequential(_conv(channels, wide(1024), 3, 4), _conv(wide(1024), wide(1024), 1))
        skips = [c for _, c in blocks][::-1]
        outs = [wide(c) for c in (512, 512, 256, 128, 64, 64)]
        kinds = ("global", "global", "local", "local", "local", None)
        deep = [wide(1024), *outs]
        self.decoders = nn.ModuleList(
            Decoder(d, s, o, k, wide(256)) for d, s, o, k in zip(deep, [0, *skips], outs, kinds)
        )
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Images `(N, 3, H, W)` to the logits of six maps, the last one the prediction: `(N, 6, H, W)`."""
        size, skips = x.shape[-2:], []
        for i, layer in enumerate(self.features[: self.ends[-1] + 1]):
            x = layer(x)
            if i in self.ends:
                skips.append(x)
        x = self.fc(self.features[self.ends[-1] + 1](x))
        maps = []
        for decoder, skip in zip(self.decoders, [None, *skips[::-1]]):
            x, logits = decoder(x, skip)
            maps.append(F.interpolate(logits, size, mode="bilinear"))
        return torch.cat(maps, 1)


@register(
    "vgg16_sod",
    title="VGG16-SOD",
    layers=(
        "features.8",
        "features.15",
        "features.22",
        "features.29",
    ),  # the last ReLU of blocks 2 to 5, as in VGG19
    task="masks",
)
def _vgg16_sod(width: float, num_classes: int) -> nn.Module:
    return VGG16SOD(width)
