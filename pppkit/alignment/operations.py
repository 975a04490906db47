"""What operations along the image axes share: where their output lies, what of it an input suffices for."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

from torch import Tensor

from .geometry import AlignmentError, Geometry, Pair, Side, Taps, geometry

Follow = Callable[..., Any]


class Run(Protocol):
    """What operations know of the run that they are part of (`UnpaddedRun`)."""

    fill: str
    full: bool
    valid: bool
    phase: bool

    def out(self, x: Tensor, g: Geometry) -> Tensor:
        """Attaches the geometry of a result."""

    def seen(self, x: Tensor) -> Tensor:
        """What an operation on all positions sees."""


def along_image(run: Run, x: Tensor, taps: tuple[Taps, Taps], regular: Pair) -> tuple[Geometry, Pair]:
    """Geometry of an operation's output, and the size of what the input suffices for."""
    g = geometry(x)
    if min(regular) < 1:
        raise AlignmentError(f"the image is too small: a map of {g.regular} pixels becomes one of {regular}")
    sides, sizes = [], []
    for side, axis, reads, count in zip(g.sides, g.axes, taps, regular):
        first, last = reads.given(side.first, side.last(x.shape[axis])) if run.valid else (0, count - 1)
        if last < first:
            raise AlignmentError(f"the crop is too small: nothing is left of a map {tuple(x.shape)}")
        stride = side.stride
        if reads.step != reads.per:
            stride = stride * Fraction(reads.step, reads.per)
        sides.append(Side(count, stride, first, ((side, reads),)))
        sizes.append(last - first + 1)
    return Geometry((sides[0], sides[1]), g.axes), (sizes[0], sizes[1])


def narrowed(x: Tensor, axes: Pair, starts: Pair, sizes: Pair) -> Tensor:
    """A window of a map."""
    for axis, start, size in zip(axes, starts, sizes):
        if start or size != x.shape[axis]:
            x = x.narrow(axis, start, size)
    return x


def require_last_axes(what: str, x: Tensor) -> Geometry:
    """Geometry of a map whose last two axes are the image's."""
    g = geometry(x)
    if g.axes != (x.dim() - 2, x.dim() - 1):
        raise AlignmentError(f"{what} on {tuple(x.shape)} does not run over the two image axes")
    return g
