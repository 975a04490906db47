"""Teaching a network to tell, at every place of its deepest map, where that place lies in the frame."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...scenes import InfiniteScene, windows
from ...training import PaddedModule
from ...training.datasets import Images


def cells(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Which of nine cells each place of a map lies in: `(height, width)`, 0 to 8 row by row.

    The outer rows and columns of cells are a quarter of the map wide, the inner ones what is left: at 16
    places, four that padding reaches in `ControlNetwork`, eight that it does not, and four again.

    Example:
        >>> cells(4, 4).tolist()
        [[0, 1, 1, 2], [3, 4, 4, 5], [3, 4, 4, 5], [6, 7, 7, 8]]
    """
    down, across = (_thirds(n, device) for n in (height, width))
    return 3 * down[:, None] + across


def _cells_of(maps: Tensor) -> Tensor:
    height, width = maps.shape[-2:]
    return cells(height, width, maps.device)


def _thirds(n: int, device: torch.device | str) -> Tensor:
    place, quarter = torch.arange(n, device=device), round(n / 4)
    return 1 + (place >= n - quarter).long() - (place < quarter).long()


@lru_cache(maxsize=4)
def frames(n: int, size: int, seed: int) -> Images:
    """Windows of endless scenes, where one place is like any other, and labels that nobody reads."""
    pictures = torch.stack([w.read() for w in windows(InfiniteScene(seed), n, size, seed)])
    return Images(pictures, torch.zeros(n, dtype=torch.long))


class PlaceModule(PaddedModule):
    """`PaddedModule` on the places themselves: every place of the output names its cell."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross entropy of scores `(N, 9, h, w)`; each of the nine cells has the same weight."""
        place = _cells_of(output)
        shares = torch.bincount(place.flatten(), minlength=9) / place.numel()
        weights = (1 / (9 * shares)).to(torch.float32)
        return F.cross_entropy(output.float(), place.expand(len(output), -1, -1), weights)

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """`accuracy`: the share of places whose cell is named rightly, a mean over the nine cells."""
        place = _cells_of(output)
        right = (output.argmax(1) == place).float().mean(0)
        return {"accuracy": torch.stack([right[place == cell].mean() for cell in range(9)]).mean()}
