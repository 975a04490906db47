"""Street scenes with a class for each pixel, from a folder of Cityscapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torchvision.datasets import Cityscapes
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF
from tqdm.auto import tqdm

from ..checks import one_of, whole
from ..metrics.segmentation import UNLABELLED
from .datasets import Images

PARTS = ("train", "val")  # the test set's labels are not public
# The 19 classes that are scored, in the order of their numbers (Cordts et al. 2016).
STREETS = tuple(
    c.name for c in sorted(Cityscapes.classes, key=lambda c: c.train_id) if 0 <= c.train_id < UNLABELLED
)


def street_classes(ids: torch.Tensor) -> torch.Tensor:
    """Numbers from 0 to 18 of the labels in a file, which has more kinds; `UNLABELLED` for those not scored.

    Args:
        ids: Of `*_labelIds.png`, uint8.

    Raises:
        ValueError: For a label that Cityscapes does not have.
    """
    look_up = np.full(256, -1, np.int64)
    for c in Cityscapes.classes:
        look_up[c.id % 256] = c.train_id if 0 <= c.train_id < UNLABELLED else UNLABELLED
    found = torch.from_numpy(look_up)[ids.long()]
    if (found < 0).any():
        strange = int(ids[found < 0][0])
        raise ValueError(
            f"ids has the label {strange}, which Cityscapes does not have; give its *_labelIds.png"
        )
    return found.to(torch.uint8)


def open_streets(data: str | Path, part: str = "val", height: int = 512, limit: int | None = None) -> Images:
    """Street scenes of a part of Cityscapes.

    Args:
        data: A folder with `leftImg8bit/PART/CITY/*_leftImg8bit.png` and
            `gtFine/PART/CITY/*_gtFine_labelIds.png`, as the archives unpack.
        part: Of `PARTS`.
        height: In pixels, of images twice as wide.
        limit: How many at most; None for all.

    Returns:
        Images `(n, 3, height, 2 height)` uint8 and classes `(n, height, 2 height)` uint8, in the order of
        cities and names; of a limited number a random choice that is always the same.

    Raises:
        ValueError: If the folder or a file in it is missing.
    """
    one_of("part", part, PARTS)
    height, root = whole("height", height), Path(data)
    wanted = [root / kind / part for kind in ("leftImg8bit", "gtFine")]
    if absent := [folder for folder in wanted if not folder.is_dir()]:
        raise ValueError(f"data={str(root)!r} is no folder of Cityscapes: {absent[0]} is missing")
    streets = Cityscapes(root, part, target_type="semantic")
    order = sorted(range(len(streets)), key=lambda k: streets.images[k])
    if not order:
        raise ValueError(f"data={str(root)!r} has no images in leftImg8bit/{part}/CITY/")
    lost = [file for k in order for file in streets.targets[k] if not Path(file).is_file()]
    if lost:
        raise ValueError(f"data={str(root)!r}: {len(lost)} files are missing (first: {lost[0]})")
    if limit is not None and limit < len(order):
        chosen = np.random.default_rng(0).permutation(len(order))[:limit]
        order = [order[i] for i in sorted(chosen)]
    images = torch.empty(len(order), 3, height, 2 * height, dtype=torch.uint8)
    labels = torch.empty(len(order), height, 2 * height, dtype=torch.uint8)
    for i, k in enumerate(tqdm(order, desc=f"Cityscapes {part}", unit="image", disable=len(order) < 200)):
        image, ids = streets[k]
        images[i] = TF.pil_to_tensor(TF.resize(image, [height, 2 * height]))
        resized = TF.resize(ids, [height, 2 * height], InterpolationMode.NEAREST)
        labels[i] = street_classes(TF.pil_to_tensor(resized)[0])
    return Images(images, labels)
