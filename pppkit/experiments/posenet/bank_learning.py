"""How the read-outs of a bank learn: all in one pass over the features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .bank import Bank
from .training import ResizedMSE, passes


def learn(
    bank: Bank,
    features: Sequence[Tensor],
    epochs: int = 15,
    batch: int = 32,
    seed: int = 0,
    mixed: bool = False,
) -> Iterator[Tensor]:
    """Trains a bank by the authors' protocol, an epoch each time that the next item is asked for.

    Args:
        bank: Trained in place.
        features: For each layer `(N, C, h, w)`, computed once.
        epochs: As in `passes`, and so the others.
        batch: Images in a step.
        seed: Of the order of images, which all read-outs share.
        mixed: Lets convolutions of deep read-outs work in bfloat16.

    Yields:
        The mean error of each setting over an epoch.
    """
    made: dict[tuple[int, ...], ResizedMSE] = {}
    device = features[0].device

    def errors(some: Tensor) -> Tensor:
        places, found = [], []
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            predicted = bank.small(features, some)
        for own, maps in predicted:
            if tuple(own) not in made:
                shape = (maps.shape[2], maps.shape[3])
                made[tuple(own)] = ResizedMSE(bank.targets(own).to(device), shape)
            places += own
            found.append(made[tuple(own)](maps.float()))
        return torch.cat(found)[torch.tensor(places).argsort().to(device)]

    return passes(bank, errors, len(features[0]), epochs, batch, seed)
