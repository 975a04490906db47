"""Photographs as scenes: one file, tiles that form one picture, a folder of either.

Files are read as every viewer shows them: turned by their EXIF orientation; grey, black-and-white and palette
images in RGB. What has no one RGB picture is refused with how to make one: transparency, CMYK, more than 8
bits a channel (also where Pillow would cut them: PNG and TIFF in colour), other modes.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import overload

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile
from torch import Tensor

from ..checks import shown, whole
from .windows import whole_window

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}

_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width
_PLAIN = {"RGB", "L", "1", "P"}  # modes that every program shows in the same colours
_REMEDIES = {
    "transparent": "put it on a background and save it as RGB: what lies behind it is not in the file",
    "CMYK": "convert it with its colour profile (PIL.ImageCms.profileToProfile) and save it as RGB",
    "16-bit": "scale the values that should show to 0 ... 255 and save it as an 8-bit image",
}
# What Pillow says of damaged files, beside its own UnidentifiedImageError, which is an OSError.
_DAMAGED = (OSError, SyntaxError, ValueError, OverflowError, EOFError, IndexError, struct.error)

_LIMIT = threading.Lock()


class _Refused(ValueError):
    """An image that can be read, but has no one picture in RGB."""


def _refusal(image: ImageFile) -> str:
    """What an image is and should be turned into before it can be used; empty for one that can be."""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return f"{image.mode} image; {_REMEDIES['transparent']}"
    if image.mode[0] in "IF":
        return f"{image.mode} image; {_REMEDIES['16-bit']}"
    if _is_deep(image):
        return f"16-bit {image.mode} image; {_REMEDIES['16-bit']}"
    if image.mode in _PLAIN:
        return ""
    remedy = _REMEDIES.get(image.mode, "save it as RGB (Image.open(path).convert('RGB').save(...))")
    return f"{image.mode} image; {remedy}"


def _is_deep(image: ImageFile) -> bool:
    """Whether the file has more bits a channel than Pillow's mode, which it would cut off."""
    if isinstance(image, TiffImageFile):
        return max(image.tag_v2.get(ExifTags.Base.BitsPerSample, (1,))) > 8
    return any(";16" in str(tile[3]) for tile in image.tile)  # raw mode, say RGB;16B


@contextmanager
def _unlimited() -> Iterator[None]:
    """Inside, Pillow opens images of any size: large photographs are what this module is for.

    Its limit is the whole program's, so it is lifted for no longer than a header is read, and what the
    program sets in the meantime stays.
    """
    with _LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            if Image.MAX_IMAGE_PIXELS is None:
                Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    try:
        with _unlimited():
            opened = Image.open(path)
        with opened as image:
            refusal = _refusal(image)
            if refusal:
                raise _Refused(f"{path} is a {refusal}")
            yield image
    except _Refused:
        raise
    except _DAMAGED as error:
        raise ValueError(f"{path} cannot be read as an image ({error}); mend or remove it") from error


def _pixels(path: Path) -> np.ndarray:
    """Decoded pixels `(H, W, 3)` of what the file holds now, turned upright."""
    try:
        path = path.resolve()
        status = path.stat()
    except OSError as error:
        raise ValueError(f"{path} cannot be read as an image ({error}); mend or remove it") from error
    return _decoded(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=128)
def _decoded(path: Path, changed: int, size: int) -> np.ndarray:
    """Kept, because neighbouring windows read the same files; `changed` and `size` tell a file's versions."""
    with _opened(path) as image:
        if isinstance(image, TiffImageFile):  # which heeds the limit when it makes room for its pixels, too
            with _unlimited():
                image.load_prepare()
        ImageOps.exif_transpose(image, in_place=True)
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _size(path: Path) -> tuple[int, int]:
    """Height and width of the upright picture, from the file's header."""
    with _opened(path) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
        width, height = image.size
        if isinstance(image, TiffImageFile):  # whose size newer versions of Pillow turn by themselves
            tags = ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength
            width, height = (image.tag_v2[tag] for tag in tags)
        return (width, height) if turned else (height, width)


class TiledPhoto:
    """Image files that form one large picture, row by row.

    Args:
        files: The tiles in reading order.
        grid: Rows and columns.
        name: What the picture is called in results.

    Raises:
        ValueError: If the number of files is not rows * columns, tiles of one row differ in height or tiles
            of one column in width, or a file cannot be shown in RGB.
    """

    def __init__(self, files: Sequence[str | Path], grid: tuple[int, int], name: str = ""):
        rows, columns = self.grid = _grid(grid)
        self.files = [_path("files", f).absolute() for f in files]  # wherever the program goes
        if len(self.files) != rows * columns:
            raise ValueError(
                f"grid={self.grid} needs {rows * columns} files, got {len(self.files)}; "
                "pass (rows, columns) of the tiles"
            )
        sizes = np.array([_size(f) for f in self.files]).reshape(rows, columns, 2)
        if (sizes[..., 0] != sizes[:, :1, 0]).any() or (sizes[..., 1] != sizes[:1, :, 1]).any():
            where = name or self.files[0].parent
            raise ValueError(
                f"files: the tiles of {where} do not fit a {rows}x{columns} grid, "
                f"sizes (height, width) are {sizes.tolist()}; check grid= and the files' order"
            )
        self.name = name or self.files[0].stem
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
            ValueError: If the window leaves the picture, or a file cannot be read or has another size than
                when it was opened.
        """
        y, x, height, width = whole_window(y, x, height, width)
        rows, columns = self.shape
        if y < 0 or x < 0 or y + height > rows or x + width > columns:
            raise ValueError(
                f"window y={y}, x={x}, {height}x{width} leaves {self.name}, which is {rows}x{columns} "
                "pixels; move it inside or make it smaller"
            )
        out = np.empty((height, width, 3), np.uint8)
        for r in range(self.grid[0]):
            top, bottom = max(y, self._y[r]), min(y + height, self._y[r + 1])
            for c in range(self.grid[1]):
                left, right = max(x, self._x[c]), min(x + width, self._x[c + 1])
                if top < bottom and left < right:
                    tile = self._tile(r, c)
                    out[top - y : bottom - y, left - x : right - x] = tile[
                        top - self._y[r] : bottom - self._y[r], left - self._x[c] : right - self._x[c]
                    ]
        return torch.from_numpy(np.ascontiguousarray(out.transpose(2, 0, 1)))

    def _tile(self, row: int, column: int) -> np.ndarray:
        file = self.files[row * self.grid[1] + column]
        pixels = _pixels(file)
        height, width = self._y[row + 1] - self._y[row], self._x[column + 1] - self._x[column]
        if pixels.shape[:2] != (height, width):
            raise ValueError(
                f"{file} is {pixels.shape[0]}x{pixels.shape[1]} pixels now, but was {height}x{width} when "
                f"{self.name} was opened; open it again"
            )
        return pixels


class Photo(TiledPhoto):
    """One image file.

    Args:
        path: An image in a format that Pillow reads: RGB, grey, black and white, or a palette without
            transparency; turned by its EXIF orientation.

    Raises:
        ValueError: If the file cannot be read, or has no one picture in RGB: transparency, CMYK, more than
            8 bits.
    """

    def __init__(self, path: str | Path):
        super().__init__([path], (1, 1), _path("path", path).stem)


class PhotoFolder(Sequence[TiledPhoto]):
    """The photographs below a folder, sorted by path.

    Args:
        root: The folder; searched at every depth.
        grid: Rows and columns where the images of each lowest folder are the tiles of one large picture, else
            None.
        pattern: Which files, as in `pathlib.Path.glob`; by default every image file. Use it to leave out
            masks, say `"*/images/*.jpg"`.

    Raises:
        ValueError: If the folder does not exist or holds no matching image, or a file cannot be read or
            shown in RGB.

    Example:
        >>> photos = PhotoFolder("satellite", grid=(3, 3), pattern="*/images/*.jpg")  # doctest: +SKIP
        >>> photos[0].crop(100, 100, 460, 460).shape  # doctest: +SKIP
        torch.Size([3, 460, 460])
    """

    def __init__(self, root: str | Path, grid: tuple[int, int] | None = None, pattern: str | None = None):
        self.root = _path("root", root)
        if not self.root.is_dir():
            raise ValueError(
                f"root={str(root)!r} is not a folder; pass the folder that holds the photographs"
            )
        found = self.root.glob(pattern or "**/*")
        files = sorted(f for f in found if f.is_file() and (pattern or f.suffix.lower() in SUFFIXES))
        if not files:
            wanted = f"that matches {pattern!r}" if pattern else f"({', '.join(sorted(SUFFIXES))})"
            raise ValueError(f"root={str(root)!r} holds no image {wanted}; check the folder and pattern=")
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


def _path(name: str, value: str | Path) -> Path:
    if not isinstance(value, (str, PathLike)):
        raise ValueError(f"{name}={shown(value)} must be a path, as text or pathlib.Path")
    return Path(value)


def _grid(grid: tuple[int, int]) -> tuple[int, int]:
    remedy = "grid is (rows, columns) of the tiles"
    if not isinstance(grid, (tuple, list)) or len(grid) != 2:
        raise ValueError(f"grid={shown(grid)} must be two whole numbers; {remedy}")
    rows, columns = (whole("grid", side, 1, remedy) for side in grid)
    return rows, columns
