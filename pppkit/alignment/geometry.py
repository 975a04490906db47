"""Where a feature map lies in the image: what the tensors of an unpadded run carry."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from torch import Size, Tensor

Pair = tuple[int, int]
Interval = tuple[int, int]  # first and last pixel


class AlignmentError(ValueError):
    """The padded and the optimally padded features of this network cannot be aligned."""


class Taps(NamedTuple):
    """What an output pixel of an operation reads, along one image axis.

    Pixel j reads its input from pixel (step * j + low) // per to pixel (step * j + high) // per: a
    convolution of stride 2 and padding 1 with a kernel of 3 has Taps(2, -1, 1), nearest upsampling by 2 has
    Taps(1, 0, 0, 2).
    """

    step: int
    low: int
    high: int
    per: int = 1

    def read(self, first: int, last: int) -> Interval:
        """Input pixels that the output pixels from `first` to `last` read."""
        return (self.step * first + self.low) // self.per, (self.step * last + self.high) // self.per

    def given(self, first: int, last: int) -> Interval:
        """Output pixels that read nothing but the input pixels from `first` to `last`."""
        start = -((self.low - first * self.per) // self.step)
        return start, ((last + 1) * self.per - self.high - 1) // self.step


SAME = Taps(1, 0, 0)


@dataclass(frozen=True, eq=False)
class Side:
    """Where a feature map lies along one image axis. Pixel 0 is that of the regular (padded) map.

    Attributes:
        regular: Pixels of the regular map.
        stride: Pixels of the image per pixel of the map; less than 1 where a network enlarges the image.
        first: Where the unpadded run's map begins: -3 if it has three pixels before the regular map.
        sources: The maps that it was made of, and what it reads of them; none for the image.
    """

    regular: int
    stride: Fraction = Fraction(1)
    first: int = 0
    sources: tuple[tuple[Side, Taps], ...] = ()
    order: int = field(default_factory=itertools.count().__next__)

    def window(self) -> Interval:
        """First and last pixel of the regular map."""
        return 0, self.regular - 1

    def last(self, length: int) -> int:
        """The last pixel of the unpadded run's map of that length."""
        return self.first + length - 1


def seen(wanted: list[tuple[Side, Interval]]) -> Interval:
    """Pixels of the image that pixels of maps see, as if the image had no border.

    Args:
        wanted: Maps along one image axis, and the first and last pixel of interest of each.
    """
    spans: dict[int, Interval] = {}
    sides: dict[int, Side] = {}
    queue: list[int] = []

    def want(side: Side, span: Interval) -> None:
        if side.order not in spans:
            heapq.heappush(queue, -side.order)
            sides[side.order], spans[side.order] = side, span
        low, high = spans[side.order]
        spans[side.order] = min(low, span[0]), max(high, span[1])

    for side, span in wanted:
        want(side, span)
    image: list[Interval] = []
    while queue:  # the latest first, so that all who read a map have spoken when its turn comes
        order = -heapq.heappop(queue)
        side, span = sides[order], spans[order]
        for source, taps in side.sources:
            want(source, taps.read(*span))
        if not side.sources:
            image.append(span)
    return min(a for a, _ in image), max(b for _, b in image)


def computable(side: Side, image: Interval) -> Interval:
    """First and last pixel of a map that are known from these pixels of the image, without any padding."""
    order: dict[int, Side] = {}
    stack = [side]
    while stack:
        here = stack.pop()
        if here.order not in order:
            order[here.order] = here
            stack.extend(source for source, _ in here.sources)
    known: dict[int, Interval] = {}
    for key in sorted(order):
        parts = [taps.given(*known[source.order]) for source, taps in order[key].sources] or [image]
        known[key] = max(a for a, _ in parts), min(b for _, b in parts)
    return known[side.order]


@dataclass(frozen=True)
class Geometry:
    """Where a feature map lies in the image.

    Attributes:
        sides: Along the vertical and the horizontal axis.
        axes: The axes of the tensor that these are.
        stale: An in-place operation ought to have changed this tensor, but made another.
    """

    sides: tuple[Side, Side]
    axes: Pair = (2, 3)
    stale: bool = False

    @classmethod
    def image(cls, size: Pair, margins: Pair = (0, 0)) -> Geometry:
        """Geometry of images `(N, C, H, W)` whose regular part has this size, below and right of margins."""
        return cls((Side(size[0], first=-margins[0]), Side(size[1], first=-margins[1])))

    @property
    def regular(self) -> Pair:
        """Height and width of the regular map."""
        return self.sides[0].regular, self.sides[1].regular

    @property
    def stride(self) -> tuple[Fraction, Fraction]:
        """Pixels of the image per pixel of the map, vertical and horizontal."""
        return self.sides[0].stride, self.sides[1].stride

    def sees(self) -> tuple[Interval, Interval]:
        """First and last row, first and last column that the regular map sees, as if there was no border."""
        spans = [seen([(side, side.window())]) for side in self.sides]
        return spans[0], spans[1]

    def moved(self, axes: tuple[int, ...]) -> Geometry:
        """The same map in a tensor whose image axes are others."""
        return replace(self, axes=(axes[0], axes[1]))

    def window(self, x: Tensor) -> Tensor:
        """The part of the unpadded run's map that the regular map has."""
        for axis, side in zip(self.axes, self.sides):
            if side.first > 0 or side.last(x.shape[axis]) < side.regular - 1:
                raise AlignmentError(
                    f"the crop is too small: a {tuple(x.shape)} map begins at pixel {side.first} and does "
                    f"not cover the {side.regular} pixels of the regular one"
                )
            if x.shape[axis] != side.regular:
                x = x.narrow(axis, -side.first, side.regular)
        return x


def has_geometry(x: object) -> bool:
    """Whether `UnpaddedRun` follows this tensor."""
    return isinstance(x, Tensor) and hasattr(x, "_geometry")


def geometry(x: Tensor) -> Geometry:
    """The geometry that `UnpaddedRun` attached to a tensor.

    Raises:
        AlignmentError: If there is none: the tensor comes after a global operation, or from elsewhere.
    """
    if not has_geometry(x):
        raise AlignmentError(
            f"a tensor of shape {tuple(x.shape)} has no position in the image: "
            "it comes after a global operation"
        )
    return x._geometry  # type: ignore[attr-defined, no-any-return]


def told_shape(x: Tensor) -> Size:
    """The shape of a map in the regular run."""
    shape, g = list(x.shape), geometry(x)
    for axis, side in zip(g.axes, g.sides):
        shape[axis] = side.regular
    return Size(shape)


def attach(x: Tensor, g: Geometry) -> Tensor:
    """Attaches a geometry to a tensor."""
    x._geometry = g  # type: ignore[attr-defined]
    return x


def join(maps: list[Geometry]) -> Geometry:
    """Geometry of maps that are added, multiplied or concatenated: it reads all of them.

    Raises:
        AlignmentError: If their regular maps differ in size or stride.
    """
    g = maps[0]
    if all(o.sides is g.sides and o.axes == g.axes for o in maps):
        return replace(g, stale=False) if g.stale else g
    if any((o.regular, o.stride, o.axes) != (g.regular, g.stride, g.axes) for o in maps):
        described = ", ".join(f"{o.regular} at stride {stride_text(o.stride)}" for o in maps)
        remedy = "choose a size that every stride divides"
        if any(o.regular == (1, 1) for o in maps):
            remedy = "if the single pixel is a global pooling, write it as adaptive_avg_pool2d(x, 1)"
        raise AlignmentError(f"maps of different sizes or strides meet: {described}; {remedy}")
    vertical, horizontal = ([o.sides[i] for o in maps] for i in (0, 1))
    return Geometry((_joined(vertical), _joined(horizontal)), g.axes)


def _joined(sides: list[Side]) -> Side:
    distinct = list({side.order: side for side in sides}.values())
    if len(distinct) == 1:
        return distinct[0]
    first = max(side.first for side in distinct)
    sources = tuple((side, SAME) for side in distinct)
    return Side(distinct[0].regular, distinct[0].stride, first, sources)


def stride_text(stride: tuple[Fraction, Fraction]) -> str:
    """One number, or both where the axes differ."""
    vertical, horizontal = (str(s) for s in stride)
    return vertical if vertical == horizontal else f"({vertical}, {horizontal})"
