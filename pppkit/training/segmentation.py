"""Training for semantic segmentation: labelled scenes, mosaics seen from above, folders like VOC."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.datasets import VOCSegmentation
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF
from tqdm.auto import tqdm

from ..metrics.segmentation import UNLABELLED, MeanIoU
from ..scenes import KINDS, PhotoFolder, TiledPhoto, windows
from .datasets import SCENES, Images, class_shapes
from .module import PaddedModule
from .recipes import Recipe

# Classes of the mosaics by the colours of their masks (the data set's classes.json has other colours).
AERIAL = {"building": 0x3C1098, "land": 0x8429F6, "road": 0x6EC1E4, "vegetation": 0xFEDD3A, "water": 0xE2A929}
NO_CLASS = (0x9B9B9B, 0x000000)
# Classes of labelled scenes: shapes that take long to tell apart are one.
GROUPS = {
    "round": ("disc", "half-disc"),
    "polygon": ("square", "triangle", "pentagon"),
    "bar": ("bar",),
    "star": ("cross", "star"),
}
HELD_OUT = 4  # every fourth mosaic, in the order of their names
ROOM = 40  # pixels around every window of a mosaic that it has at least: the same windows for any margin
VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train"),
    "tv monitor",
)


class Labelled(NamedTuple):
    """Training and validation images with a class for each pixel (uint8), and what the classes mean."""

    train: Images
    validation: Images
    classes: tuple[str, ...]


class Segmenter(PaddedModule):
    """A `PaddedModule` on a class for each pixel: cross entropy, and mIoU as a fraction.
    Args:
        model: From images to logits `(N, classes, H, W)`.
        padding: As in `PaddedModule`, and so `recipe` and `kwargs`.
        recipe: How it learns.
        classes: How many.
        **kwargs: For `PaddedModule`.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        padding: str | None = None,
        recipe: Recipe | None = None,
        *,
        classes: int,
        **kwargs: Any,
    ):
        super().__init__(model, padding, recipe, **kwargs)
        self.miou = MeanIoU(classes)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Of logits `(N, classes, H, W)` and classes `(N, H, W)`."""
        return F.cross_entropy(output.float(), target.long(), ignore_index=UNLABELLED)

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """The mean intersection over union."""
        self.miou.update(output.argmax(1), target)
        return {"miou": self.miou}


def fixed_classes(labels: Tensor, classes: int) -> Tensor:
    """The best answer that ignores the picture: on each pixel the class that is most frequent there.

    Args:
        labels: Of training images, `(N, H, W)`.
        classes: How many.

    Returns:
        `(H, W)`, int64; the first of equally frequent classes.
    """
    return torch.stack([(labels == k).sum(0) for k in range(classes)]).argmax(0)


def blind_miou(data: Labelled) -> float:
    """The mIoU of `fixed_classes` on validation images: what an answer is worth that never looks."""
    count, held_out = len(data.classes), data.validation.tensors[1]
    metric = MeanIoU(count)
    metric.update(fixed_classes(data.train.tensors[1], count).expand_as(held_out), held_out)
    return float(metric.compute())


@lru_cache(maxsize=2)
def open_classes(
    data: str,
    size: int,
    train: int | None = None,
    validation: int | None = None,
    seed: int = 0,
    margin: int = 0,
) -> Labelled:
    """A segmentation data set by name or path.

    Args:
        data: `"scenes"`, shapes in four groups (`GROUPS`) or none; a folder of mosaics, each of 3 x 3 tiles
            `*/images/*.jpg` with `*/masks/*.png` in the colours of `AERIAL`, of which every fourth is held
            out whole; or a folder with VOC in it as torchvision reads it: `VOCdevkit/VOC2012/` with
            `JPEGImages/`, `SegmentationClass/` and `ImageSets/Segmentation/`, of whose sets it takes `train`
            and holds out `val`.
        size: Side of the masks in pixels. VOC's images are resized to it both ways; mosaics are cut.
        train: Number of training images; None for all of VOC's, else 4000.
        validation: Number of validation images; None for all of VOC's, else 1000.
        seed: Of scenes and windows.
        margin: Pixels around the masks that images show; VOC's images have none.

    Raises:
        ValueError: For a folder that is none of these, or in which a picture, a mask or a class is missing.
    """
    if data == SCENES:
        return Labelled(
            _grouped(class_shapes(train or 4000, size, 2 * seed, margin=margin)),
            _grouped(class_shapes(validation or 1000, size, 2 * seed + 1, margin=margin)),
            ("none", *GROUPS),
        )
    root = Path(data)
    if list(root.glob("*/masks/*.png")):
        pairs = _mosaics(root)
        held = pairs[HELD_OUT - 1 :: HELD_OUT]
        known = [pair for i, pair in enumerate(pairs) if i % HELD_OUT != HELD_OUT - 1]
        return Labelled(
            _cut(known, train or 4000, size, margin, 2 * seed),
            _cut(held, validation or 1000, size, margin, 2 * seed + 1),
            tuple(AERIAL),
        )
    if margin:
        raise ValueError(f"margin={margin}: pictures of data={data!r} have no surroundings; use margin=0")
    return Labelled(_voc(root, "train", size, train), _voc(root, "val", size, validation), VOC)


def _grouped(images: Images) -> Images:
    """Kinds of shapes, 1 + the index in `KINDS`, as 1 + the index in `GROUPS`; 0 stays 0."""
    groups = [next(i for i, kinds in enumerate(GROUPS.values()) if kind in kinds) for kind in KINDS]
    look_up = torch.tensor([0, *(i + 1 for i in groups)], dtype=torch.uint8)
    pixels, kinds = images.tensors
    return Images(pixels, look_up[kinds.long()])


def _mosaics(root: Path) -> list[tuple[TiledPhoto, TiledPhoto]]:
    """Mosaics and their masks, in the order of their names."""
    photos, masks = (
        list(PhotoFolder(root, (3, 3), pattern)) for pattern in ("*/images/*.jpg", "*/masks/*.png")
    )
    sizes = [[(p.files[0].parent.parent.name, p.shape) for p in some] for some in (photos, masks)]
    if sizes[0] != sizes[1]:
        listed = f"{sizes[0]} and {sizes[1]}"
        raise ValueError(f"data={str(root)!r}: mosaics and masks differ by name or size: {listed}")
    if len(photos) < HELD_OUT:
        raise ValueError(
            f"data={str(root)!r} has {len(photos)} mosaics; every {HELD_OUT}th is held out, so it needs "
            f"at least {HELD_OUT}"
        )
    return list(zip(photos, masks))


def _cut(pairs: Sequence[tuple[TiledPhoto, TiledPhoto]], n: int, size: int, margin: int, seed: int) -> Images:
    """Windows of mosaics with their classes."""
    room = max(margin, ROOM)
    mask_of = {id(photo): mask for photo, mask in pairs}
    found = windows([photo for photo, _ in pairs], n, size + 2 * room, seed)
    images = torch.empty(n, 3, size + 2 * margin, size + 2 * margin, dtype=torch.uint8)
    labels = torch.empty(n, size, size, dtype=torch.uint8)
    for i in sorted(range(n), key=lambda i: found[i].scene.name):  # type: ignore[attr-defined]
        outer, inner = found[i].inner(size + 2 * margin), found[i].inner(size)
        images[i] = outer.read()
        mask = mask_of[id(inner.scene)]
        labels[i] = torch.from_numpy(
            aerial_classes(mask.crop(inner.y, inner.x, size, size).numpy(), mask.name)
        )
    return Images(images, labels)


def aerial_classes(colours: np.ndarray, name: str = "mask") -> np.ndarray:
    """Classes of a mask's colours: indices in `AERIAL`, and `UNLABELLED`.

    Args:
        colours: `(3, H, W)`, uint8.
        name: Of the mask, for the message.

    Raises:
        ValueError: For a colour that stands for nothing.
    """
    red, green, blue = colours.astype(np.int64)
    code = (red << 16) + (green << 8) + blue
    found = np.full(code.shape, UNLABELLED, np.uint8)
    for k, colour in enumerate(AERIAL.values()):
        found[code == colour] = k
    strange = set(np.unique(code[found == UNLABELLED]).tolist()) - set(NO_CLASS)
    if strange:
        listed = ", ".join(f"{title} {colour:06X}" for title, colour in AERIAL.items())
        raise ValueError(
            f"{name} has the colour {strange.pop():06X}, which is no class; classes are {listed}"
        )
    return found


def _voc(root: Path, part: str, size: int, limit: int | None) -> Images:
    """Images and masks of VOC, resized."""
    home = root / "VOCdevkit" / "VOC2012"
    listed = home / "ImageSets" / "Segmentation" / f"{part}.txt"
    if not listed.is_file():
        raise ValueError(
            f"data={str(root)!r} is neither {SCENES!r}, nor a folder with */masks/*.png, nor one with VOC in "
            f"it: {listed} is missing"
        )
    pictures = VOCSegmentation(root, "2012", part)
    absent = [p for p in (*pictures.images, *pictures.masks) if not Path(p).is_file()]
    if absent:
        raise ValueError(f"data={str(root)!r}: {len(absent)} files are missing (first: {absent[0]})")
    order = np.arange(len(pictures))
    chosen = order if limit is None else np.random.default_rng(0).permutation(order)[:limit]
    images = torch.empty(len(chosen), 3, size, size, dtype=torch.uint8)
    labels = torch.empty(len(chosen), size, size, dtype=torch.uint8)
    for i, k in enumerate(tqdm(chosen, desc=f"VOC {part}", unit="image", disable=len(chosen) < 1000)):
        image, mask = pictures[int(k)]
        images[i] = TF.pil_to_tensor(TF.resize(image, [size, size]))
        labels[i] = TF.pil_to_tensor(TF.resize(mask, [size, size], InterpolationMode.NEAREST))[0]
    return Images(images, labels)
