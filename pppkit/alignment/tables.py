"""The paper's alignment tables: sizes, margins and principal points of a network's feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from torch import nn

from ..models.hooks import blank, features, padding_mode
from ..models.registry import default_layers
from .geometry import Geometry, attach, geometry
from .unpadded import UnpaddedRun


def geometries(
    model: nn.Module, layers: Sequence[str], size: int | tuple[int, int], padding: str | None = None
) -> dict[str, Geometry]:
    """Geometry of the padded run's feature maps, from one forward pass over a blank image."""
    height, width = (size, size) if isinstance(size, int) else size
    x = attach(blank(model, height, width), Geometry((height, width)))

    return features(
        model,
        layers,
        x,
        *padding_mode(padding),
        UnpaddedRun(padding, valid=False),
        keep=lambda name, t: geometry(t),
    )


def margins(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int | tuple[int, int] = 224,
    padding: str | None = None,
) -> pd.DataFrame:
    """The paper's alignment tables (appendix A.1, Figures 6 and 7) for any network.

    The regular run pads an image of `size`; the optimal run is the same network without padding on a crop just large enough
    for the last of the layers. Margins follow margin_in = stride * margin_out + padding, from the last layer back.

    Args:
        model: Any network of convolutions, poolings, elementwise operations and joins.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular input in pixels, or (height, width).
        padding: A padding scheme to put the model under, or None for its own padding.

    Returns:
        One row for the input and for each layer, in that order, with sizes in pixels of the respective map:
        regular_height, regular_width, optimal_height, optimal_width; stride (input pixels per feature pixel, a pair if the
        axes differ); principal_regular_y, ..._x, principal_optimal_y, ..._x: where the centre of the last layer's map lies;
        and top, left, bottom, right: what to crop from the optimal map to be left with the regular one.

    Raises:
        AlignmentError: If the network has an operation through which the alignment cannot be followed.
        ValueError: For an unknown layer.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    height, width = (size, size) if isinstance(size, int) else size
    found = geometries(model, layers, size, padding)
    deep = max(found.values(), key=lambda g: g.before)  # the layer that needs the largest crop
    rows = {}
    for name, g in {"input": Geometry((height, width)), **found}.items():
        low = [(deep.before[i] - g.before[i]) // g.stride[i] for i in (0, 1)]
        high = [(deep.after[i] - g.after[i]) // g.stride[i] for i in (0, 1)]
        optimal = [g.regular[i] + low[i] + high[i] for i in (0, 1)]
        middle = [(n - 1) / 2 for n in optimal]
        rows[name] = {
            "regular_height": g.regular[0], "regular_width": g.regular[1], "optimal_height": optimal[0], "optimal_width": optimal[1],
            "stride": g.stride[0] if g.stride[0] == g.stride[1] else g.stride,
            "principal_regular_y": middle[0] - low[0], "principal_regular_x": middle[1] - low[1],
            "principal_optimal_y": middle[0], "principal_optimal_x": middle[1],
            "top": low[0], "left": low[1], "bottom": high[0], "right": high[1],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
