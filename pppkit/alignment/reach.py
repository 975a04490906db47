"""How far padding reaches into a large map, measured, and how large a canvas must be for it not to matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..models.hooks import blank, features, input_channels, padding_context
from ..padding import Padding
from ..padding.schemes import Amounts, pair
from .arguments import checked, explained
from .canvas import GlobalPools, canvas_features, canvas_padding, centre
from .geometry import AlignmentError, stride_text

GROWTH = 512  # pixels by which the second image is larger; strides must divide it
LIMIT = 4096  # pixels
SIDES = ["top", "left", "bottom", "right"]
NAN = float("nan")
BEYOND = 4.0  # added to noise beyond a margin: no mean over the whole canvas stays as it was
TOLERANCE = 1e-4  # of the largest feature; rounding gives 1e-6
Stride = tuple[Fraction, Fraction]  # vertical, horizontal: input pixels per pixel of a map


class Poison(Padding):
    """Pads with NaN, in pooling layers too, so that whatever a border reaches shows it.

    Borders without padding are poisoned as well: smooth interpolation, which repeats the outermost pixels,
    and transposed convolutions, whose outermost pixels miss what the kernels of pixels beyond would add.
    """

    def __init__(self, padding: str | None):
        super().__init__(canvas_padding(padding) or "zeros", pools="scheme")
        if self.fill != "none":
            self.fill = "nan"

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "interpolate" and args[0].dim() == 4:
            return _poisoned_interpolate(func, *args, **kwargs)
        if name == "conv_transpose2d":
            return _poisoned_transpose(func, *args, **kwargs)
        if name == "pad" and self.fill == "nan":
            return _poisoned_pad(func, *args, **kwargs)
        return super().__torch_function__(func, types, args, kwargs)

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        return x if self.fill == "none" else F.pad(x, amounts, value=NAN)


def _poisoned_pad(func, input: Tensor, pad, mode: str = "constant", value=None) -> Tensor:
    around, channels = (*pad, 0, 0, 0, 0)[:4], tuple(pad[4:])
    if any(channels):
        input = func(input, (0, 0, 0, 0, *channels), mode, value)
    return F.pad(input, around, value=NAN)


def _factors(x: Tensor, out: Tensor, resize: dict[str, Any]) -> tuple[Fraction, Fraction]:
    """Input pixels per output pixel of `F.interpolate`, as torch computes them from its arguments."""
    sizes = list(zip(x.shape[-2:], out.shape[-2:]))
    scale, mode = resize.get("scale_factor"), resize.get("mode", "nearest")
    if resize.get("align_corners"):
        vertical, horizontal = (Fraction(n - 1, max(1, m - 1)) for n, m in sizes)
    elif scale is None or resize.get("recompute_scale_factor") or mode == "area":
        vertical, horizontal = (Fraction(n, m) for n, m in sizes)
    else:
        scales = scale if isinstance(scale, (list, tuple)) else (scale, scale)
        vertical, horizontal = (1 / Fraction(s).limit_denominator(4096) for s in scales)
    return vertical, horizontal


def _poisoned_interpolate(func, input: Tensor, **resize) -> Tensor:
    """With a border of NaN, of which as many pixels as it becomes are cut off again."""
    plain = func(input, **resize)
    before, after = tuple(input.shape[-2:]), tuple(plain.shape[-2:])
    beyond = not resize.get("align_corners") or resize.get("mode") == "bicubic"  # else it reads nothing there
    if before == (1, 1) or before == after or not beyond:
        return plain
    factors = _factors(input, plain, resize)
    top, left = (3 * f.numerator for f in factors)
    cut = [3 * f.denominator for f in factors]
    if resize.get("scale_factor") is None:
        resize = resize | {"size": [m + 2 * c for m, c in zip(after, cut)]}
    large = func(F.pad(input, (left, left, top, top), value=NAN), **resize)
    return large[..., cut[0] : cut[0] + after[0], cut[1] : cut[1] + after[1]]


def _poisoned_transpose(
    func, input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
) -> Tensor:
    kernel, stride, dilation = tuple(weight.shape[2:]), pair(stride), pair(dilation)
    top, left = (d * (k - 1) // s + 1 for k, s, d in zip(kernel, stride, dilation))
    wide = F.pad(input, (left, left, top, top), value=NAN)
    out = func(wide, weight, bias, stride, padding, output_padding, groups, dilation)
    y, x = top * stride[0], left * stride[1]
    return out[..., y : out.shape[-2] - y, x : out.shape[-1] - x]


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
                self.factors.append(_factors(args[0], out, kwargs or {}))
        return out


class _Survey(NamedTuple):
    """What runs on an image and on a larger one tell: sizes, strides, and what global poolings saw."""

    sizes: dict[str, tuple[int, int]]
    strides: dict[str, Stride]
    total: int  # pixels by which the image can be shifted so that every map shifts by whole pixels
    pooled: list[tuple[int, ...]]


def _survey(model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None) -> _Survey:
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
    return _Survey(few, strides, total, record.seen)


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


def _rims(model: nn.Module, survey: _Survey, size: int, margin: int, padding: str | None) -> dict[str, Any]:
    """What poison leaves of the layers' maps, on a canvas with that margin."""
    image = blank(model, size + 2 * margin, size + 2 * margin)
    return features(
        model, tuple(survey.strides), image, Poison(padding), GlobalPools(survey.pooled), keep=_rim
    )


def _reach(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, limit: int
) -> tuple[pd.DataFrame, _Survey]:
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


def canvas_margin(
    model: nn.Module,
    layers: Sequence[str] | None = None,
    size: int = 224,
    padding: str | None = None,
    at_least: int = 0,
) -> int:
    """The smallest M for `canvas_features`: a multiple of the total stride, beyond padding's reach.

    The total stride is that of the coarsest map on the way to the layers: 16 for the last layer of a U-Net
    with four poolings, though its own stride is 1.

    Args:
        model: The network.
        layers: Module paths; None for the layers of interest.
        size: Side of the regular image in pixels.
        padding: A padding scheme, or None for the model's own padding.
        at_least: A smaller M will not do.

    Returns:
        M in input pixels: 128 for the paper's VGG19, 224 for its ResNet50, 448 for EfficientNet-B0.

    Raises:
        AlignmentError: As `padding_reach`; or if pixels beyond that margin change the features all the same,
            because the network looks at the whole image or at its size.
        ValueError: As `padding_reach`.
    """
    margin, total = certified_margin(model, layers, size, padding)
    return max(margin, math.ceil(at_least / total) * total)


def certified_margin(
    model: nn.Module, layers: Sequence[str] | None, size: int, padding: str | None
) -> tuple[int, int]:
    """The smallest M of `canvas_margin`, tried on noise, and the total stride of which it is a multiple."""
    model, layers = checked(model, layers, size, padding)
    margin, survey = _smallest(model, layers, size, padding)
    _check_canvas(model, layers, size, padding, margin, survey)
    return margin, survey.total


def measured_margin(model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None) -> int:
    """`canvas_margin` without its trial on noise, for who compares the canvas with something else."""
    return _smallest(model, layers, size, padding)[0]


def _smallest(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None
) -> tuple[int, _Survey]:
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


def _check_canvas(
    model: nn.Module, layers: tuple[str, ...], size: int, padding: str | None, margin: int, survey: _Survey
) -> None:
    """Compares two canvases: the same noise up to the margin, brighter noise around it on the larger one.

    NaN in padding's place shows what padding reaches, but neither statistics over the image, nor coordinates,
    nor poolings that `GlobalPools` does not know: those see the image, or its size.
    """
    near, far = (size + 2 * (margin + further) for further in (0, survey.total))
    channels, generator = input_channels(model), torch.Generator().manual_seed(0)
    inside = torch.rand((1, channels, near, near), generator=generator)
    world = torch.rand((1, channels, far, far), generator=generator) + BEYOND
    centre(world, (near, near)).copy_(inside)
    like = blank(model, 1, 1)
    small, large = (
        canvas_features(model, layers, canvas.to(like), dict(survey.sizes), survey.pooled, padding)
        for canvas in (inside, world)
    )
    tolerance = max(TOLERANCE, 16 * torch.finfo(like.dtype).eps)
    changed = {name: _relative(small[name], large[name]) for name in layers}
    wrong = [f"{name} by {change:.1e}" for name, change in changed.items() if not change <= tolerance]
    if wrong:
        raise AlignmentError(
            f"no canvas is exact for this network: pixels beyond a margin of {margin}, which no padding "
            f"reaches, change features ({', '.join(wrong)} of the largest). It looks at the whole image "
            "(GroupNorm, InstanceNorm, attention) or at its size (coordinates); global poolings are followed "
            "as adaptive_avg_pool2d, adaptive_max_pool2d, or mean, amax or sum over the last two axes"
        )


def _relative(few: Tensor, many: Tensor) -> float:
    """The largest difference as a share of the largest feature."""
    difference = (few.double() - many.double()).abs().max().item()
    return difference / few.double().abs().max().item() if difference else 0.0
