"""The paper's alignment tables: sizes, margins and principal points of a network's feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pandas as pd
from torch import nn

from ..models.hooks import blank, features, padding_context
from .arguments import checked, explained, height_and_width
from .geometry import Geometry, Interval, Pair, attach, computable, geometry, seen
from .unpadded import UnpaddedRun


def geometries(
    model: nn.Module, layers: Sequence[str], size: int | tuple[int, int], padding: str | None = None
) -> dict[str, Geometry]:
    """Geometry of the padded run's feature maps, from one forward pass over a blank image."""
    sides = height_and_width(size)
    model, layers = checked(model, layers, max(sides), padding)
    return _follow(model, layers, sides, padding)[0]


def _follow(
    model: nn.Module, layers: Sequence[str], size: Pair, padding: str | None
) -> tuple[dict[str, Geometry], UnpaddedRun]:
    x = attach(blank(model, *size), Geometry.image(size))
    run = UnpaddedRun(padding, valid=False)
    with explained(size, padding):
        found = features(model, layers, x, *padding_context(padding), run, keep=lambda name, t: geometry(t))
    return found, run


def margins(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int | tuple[int, int] = 224,
    padding: str | None = None,
) -> pd.DataFrame:
    """The paper's alignment tables (appendix A.1, Figures 6 and 7) for any network.

    The regular run pads an image of `size`; the optimal run is the same network without padding on a crop
    just large enough for the last of the layers. Margins follow margin_in = stride * margin_out + padding,
    from the last layer back.

    Args:
        model: Any network of convolutions, poolings, elementwise operations and joins.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular input in pixels, or (height, width).
        padding: A padding scheme to put the model under, or None for its own padding.

    Returns:
        One row for the input and for each layer, in that order, with sizes in pixels of the respective map:
        regular_height, regular_width, optimal_height, optimal_width; stride (input pixels per feature pixel,
        a pair if the axes differ); principal_regular_y, ..._x, principal_optimal_y, ..._x: where the centre
        of the last layer's map lies; and top, left, bottom, right: what to crop from the optimal map to be
        left with the regular one.

    Raises:
        AlignmentError: If the network has an operation through which the alignment cannot be followed.
        ValueError: For an unknown layer.
    """
    height, width = height_and_width(size)
    model, layers = checked(model, layers, max(height, width), padding)
    found, run = _follow(model, layers, (height, width), padding)
    wanted = [*found.values(), *run.pooled]
    image = [seen([(g.sides[i], g.sides[i].window()) for g in wanted]) for i in (0, 1)]
    rows = {"input": _row((height, width), (Fraction(1), Fraction(1)), image)}
    for name, g in found.items():
        rows[name] = _row(g.regular, g.stride, [computable(g.sides[i], image[i]) for i in (0, 1)])
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


def _row(regular: Pair, stride: tuple[Fraction, Fraction], spans: list[Interval]) -> dict[str, object]:
    """A row of `margins`, from the first and last pixel that the optimal run has along each axis."""
    (top, bottom), (left, right) = ((-low, high - n + 1) for (low, high), n in zip(spans, regular))
    height, width = regular[0] + top + bottom, regular[1] + left + right
    steps = [int(s) if s.denominator == 1 else s for s in stride]
    return {
        "regular_height": regular[0],
        "regular_width": regular[1],
        "optimal_height": height,
        "optimal_width": width,
        "stride": steps[0] if steps[0] == steps[1] else tuple(steps),
        "principal_regular_y": (height - 1) / 2 - top,
        "principal_regular_x": (width - 1) / 2 - left,
        "principal_optimal_y": (height - 1) / 2,
        "principal_optimal_x": (width - 1) / 2,
        "top": top,
        "left": left,
        "bottom": bottom,
        "right": right,
    }
