"""Operations that move, reduce, cut or merge axes: they keep the image axes, or look at all positions."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..padding.calls import first_in_place, named
from .geometry import AlignmentError, Geometry, Taps, attach, geometry, has_geometry, told_shape
from .operations import Follow, Run, along_image
from .pointwise import on_tensors, pointwise

# numpy's names of arguments, which torch takes beside its own.
REDUCTIONS = ("mean", "sum", "amax", "amin", "max", "min", "logsumexp")
_NUMPY = {"x": "input", "axis": "dim", "axis0": "dim0", "axis1": "dim1", "keepdims": "keepdim"}


def _named(follow: Follow, *names: str) -> Follow:
    """Gives a follower its arguments by torch's names, in torch's order, however they were passed."""

    def call(run, func, *args, **kwargs):
        given = {_NUMPY.get(name, name): value for name, value in kwargs.items()}
        return follow(run, func, **named(names, args, given))

    return call


def _on(follow: Follow) -> Follow:
    """Gives a follower the map in first place, also where it was passed by name; the rest as it is."""

    def call(run, func, *args, **kwargs):
        args, kwargs = first_in_place(args, kwargs, ("input", "x", "tensors"))
        return follow(run, func, *args, **kwargs)

    return call


def _over_window(run, func, x, *args, **kwargs):
    """Operations on all positions: they see the regular run's part, and the result has no positions left."""
    return func(run.seen(x), *args, **kwargs)


def _dims(dim, x: Tensor) -> set[int]:
    if dim is None:
        return set(range(x.dim()))
    return {d % x.dim() for d in ([dim] if isinstance(dim, int) else dim)}


def _reduce(run, func, input, dim=None, keepdim=False, **kwargs):
    """Means, sums and extrema: over the image, or over other axes at each position."""
    if isinstance(dim, Tensor) or "other" in kwargs:
        raise AlignmentError(f"{func.__name__} of two tensors: say torch.maximum or torch.minimum")
    x = input
    g, dims = geometry(x), _dims(dim, x)
    given = {} if dim is None else {"dim": dim, "keepdim": keepdim}
    if set(g.axes) <= dims:
        return func(run.seen(x), **given, **kwargs)
    if dims & set(g.axes):
        raise AlignmentError(
            f"{func.__name__} over dim={dim} of {tuple(x.shape)} reduces one image axis only"
        )
    axes = g.axes if keepdim else tuple(a - sum(d < a for d in dims) for a in g.axes)
    result = func(x, **given, **kwargs)
    on_tensors(lambda t: attach(t, g.moved(axes)), result)  # max and min give values and indices
    return result


def _deviation(run, func, *args, **kwargs):
    """std and var, whose first or second argument after the map may say whether they are unbiased."""
    dims = () if isinstance(args[1] if len(args) > 1 else None, bool) else ("dim",)
    return _named(_reduce, "input", *dims, "unbiased", "keepdim")(run, func, *args, **kwargs)


def _per_position(run, func, input, dim=None, **kwargs):
    """Softmax and its like, which are fine over the channels."""
    g = geometry(input)
    if dim is None or _dims(dim, input) & set(g.axes):
        raise AlignmentError(
            f"{func.__name__} over dim={dim} of {tuple(input.shape)} makes every feature depend on "
            "every pixel, so no crop is large enough"
        )
    kwargs.pop("_stacklevel", None)
    return run.out(func(input, dim=dim, **kwargs), g)


def _flatten(run, func, input, start_dim=0, end_dim=-1):
    x = input
    first, last, g = start_dim % x.dim(), end_dim % x.dim(), geometry(x)
    if set(range(first, last + 1)) & set(g.axes):
        return _over_window(run, func, x, start_dim, end_dim)
    axes = tuple(a - (last - first) if a > last else a for a in g.axes)
    return run.out(func(x, start_dim, end_dim), g.moved(axes))


def _reshape(run, func, x, *shape, **kwargs):
    """Reshapes that keep the image axes in last place; others look at all positions."""
    g, asked = geometry(x), _asked_shape(shape, kwargs)
    if asked is None:
        raise AlignmentError(f"{func.__name__} of {tuple(x.shape)} to another type is not followed")
    whole = _without_minus_one(asked, told_shape(x).numel())
    if g.axes == (x.dim() - 2, x.dim() - 1) and len(whole) >= 3 and tuple(whole[-2:]) == g.regular:
        out = x.reshape(*whole[:-2], *x.shape[-2:])
        return run.out(out, g.moved((out.dim() - 2, out.dim() - 1)))
    return run.seen(x).reshape(whole)


def _asked_shape(shape: tuple, kwargs: dict) -> list[int] | None:
    first = shape[0] if shape else kwargs.get("shape", kwargs.get("size", kwargs.get("other")))
    if isinstance(first, Tensor):
        return list(first.shape)
    if isinstance(first, int):
        return [int(n) for n in shape]
    return [int(n) for n in first] if isinstance(first, (list, tuple)) else None


def _without_minus_one(shape: list[int], count: int) -> list[int]:
    known = math.prod(n for n in shape if n != -1)
    return [count // max(1, known) if n == -1 else n for n in shape]


def _permute(run, func, x, *dims, **kwargs):
    g = geometry(x)
    order = kwargs.get("dims") or (dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)
    if func.__name__ in ("transpose", "swapaxes"):
        order = list(range(x.dim()))
        a, b = (d % x.dim() for d in (*dims, *kwargs.values()))
        order[a], order[b] = order[b], order[a]
    order = [d % x.dim() for d in order]
    return run.out(func(x, *dims, **kwargs), g.moved(tuple(order.index(a) for a in g.axes)))


def _split(run, func, input, dim=0, **parts):
    """chunk and split; the name of how many or how large the parts are differs, and torch knows it."""
    x, (size,) = input, parts.values()
    if dim % x.dim() in geometry(x).axes:
        raise AlignmentError(f"{func.__name__} of {tuple(x.shape)} along an image axis")
    return tuple(run.out(t, geometry(x)) for t in func(x, size, dim))


def _unbind(run, func, input, dim=0):
    x = input
    g, at = geometry(x), dim % x.dim()
    if at in g.axes:
        raise AlignmentError(f"unbind of {tuple(x.shape)} along an image axis")
    without = g.moved(tuple(a - (a > at) for a in g.axes))
    return tuple(run.out(t, without) for t in func(x, dim))


def _unsqueeze(run, func, input, dim):
    x = input
    at, g = dim % (x.dim() + 1), geometry(x)
    return run.out(func(x, dim), g.moved(tuple(a + (a >= at) for a in g.axes)))


def _stack(run, func, tensors, dim=0):
    dim = dim % (tensors[0].dim() + 1)
    apart = [
        _unsqueeze(run, Tensor.unsqueeze, t, dim) if has_geometry(t) else t.unsqueeze(dim) for t in tensors
    ]
    return pointwise(torch.cat, "cat", [t for t in apart if has_geometry(t)], (apart, dim), {})


def _squeeze(run, func, input, dim=None):
    x = input
    g = geometry(x)
    if dim is None or _dims(dim, x) & set(g.axes):
        return _over_window(run, func, x, *(() if dim is None else (dim,)))
    gone = {d for d in _dims(dim, x) if x.shape[d] == 1}
    return run.out(func(x, dim), g.moved(tuple(a - sum(d < a for d in gone) for a in g.axes)))


def _sliced(run: Run, x: Tensor, axis: int, part: slice) -> Tensor:
    """A slice along an image axis, in pixels of the regular map; the unpadded run keeps what lies beyond."""
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
        return _sliced(run, input, axis, slice(start, start + length))
    return run.out(func(input, dim, start, length), geometry(input))


def _getitem(run, func, x, index):
    """Slices along image axes are in pixels of the regular map; along other axes numbers are fine, too."""
    parts = list(index) if isinstance(index, tuple) else [index]
    named = sum(p is not None and p is not Ellipsis for p in parts)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (x.dim() - named)
    parts += [slice(None)] * (x.dim() - sum(p is not None for p in parts))
    source, target, axes = 0, 0, []
    for place, part in enumerate(parts):
        if part is None:
            target += 1
            continue
        if not isinstance(part, (int, slice)):
            raise AlignmentError(f"indexing {tuple(x.shape)} with {type(part).__name__}")
        if source in geometry(x).axes:
            if isinstance(part, int):
                raise AlignmentError(f"indexing {tuple(x.shape)} with {index} picks one line of the image")
            x, parts[place] = _sliced(run, x, source, part), slice(None)
            axes.append(target)
        target += not isinstance(part, int)
        source += 1
    return run.out(func(x, tuple(parts)), geometry(x).moved(tuple(axes)))


def _last_axes(run, func, x, *args, **kwargs):
    """linear and layer_norm work on the last axes: fine where these are channels."""
    count = 1 if func.__name__ == "linear" else len(args[0] if args else kwargs["normalized_shape"])
    if set(range(x.dim() - count, x.dim())) & set(geometry(x).axes):
        raise AlignmentError(
            f"{func.__name__} over the image axes of {tuple(x.shape)} makes every feature depend on "
            "every pixel, so no crop is large enough"
        )
    return run.out(func(x, *args, **kwargs), geometry(x))


def _expand_as(run, func, x, other):
    """A pooled map made as large as a map: it is the same everywhere."""
    if has_geometry(x):
        raise AlignmentError(f"expand_as of a {tuple(x.shape)} map that has a position in the image")
    return x.expand(told_shape(other))


def _numel(run, func, x):
    return told_shape(x).numel()


def _len(run, func, x):
    return told_shape(x)[0]


def _size(run, func, x, dim=None):
    shape = told_shape(x)
    return shape if dim is None else shape[dim]


AXES: dict[str, Follow] = {
    "adaptive_avg_pool2d": _on(_over_window),
    "adaptive_max_pool2d": _on(_over_window),
    "adaptive_max_pool2d_with_indices": _on(_over_window),
    **dict.fromkeys(REDUCTIONS, _named(_reduce, "input", "dim", "keepdim")),
    "std": _on(_deviation),
    "var": _on(_deviation),
    "normalize": _named(_per_position, "input", "p", "dim"),
    "softmax": _named(_per_position, "input", "dim", "dtype"),
    "log_softmax": _named(_per_position, "input", "dim", "dtype"),
    "view": _on(_reshape),
    "reshape": _on(_reshape),
    "view_as": _on(_reshape),
    "permute": _on(_permute),
    "transpose": _on(_permute),
    "swapaxes": _on(_permute),
    "chunk": _named(_split, "input", "chunks", "dim"),
    "split": _named(_split, "input", "split_size", "dim"),
    "tensor_split": _named(_split, "input", "indices_or_sections", "dim"),
    "unbind": _named(_unbind, "input", "dim"),
    "linear": _on(_last_axes),
    "layer_norm": _on(_last_axes),
    "flatten": _named(_flatten, "input", "start_dim", "end_dim"),
    "stack": _named(_stack, "tensors", "dim"),
    "squeeze": _named(_squeeze, "input", "dim"),
    "unsqueeze": _named(_unsqueeze, "input", "dim"),
    "expand_as": _expand_as,
    "size": _size,
    "narrow": _named(_narrow, "input", "dim", "start", "length"),
    "numel": _on(_numel),
    "__len__": _len,
    "__getitem__": _getitem,
}
