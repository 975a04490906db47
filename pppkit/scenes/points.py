"""Points of endless grids: where the leaves and objects of a scene lie, drawn for any window of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .hashing import hash_position, uniform


@dataclass
class Points:
    """Jittered points of a grid; arrays `(n,)`.

    Attributes:
        bits: 64 random bits, from which everything else about a point is drawn.
        y: Row.
        x: Column.
        radius: Of what lies there, in pixels.
    """

    bits: np.ndarray
    y: np.ndarray
    x: np.ndarray
    radius: np.ndarray

    def take(self, index: np.ndarray) -> Points:
        """Some of them."""
        return Points(**{name: values[index] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Grid:
    """An endless square grid with one jittered point in each cell.

    Args:
        seed: Which world.
        level: Which grid of that world.
        cell: Side of a cell in pixels.
        reach: How far what lies at a point may extend, in pixels.
    """

    seed: int
    level: int
    cell: float
    reach: float

    def near(self, y: int, x: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Random bits, rows and columns of the points that may reach into a window, and a few more."""
        cell, reach = self.cell, self.reach
        rows = np.arange(np.floor((y - reach) / cell), np.ceil((y + height + reach) / cell))[:, None]
        columns = np.arange(np.floor((x - reach) / cell), np.ceil((x + width + reach) / cell))
        bits = hash_position(self.seed, self.level, rows, columns)
        ys, xs = (rows + uniform(bits, 0)) * cell, (columns + uniform(bits, 1)) * cell
        return bits.ravel(), ys.ravel(), xs.ravel()


def order_of_depth(depth: np.ndarray) -> np.ndarray:
    """The stable order from the lowest to the topmost; ties are so rare that the faster sort comes first."""
    order = np.argsort(depth)
    ascending = depth[order]
    tied = (ascending[1:] == ascending[:-1]).any()
    return np.argsort(depth, kind="stable") if tied else order
