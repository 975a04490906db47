"""Margins, principal points, and optimally padded features by the paper's way, checked against the canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from ..models.hooks import blank, features, padding_mode
from ..models.registry import default_layers
from .canvas import GlobalPools, canvas_features, canvas_margin, centre, reach
from .geometry import AlignmentError, Geometry, attach, geometry
from .unpadded import Twin

__all__ = [
    "AlignmentError",
    "canvas_features",
    "canvas_margin",
    "features",
    "margins",
    "reach",
    "twin_features",
    "verify_alignment",
]


def geometries(
    model: nn.Module, layers: Sequence[str], size: int | tuple[int, int], scheme: str | None = None
) -> dict[str, Geometry]:
    """Geometry of the padded run's feature maps, from one forward pass over a blank image."""
    height, width = (size, size) if isinstance(size, int) else size
    x = attach(blank(model, height, width), Geometry((height, width)))

    return features(
        model, layers, x, *padding_mode(scheme), Twin(scheme, valid=False), keep=lambda name, t: geometry(t)
    )


def margins(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int | tuple[int, int] = 224,
    scheme: str | None = None,
) -> pd.DataFrame:
    """The paper's alignment tables (appendix A.1, Figures 6 and 7) for any network.

    The regular run pads an image of `size`; the optimal run is the same network without padding on a crop just large enough
    for the last of the layers. Margins follow margin_in = stride * margin_out + padding, from the last layer back.

    Args:
        model: Any network of convolutions, poolings, elementwise operations and joins.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular input in pixels, or (height, width).
        scheme: A padding scheme to put the model under, or None for its own padding.

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
    found = geometries(model, layers, size, scheme)
    deep = max(found.values(), key=lambda g: g.before)  # the layer that needs the largest crop
    rows = {}
    for name, g in {"input": Geometry((height, width)), **found}.items():
        low = [(deep.before[i] - g.before[i]) // g.stride[i] for i in (0, 1)]
        high = [(deep.after[i] - g.after[i]) // g.stride[i] for i in (0, 1)]
        optimal = [g.regular[i] + low[i] + high[i] for i in (0, 1)]
        centre = [(n - 1) / 2 for n in optimal]
        rows[name] = {
            "regular_height": g.regular[0], "regular_width": g.regular[1], "optimal_height": optimal[0], "optimal_width": optimal[1],
            "stride": g.stride[0] if g.stride[0] == g.stride[1] else g.stride,
            "principal_regular_y": centre[0] - low[0], "principal_regular_x": centre[1] - low[1],
            "principal_optimal_y": centre[0], "principal_optimal_x": centre[1],
            "top": low[0], "left": low[1], "bottom": high[0], "right": high[1],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


def twin_features(
    model: nn.Module,
    layers: Sequence[str],
    read: Callable[[int, int, int, int], Tensor],
    size: int = 224,
    scheme: str | None = None,
) -> dict[str, Tensor]:
    """Optimally padded features by the paper's way: the network without padding on a larger crop.

    Args:
        model: The network.
        layers: Module paths.
        read: Gives images `(N, 3, height, width)` of the window (y, x, height, width), where (0, 0) is the first pixel of
            the regular image and y and x are negative.
        size: Side of the regular image in pixels.
        scheme: The padding scheme of the regular run, or None for the model's own.

    Returns:
        For each layer the features aligned with the regular ones, `(N, C, H, W)`.
    """
    table = margins(model, layers, size, scheme).loc["input", ["top", "left", "bottom", "right"]]
    top, left, bottom, right = (max(0, int(v)) for v in table)
    crop = read(-top, -left, size + top + bottom, size + left + right)
    x = attach(crop.clone(), Geometry((size, size), offset=(top, left)))
    return features(model, layers, x, Twin(scheme), keep=lambda name, t: geometry(t).window(t).clone())


def verify_alignment(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    scheme: str | None = None,
    *,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> pd.DataFrame:
    """Computes optimally padded features in both ways, on noise, and compares them.

    They share no code: the canvas runs the padded network and knows nothing of its operations, the twin follows each
    operation and pads nothing.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        scheme: A padding scheme, or None for the model's own padding.
        tolerance: Largest difference allowed, relative to the largest feature of the layer.
        seed: Of the noise.

    Returns:
        For each layer: difference, the largest one; largest, the largest feature; relative, their ratio; and shifted, what
        relative would be if one of the two were a pixel off, which shows how much the comparison can see.

    Raises:
        AlignmentError: If the two ways differ by more than the tolerance, either cannot be exact for this network, or a
            layer's features are so flat that even a shift by a pixel would pass.
    """
    layers = tuple(layers) if layers is not None else default_layers(model)
    margin = canvas_margin(model, layers, size, scheme)
    like = blank(model, 1, 1)
    need = margins(model, layers, size, scheme).loc["input", ["top", "left", "bottom", "right"]].max()
    room = max(margin, int(need))
    world = torch.rand(
        1, 3, size + 2 * room, size + 2 * room, generator=torch.Generator().manual_seed(seed)
    ).to(like)
    record = GlobalPools()
    shape = features(
        model,
        layers,
        centre(world, (size, size)).contiguous(),
        *padding_mode(scheme),
        record,
        keep=lambda n, t: tuple(t.shape[-2:]),
    )
    canvas = canvas_features(
        model, layers, centre(world, (size + 2 * margin,) * 2).contiguous(), shape, record.seen, scheme
    )
    twin = twin_features(
        model,
        layers,
        lambda y, x, h, w: world[..., room + y : room + y + h, room + x : room + x + w],
        size,
        scheme,
    )
    rows = {}
    for name in layers:
        difference, largest = (canvas[name] - twin[name]).abs().max().item(), canvas[name].abs().max().item()
        flat = canvas[name].shape[-1] < 2
        shifted = (
            float("nan")
            if flat
            else (canvas[name][..., 1:] - twin[name][..., :-1]).abs().max().item() / (largest or 1.0)
        )
        relative = difference / largest if largest else float(difference > 0)
        rows[name] = {"difference": difference, "largest": largest, "relative": relative, "shifted": shifted}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
    wrong = table[~(table["relative"] <= tolerance)]
    if len(wrong):
        raise AlignmentError(
            f"the canvas and the valid twin disagree by more than tolerance={tolerance:g} of the largest feature: {wrong['relative'].to_dict()}"
        )
    if (table["shifted"] <= tolerance).any():
        raise AlignmentError(
            f"layers {list(table.index[table['shifted'] <= tolerance])} give features too flat to verify an alignment with; use other weights"
        )
    return table
