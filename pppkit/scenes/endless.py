"""Endless procedural images: dead leaves addressed by (seed, y, x), so that the world beyond any crop always exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .hashing import hash_position, uniform
from .leaves import Leaves, topmost

# Shapes that a scene of labelled objects shows.
KINDS = ("disc", "square", "triangle", "cross", "star", "half-disc", "bar", "pentagon")


def _hsv_to_rgb(h: np.ndarray, s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """`(n, 3)` colours in [0, 1]."""
    k = (np.array([5.0, 3.0, 1.0]) + 6 * (h[:, None] % 1)) % 6
    return v[:, None] * (1 - s[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))


@dataclass(frozen=True)
class SceneObject:
    """A labelled shape in a scene: its kind, centre and circumscribed radius in scene pixels, and rotation in radians."""

    kind: str
    y: float
    x: float
    radius: float
    angle: float


class InfiniteScene:
    """An endless image: overlapping shaded shapes whose sizes follow the power law of natural images.

    Every crop of every size shows the same world, pixel for pixel, so the pixels around any crop are known exactly: optimal
    padding is exact instead of simulated. The statistics are those of dead leaves (Lee, Mumford and Huang 2001; Baradad et
    al. 2021): radii from r^-3, random depth, hence a power spectrum that falls like that of photographs.

    Args:
        seed: Which world.
        radius: Smallest and largest radius of a leaf, in pixels.
        coverage: Mean number of leaves over a pixel in each octave of sizes.
        objects: Mean distance in pixels between labelled objects laid on top, or None for none. They are placed without
            regard to any frame, so their class tells nothing about their place.

    Example:
        >>> scene = InfiniteScene(0)
        >>> wide, crop = scene.crop(-50, 1000, 200, 200), scene.crop(-10, 1040, 64, 64)
        >>> bool((wide[:, 40:104, 40:104] == crop).all())
        True
    """

    shape = None  # endless

    def __init__(
        self,
        seed: int = 0,
        *,
        radius: tuple[float, float] = (1.5, 120.0),
        coverage: float = 0.8,
        objects: float | None = None,
    ):
        if not 1 <= radius[0] < radius[1]:
            raise ValueError(f"radius={radius} must be (smallest, largest) with 1 <= smallest < largest")
        if objects is not None and objects < 8:
            raise ValueError(f"objects={objects} is a distance in pixels and must be at least 8")
        self.seed, self.radius, self.coverage, self.objects_spacing = int(seed), radius, coverage, objects
        count = max(1, round(np.log2(radius[1] / radius[0])))
        self._edges = np.geomspace(radius[0], radius[1], count + 1)

    def __repr__(self) -> str:
        extra = "" if self.objects_spacing is None else f", objects={self.objects_spacing}"
        return f"InfiniteScene({self.seed}{extra})"

    def crop(self, y: int, x: int, height: int, width: int) -> Tensor:
        """The pixels of a window.

        Args:
            y: First row; may be negative, up to 2**40 either way.
            x: First column.
            height: Rows.
            width: Columns.

        Returns:
            `(3, height, width)`, uint8.
        """
        _check_window(y, x, height, width)
        y0, x0, h, w = y - 1, x - 1, height + 2, width + 2  # one pixel around for the blur
        leaves, owner = self._paint(y0, x0, h, w)
        # Fixed point, so that the same pixel comes out of every window: rgb + (row - leaf.y) dy + (column - leaf.x) dx.
        one = 1 << 16
        rgb, slope = np.rint(leaves.rgb * one).astype(np.int64), np.rint(leaves.slope * one).astype(np.int64)
        offset = (y0 - np.rint(leaves.y).astype(np.int64)) * slope[:, 0] + (
            x0 - np.rint(leaves.x).astype(np.int64)
        ) * slope[:, 1]
        table = np.column_stack([rgb + offset[:, None], slope]).astype(np.int32)[owner]
        image = table[..., :3] + table[..., 3:4] * np.arange(h, dtype=np.int32)[:, None, None]
        image += table[..., 4:] * np.arange(w, dtype=np.int32)[None, :, None]
        image = image[:-2] + 6 * image[1:-1] + image[2:]  # a lens: no detail sharper than a pixel
        image = image[:, :-2] + 6 * image[:, 1:-1] + image[:, 2:]
        image = np.clip(image, 0, 64 * one) // 256 * 255 + one // 8 >> 14
        return torch.from_numpy(np.ascontiguousarray(image.astype(np.uint8).transpose(2, 0, 1)))

    def mask(self, y: int, x: int, height: int, width: int) -> Tensor:
        """Which object covers each pixel: `(height, width)`, int64; 0 for none, 1 + its index in `KINDS` otherwise."""
        _check_window(y, x, height, width)
        if self.objects_spacing is None:
            return torch.zeros(height, width, dtype=torch.int64)
        leaves, owner = self._paint(y, x, height, width)
        return torch.from_numpy(leaves.label[owner])

    def objects(self, y: int, x: int, height: int, width: int) -> list[SceneObject]:
        """The objects whose centre lies in the window, from the lowest to the topmost; a mask says what of them shows."""
        _check_window(y, x, height, width)
        if self.objects_spacing is None:
            return []
        o = self._objects(y, x, height, width)
        o = o.take(np.argsort(o.depth, kind="stable"))
        kinds, inside = (
            [KINDS[k - 1] for k in o.label],
            (o.y >= y) & (o.y < y + height) & (o.x >= x) & (o.x < x + width),
        )
        return [
            SceneObject(kinds[i], float(o.y[i]), float(o.x[i]), float(o.radius[i]), float(o.angle[i]))
            for i in np.flatnonzero(inside)
        ]

    def _paint(self, y: int, x: int, height: int, width: int) -> tuple[Leaves, np.ndarray]:
        """All leaves that may show in a window, and for each pixel the index of the topmost."""
        parts = [self._backdrop(y, x, height, width)]
        parts += [self._octave(o, y, x, height, width) for o in range(len(self._edges) - 1)]
        if self.objects_spacing is not None:
            parts.append(_pieces(self._objects(y, x, height, width)))
        leaves = Leaves.join(parts)
        leaves = leaves.take(np.argsort(leaves.depth, kind="stable"))
        return leaves, topmost(leaves, y, x, height, width)

    def _cells(
        self, level: int, cell: float, reach: float, y: int, x: int, height: int, width: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hash and jittered position of one point for each grid cell that can reach into a window."""
        rows = np.arange(np.floor((y - reach) / cell), np.ceil((y + height + reach) / cell))
        columns = np.arange(np.floor((x - reach) / cell), np.ceil((x + width + reach) / cell))
        gy, gx = (g.ravel() for g in np.meshgrid(rows, columns, indexing="ij"))
        h = hash_position(self.seed, level, gy, gx)
        cy, cx = (gy + uniform(h, 0)) * cell, (gx + uniform(h, 1)) * cell
        near = (cy > y - reach) & (cy < y + height + reach) & (cx > x - reach) & (cx < x + width + reach)
        return h[near], cy[near], cx[near]

    def _colours(self, h: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Colours that go together within a region of the world, as in photographs of one place."""
        region = hash_position(
            self.seed,
            -1,
            np.floor((y + 90 * uniform(h, 10)) / 420),
            np.floor((x + 90 * uniform(h, 11)) / 420),
        )
        accent = uniform(h, 12) < 0.15
        hue = uniform(region, 0) + 0.14 * (uniform(h, 13) - 0.5) + 0.45 * accent
        saturation = (0.15 + 0.45 * uniform(region, 1)) * (0.4 + 0.9 * uniform(h, 14)) + 0.15 * accent
        value = np.clip(0.25 + 0.5 * uniform(region, 2) + 0.75 * (uniform(h, 15) - 0.5), 0.04, 0.98)
        return _hsv_to_rgb(hue, np.clip(saturation, 0, 0.9), value)

    def _octave(self, level: int, y: int, x: int, height: int, width: int) -> Leaves:
        low, high = self._edges[level], self._edges[level + 1]
        cell = np.sqrt(
            np.pi * 0.7 * 2 * np.log(high / low) / (low**-2 - high**-2) / self.coverage
        )  # E[area] under r^-3
        h, cy, cx = self._cells(level, cell, high, y, x, height, width)
        radius = (low**-2 - uniform(h, 2) * (low**-2 - high**-2)) ** -0.5
        corners = np.array([0, 0, 0, 0, 3, 4, 4, 5])[(uniform(h, 3) * 8).astype(int)]
        shading = 0.25 * (uniform(h, 4) - 0.2)
        direction = 2 * np.pi * uniform(h, 5)
        return Leaves(
            y=cy, x=cx, radius=radius, aspect=0.45 + 0.55 * uniform(h, 6), angle=2 * np.pi * uniform(h, 7), sides=corners,
            depth=uniform(h, 8), rgb=self._colours(h, cy, cx),
            slope=np.stack([np.sin(direction), np.cos(direction)], 1) * (shading / radius)[:, None], label=np.zeros(len(h), np.int64),
        )  # fmt: skip

    def _backdrop(self, y: int, x: int, height: int, width: int) -> Leaves:
        """Squares that overlap into a ground without gaps, below everything else; little of them ever shows."""
        cell = self.radius[1] / 2
        h, cy, cx = self._cells(-2, cell, 1.5 * cell, y, x, height, width)
        n = len(h)
        return Leaves(
            y=np.floor(cy / cell) * cell, x=np.floor(cx / cell) * cell, radius=np.full(n, 0.75 * cell), aspect=np.ones(n),
            angle=np.full(n, np.pi / 4), sides=np.full(n, 4),
            depth=uniform(h, 8) - 2, rgb=self._colours(h, cy, cx), slope=np.zeros((n, 2)), label=np.zeros(n, np.int64),
        )  # fmt: skip

    def _objects(self, y: int, x: int, height: int, width: int) -> Leaves:
        cell = float(self.objects_spacing or 0)
        h, cy, cx = self._cells(-3, cell, 0.34 * cell, y, x, height, width)
        kind = (uniform(h, 2) * len(KINDS)).astype(int)
        value = np.where(uniform(h, 16) < 0.5, 0.12, 0.92)
        return Leaves(
            y=cy, x=cx, radius=cell * (0.16 + 0.18 * uniform(h, 3)), aspect=np.ones(len(h)), angle=2 * np.pi * uniform(h, 7),
            sides=np.zeros(len(h), int), depth=2 + uniform(h, 8), rgb=_hsv_to_rgb(uniform(h, 9), 0.35 + 0.6 * uniform(h, 17), value),
            slope=np.zeros((len(h), 2)), label=kind + 1,
        )  # fmt: skip


# Each kind as convex pieces: sides, aspect, extra rotation, share of the radius.
_PIECES = {
    "disc": [(0, 1.0, 0.0, 1.0)],
    "square": [(4, 1.0, 0.0, 1.0)],
    "triangle": [(3, 1.0, 0.0, 1.0)],
    "cross": [(4, 0.35, 0.0, 1.0), (4, 0.35, np.pi / 2, 1.0)],
    "star": [(3, 1.0, 0.0, 1.0), (3, 1.0, np.pi, 1.0)],
    "half-disc": [(1, 1.0, 0.0, 1.0)],
    "bar": [(4, 0.3, 0.0, 1.0)],
    "pentagon": [(5, 1.0, 0.0, 1.0)],
}


def _pieces(objects: Leaves) -> Leaves:
    parts = []
    for label, kind in enumerate(KINDS, 1):
        for sides, aspect, turn, share in _PIECES[kind]:
            part = objects.take(np.flatnonzero(objects.label == label))
            n = len(part.y)
            part.sides, part.aspect, part.angle, part.radius = (
                np.full(n, sides),
                np.full(n, aspect),
                part.angle + turn,
                part.radius * share,
            )
            parts.append(part)
    return Leaves.join(parts)


def _check_window(y: int, x: int, height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise ValueError(f"height={height} and width={width} must be at least 1")
    if max(abs(y), abs(x)) > 2**40:
        raise ValueError(f"y={y}, x={x} lies beyond 2**40, where pixel positions are no longer exact")
