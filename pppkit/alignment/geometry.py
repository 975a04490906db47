"""Where a feature map lies in the image: what the valid twin's tensors carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

Pair = tuple[int, int]


class AlignmentError(ValueError):
    """The padded and the optimally padded features of this network cannot be aligned."""


@dataclass(frozen=True)
class Geometry:
    """Where a feature map lies; every pair is (vertical, horizontal).

    Pixel i of the regular (padded) map sees the input from i * stride - before on. The last pixel sees it up to
    size - 1 + after, if the image has size pixels. Pixel i + offset of the twin's map is pixel i of the regular one.
    """

    regular: Pair
    stride: Pair = (1, 1)
    before: Pair = (0, 0)
    after: Pair = (0, 0)
    offset: Pair = (0, 0)
    axes: Pair = (2, 3)
    stale: bool = False  # an in-place operation ought to have changed this tensor, but made another

    def window(self, x: Tensor) -> Tensor:
        """The part of the twin's map that the regular map has."""
        for axis, start, length in zip(self.axes, self.offset, self.regular):
            if start + length > x.shape[axis]:
                raise AlignmentError(
                    f"the crop is too small: a {tuple(x.shape)} map has no {self.regular} window at {self.offset}"
                )
            x = x.narrow(axis, start, length)
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
            f"a tensor of shape {tuple(x.shape)} has no position in the image: it comes after a global operation"
        )
    return x._geometry  # type: ignore[attr-defined, no-any-return]


def attach(x: Tensor, g: Geometry) -> Tensor:
    """Attaches a geometry to a tensor."""
    x._geometry = g  # type: ignore[attr-defined]
    return x


def pairwise(f: Callable[..., int], *pairs: Pair) -> Pair:
    """Applies a function to the vertical and to the horizontal members."""
    return f(*(p[0] for p in pairs)), f(*(p[1] for p in pairs))


def join(tracked: list[Tensor]) -> Geometry:
    """Geometry of maps that are added, multiplied or concatenated: they see what any of them sees."""
    gs = [geometry(t) for t in tracked]
    g = gs[0]
    if any((o.regular, o.stride, o.axes) != (g.regular, g.stride, g.axes) for o in gs):
        raise AlignmentError(
            f"maps of different sizes or strides meet: {', '.join(f'{o.regular} at stride {o.stride}' for o in gs)}"
        )
    return replace(
        g,
        before=pairwise(max, *(o.before for o in gs), (-(10**9),) * 2),
        after=pairwise(max, *(o.after for o in gs), (-(10**9),) * 2),
        offset=pairwise(min, *(o.offset for o in gs), (10**9,) * 2),
    )
