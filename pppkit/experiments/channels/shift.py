"""Does a network say the same of an image and of its shifted copy? AugShift, and consistency.

Table 2 of the Global Pooling paper, after Zhang, Making Convolutional Networks Shift-Invariant Again (2019).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checks import one_of, whole
from ...metrics import ShiftConsistency
from ...models.hooks import watching
from ...padding import FILLS
from ...training.recipes import moved


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
    shift: int = 8,
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
