"""Photographs as scenes: one file, tiles that form one picture, a folder of either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import overload

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}

Image.MAX_IMAGE_PIXELS = None  # large photographs are what this module is for


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            if image.mode != "RGB":
                raise ValueError(
                    f"{path} is a {image.mode} image; convert it to RGB (Image.open(path).convert('RGB').save(...))"
                )
            yield image
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path} cannot be read as an image ({error}); mend or remove it") from error


@lru_cache(maxsize=128)
def _pixels(path: Path) -> np.ndarray:
    """Decoded pixels `(H, W, 3)`; kept, because neighbouring windows read the same files."""
    with _opened(path) as image:
        return np.asarray(image)


def _size(path: Path) -> tuple[int, int]:
    """Height and width, from the file's header."""
    with _opened(path) as image:
        return image.height, image.width


class TiledPhoto:
    """Image files that form one large picture, row by row.

    Args:
        files: The tiles in reading order.
        grid: Rows and columns.
        name: What the picture is called in results.

    Raises:
        ValueError: If the number of files is not rows * columns, tiles of one row differ in height or tiles of one column
            in width, or a file is no RGB image.
    """

    def __init__(self, files: Sequence[str | Path], grid: tuple[int, int], name: str = ""):
        rows, columns = grid
        self.files = [Path(f) for f in files]
        if rows < 1 or columns < 1 or len(self.files) != rows * columns:
            raise ValueError(f"grid={grid} needs {rows * columns} files, got {len(self.files)}")
        sizes = np.array([_size(f) for f in self.files]).reshape(rows, columns, 2)
        if (sizes[..., 0] != sizes[:, :1, 0]).any() or (sizes[..., 1] != sizes[:1, :, 1]).any():
            raise ValueError(
                f"the tiles of {name or self.files[0].parent} do not fit a {rows}x{columns} grid: sizes (height, width) are {sizes.tolist()}"
            )
        self.grid, self.name = (rows, columns), name or self.files[0].stem
        self._y = np.concatenate([[0], np.cumsum(sizes[:, 0, 0])])
        self._x = np.concatenate([[0], np.cumsum(sizes[0, :, 1])])

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self._y[-1]), int(self._x[-1])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.shape[0]}x{self.shape[1]})"

    def crop(self, y: int, x: int, height: int, width: int) -> Tensor:
        """The window whose first pixel is (y, x): `(3, height, width)`, uint8.

        Raises:
            ValueError: If the window leaves the picture.
        """
        if (
            y < 0
            or x < 0
            or height < 1
            or width < 1
            or y + height > self.shape[0]
            or x + width > self.shape[1]
        ):
            raise ValueError(
                f"window y={y}, x={x}, {height}x{width} leaves {self.name}, which is {self.shape[0]}x{self.shape[1]} pixels"
            )
        out = np.empty((height, width, 3), np.uint8)
        for r in range(self.grid[0]):
            top, bottom = max(y, self._y[r]), min(y + height, self._y[r + 1])
            for c in range(self.grid[1]):
                left, right = max(x, self._x[c]), min(x + width, self._x[c + 1])
                if top < bottom and left < right:
                    tile = _pixels(self.files[r * self.grid[1] + c])
                    out[top - y : bottom - y, left - x : right - x] = tile[
                        top - self._y[r] : bottom - self._y[r], left - self._x[c] : right - self._x[c]
                    ]
        return torch.from_numpy(np.ascontiguousarray(out.transpose(2, 0, 1)))


class Photo(TiledPhoto):
    """One image file.

    Args:
        path: An RGB image in a format that Pillow reads.
    """

    def __init__(self, path: str | Path):
        super().__init__([path], (1, 1), Path(path).stem)


class PhotoFolder(Sequence[TiledPhoto]):
    """The photographs below a folder, sorted by path.

    Args:
        root: The folder; searched at every depth.
        grid: Rows and columns where the images of each lowest folder are the tiles of one large picture, else None.
        pattern: Which files, as in `pathlib.Path.glob`; by default every image file. Use it to leave out masks, say
            `"*/images/*.jpg"`.

    Raises:
        ValueError: If the folder does not exist or holds no matching image, or a file is unreadable or not RGB.

    Example:
        >>> photos = PhotoFolder("satellite", grid=(3, 3), pattern="*/images/*.jpg")  # doctest: +SKIP
        >>> photos[0].crop(100, 100, 460, 460).shape  # doctest: +SKIP
        torch.Size([3, 460, 460])
    """

    def __init__(self, root: str | Path, grid: tuple[int, int] | None = None, pattern: str | None = None):
        self.root = Path(root)
        if not self.root.is_dir():
            raise ValueError(f"root={str(root)!r} is not a folder")
        files = sorted(
            f
            for f in self.root.glob(pattern or "**/*")
            if f.is_file() and (pattern or f.suffix.lower() in SUFFIXES)
        )
        if not files:
            raise ValueError(
                f"root={str(root)!r} holds no image"
                + (f" that matches {pattern!r}" if pattern else f" ({', '.join(sorted(SUFFIXES))})")
            )
        if grid is None:
            self._photos: list[TiledPhoto] = [Photo(f) for f in files]
        else:
            folders = sorted({f.parent for f in files})
            self._photos = [
                TiledPhoto([f for f in files if f.parent == d], grid, str(d.relative_to(self.root)))
                for d in folders
            ]

    def __len__(self) -> int:
        return len(self._photos)

    @overload
    def __getitem__(self, index: int) -> TiledPhoto: ...
    @overload
    def __getitem__(self, index: slice) -> list[TiledPhoto]: ...
    def __getitem__(self, index):
        return self._photos[index]

    def __repr__(self) -> str:
        pixels = sum(p.shape[0] * p.shape[1] for p in self)
        return f"PhotoFolder({self.root.name!r}, {len(self)} photographs, {pixels / 1e6:.1f} million pixels)"
