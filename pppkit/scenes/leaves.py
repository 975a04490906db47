"""Leaves and how they are drawn: which piece is the topmost over each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Leaves:
    """Convex pieces: an ellipse cut by a regular polygon's edges (sides = 0: none); one entry per piece."""

    y: np.ndarray
    x: np.ndarray
    radius: np.ndarray
    aspect: np.ndarray
    angle: np.ndarray
    sides: np.ndarray
    depth: np.ndarray
    rgb: np.ndarray
    slope: np.ndarray  # shading along y and x, per radius
    label: np.ndarray

    @classmethod
    def join(cls, parts: list[Leaves]) -> Leaves:
        return cls(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in cls.__dataclass_fields__})

    def take(self, index: np.ndarray) -> Leaves:
        return Leaves(**{k: v[index] for k, v in vars(self).items()})


def spans(leaves: Leaves, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last column of each piece in each row: two `(pieces, rows)` arrays, in scene coordinates.

    In a piece's own frame, u along its long axis and v across, it is u^2 + (v / aspect)^2 <= radius^2 and, for `sides`
    corners, every u cos(a) + v / aspect sin(a) <= radius cos(pi / sides), the edges of the inscribed polygon (for four
    corners: a square). A row is a line through that frame, so each condition bounds x from below and above.
    """
    c, s = np.cos(leaves.angle)[:, None], np.sin(leaves.angle)[:, None]
    k, r = 1 / leaves.aspect[:, None], leaves.radius[:, None]
    dy = rows - leaves.y[:, None]
    # with dx = x - leaf.x: u = dx c + dy s, v k = (dy c - dx s) k
    a, b, d = c**2 + (s * k) ** 2, dy * s * c * (1 - k**2), (dy * s) ** 2 + (dy * c * k) ** 2 - r**2
    root = b**2 - a * d
    half = np.sqrt(np.maximum(root, 0))
    low, high = (-b - half) / a, (-b + half) / a
    high = np.where(root < 0, low - 1, high)
    for sides in np.unique(leaves.sides[leaves.sides > 0]):
        some = np.flatnonzero(leaves.sides == sides)
        limit = r[some] * (np.cos(np.pi / sides) if sides > 1 else 0.0)
        for edge in range(sides):
            t = 2 * np.pi * edge / sides + (np.pi / 4 if sides == 4 else 0.0)
            slope = c[some] * np.cos(t) - s[some] * k[some] * np.sin(t)
            rest = limit - dy[some] * (s[some] * np.cos(t) + c[some] * k[some] * np.sin(t))
            with np.errstate(divide="ignore", invalid="ignore"):
                bound = rest / slope
            high[some] = np.where(slope > 0, np.minimum(high[some], bound), high[some])
            low[some] = np.where(slope < 0, np.maximum(low[some], bound), low[some])
    return np.ceil(leaves.x[:, None] + low), np.floor(leaves.x[:, None] + high)


def topmost(leaves: Leaves, y: int, x: int, height: int, width: int) -> np.ndarray:
    """Index of the topmost piece over each pixel; `leaves` is sorted from the lowest to the topmost."""
    owner = np.zeros(height * width, np.int32)
    size = np.ceil(leaves.radius).astype(int)
    firsts, counts, owners = [], [], []
    for level in np.unique(np.ceil(np.log2(size))):
        same = np.flatnonzero(np.ceil(np.log2(size)) == level)
        reach = size[same].max() + 1
        for some in np.array_split(
            same, 1 + len(same) * (2 * reach + 1) // 30_000
        ):  # blocks that fit a core's cache
            rows = np.floor(leaves.y[some])[:, None] + np.arange(-reach, reach + 1)
            low, high = spans(leaves.take(some), rows)
            low, high = np.maximum(low, x), np.minimum(high, x + width - 1)
            piece, row = np.nonzero((high >= low) & (rows >= y) & (rows < y + height))
            firsts.append(((rows[piece, row] - y) * width + low[piece, row] - x).astype(np.int64))
            counts.append((high - low)[piece, row].astype(np.int64) + 1)
            owners.append(some[piece])
    first, count, leaf = map(np.concatenate, (firsts, counts, owners))
    order = np.argsort(leaf, kind="stable")
    first, count, leaf = first[order], count[order], leaf[order].astype(np.int32)
    pixel = np.arange(count.sum(), dtype=np.int32) + np.repeat(
        (first - np.cumsum(count) + count).astype(np.int32), count
    )
    owner[pixel] = np.repeat(leaf, count)  # numpy keeps the last write: the topmost
    return owner.reshape(height, width)
