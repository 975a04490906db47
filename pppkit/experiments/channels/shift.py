"""Shifted copies of images: networks that learn from them (AugShift), and what they say of them.

Table 2 of the Global Pooling paper, after Zhang, Making Convolutional Networks Shift-Invariant Again (2019).
The paper's AugShift also has a loss between the features of two copies, which is not here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...checks import one_of, whole
from ...metrics import ShiftConsistency
from ...models.hooks import watching
from ...padding import FILLS
from ...training import Classifier, Recipe
from ...training.recipes import moved

SHIFT = 8  # pixels each way, the paper's


def shifted(images: Tensor, shift: int, generator: torch.Generator, fill: str = "zeros") -> Tensor:
    """Each image of a batch moved by its own random whole pixels, up to `shift` each way.

    Args:
        images: `(N, C, H, W)`, of any type.
        shift: Pixels; 0 for the images themselves.
        generator: On the device of the images.
        fill: What appears at the border: a padding scheme of `pppkit.padding.FILLS`; `"circular"` rolls.

    Returns:
        The same shape.

    Raises:
        ValueError: For a shift below 0, or an unknown fill.
    """
    shift = whole("shift", shift, 0)
    one_of("fill", fill, FILLS)
    if not shift:
        return images
    by = torch.randint(2 * shift + 1, (2, len(images)), generator=generator, device=images.device)
    return moved(images, by, shift, fill)


def augshift(
    images: Tensor, target: Tensor, shift: int, generator: torch.Generator, fill: str = "zeros"
) -> tuple[Tensor, Tensor]:
    """A batch and its shifted copies, which have the same labels: AugShift.

    Args:
        images: `(N, C, H, W)`.
        target: `(N,)`.
        shift: As in `shifted`, and so the others.
        generator: Of the shifts.
        fill: At the border.

    Returns:
        `(2 N, C, H, W)` and `(2 N,)`: the images, then the copies.
    """
    return torch.cat([images, shifted(images, shift, generator, fill)]), torch.cat([target, target])


def shift_consistency(
    model: nn.Module,
    images: Tensor,
    shift: int = SHIFT,
    *,
    fill: str = "zeros",
    seed: int = 0,
    batch: int = 64,
) -> float:
    """How often a network gives an image and its shifted copy the same class, in percent.

    Call it under `pppkit.Padding` for another padding than the model's own.

    Args:
        model: Takes `(N, C, H, W)`, gives class scores; runs in eval mode.
        images: As the model takes them.
        shift: As in `shifted`.
        fill: At the border of the copies.
        seed: Of the shifts.
        batch: Images in a forward pass.
    """
    generator = torch.Generator(images.device).manual_seed(seed)
    score = ShiftConsistency(sync_on_compute=False).to(images.device)
    with watching(model, {}):
        for part in images.split(batch):
            score.update(model(part), model(shifted(part, shift, generator, fill)))
    return 100 * float(score.compute())


class AugShift(Classifier):
    """A classifier that learns each batch together with its shifted copies.

    Args:
        model: As for `pppkit.training.Classifier`, and so the others.
        padding: A padding scheme.
        recipe: How it learns; its own augmentation comes before the copies.
        copy_shift: As in `shifted`.
        copy_fill: At the border of the copies.
        **kwargs: For `pppkit.training.Classifier`.
    """

    def __init__(
        self,
        model: nn.Module,
        padding: str | None = None,
        recipe: Recipe | None = None,
        *,
        copy_shift: int = SHIFT,
        copy_fill: str = "zeros",
        **kwargs: Any,
    ):
        super().__init__(model, padding, recipe, **kwargs)
        self.copy_shift = whole("copy_shift", copy_shift, 0)
        one_of("copy_fill", copy_fill, FILLS)
        self.copy_fill = copy_fill

    def augmented(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The recipe's images, then their copies."""
        x, target = super().augmented(x, target)
        return augshift(x, target, self.copy_shift, self._generator(), self.copy_fill)
