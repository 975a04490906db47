"""How far padding reaches into a large map, measured, and how large a canvas must be to be beyond it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..models.hooks import blank, features, padding_context
from .arguments import checked, explained
from .canvas import GlobalPools
from .geometry import AlignmentError, stride_text
from .poison import Poison, resize_factors

GROWTH = 512  # pixels by which the second image is larger; strides must divide it
LIMIT = 4096  # pixels
SIDES = ["top", "left", "bottom", "right"]
Stride = tuple[Fraction, Fraction]  # vertical, horizontal: input pixels per pixel of a map


class Census(TorchFunctionMode):
    """Records the size of every map that a network makes, and the factors by which it resizes maps."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int]] = []
        self.factors: list[tuple[Fraction, Fraction]] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor) and out.dim() == 4:
            self.sizes.append((out.shape[-2], out.shape[-1]))
            if getattr(func, "__name__", "") == "interpolate" and tuple(args[0].shape[-2:]) != (1, 1):
                self.factors.append(resize_factors(args[0], out, kwargs or {}))
        return out


class Survey(NamedTuple):
    """What runs on an image and on a larger one tell: sizes, strides, and what global poolings saw."""

    sizes: dict[str, tuple[int, int]]
    strides: dict[str, Stride]
    total: int  # pixels by which the image can be shifted so that every map shifts by whole pixels
    pooled: list[tuple[int, ...]]


def _survey(model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None) -> Survey:
    record, small, large = GlobalPools(), Census(), Census()
    few = _sizes(model, layers, size, padding, record, small)
    many = _sizes(model, layers, size + GROWTH, padding, large)
    _check_census(small, large, size)
    found = {name: _stride(few[name], many[name]) for name in layers}
    strides = {name: stride for name, stride in found.items() if stride is not None}
    maps = [_stride(before, after) for before, after in zip(small.sizes, large.sizes)]
    every = {one for stride in (*maps, *strides.values()) if stride is not None for one in stride}
    odd = [s for s in every if GROWTH % s.numerator or 1 not in (s.numerator, s.denominator)]
    if odd or len(strides) < len(layers):
        texts = (f"{name}: {stride_text(strides[name]) if name in strides else 'none'}" for name in layers)
        raise AlignmentError(
            f"strides ({', '.join(texts)}) do not divide a canvas evenly; "
            f"pppkit needs total strides that are powers of two up to {GROWTH}"
        )
    total = math.lcm(*(s.numerator for s in every))
    return Survey(few, strides, total, record.seen)


def _stride(before: tuple[int, int], after: tuple[int, int]) -> Stride | None:
    """Of a map, vertical and horizontal, by how it grows with the image; None if an axis does not grow."""
    vertical, horizontal = after[0] - before[0], after[1] - before[1]
    if min(vertical, horizontal) <= 0:
        return None
    return Fraction(GROWTH, vertical), Fraction(GROWTH, horizontal)


def _sizes(
    model: nn.Module, layers: tuple[str, ...], side: int, padding: str | None, *modes: TorchFunctionMode
) -> dict[str, tuple[int, int]]:
    modes = (*padding_context(padding), *modes)
    with explained((side, side), padding):
        return features(
            model, layers, blank(model, side, side), *modes, keep=lambda n, t: (t.shape[-2], t.shape[-1])
        )


def _check_census(small: Census, large: Census, size: int) -> None:
    if len(small.sizes) != len(large.sizes):
        raise AlignmentError(f"the model does other things with a larger image than with one of size={size}")
    for few, many in zip(small.factors, large.factors):
        if few != many:
            here, there = (", ".join(map(str, factors)) for factors in (few, many))
            raise AlignmentError(
                f"interpolate: at size={size} a map is resized by {here} input pixels per output pixel, "
                f"in a larger image by {there}; choose a size that the total stride divides "
                "(align_corners=True: one more)"
            )


def _rim(name: str, t: Tensor) -> tuple[int, int, int, int] | None:
    """Poisoned pixels of a map: top, left, bottom, right; None if they are no frame."""
    clean = ~t[0].isnan().any(0)
    rows, columns = clean.any(1).nonzero()[:, 0], clean.any(0).nonzero()[:, 0]
    if len(rows) == 0:
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    if not clean[top : bottom + 1, left : right + 1].all():
        return None
    return top, left, len(clean) - 1 - bottom, clean.shape[1] - 1 - right


def _rims(model: nn.Module, survey: Survey, size: int, margin: int, padding: str | None) -> dict[str, Any]:
    """What poison leaves of the layers' maps, on a canvas with that margin."""
    image = blank(model, size + 2 * margin, size + 2 * margin)
    return features(
        model, tuple(survey.strides), image, Poison(padding), GlobalPools(survey.pooled), keep=_rim
    )


def _reach(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, limit: int
) -> tuple[pd.DataFrame, Survey]:
    """The table of `padding_reach`, and what runs without poison tell.

    A map that is clean within a frame shows how far each border reaches, however large the canvas is.
    """
    survey = _survey(model, layers, size, padding)
    margin = 4 * survey.total
    while margin <= limit:
        rims = _rims(model, survey, size, margin, padding)
        if all(rim is not None for rim in rims.values()):
            table = pd.DataFrame.from_dict(rims, orient="index", columns=SIDES)
            table.insert(0, "stride", pd.Series({name: _plain(s) for name, s in survey.strides.items()}))
            return table.rename_axis("layer"), survey
        margin *= 2
    raise AlignmentError(
        f"padding still reaches the image from {margin // 2} pixels away: a global operation (GroupNorm, "
        "InstanceNorm, attention) makes every feature depend on every pixel, or the receptive field is wider "
        f"than limit={limit} (total stride {survey.total})"
    )


def _plain(stride: Stride) -> Any:
    """A stride as tables show it: one number, or two where they differ; whole numbers where they can be."""
    vertical, horizontal = (int(s) if s.denominator == 1 else s for s in stride)
    return vertical if vertical == horizontal else (vertical, horizontal)


def padding_reach(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    padding: str | None = None,
    limit: int = LIMIT,
) -> pd.DataFrame:
    """How far padding reaches into a large map, measured: the padding is poisoned with NaN.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.
        limit: Give up where a margin of that many pixels leaves nothing clean.

    Returns:
        For each layer its stride (a fraction where the map is finer than the image, vertical and horizontal
        where they differ) and the pixels of its map that borders touch: top, left, bottom, right.

    Raises:
        AlignmentError: If padding reaches everything (a global normalisation or attention), or a map is
            resized by a factor that depends on the image's size.
        ValueError: For bad arguments, or if the network cannot run on such images.
    """
    model, layers = checked(model, layers, size, padding)
    return _reach(model, layers, size, padding, limit)[0]


def smallest_canvas(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None
) -> tuple[int, Survey]:
    """The smallest margin beyond padding's reach, a multiple of the total stride, and its survey."""
    table, survey = _reach(model, layers, size, padding, LIMIT)
    need = max(_pixels(table.loc[name, SIDES], stride) for name, stride in survey.strides.items())
    margin = max(1, math.ceil(need / survey.total)) * survey.total
    while survey.pooled and None in _rims(model, survey, size, margin, padding).values():
        margin += survey.total  # what a global pooling sees must be clean, too
    return margin, survey


def _pixels(rim: pd.Series, stride: Stride) -> Fraction:
    """How far a rim reaches into the image, in input pixels."""
    vertical, horizontal = stride
    rows, columns = int(rim[["top", "bottom"]].max()), int(rim[["left", "right"]].max())
    return max(rows * vertical, columns * horizontal)
