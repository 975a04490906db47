"""Windows: where pictures are cut from, whatever the scene is, and reading them ahead of the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from ..checks import SMALLEST, shown, whole
from .hashing import hash_position, uniform

FAR = 2**40  # pixels from the origin, beyond which positions are no longer exact


@runtime_checkable
class Scene(Protocol):
    """A picture of the world from which windows are cut."""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width in pixels; None where it is endless."""

    def crop(self, y: int, x: int, height: int, width: int) -> Tensor:
        """The window whose first pixel is (y, x): `(3, height, width)`, uint8: 0 to 255, not [0, 1]."""


def whole_window(y: int, x: int, height: int, width: int) -> tuple[int, int, int, int]:
    """A window's first row, first column, rows and columns as ints.

    Raises:
        ValueError: For numbers that are not whole, an empty window, or one that begins beyond 2**40.
    """
    remedy = "a window is y, x, height, width in pixels"
    y, x = whole("y", y, SMALLEST, remedy), whole("x", x, SMALLEST, remedy)
    height, width = whole("height", height, 1, remedy), whole("width", width, 1, remedy)
    if max(abs(y), abs(x)) > FAR:
        raise ValueError(
            f"y={y}, x={x} lies beyond 2**40, where positions are no longer exact; move nearer to 0"
        )
    return y, x, height, width


class CachedScene:
    """A scene whose windows are computed once and kept, for measuring on the same ones again and again.

    Args:
        scene: The scene behind it.
    """

    def __init__(self, scene: Scene):
        self.scene = scene
        self._windows: dict[tuple[int, int, int, int], Tensor] = {}

    @classmethod
    def all(cls, scenes: Scene | Sequence[Scene]) -> Scene | Sequence[Scene]:
        """Each of the scenes, kept."""
        return cls(scenes) if isinstance(scenes, Scene) else [cls(s) for s in scenes]

    def __repr__(self) -> str:
        return f"CachedScene({self.scene!r})"

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width in pixels."""
        return self.scene.shape

    def crop(self, y: int, x: int, height: int, width: int) -> Tensor:
        """The window whose first pixel is (y, x): `(3, height, width)`, uint8. Do not change it in place."""
        key = whole_window(y, x, height, width)
        if key not in self._windows:
            self._windows[key] = self.scene.crop(*key)
        return self._windows[key]


class Window(NamedTuple):
    """A square to be cut from a scene."""

    scene: Scene
    y: int
    x: int
    size: int

    def read(self) -> Tensor:
        """`(3, size, size)`, uint8.

        Raises:
            ValueError: If the scene gives something else.
        """
        pixels = self.scene.crop(self.y, self.x, self.size, self.size)
        wanted = (3, self.size, self.size)
        if isinstance(pixels, Tensor) and pixels.dtype == torch.uint8 and pixels.shape == wanted:
            return pixels
        raise ValueError(
            f"scenes: {shown(self.scene)}.crop({self.y}, {self.x}, {self.size}, {self.size}) gave "
            f"{shown(pixels)}; it must be a uint8 tensor of shape {wanted}, with values of 0 to 255"
        )

    def inner(self, size: int) -> Window:
        """The smaller window in its middle; where that is half a pixel off, nearer to the first pixel."""
        size = whole("size", size)
        if size > self.size:
            raise ValueError(f"size={size} must lie between 1 and {self.size}, the side of the window")
        shift = (self.size - size) // 2
        return Window(self.scene, self.y + shift, self.x + shift, size)


def windows(scenes: Scene | Sequence[Scene], n: int, size: int, seed: int = 0) -> list[Window]:
    """Positions of n square windows, the same for the same arguments.

    A photograph is drawn with a probability proportional to the number of places where the window fits, so
    every place is as likely as every other; windows may overlap. In an endless scene they lie millions of
    pixels apart.

    Args:
        scenes: One scene or a sequence of them.
        n: How many windows, at least 1. The first k of n are those of n = k.
        size: Side in pixels.
        seed: Which draw.

    Raises:
        ValueError: If n < 1, there is no scene, or a photograph is smaller than the window.
    """
    n, size = whole("n", n, 1, "it is how many windows"), whole("size", size, 1, "it is a side in pixels")
    seed = whole("seed", seed, SMALLEST, "it chooses which windows")
    pool = _pool(scenes)
    small = [s for s in pool if s.shape is not None and min(s.shape) < size]
    if small:
        raise ValueError(
            f"scenes: {len(small)} of {len(pool)} images are smaller than the {size}x{size} window "
            f"that is needed (first: {small[0]!r}); use images of at least {size}x{size} pixels, "
            "a smaller size=, or a shallower layer"
        )
    places = np.array(
        [(s.shape[0] - size + 1) * (s.shape[1] - size + 1) if s.shape else FAR for s in pool], float
    )
    h = hash_position(seed, np.arange(n))
    which = np.searchsorted(np.cumsum(places) / places.sum(), uniform(h, 0), side="right").clip(
        0, len(pool) - 1
    )
    out = []
    for i, k in enumerate(which):
        height, width = pool[k].shape or (FAR, FAR)
        y, x = (
            int(uniform(h[i : i + 1], axis)[0] * (side - size + 1))
            for axis, side in ((1, height), (2, width))
        )
        out.append(Window(pool[k], y, x, size))
    return out


def _pool(scenes: Scene | Sequence[Scene]) -> list[Scene]:
    if isinstance(scenes, Scene):
        return [scenes]
    remedy = (
        "a scene or a non-empty sequence of scenes (InfiniteScene, PhotoFolder, anything with shape and crop)"
    )
    is_list = isinstance(scenes, Iterable) and not isinstance(scenes, (str, bytes, np.ndarray, Tensor))
    pool = list(scenes) if is_list else []
    if not pool:
        raise ValueError(f"scenes={shown(scenes)} must be {remedy}")
    for i, scene in enumerate(pool):
        if not isinstance(scene, Scene):
            raise ValueError(f"scenes[{i}]={shown(scene)} is no scene; scenes must be {remedy}")
    return pool


def read_ahead(places: Sequence[Window], ends: Sequence[int]) -> Iterator[np.ndarray]:
    """The pixels of windows in batches; the next batch is read while the caller works on the last.

    The reading thread uses numpy only: torch would start a second team of threads there, which a network's
    convolutions would wait for.

    Args:
        places: Windows of one size.
        ends: Where batches end: `[2, 4, 5]` makes batches of 2, 2 and 1 windows.

    Yields:
        `(N, 3, size, size)`, uint8.
    """

    def read(start: int, end: int) -> np.ndarray:
        images = [window.read().numpy() for window in places[start:end]]
        return images[0][None] if len(images) == 1 else np.stack(images)

    spans = list(zip([0, *ends], ends))
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(read, *spans[0])
        for following in spans[1:]:
            pixels, waiting = waiting.result(), reader.submit(read, *following)
            yield pixels
        yield waiting.result()
