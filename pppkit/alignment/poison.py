"""NaN in padding's place, so that whatever a border reaches shows it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..padding import Padding
from ..padding.schemes import Amounts, pair
from .canvas import canvas_padding
from .geometry import AlignmentError
from .unpadded import POINTED, reason

NAN = float("nan")


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
        if name in POINTED:
            raise AlignmentError(f"{name} is not followed: {reason(name)}")
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


def resize_factors(x: Tensor, out: Tensor, resize: dict[str, Any]) -> tuple[Fraction, Fraction]:
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
    factors = resize_factors(input, plain, resize)
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
