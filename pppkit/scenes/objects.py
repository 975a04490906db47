"""Labelled shapes that may lie on a scene, and the convex pieces that they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Shapes that a scene of labelled objects shows.
KINDS = ("disc", "square", "triangle", "cross", "star", "half-disc", "bar", "pentagon")

# Each kind as convex pieces: sides, aspect, extra rotation.
_PIECES = {
    "disc": [(0, 1.0, 0.0)],
    "square": [(4, 1.0, 0.0)],
    "triangle": [(3, 1.0, 0.0)],
    "cross": [(4, 0.35, 0.0), (4, 0.35, np.pi / 2)],
    "star": [(3, 1.0, 0.0), (3, 1.0, np.pi)],
    "half-disc": [(1, 1.0, 0.0)],
    "bar": [(4, 0.3, 0.0)],
    "pentagon": [(5, 1.0, 0.0)],
}


@dataclass(frozen=True)
class SceneObject:
    """A labelled shape in a scene.

    Attributes:
        kind: One of `KINDS`.
        y: Row of its centre, in scene pixels.
        x: Column of its centre.
        radius: Of the circumscribed disc, in pixels.
        angle: Rotation in radians.
    """

    kind: str
    y: float
    x: float
    radius: float
    angle: float


def pieces(kind: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The convex pieces of objects: whose they are, ascending, their sides, aspects and extra rotations.

    Args:
        kind: For each object its index in `KINDS`.
    """
    table = [(i, *piece) for i, k in enumerate(kind) for piece in _PIECES[KINDS[k]]]
    index, sides, aspect, turn = np.array(table, float).reshape(-1, 4).T
    return index.astype(int), sides.astype(int), aspect.copy(), turn.copy()
