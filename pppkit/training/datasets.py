"""What networks are trained on: shapes in endless scenes, whose place tells nothing, and image folders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset
from torchvision import transforms
from torchvision.datasets import ImageFolder
from tqdm.auto import tqdm

from ..scenes import KINDS, InfiniteScene, windows
from ..scenes.hashing import hash_position, uniform

SCENES = "scenes"  # the name of labelled shapes in endless scenes, which need no data
VALIDATION = ("val", "valid", "validation", "test")
IN_MEMORY = 2**30  # bytes of decoded images that are kept
RADIUS = (
    1.5,
    12.0,
)  # of the leaves behind shapes: none as large as the shapes, which are therefore told by their size
LARGEST = 0.34  # radius of the largest object, in distances between objects


class Data(NamedTuple):
    """A training and a validation set of (image uint8 `(3, S, S)`, label), and what the labels mean."""

    train: Dataset
    validation: Dataset
    classes: tuple[str, ...]


class Images(TensorDataset):
    """Images `(N, 3, H, W)` uint8 in memory with labels or masks; a loader fetches whole batches."""

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, ...]]:
        # one index for each tensor instead of one for each image; wrapped for `first`, the collate_fn
        return [self[torch.as_tensor(indices)]]


def first(batch: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """The `collate_fn` of `Images`, whose batches come ready."""
    return batch[0]


def shape_windows(
    n: int, size: int, seed: int = 0, spacing: float | None = None
) -> list[tuple[InfiniteScene, int, int, int]]:
    """Windows of endless scenes that show one labelled shape, whole, and no part of another.

    The shape's place in the window is uniform over where it fits and has nothing to do with its kind: all
    kinds have the same circumscribed disc, and only that disc decides which windows are taken.

    Args:
        n: How many.
        size: Side in pixels.
        seed: Which world, at least 0; scenes of different seeds share nothing.
        spacing: Mean distance of shapes in pixels; None for 1.25 times the side. Radii are 0.16 to 0.34 times
            that.

    Returns:
        For each window its scene, y, x, and the shape's index in `KINDS`.

    Raises:
        ValueError: If the largest shape does not fit, or n < 1.
    """
    spacing = 1.25 * size if spacing is None else spacing
    if n < 1:
        raise ValueError(f"n={n} must be at least 1")
    if size < 2 * LARGEST * spacing + 1:
        raise ValueError(
            f"spacing={spacing} makes shapes up to {2 * LARGEST * spacing:.0f} pixels wide, which do not fit "
            f"size={size}"
        )
    scene = InfiniteScene(seed, radius=RADIUS, objects=spacing)
    found: list[tuple[InfiniteScene, int, int, int]] = []
    tried, reach = 0, int(np.ceil(LARGEST * spacing))
    while len(found) < n:
        h = hash_position(seed, -7, np.arange(tried, tried + 4 * n))
        tried += 4 * n
        for y, x in np.floor(np.stack([uniform(h, 0), uniform(h, 1)], 1) * 2**38).astype(np.int64).tolist():
            near = scene.objects(y - reach, x - reach, size + 2 * reach, size + 2 * reach)
            touching = [
                o
                for o in near
                if y - o.radius < o.y < y + size + o.radius and x - o.radius < o.x < x + size + o.radius
            ]
            if len(touching) == 1:
                (o,) = touching
                if (
                    y + o.radius <= o.y <= y + size - 1 - o.radius
                    and x + o.radius <= o.x <= x + size - 1 - o.radius
                ):
                    found.append((scene, y, x, KINDS.index(o.kind)))
                    if len(found) == n:
                        break
    return found


@lru_cache(maxsize=4)
def shapes(
    n: int, size: int = 64, seed: int = 0, spacing: float | None = None, progress: bool = False
) -> Images:
    """Labelled shapes in endless scenes: which of `KINDS` does the window show?

    Args:
        n: How many.
        size: Side in pixels.
        seed: See `shape_windows`.
        spacing: See `shape_windows`.
        progress: Show a progress bar.

    Returns:
        Images `(n, 3, size, size)` uint8 and labels `(n,)`.
    """
    images, labels = torch.empty(n, 3, size, size, dtype=torch.uint8), torch.empty(n, dtype=torch.long)
    places = shape_windows(n, size, seed, spacing)
    for i, (scene, y, x, kind) in enumerate(tqdm(places, desc="scenes", unit="image", disable=not progress)):
        images[i], labels[i] = scene.crop(y, x, size, size), kind
    return Images(images, labels)


@lru_cache(maxsize=4)
def masked_shapes(
    n: int,
    size: int = 64,
    seed: int = 0,
    spacing: float | None = None,
    progress: bool = False,
    margin: int = 0,
) -> Images:
    """Salient shapes in endless scenes, drawn as in `shapes`.

    Args:
        n: How many.
        size: Side of the masks in pixels.
        seed: See `shape_windows`.
        spacing: See `shape_windows`.
        progress: Show a progress bar.
        margin: Pixels around, which images show and masks do not.

    Returns:
        Images `(n, 3, size + 2 margin, size + 2 margin)` uint8 and masks `(n, size, size)` of 0 and 1.
    """
    places = [(scene, y, x) for scene, y, x, _ in shape_windows(n, size, seed, spacing)]
    images, labels = _drawn(places, size, margin, progress)
    return Images(images, (labels > 0).float())


@lru_cache(maxsize=4)
def class_shapes(
    n: int,
    size: int = 64,
    seed: int = 0,
    spacing: float | None = None,
    progress: bool = False,
    margin: int = 0,
) -> Images:
    """Windows of endless scenes with the kind of shape on every pixel: anywhere, cut by borders, or none.

    Nothing tells where a shape is but the picture: windows are drawn without regard to shapes.

    Args:
        n: As in `masked_shapes`, and so the others; a `spacing` of None is the side.

    Returns:
        Images `(n, 3, size + 2 margin, size + 2 margin)` uint8 and classes `(n, size, size)` uint8: 0 for
        none, else 1 + the index in `KINDS`.
    """
    scene = InfiniteScene(seed, radius=RADIUS, objects=float(size) if spacing is None else spacing)
    places = [(scene, w.y, w.x) for w in windows(scene, n, size, seed)]
    return Images(*_drawn(places, size, margin, progress))


def _drawn(
    places: Sequence[tuple[InfiniteScene, int, int]], size: int, margin: int, progress: bool
) -> tuple[Tensor, Tensor]:
    """Images with a margin around windows, and the labels in the windows, uint8."""
    n, wide = len(places), size + 2 * margin
    images = torch.empty(n, 3, wide, wide, dtype=torch.uint8)
    labels = torch.empty(n, size, size, dtype=torch.uint8)
    for i, (scene, y, x) in enumerate(tqdm(places, desc="scenes", unit="image", disable=not progress)):
        images[i] = scene.crop(y - margin, x - margin, wide, wide)
        labels[i] = scene.mask(y, x, size, size)
    return images, labels


def _folder(root: Path, size: int, limit: int | None) -> Dataset:
    steps = [transforms.Resize(size), transforms.CenterCrop(size), transforms.PILToTensor()]
    files = ImageFolder(str(root), transforms.Compose(steps))
    chosen = np.arange(len(files))
    if limit is not None and limit < len(files):
        chosen = np.random.default_rng(0).permutation(len(files))[:limit]
    if len(chosen) * 3 * size * size > IN_MEMORY:
        return torch.utils.data.Subset(files, chosen.tolist()) if limit else files
    images = torch.empty(len(chosen), 3, size, size, dtype=torch.uint8)
    for i, k in enumerate(tqdm(chosen, desc=root.name, unit="image", disable=len(chosen) < 2000)):
        images[i] = files[k][0]
    return Images(images, torch.tensor([files.targets[k] for k in chosen]))


@lru_cache(maxsize=2)
def open_data(
    data: str, size: int = 64, train: int | None = None, validation: int | None = None, seed: int = 0
) -> Data:
    """A classification data set by name or path.

    Args:
        data: `"scenes"`, or a folder with `train/CLASS/*` and one of `val`, `valid`, `validation` or `test`
            beside it (CIFAR-10 as JPEGs, ImageNet, any `torchvision.datasets.ImageFolder`). Images are
            resized to `size` by their shorter side and cropped in the centre; up to 1 GiB of them is kept in
            memory.
        size: Side in pixels.
        train: Number of training images; None for all of a folder, and 4000 scenes.
        validation: Number of validation images; None for all of a folder, and 1000 scenes.
        seed: Of the scenes; the two sets come from different worlds.

    Raises:
        ValueError: If the folder, its parts or its classes are missing or differ.
    """
    if data == SCENES:
        return Data(
            shapes(train or 4000, size, 2 * seed), shapes(validation or 1000, size, 2 * seed + 1), KINDS
        )
    root = Path(data)
    if not (root / "train").is_dir():
        raise ValueError(f"data={data!r} is neither {SCENES!r} nor a folder with train/CLASS/ in it")
    held = [root / name for name in VALIDATION if (root / name).is_dir()]
    if not held:
        raise ValueError(
            f"data={data!r} has no validation set; it needs one of the folders {', '.join(VALIDATION)} "
            "beside train"
        )
    classes = [
        tuple(sorted(d.name for d in part.iterdir() if d.is_dir())) for part in (root / "train", held[0])
    ]
    if classes[0] != classes[1] or not classes[0]:
        raise ValueError(
            f"data={data!r}: train has the classes {classes[0]}, {held[0].name} has {classes[1]}"
        )
    return Data(_folder(root / "train", size, train), _folder(held[0], size, validation), classes[0])
