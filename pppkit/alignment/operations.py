"""Operations along the image axes: windows, padding, changes of resolution, slices.

Each one says what its output pixels read (`Taps`), how many there are in the regular run, and how to compute
without padding those that the input suffices for.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..padding.schemes import Amounts, ceil_amounts, layer_amounts, pair
from .geometry import AlignmentError, Geometry, Pair, Side, Taps, geometry

if TYPE_CHECKING:
    from .unpadded import UnpaddedRun

Follow = Callable[..., Any]
_SMOOTH = ("bilinear", "bicubic")


def along_image(run: UnpaddedRun, x: Tensor, taps: tuple[Taps, Taps], regular: Pair) -> tuple[Geometry, Pair]:
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


def _require_last_axes(what: str, x: Tensor) -> Geometry:
    g = geometry(x)
    if g.axes != (x.dim() - 2, x.dim() - 1):
        raise AlignmentError(f"{what} on {tuple(x.shape)} does not run over the two image axes")
    return g


def _windows(run: UnpaddedRun, x: Tensor, kernel: Pair, stride: Pair, dilation: Pair, amounts: Amounts):
    """Geometry of a convolution's or pooling's output, and the input from where the regular run's windows begin."""
    g = geometry(x)
    left, right, top, bottom = (0, 0, 0, 0) if run.fill == "none" else amounts
    taps, regular = [], []
    for low, high, k, s, d, n in zip((top, left), (bottom, right), kernel, stride, dilation, g.regular):
        extent = d * (k - 1)
        taps.append(Taps(s, -low, extent - low))
        regular.append((n + low + high - extent - 1) // s + 1)
    out, _ = along_image(run, x, (taps[0], taps[1]), (regular[0], regular[1]))
    if run.valid and run.phase:
        for axis, before, after, t in zip(g.axes, g.sides, out.sides, taps):
            cut = t.read(after.first, after.first)[0] - before.first
            x = x.narrow(axis, cut, x.shape[axis] - cut) if cut else x
    return out, x


def _conv2d(run, func, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    _require_last_axes("conv2d", input)
    kernel, stride, dilation = tuple(weight.shape[2:]), pair(stride), pair(dilation)
    amounts = layer_amounts(padding, kernel, dilation, run.full)
    g, x = _windows(run, input, kernel, stride, dilation, amounts)
    own = padding if not run.valid else 0
    return run.out(func(x, weight, bias, stride, own, dilation, groups), g)


def _pool(run, func, input, kernel, stride, padding, dilation, ceil_mode, compute: Callable[..., Tensor]):
    _require_last_axes("pooling", input)
    kernel, padding, dilation = pair(kernel), pair(padding), pair(dilation)
    stride = pair(stride) if stride else kernel
    amounts = layer_amounts(padding, kernel, dilation)
    if ceil_mode and run.fill != "none":
        regular = geometry(input).regular
        extra = ceil_amounts(regular, kernel, stride, padding, dilation)
        amounts = (amounts[0], amounts[1] + extra[1], amounts[2], amounts[3] + extra[0])
    g, x = _windows(run, input, kernel, stride, dilation, amounts)
    own = (0, False) if run.valid else (padding, ceil_mode)
    return run.out(compute(x, kernel, stride, *own), g)


def _max_pool2d(
    run, func, input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    def compute(x, kernel, stride, padding, ceil_mode):
        return func(x, kernel, stride, padding, dilation, ceil_mode)

    return _pool(run, func, input, kernel_size, stride, padding, dilation, ceil_mode, compute)


def _avg_pool2d(
    run,
    func,
    input,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    def compute(x, kernel, stride, padding, ceil_mode):
        return func(x, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)

    return _pool(run, func, input, kernel_size, stride, padding, 1, ceil_mode, compute)


def _conv_transpose2d(
    run, func, input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """An output pixel sums over what the kernels of few input pixels put there: at a border some of them are missing."""
    g = _require_last_axes("conv_transpose2d", input)
    kernel, stride, dilation = tuple(weight.shape[2:]), pair(stride), pair(dilation)
    padding, output_padding = pair(padding), pair(output_padding)
    taps, regular = [], []
    for k, s, d, p, more, n in zip(kernel, stride, dilation, padding, output_padding, g.regular):
        extent = d * (k - 1)
        taps.append(Taps(1, min(p, p - extent - 1 + s), p, s))
        regular.append((n - 1) * s - 2 * p + extent + 1 + more)
    out, sizes = along_image(run, input, (taps[0], taps[1]), (regular[0], regular[1]))
    if not run.valid:
        return run.out(func(input, weight, bias, stride, padding, output_padding, groups, dilation), out)
    gaps = [max(0, s - d * (k - 1) - 1) for k, s, d in zip(kernel, stride, dilation)]
    y = func(input, weight, bias, stride, 0, gaps, groups, dilation)
    starts = [b.first - (s * a.first - p) for a, b, s, p in zip(g.sides, out.sides, stride, padding)]
    return run.out(narrowed(y, g.axes, (starts[0], starts[1]), sizes), out)


def _pad(run, func, input, pad, mode="constant", value=None):
    """Padding by itself: where the unpadded run has the real surroundings, it only counts them to the map."""
    amounts = (*pad, *(0,) * (4 - len(pad)))
    image, channels = amounts[:4], amounts[4:]
    if any(channels):
        g = geometry(input)
        input = run.out(func(input, (0, 0, 0, 0, *channels), mode, value), g)
    g = geometry(input)
    blank = mode != "constant" or not value
    removed = run.fill == "none" and min(image) >= 0 and not channels and blank
    if removed or not any(image):
        return run.out(input.view_as(input), g)
    _require_last_axes(f"pad={tuple(pad)}", input)
    left, right, top, bottom = image
    taps = Taps(1, -top, -top), Taps(1, -left, -left)
    regular = g.regular[0] + top + bottom, g.regular[1] + left + right
    out, _ = along_image(run, input, taps, regular)
    return run.out(input.view_as(input) if run.valid else func(input, image, mode, value), out)


def _ratio(n: int, m: int, scale: float | None, align_corners: bool) -> Fraction:
    """Input pixels per output pixel of a change from n to m pixels."""
    if align_corners:
        return Fraction(n - 1, m - 1) if m > 1 else Fraction(1)
    return 1 / Fraction(scale).limit_denominator(4096) if scale else Fraction(n, m)


def _resize_taps(ratio: Fraction, mode: str, align_corners: bool) -> Taps:
    """What an output pixel of `F.interpolate` by a whole factor reads (the source coordinates are torch's)."""
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
    g, corners = _require_last_axes("interpolate", input), bool(align_corners)
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
    """What to resize along an axis: its first pixel and length; and of the result the start of `after`, and the size."""
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
        raise AlignmentError(
            f"{what} is no change by a whole factor ({', '.join(map(str, ratios))} input pixels per output pixel), so that "
            "its sampling differs from pixel to pixel; choose an image size that all strides divide"
            " (align_corners=True: one more)"
        )
    if mode == "bicubic" and any(r > 1 for r in ratios):
        raise AlignmentError(f"{what} is followed only where it enlarges")


def _pixel_shuffle(run, func, input, upscale_factor):
    g, r = _require_last_axes("pixel_shuffle", input), upscale_factor
    taps = Taps(1, 0, 0, r)
    out, _ = along_image(run, input, (taps, taps), (g.regular[0] * r, g.regular[1] * r))
    return run.out(func(input, r), out)


def _pixel_unshuffle(run, func, input, downscale_factor):
    g, r = _require_last_axes("pixel_unshuffle", input), downscale_factor
    taps = Taps(r, 0, r - 1)
    out, sizes = along_image(run, input, (taps, taps), (g.regular[0] // r, g.regular[1] // r))
    if run.valid:
        starts = [b.first * r - a.first for a, b in zip(g.sides, out.sides)]
        input = narrowed(input, g.axes, (starts[0], starts[1]), (sizes[0] * r, sizes[1] * r))
    return run.out(func(input, r), out)


def sliced(run: UnpaddedRun, x: Tensor, axis: int, part: slice) -> Tensor:
    """A slice along an image axis, in pixels of the regular map: the unpadded run keeps what lies beyond it."""
    g = geometry(x)
    which = g.axes.index(axis)
    start, stop, step = part.indices(g.regular[which])
    count = len(range(start, stop, step))
    if (start, step, count) == (0, 1, g.regular[which]):
        return x
    taps, regular = [Taps(1, 0, 0), Taps(1, 0, 0)], list(g.regular)
    taps[which], regular[which] = Taps(step, start, start), count
    out, sizes = along_image(run, x, (taps[0], taps[1]), (regular[0], regular[1]))
    index: list[Any] = [slice(None)] * x.dim()
    if run.valid:
        begin = start + step * out.sides[which].first - g.sides[which].first
        index[axis] = slice(begin, begin + step * sizes[which], step)
    else:
        index[axis] = part
    kept = [g.sides[0], g.sides[1]]
    kept[which] = out.sides[which]
    return run.out(x[tuple(index)], Geometry((kept[0], kept[1]), g.axes))


def _narrow(run, func, input, dim, start, length):
    axis = dim % input.dim()
    if axis in geometry(input).axes:
        return sliced(run, input, axis, slice(start, start + length))
    return run.out(func(input, dim, start, length), geometry(input))


IMAGE_OPERATIONS: dict[str, Follow] = {
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "pad": _pad,
    "interpolate": _interpolate,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "narrow": _narrow,
}
