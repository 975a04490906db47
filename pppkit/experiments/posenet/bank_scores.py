"""What the read-outs of a bank draw, and how that scores against their patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...metrics import PatternScore
from .bank import Bank


@torch.no_grad()
def predictions(
    bank: Bank, features: Sequence[Tensor], places: Sequence[int] | None = None, batch: int = 32
) -> Iterator[tuple[int, Tensor]]:
    """The maps that read-outs predict, batch by batch.

    Args:
        bank: In eval mode.
        features: For each layer `(N, C, h, w)`.
        places: Of the settings that are asked; None for all.
        batch: Images at a time.

    Yields:
        A setting's place and its maps of some images, `(n, side, side)`, on the CPU.
    """
    for some in torch.arange(len(features[0])).split(batch):
        for own, small in bank.small(features, some):
            for place, maps in zip(own, small.unbind(1)):
                if places is None or place in places:
                    large = F.interpolate(maps[:, None], bank.side, mode="bilinear", align_corners=True)
                    yield place, large[:, 0].cpu()


def mean_maps(bank: Bank, features: Sequence[Tensor], places: Sequence[int]) -> dict[int, Tensor]:
    """Of some settings the mean of the predicted maps over images, `(side, side)` by place."""
    found = {place: torch.zeros(bank.side, bank.side) for place in places}
    for place, maps in predictions(bank, features, places):
        found[place] += maps.sum(0) / len(features[0])
    return found


def scores(bank: Bank, features: Sequence[Tensor]) -> list[dict[str, float]]:
    """For each setting `spc`, `mae`, and `nan`: how many of `count` maps had no correlation."""
    found, targets = [PatternScore(sync_on_compute=False) for _ in bank.settings], bank.targets()
    for place, maps in predictions(bank, features):
        found[place].update(maps, targets[place])
    return [{name: value.item() for name, value in score.compute().items()} for score in found]
