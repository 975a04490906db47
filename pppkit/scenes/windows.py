"""Windows: where pictures are cut from, whatever the scene behind them is, and reading them ahead of the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from .hashing import hash_position, uniform


@runtime_checkable
class Scene(Protocol):
    """A picture of the world from which windows are cut."""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width in pixels; None where it is endless."""

    def crop(self, y: int, x: int, height: int, width: int) -> Tensor:
        """The window whose first pixel is (y, x): `(3, height, width)`, uint8."""


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
        key = (y, x, height, width)
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
        """`(3, size, size)`, uint8."""
        return self.scene.crop(self.y, self.x, self.size, self.size)

    def inner(self, size: int) -> Window:
        """The smaller window in its middle; where the sides differ by an odd number, nearer to its first pixel."""
        if not 1 <= size <= self.size:
            raise ValueError(f"size={size} must lie between 1 and {self.size}, the side of the window")
        shift = (self.size - size) // 2
        return Window(self.scene, self.y + shift, self.x + shift, size)


def windows(scenes: Scene | Sequence[Scene], n: int, size: int, seed: int = 0) -> list[Window]:
    """Positions of n square windows, the same for the same arguments.

    A photograph is drawn with a probability proportional to the number of places where the window fits, so every place is
    as likely as every other; windows may overlap. In an endless scene they lie millions of pixels apart.

    Args:
        scenes: One scene or a sequence of them.
        n: How many windows, at least 1. The first k of n are those of n = k.
        size: Side in pixels.
        seed: Which draw.

    Raises:
        ValueError: If n < 1, there is no scene, or a photograph is smaller than the window.
    """
    if n < 1:
        raise ValueError(f"n={n} must be at least 1")
    pool: list[Scene] = [scenes] if isinstance(scenes, Scene) else list(scenes)
    if not pool or not all(isinstance(s, Scene) for s in pool):
        raise ValueError(
            f"scenes={scenes!r} must be a scene or a non-empty sequence of scenes (InfiniteScene, PhotoFolder, anything with shape and crop)"
        )
    small = [s for s in pool if s.shape is not None and min(s.shape) < size]
    if small:
        raise ValueError(
            f"{len(small)} of {len(pool)} images are smaller than the {size}x{size} window that is needed (first: {small[0]!r}); use images of at "
            f"least {size}x{size} pixels, a smaller size=, or a shallower layer"
        )
    endless = 1 << 40
    places = np.array(
        [(s.shape[0] - size + 1) * (s.shape[1] - size + 1) if s.shape else endless for s in pool], float
    )
    h = hash_position(seed, np.arange(n))
    which = np.searchsorted(np.cumsum(places) / places.sum(), uniform(h, 0), side="right").clip(
        0, len(pool) - 1
    )
    out = []
    for i, k in enumerate(which):
        height, width = pool[k].shape or (endless, endless)
        y, x = (
            int(uniform(h[i : i + 1], axis)[0] * (side - size + 1))
            for axis, side in ((1, height), (2, width))
        )
        out.append(Window(pool[k], y, x, size))
    return out


def read_ahead(places: Sequence[Window], ends: Sequence[int]) -> Iterator[np.ndarray]:
    """The pixels of windows in batches; the next batch is read while the caller works on the last.

    The reading thread uses numpy only: torch would start a second team of threads there, which a network's convolutions
    would wait for.

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
