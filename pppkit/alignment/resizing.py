"""Operations that change the resolution by whole factors: interpolation, pixel shuffle."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..padding.schemes import pair
from .geometry import AlignmentError, Pair, Side, Taps
from .operations import Follow, along_image, narrowed, require_last_axes

_SMOOTH = ("bilinear", "bicubic")


def _ratio(n: int, m: int, scale: float | None, align_corners: bool) -> Fraction:
    """Input pixels per output pixel of a change from n to m pixels."""
    if align_corners:
        return Fraction(n - 1, m - 1) if m > 1 else Fraction(1)
    return 1 / Fraction(scale).limit_denominator(4096) if scale else Fraction(n, m)


def _resize_taps(ratio: Fraction, mode: str, align_corners: bool) -> Taps:
    """What an output pixel of `F.interpolate` by a whole factor reads; source coordinates are torch's."""
    step, per = ratio.numerator, ratio.denominator
    if step > 1:  # smaller: a block of the input, of which only the corners if these are aligned
        return Taps(step, 0, 0 if align_corners else step - 1)
    if per == 1:
        return Taps(1, 0, 0)
    if mode not in _SMOOTH:
        return Taps(1, 0, 0, per)
    more = 1 if mode == "bicubic" else 0
    if align_corners:  # at j / per, between its neighbours
        return Taps(1, -more * per, per - 1 + more * per, per)
    low = 1 - per  # at (2 j + 1 - per) / (2 per)
    return Taps(2, low - 2 * per * more, low + 2 * per - 1 + 2 * per * more, 2 * per)


def _interpolate(
    run,
    func,
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Changes of resolution by whole factors.

    Smooth modes repeat the outermost pixels at a border. In the unpadded run the neighbours are there
    instead: what clamping does is an effect of the border, as padding is.
    """
    g, corners = require_last_axes("interpolate", input), bool(align_corners)
    scales = _scales(scale_factor)
    target = (
        pair(size) if size is not None else (int(g.regular[0] * scales[0]), int(g.regular[1] * scales[1]))
    )
    kept = scales if size is None and not recompute_scale_factor and mode != "area" else (None, None)
    ratios = [_ratio(n, m, s, corners) for n, m, s in zip(g.regular, target, kept)]
    _refuse_resize(mode, g.regular, target, ratios, antialias)
    taps = [_resize_taps(r, mode, corners) for r in ratios]
    out, sizes = along_image(run, input, (taps[0], taps[1]), target)
    if not run.valid:
        y = func(input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
        return run.out(y, out)
    x, starts, full = input, [], []
    for axis, before, after, ratio in zip(g.axes, g.sides, out.sides, ratios):
        begin, length, start, size = _resized(before, after, x.shape[axis], ratio, corners)
        x = x.narrow(axis, begin - before.first, length)
        starts.append(start)
        full.append(size)
    y = func(x, tuple(full), None, mode, align_corners)
    return run.out(narrowed(y, g.axes, (starts[0], starts[1]), sizes), out)


def _resized(
    before: Side, after: Side, length: int, ratio: Fraction, corners: bool
) -> tuple[int, int, int, int]:
    """What to resize along an axis: first pixel, length; of the result: the start of `after`, the size."""
    step, per = ratio.numerator, ratio.denominator
    if step == 1:
        size = (length - 1) * per + 1 if corners else length * per
        return before.first, length, after.first - before.first * per, size
    begin = after.first * step  # where a block of the regular run begins
    left = before.last(length) + 1 - begin
    blocks = (left - 1) // step + 1 if corners else left // step
    return begin, (blocks - 1) * step + 1 if corners else blocks * step, 0, blocks


def _scales(value: Any) -> tuple[float, float]:
    """A scale factor of both axes, or of each; 1 if there is none."""
    vertical, horizontal = value if isinstance(value, (list, tuple)) else (value, value)
    return float(vertical or 1), float(horizontal or 1)


def _refuse_resize(mode: str, regular: Pair, target: Pair, ratios: list[Fraction], antialias: bool) -> None:
    what = f"interpolate from {regular} to {tuple(target)} pixels (mode={mode!r})"
    if antialias and any(r != 1 for r in ratios):
        raise AlignmentError(f"{what} with antialias is not followed; resize without it")
    if any(r <= 0 or (r.numerator > 1 and r.denominator > 1) for r in ratios):
        texts = ", ".join(map(str, ratios))
        raise AlignmentError(
            f"{what} is no change by a whole factor ({texts} input pixels per output pixel), "
            "so that its sampling differs from pixel to pixel; choose an image size that all strides divide"
            " (align_corners=True: one more)"
        )
    if mode == "bicubic" and any(r > 1 for r in ratios):
        raise AlignmentError(f"{what} is followed only where it enlarges")


def _pixel_shuffle(run, func, input, upscale_factor):
    g, r = require_last_axes("pixel_shuffle", input), upscale_factor
    taps = Taps(1, 0, 0, r)
    out, _ = along_image(run, input, (taps, taps), (g.regular[0] * r, g.regular[1] * r))
    return run.out(func(input, r), out)


def _pixel_unshuffle(run, func, input, downscale_factor):
    g, r = require_last_axes("pixel_unshuffle", input), downscale_factor
    taps = Taps(r, 0, r - 1)
    out, sizes = along_image(run, input, (taps, taps), (g.regular[0] // r, g.regular[1] // r))
    if run.valid:
        starts = [b.first * r - a.first for a, b in zip(g.sides, out.sides)]
        input = narrowed(input, g.axes, (starts[0], starts[1]), (sizes[0] * r, sizes[1] * r))
    return run.out(func(input, r), out)


RESIZING: dict[str, Follow] = {
    "interpolate": _interpolate,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
}
