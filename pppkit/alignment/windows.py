"""Operations that slide a window over the image: convolutions, poolings, transposed convolutions, padding."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..padding.calls import spatial_amounts
from ..padding.schemes import Amounts, ceil_amounts, layer_amounts, pair
from .geometry import Pair, Taps, geometry
from .operations import Follow, Run, along_image, narrowed, require_last_axes


def _windows(run: Run, x: Tensor, kernel: Pair, stride: Pair, dilation: Pair, amounts: Amounts):
    """Geometry of the output, and the input from where the regular run's windows begin."""
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
    require_last_axes("conv2d", input)
    kernel, stride, dilation = tuple(weight.shape[2:]), pair(stride), pair(dilation)
    amounts = layer_amounts(padding, kernel, dilation, run.full)
    g, x = _windows(run, input, kernel, stride, dilation, amounts)
    own = padding if not run.valid else 0
    return run.out(func(x, weight, bias, stride, own, dilation, groups), g)


def _pool(run, func, input, kernel, stride, padding, dilation, ceil_mode, compute: Callable[..., Tensor]):
    require_last_axes("pooling", input)
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
    """An output pixel sums what the kernels of a few input pixels put there; some are missing at a border."""
    g = require_last_axes("conv_transpose2d", input)
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
    g, pad = geometry(input), tuple(pad)
    constant = mode == "constant" and value
    spatial = spatial_amounts(pad, mode)
    if run.fill == "none" and len(spatial) in (2, 4) and min(spatial) >= 0 and not constant:
        return run.out(input.view_as(input), g)
    amounts = [(0, 0)] * (input.dim() - len(pad) // 2) + list(zip(pad[::2], pad[1::2]))[::-1]
    image = [amounts[axis] for axis in g.axes]
    taps = [Taps(1, -before, -before) for before, _ in image]
    regular = [n + before + after for n, (before, after) in zip(g.regular, image)]
    out = g
    if any(map(any, image)):
        out, _ = along_image(run, input, (taps[0], taps[1]), (regular[0], regular[1]))
    if run.valid:
        for axis in g.axes:
            amounts[axis] = (0, 0)
    flat = [n for before_and_after in amounts[::-1] for n in before_and_after][: len(pad)]
    padded = func(input, flat, mode, value) if any(flat) else input.view_as(input)
    return run.out(padded, out)


WINDOWS: dict[str, Follow] = {
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "pad": _pad,
}
