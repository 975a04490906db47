"""Leaves: convex pieces, and which pixels of a row each of them covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Edge = tuple[np.ndarray, np.ndarray, np.ndarray]  # for each piece: limit, rise and slope, see `_edges`


@dataclass
class Leaves:
    """Convex pieces: an ellipse cut by the edges of a regular polygon; arrays `(n,)`.

    Attributes:
        y: Row of the centre.
        x: Column of the centre.
        radius: Half of the long axis.
        aspect: Short axis by long axis.
        angle: Direction of the long axis, in radians.
        sides: Corners of the polygon that is inscribed before the ellipse is flattened; 0: none, 1: a half.
    """

    y: np.ndarray
    x: np.ndarray
    radius: np.ndarray
    aspect: np.ndarray
    angle: np.ndarray
    sides: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: np.ndarray | slice) -> Leaves:
        """Some of them."""
        return Leaves(**{name: values[index] for name, values in vars(self).items()})

    def extent(self) -> tuple[np.ndarray, np.ndarray]:
        """How far the ellipses reach from their centres along y and along x; the polygons lie inside."""
        along, across = self.radius**2, (self.radius * self.aspect) ** 2
        c, s = np.cos(self.angle) ** 2, np.sin(self.angle) ** 2
        return np.sqrt(along * s + across * c), np.sqrt(along * c + across * s)


def spans(leaves: Leaves, piece: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last column that a piece covers in a row, for pairs of both.

    In a piece's own frame, u along its long axis and v across, it is u^2 + (v / aspect)^2 <= radius^2 and,
    for `sides` corners, every u cos(t) + v / aspect sin(t) <= radius cos(pi / sides), the edges of the
    inscribed polygon (for four corners: a square). A row is a line through that frame, so each condition
    bounds x.

    The order of the operations is part of the published pictures: another rounding moves a pixel here and
    there.

    Args:
        leaves: Pieces, those with the same number of sides in a row of their own.
        piece: Index of a piece for each pair, ascending.
        rows: Row for each pair.

    Returns:
        Two arrays like `piece`, whole numbers in scene coordinates; where a piece covers nothing of a row the
        last is smaller than the first, or both are NaN.
    """
    c, s, k, r = np.cos(leaves.angle), np.sin(leaves.angle), 1 / leaves.aspect, leaves.radius
    dy = rows - leaves.y[piece]
    # With dx = x - leaf.x: u = dx c + dy s and v k = (dy c - dx s) k; the ellipse: a dx^2 + 2 b dx + d <= 0.
    a = (c**2 + (s * k) ** 2)[piece]
    c_, s_ = c[piece], s[piece]
    dys = dy * s_
    b = dys * c_ * (1 - k**2)[piece]
    d = dys**2 + (dy * c_ * k[piece]) ** 2 - (r**2)[piece]
    with np.errstate(invalid="ignore"):
        half = np.sqrt(b**2 - a * d)  # NaN where the line misses the ellipse
    low, high = (-b - half) / a, (half - b) / a
    for sides in np.unique(leaves.sides[leaves.sides > 0]):
        first, stop = np.searchsorted(leaves.sides, [sides, sides + 1])
        pairs = slice(*np.searchsorted(piece, [first, stop]))
        edges = _edges(sides, c[first:stop], s[first:stop], k[first:stop], r[first:stop])
        _cut(low[pairs], high[pairs], dy[pairs], piece[pairs] - first, edges)
    return np.ceil(leaves.x[piece] + low), np.floor(leaves.x[piece] + high)


def _edges(sides: int, c: np.ndarray, s: np.ndarray, k: np.ndarray, r: np.ndarray) -> list[Edge]:
    """Edges of inscribed polygons: dx <= (limit - dy rise) / slope where slope > 0, >= where it is < 0."""
    limit = r * (np.cos(np.pi / sides) if sides > 1 else 0.0)
    edges = []
    for edge in range(sides):
        t = 2 * np.pi * edge / sides + (np.pi / 4 if sides == 4 else 0.0)
        slope = c * np.cos(t) - s * k * np.sin(t)
        edges.append((limit, s * np.cos(t) + c * k * np.sin(t), slope))
    return edges


def _cut(low: np.ndarray, high: np.ndarray, dy: np.ndarray, piece: np.ndarray, edges: list[Edge]) -> None:
    """Narrows spans in place by edges, each of which bounds a row from the right or from the left."""
    for limit, rise, slope in edges:
        rest = limit[piece] - dy * rise[piece]
        bound = rest / np.where(slope == 0, 1, slope)[piece]  # an edge along the row bounds nothing
        np.minimum(high, bound + np.where(slope > 0, 0, np.inf)[piece], out=high)
        np.maximum(low, bound - np.where(slope < 0, 0, np.inf)[piece], out=low)
