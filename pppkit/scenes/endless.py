"""Endless procedural images: dead leaves addressed by position, so the world beyond any crop exists."""

from __future__ import annotations

import numbers
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ..checks import SMALLEST, number, shown, whole
from .colours import develop, flat, hsv_to_rgb, palette, shaded
from .hashing import uniform
from .leaves import Leaves
from .objects import KINDS, SceneObject, pieces
from .painting import Painting
from .points import Grid, Points, order_of_depth
from .windows import whole_window

_BACKDROP, _OBJECTS = -2, -3  # grids of points beside those of the octaves, which are numbered from 0


class InfiniteScene:
    """An endless image: overlapping shaded shapes whose sizes follow the power law of natural images.

    Every crop of every size shows the same world, pixel for pixel, so the pixels around any crop are known
    exactly: optimal padding is exact instead of simulated. The statistics are those of dead leaves (Lee,
    Mumford and Huang 2001; Baradad et al. 2021): radii from r^-3, random depth, hence a power spectrum that
    falls like that of photographs.

    Args:
        seed: Which world.
        radius: Smallest and largest radius of a leaf, in pixels.
        coverage: Mean number of leaves over a pixel in each octave of sizes.
        objects: Mean distance in pixels between labelled objects laid on top, or None for none. They are
            placed without regard to any frame, so their class tells nothing about their place.

    Raises:
        ValueError: For a seed that is no whole number, radii that are not (smallest, largest) from 1 pixel
            on, a coverage that is not positive, or objects closer than 8 pixels.

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
        self.seed = whole(
            "seed", seed, SMALLEST, "worlds are numbered: InfiniteScene(0), InfiniteScene(1), ..."
        )
        self.radius = _radii(radius)
        self.coverage = number("coverage", coverage, remedy="it is the mean number of leaves over a pixel")
        if self.coverage <= 0:
            raise ValueError(f"coverage={coverage} must be positive: the mean number of leaves over a pixel")
        remedy = "it is a distance in pixels; None for no objects"
        self.objects_spacing = None if objects is None else number("objects", objects, 8, remedy)
        smallest, largest = self.radius
        count = max(1, round(np.log2(largest / smallest)))
        edges = np.geomspace(smallest, largest, count + 1)
        self._octaves = [_Octave(low, high) for low, high in pairwise(edges)]

    def __repr__(self) -> str:
        extra = "" if self.objects_spacing is None else f", objects={self.objects_spacing:g}"
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

        Raises:
            ValueError: For numbers that are not whole, an empty window, or one beyond 2**40.
        """
        y, x, height, width = whole_window(y, x, height, width)
        painting = Painting(y - 1, x - 1, height + 2, width + 2)  # one pixel around for the lens
        colours: list[np.ndarray] = []
        if self.objects_spacing is not None:
            self._add_objects(painting, colours)
        self._add_leaves(painting, colours)
        if not painting.done:
            self._add_backdrop(painting, colours)
        return torch.from_numpy(develop(painting.owner, np.concatenate(colours, axis=1)))

    def mask(self, y: int, x: int, height: int, width: int) -> Tensor:
        """Which object covers each pixel.

        Returns:
            `(height, width)`, int64; 0 for none, 1 + its index in `KINDS` otherwise.
        """
        y, x, height, width = whole_window(y, x, height, width)
        if self.objects_spacing is None:
            return torch.zeros(height, width, dtype=torch.int64)
        painting = Painting(y, x, height, width)
        labels = self._add_objects(painting, [])
        return torch.from_numpy(np.append(labels, 0)[painting.owner])  # -1, nothing, is the last

    def objects(self, y: int, x: int, height: int, width: int) -> list[SceneObject]:
        """The objects whose centre lies in the window, the lowest first; a mask says what of them shows."""
        y, x, height, width = whole_window(y, x, height, width)
        if self.objects_spacing is None:
            return []
        found, kind, angle = self._objects(y, x, height, width)
        inside = (found.y >= y) & (found.y < y + height) & (found.x >= x) & (found.x < x + width)
        found, kind, angle = found.take(inside), kind[inside], angle[inside]
        columns = [found.y.tolist(), found.x.tolist(), found.radius.tolist(), angle.tolist()]
        return [SceneObject(KINDS[k], *values) for k, *values in zip(kind, *columns)]

    def _add_leaves(self, painting: Painting, colours: list[np.ndarray]) -> None:
        """Leaves of all octaves; those that may show get a shape, those that do get a colour."""
        points, depth = self._leaves(painting)
        first, painted = painting.count, []
        steps = self._steps(painting.height * painting.width)
        for above, below in pairwise(steps):
            some = np.flatnonzero((depth < above) & (depth >= below))
            y, x, radius = points.y[some], points.x[some], points.radius[some]
            some = some[painting.showing(y, x, radius, radius)]
            some = some[order_of_depth(depth[some])]
            painted.append(some[painting.add(_shapes(points.take(some)))])
            if painting.done:
                break
        points = points.take(np.concatenate(painted))
        shown = np.flatnonzero(painting.shown()[first:])
        table = np.zeros((5, len(points.y)), np.int32)
        points = points.take(shown)
        table[:, shown] = shaded(
            palette(self.seed, points.bits, points.y, points.x), points, painting.y, painting.x
        )
        colours.append(table)

    def _leaves(self, painting: Painting) -> tuple[Points, np.ndarray]:
        """Leaves of all octaves that may lie in a window, and their depths."""
        parts = []
        for level, octave in enumerate(self._octaves):
            grid = Grid(self.seed, level, octave.cell(self.coverage), octave.high)
            bits, y, x = grid.near(*painting.window)
            parts.append((bits, y, x, octave.radius(uniform(bits, 2))))
        points = Points(*(np.concatenate(part) for part in zip(*parts)))
        return points, uniform(points.bits, 8)

    def _steps(self, pixels: int) -> np.ndarray:
        """Depths between which leaves are painted together: a step hides much of the next, but has a cost."""
        worthwhile = 1 + round(max(0.0, np.log(pixels / 64**2) / np.log(6)))
        layers = 1 + round(self.coverage * len(self._octaves))
        return np.linspace(1, 0, 1 + min(worthwhile, layers))

    def _add_backdrop(self, painting: Painting, colours: list[np.ndarray]) -> None:
        """Squares that overlap into a ground without gaps, below everything; little of them ever shows."""
        cell = self.radius[1] / 2
        bits, y, x = Grid(self.seed, _BACKDROP, cell, 1.5 * cell).near(*painting.window)
        order = order_of_depth(uniform(bits, 8))
        bits, y, x = bits[order], y[order], x[order]
        n = len(bits)
        squares = Leaves(
            y=np.floor(y / cell) * cell,
            x=np.floor(x / cell) * cell,
            radius=np.full(n, 0.75 * cell),
            aspect=np.ones(n),
            angle=np.full(n, np.pi / 4),
            sides=np.full(n, 4),
        )
        kept = painting.add(squares)
        colours.append(flat(palette(self.seed, bits[kept], y[kept], x[kept])))

    def _objects(self, y: int, x: int, height: int, width: int) -> tuple[Points, np.ndarray, np.ndarray]:
        """Objects that may lie in a window, the lowest first, with their kinds and rotations."""
        cell = float(self.objects_spacing or 0)
        bits, cy, cx = Grid(self.seed, _OBJECTS, cell, 0.34 * cell).near(y, x, height, width)
        points = Points(bits, cy, cx, cell * (0.16 + 0.18 * uniform(bits, 3)))
        points = points.take(order_of_depth(2 + uniform(bits, 8)))
        kind = (uniform(points.bits, 2) * len(KINDS)).astype(int)
        return points, kind, 2 * np.pi * uniform(points.bits, 7)

    def _add_objects(self, painting: Painting, colours: list[np.ndarray]) -> np.ndarray:
        """Objects on top of everything; the label of each piece that was painted."""
        points, kind, angle = self._objects(*painting.window)
        index, sides, aspect, turn = pieces(kind)
        shapes = Leaves(
            y=points.y[index],
            x=points.x[index],
            radius=points.radius[index],
            aspect=aspect,
            angle=angle[index] + turn,
            sides=sides,
        )
        index = index[painting.add(shapes)]
        value = np.where(uniform(points.bits, 16) < 0.5, 0.12, 0.92)
        rgb = hsv_to_rgb(uniform(points.bits, 9), 0.35 + 0.6 * uniform(points.bits, 17), value)
        colours.append(flat(rgb[:, index]))
        return kind[index] + 1


class _Octave:
    """Leaves whose radii follow r^-3 between two bounds."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high
        self._most, self._range = low**-2, low**-2 - high**-2  # of r^-2, which is uniform

    def cell(self, coverage: float) -> float:
        """Side of the grid's cells, for a mean number of leaves over each pixel."""
        area = np.pi * 0.7 * 2 * np.log(self.high / self.low) / self._range  # of a leaf, expected under r^-3
        return np.sqrt(area / coverage)

    def radius(self, share: np.ndarray) -> np.ndarray:
        """Radii from uniform numbers."""
        return (self._most - share * self._range) ** -0.5


def _shapes(points: Points) -> Leaves:
    """Leaves as convex pieces: half of them ellipses, the others cut to triangles, squares and pentagons."""
    sides = np.array([0, 0, 0, 0, 3, 4, 4, 5])
    return Leaves(
        y=points.y,
        x=points.x,
        radius=points.radius,
        aspect=0.45 + 0.55 * uniform(points.bits, 6),
        angle=2 * np.pi * uniform(points.bits, 7),
        sides=sides[(uniform(points.bits, 3) * 8).astype(int)],
    )


def _radii(radius: tuple[float, float]) -> tuple[float, float]:
    fine = isinstance(radius, (tuple, list)) and len(radius) == 2
    if not fine or not all(isinstance(r, numbers.Real) and not isinstance(r, bool) for r in radius):
        raise ValueError(f"radius={shown(radius)} must be two numbers of pixels, (smallest, largest)")
    smallest, largest = float(radius[0]), float(radius[1])
    if not 1 <= smallest < largest < np.inf:
        raise ValueError(f"radius={radius} must be (smallest, largest) with 1 <= smallest < largest")
    return smallest, largest
