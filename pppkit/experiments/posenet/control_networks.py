"""Networks whose position information is known, because they were built so."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...models.entries import initialise

STAGES = ("stage1", "stage2", "stage3")
VIEWS = ("view1", "view2", "view3")  # where the stages are read and measured
CELLS = 9  # three rows and three columns of a map: its two borders and what lies between


class Coordinates(nn.Module):
    """Appends two channels that say where a pixel lies: from -1 to 1 down and across a frame, and on beyond.

    Pixels are counted from the middle of what is given, so a frame with as much of the world on every side
    has the same coordinates as the frame alone.

    Args:
        size: Side of the frame in pixels.
    """

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C + 2, H, W)`."""
        down, across = (
            (torch.arange(n, dtype=x.dtype, device=x.device) - (n - 1) / 2) * (2 / (self.size - 1))
            for n in x.shape[-2:]
        )
        both = torch.stack(torch.meshgrid(down, across, indexing="ij"))
        return torch.cat([x, both.expand(len(x), -1, -1, -1)], 1)


class Interior(nn.Module):
    """What lies within a rim.

    Args:
        rim: Pixels that are cut off on each side.
    """

    def __init__(self, rim: int):
        super().__init__()
        self.rim = rim

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C, H - 2 rim, W - 2 rim)`."""
        return x[..., self.rim : x.shape[-2] - self.rim, self.rim : x.shape[-1] - self.rim]


class Shuffled(nn.Module):
    """Every image's places in an order of their own, the same for all channels.

    Args:
        seed: Of the orders, which go on from image to image.
    """

    def __init__(self, seed: int = 0):
        super().__init__()
        self.random = torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape."""
        places = x.shape[-2] * x.shape[-1]
        order = torch.rand(len(x), 1, places, generator=self.random).argsort(-1).to(x.device)
        return x.flatten(2).gather(2, order.expand(-1, x.shape[1], -1)).view(x.shape)


class ControlNetwork(nn.Module):
    """Three stages of two convolutions, halved in size between them, and a guess of the place at every place.

    Nothing in it is global, and it has no shortcuts, so it also runs without any padding.

    Args:
        channels: Of the three stages.
        coordinates: Side of the frame in pixels, for a network that is given `Coordinates`; 0 for none.
    """

    stage1: nn.Module
    stage2: nn.Module
    stage3: nn.Module
    view1: nn.Module
    view2: nn.Module
    view3: nn.Module

    def __init__(self, channels: tuple[int, int, int] = (16, 32, 64), coordinates: int = 0):
        super().__init__()
        self.in_channels = 3
        self.given = Coordinates(coordinates) if coordinates else nn.Identity()
        before = 5 if coordinates else 3
        for name, out in zip(STAGES, channels):
            self.add_module(name, _stage(before, out))
            before = out
        for name in VIEWS:
            self.add_module(name, nn.Identity())
        self.pool, self.place = nn.MaxPool2d(2), nn.Conv2d(before, CELLS, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                initialise(module)

    def forward(self, x: Tensor) -> Tensor:
        """Images `(N, 3, H, W)` to scores of the nine cells at every place, `(N, 9, h, w)`."""
        x = self.stage1(self.given(x))
        self.view1(x)
        x = self.stage2(self.pool(x))
        self.view2(x)
        x = self.stage3(self.pool(x))
        self.view3(x)
        return self.place(x)


def _stage(channels: int, out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before in (channels, out):
        layers += [nn.Conv2d(before, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers)


def with_views(network: ControlNetwork, views: Mapping[str, nn.Module]) -> ControlNetwork:
    """The same network, its weights shared, read through other views.

    Args:
        network: Stays as it is.
        views: By their names in `VIEWS`.
    """
    seen = ControlNetwork.__new__(ControlNetwork)
    nn.Module.__init__(seen)
    seen.in_channels = network.in_channels
    for name, module in network.named_children():
        seen.add_module(name, views.get(name, module))
    return seen
