"""How a network that labels pixels is scored: in the whole image, in its border and in its middle."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...metrics import UNLABELLED, MaxF, MeanIoU, mean_absolute_error
from ...models.hooks import padded_by
from ...training import Images, fixed_classes

BORDER = 8  # the border is an eighth of the side wide


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, padding: str, batch: int = 50) -> Tensor:
    """What a network says of each pixel, in float32.

    Args:
        model: From images to logits `(N, maps, H, W)`; put into eval mode.
        images: `(N, 3, H, W)`, uint8.
        padding: A padding scheme.
        batch: Images in a forward pass.

    Returns:
        `(N, H, W)`: the most likely class (uint8), or of a single map what is salient, in [0, 1].
    """
    like = next(model.parameters())
    scale, generator = ImageScaling.of(3, IMAGENET), torch.Generator(like.device).manual_seed(0)
    parts, model = [], model.eval()
    for some in images.split(batch):
        with padded_by(padding, generator):
            logits = model(scale(some, like))
        single = logits.shape[1] == 1
        parts.append((logits[:, 0].sigmoid() if single else logits.argmax(1).to(torch.uint8)).cpu())
    return torch.cat(parts)


def frame(size: int) -> Tensor:
    """Which pixels are in the border: `(size, size)`, boolean."""
    found, wide = torch.ones(size, size, dtype=torch.bool), size // BORDER
    found[wide : size - wide, wide : size - wide] = False
    return found


def scores(task: str, predicted: Tensor, truth: Tensor, classes: int) -> dict[str, float]:
    """The scores of predictions.

    Args:
        task: `"saliency"` or `"segmentation"`.
        predicted: `(N, S, S)`, of `predict`.
        truth: Masks of 0 and 1, or classes, `(N, S, S)`.
        classes: How many; of segmentation.

    Returns:
        `score`: the maximal F-measure or the mIoU; of saliency `mae`; of segmentation `score border` and
        `score middle`, of saliency `mae border` and `mae middle`.
    """
    border = frame(truth.shape[-1])
    regions = {" border": border, " middle": ~border}
    if task == "saliency":
        metric = MaxF()
        metric.update(predicted, truth)
        whole = {"score": float(metric.compute()), "mae": float(mean_absolute_error(predicted, truth).mean())}
        off = (predicted - truth).abs().double().mean(0)
        return whole | {f"mae{where}": float(off[part].mean()) for where, part in regions.items()}
    found = {}
    for where, part in {"": torch.ones_like(border), **regions}.items():
        miou = MeanIoU(classes)
        miou.update(predicted, torch.where(part, truth, UNLABELLED))
        found[f"score{where}"] = float(miou.compute())
    return found


def blind(task: str, train: Images, held_out: Images, classes: int) -> dict[str, float]:
    """The scores of the best answer that ignores the picture.

    On each pixel the most frequent class of the training images, or how often it is salient in them: at its
    best threshold that is the best fixed map.
    """
    known, truth = train.tensors[1], held_out.tensors[1]
    fixed = known.mean(0) if task == "saliency" else fixed_classes(known, classes)
    return scores(task, fixed.expand_as(truth), truth, classes)
