"""How networks learn: optimizer, learning rate, augmentation, as one value that a result row can name."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import one_of
from ..padding import FILLS, pad2d

OPTIMIZERS = ("adamw", "sgd")


@dataclass(frozen=True)
class Recipe:
    """How a network learns. Chosen by accuracy alone, before its PPP is looked at.

    The learning rate rises linearly in the first `warm_up` of all steps and falls to 0 along half a cosine.

    Attributes:
        optimizer: `"adamw"`, or `"sgd"` with Nesterov's momentum of 0.9.
        lr: The largest learning rate.
        weight_decay: Of the optimizer.
        warm_up: Share of the steps.
        label_smoothing: Of the cross entropy of classes (Szegedy et al. 2016).
        clip: The largest norm of all gradients together; longer ones are scaled down. 0 for no limit.
        flip: Mirror half of the training images.
        shift: Crops move by up to so many pixels each way.
        shift_fill: What appears beyond the image's border then: a padding scheme. `"zeros"` is black.
    """

    optimizer: str = "adamw"
    lr: float = 1e-3
    weight_decay: float = 0.05
    warm_up: float = 0.05
    label_smoothing: float = 0.0
    clip: float = 1.0
    flip: bool = True
    shift: int = 0
    shift_fill: str = "reflect"

    def __post_init__(self) -> None:
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("shift_fill", self.shift_fill, FILLS)
        for name in ("lr", "weight_decay", "clip", "shift"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")
        for name in ("warm_up", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0 and below 1")

    def optimize(self, parameters: Iterable[nn.Parameter], steps: int) -> dict[str, Any]:
        """Optimizer and schedule, as Lightning's `configure_optimizers` returns them.

        Args:
            parameters: To be trained.
            steps: How many optimizer steps the training has.
        """
        if self.optimizer == "sgd":
            optimizer: torch.optim.Optimizer = torch.optim.SGD(
                parameters, lr=self.lr, momentum=0.9, weight_decay=self.weight_decay, nesterov=True
            )
        else:
            optimizer = torch.optim.AdamW(parameters, lr=self.lr, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.rate(step, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 0, as a share of the largest."""
        warm = max(1, int(steps * self.warm_up))
        rising = (step + 1) / warm
        done = min(1.0, max(0, step - warm) / max(1, steps - warm))
        return min(rising, 0.5 * (1 + math.cos(math.pi * done)))

    def augment(self, x: Tensor, target: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Mirrors and moves the images of a batch, each by itself; masks go with their images.

        Args:
            x: Images `(N, C, H, W)`, of any type.
            target: Labels `(N,)`, or masks `(N, H, W)`.
            generator: On the device of `x`.

        Returns:
            New images and targets of the same shapes.
        """
        masks = target.dim() > 1
        if self.flip:
            mirrored = torch.rand(len(x), generator=generator, device=x.device) < 0.5
            x = torch.where(mirrored.view(-1, 1, 1, 1), x.flip(-1), x)
            if masks:
                target = torch.where(mirrored.view(-1, 1, 1), target.flip(-1), target)
        if self.shift:
            by = torch.randint(2 * self.shift + 1, (2, len(x)), generator=generator, device=x.device)
            x = moved(x, by, self.shift, self.shift_fill)
            if masks:
                target = moved(target[:, None], by, self.shift, self.shift_fill)[:, 0]
        return x, target


def moved(x: Tensor, by: Tensor, shift: int, fill: str) -> Tensor:
    """Crops of padded images, each at its own place.

    Args:
        x: `(N, C, H, W)`.
        by: First row and column of each crop in the padded image, `(2, N)`, from 0 to 2 * shift.
        shift: Pixels of padding on each side; a crop that begins there is the image itself.
        fill: The padding scheme.

    Returns:
        `(N, C, H, W)` in channels_last.
    """
    n, _, height, width = x.shape
    wide = pad2d(x, shift, fill)
    image = torch.arange(n, device=x.device)[:, None, None]
    rows = by[0][:, None] + torch.arange(height, device=x.device)
    columns = by[1][:, None] + torch.arange(width, device=x.device)
    return wide[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
