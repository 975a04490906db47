"""PosENet's read-out: a small stack of convolutions over frozen features, several trials side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .patterns import SIDE


class MatmulConv2d(nn.Conv2d):
    """A convolution from many channels to few, as matrix products.

    A product for each image gives every tap its map, and the maps are added, shifted.

    General kernels work on blocks of output channels, of which a single one fills a small part. It takes
    images as a batch or as a list, so that drawing a batch at random copies nothing.
    """

    def forward(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """Features `(N, C, H, W)`, or N of `(C, H, W)`, to `(N, out_channels, H', W')`."""
        k, p = int(self.kernel_size[0]), int(self.padding[0])
        taps = self.weight.permute(2, 3, 0, 1).flatten(0, 2)  # one row for each tap and output channel
        maps = torch.stack([taps @ image.flatten(1) for image in x]).unflatten(2, x[0].shape[1:])
        maps = F.pad(maps, (p, p, p, p))
        h, w = (n - k + 1 for n in maps.shape[2:])
        shifted = [m[..., i // k : i // k + h, i % k : i % k + w] for i, m in enumerate(maps.chunk(k * k, 1))]
        return torch.stack(shifted).sum(0) + self.bias.view(-1, 1, 1)  # type: ignore[union-attr]


class ReadOut(nn.Module):
    """The read-outs of several trials side by side, over the same features.

    Each is a stack of convolutions with its own weights.

    The trials share nothing but their input, so they learn what they would learn alone.

    Args:
        channels: Of the features.
        seeds: One for each trial, of its initial weights (Xavier uniform; biases are 0).
        depth: Convolutions; all but the last keep the number of channels and end in BatchNorm and ReLU.
        kernel: Their size.
        padding: Theirs; the papers' is 0.
        side: Pixels of the predicted map.
    """

    def __init__(
        self,
        channels: int,
        seeds: Sequence[int] = (0,),
        depth: int = 1,
        kernel: int = 3,
        padding: int = 0,
        side: int = SIDE,
    ):
        super().__init__()
        for name, value in (("depth", depth), ("kernel", kernel), ("seeds", len(seeds))):
            if value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        self.side, n = side, len(seeds)
        blocks: list[nn.Module] = []
        for level in range(depth):
            last = level == depth - 1
            kind = MatmulConv2d if depth == 1 else nn.Conv2d
            conv = kind(
                channels * (n if level else 1),
                n * (1 if last else channels),
                kernel,
                padding=padding,
                groups=n if level else 1,
            )
            blocks += [conv, nn.BatchNorm2d(conv.out_channels), *([] if last else [nn.ReLU()])]
        for seed, part in zip(seeds, range(n)):
            generator = torch.Generator().manual_seed(seed)
            for module in blocks:
                if isinstance(module, nn.Conv2d):
                    nn.init.xavier_uniform_(module.weight.data.chunk(n)[part], generator=generator)
                    nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        self.layers = nn.Sequential(*blocks)

    def small(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """Features to maps `(N, trials, h', w')` in (0, 1), before they are resized.

        Features are `(N, C, h, w)`, or N of `(C, h, w)` where depth is 1.
        """
        return self.layers(x).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Features `(N, C, h, w)` to maps `(N, trials, side, side)` in (0, 1)."""
        return F.interpolate(self.small(x), (self.side, self.side), mode="bilinear", align_corners=True)
