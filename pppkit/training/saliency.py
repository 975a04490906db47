"""Salient object detection: scenes with free masks, folders of images and masks, the losses of PiCANet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as TF
from tqdm.auto import tqdm

from ..metrics import WeightedF, weighted_f
from .datasets import SCENES, Images, masked_shapes
from .module import PaddedModule
from .recipes import Recipe

# Where the literature's data sets have their images and masks, below their folder.
LAYOUTS = {
    "ECSSD": ("images", "ground_truth_mask"),
    "PASCAL-S": ("Imgs", "GT"),
    "DUT-OMRON": ("DUT-OMRON-image", "pixelwiseGT-new-PNG"),
    "DUTS": ("DUTS-TE/DUTS-TE-Image", "DUTS-TE/DUTS-TE-Mask"),
    "any": ("images", "masks"),
}
SIDE_WEIGHTS = (
    0.5,
    0.5,
    0.5,
    0.8,
    0.8,
    1.0,
)  # of the losses from the deepest prediction to the last (Liu et al., section 4.2)


class Saliency(PaddedModule):
    """A `PaddedModule` on masks: cross entropy of all six maps, and the weighted F-measure of the last."""

    def __init__(
        self, model: torch.nn.Module, padding: str | None = None, recipe: Recipe | None = None, **kwargs: Any
    ):
        super().__init__(model, padding, recipe, **kwargs)
        self.weighted_f = WeightedF()

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Of logits `(N, maps, H, W)` and masks `(N, H, W)`."""
        weights = SIDE_WEIGHTS[-output.shape[1] :]
        losses = (F.binary_cross_entropy_with_logits(m.float(), target) for m in output.unbind(1))
        return torch.stack([w * one for w, one in zip(weights, losses)]).sum()

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """The weighted F-measure."""
        self.weighted_f.update(output[:, -1].float().sigmoid(), target)
        return {"weighted_f": self.weighted_f}


def open_masks(
    data: str,
    size: int,
    train: int | None = None,
    validation: int | None = None,
    seed: int = 0,
    margin: int = 0,
) -> tuple[Images, Images]:
    """A saliency data set by name or path: training and validation images with masks.

    Args:
        data: `"scenes"`, or a folder in the manner of DUTS: `DUTS-TR/DUTS-TR-Image/*.jpg`,
            `DUTS-TR/DUTS-TR-Mask/*.png` and the same with `TE`.
        size: Images and masks are resized to this many pixels, both ways.
        train: Number of training images; None for all of a folder, and 4000 scenes.
        validation: Number of validation images; None for all of a folder, and 1000 scenes.
        seed: Of the scenes.
        margin: Pixels around the masks that images of scenes show.

    Raises:
        ValueError: If a folder or the mask of an image is missing, or files shall have a margin.
    """
    if data == SCENES:
        return (
            masked_shapes(train or 4000, size, 2 * seed, margin=margin),
            masked_shapes(validation or 1000, size, 2 * seed + 1, margin=margin),
        )
    if margin:
        raise ValueError(f"margin={margin}: pictures of data={data!r} have no surroundings; use margin=0")
    return _duts(Path(data), "TR", size, train), _duts(Path(data), "TE", size, validation)


def open_test_masks(data: str | Path, size: int, limit: int | None = None) -> Images:
    """The images and masks of a folder that saliency is tested on.

    Args:
        data: A folder as ECSSD, PASCAL-S, DUT-OMRON or DUTS are published (`LAYOUTS`), or with `images` and
            `masks`; images are `*.jpg`, their masks `*.png` of the same name.
        size: Images and masks are resized to this many pixels, both ways.
        limit: Number of images; None for all.

    Raises:
        ValueError: If the folder is none of these, or the mask of an image is missing.
    """
    root = Path(data)
    for images, masks in LAYOUTS.values():
        if (root / images).is_dir() and (root / masks).is_dir():
            return _pairs(root / images, root / masks, size, limit)
    known = "; ".join(f"{images} and {masks} ({name})" for name, (images, masks) in LAYOUTS.items())
    raise ValueError(f"data={str(root)!r} has no folders of images and masks; known are {known}")


def fixed_map(masks: Tensor, levels: int = 9) -> Tensor:
    """The best answer that ignores the picture: where the average mask exceeds the level that scores best.

    What a saliency network scores beyond it, it has seen; location bias alone gets this far.

    Args:
        masks: Of training images, `(N, H, W)` of 0 and 1.
        levels: How many are tried, evenly between none and the average's maximum.

    Returns:
        `(H, W)` of 0 and 1.
    """
    mean = masks.mean(0)
    candidates = [(mean > mean.max() * k / (levels + 1)).float() for k in range(1, levels + 1)]
    return max(candidates, key=lambda c: weighted_f(c.expand_as(masks), masks).mean().item())


def fixed_score(masks: Tensor, held_out: Tensor) -> float:
    """The weighted F-measure of `fixed_map` on held-out masks: what an answer is worth that never looks.

    Args:
        masks: As in `fixed_map`.
        held_out: The same of images that are held out.

    Returns:
        A fraction.
    """
    return weighted_f(fixed_map(masks).expand_as(held_out), held_out).mean().item()


def _duts(root: Path, part: str, size: int, limit: int | None) -> Images:
    folders = [root / f"DUTS-{part}" / f"DUTS-{part}-{kind}" for kind in ("Image", "Mask")]
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(
                f"data={str(root)!r} is neither {SCENES!r} nor a folder in the manner of DUTS: "
                f"{folder} is missing"
            )
    return _pairs(folders[0], folders[1], size, limit)


def _pairs(pictures: Path, drawn: Path, size: int, limit: int | None) -> Images:
    """Images of one folder with their masks of another, resized."""
    files = sorted(pictures.glob("*.jpg"))
    masks = [drawn / f"{f.stem}.png" for f in files]
    lack = [m for m in masks if not m.is_file()]
    if lack or not files:
        why = f"{len(lack)} images have no mask (first: {lack[0]})" if lack else f"no *.jpg in {pictures}"
        raise ValueError(f"data={str(pictures.parent)!r}: {why}")
    order = np.arange(len(files))
    chosen = order if limit is None else np.random.default_rng(0).permutation(len(files))[:limit]
    images = torch.empty(len(chosen), 3, size, size, dtype=torch.uint8)
    wanted = torch.empty(len(chosen), size, size)
    for i, k in enumerate(tqdm(chosen, desc=pictures.name, unit="image", disable=len(chosen) < 1000)):
        images[i] = TF.pil_to_tensor(TF.resize(Image.open(files[k]).convert("RGB"), [size, size]))
        mask = TF.resize(Image.open(masks[k]).convert("L"), [size, size])
        wanted[i] = (TF.pil_to_tensor(mask)[0] > 127).float()
    return Images(images, wanted)
