"""Operations that work position by position, on one map or on several that are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .geometry import AlignmentError, Geometry, attach, geometry, has_geometry, join

_ACTIVATIONS = """relu relu6 hardtanh silu hardswish hardsigmoid sigmoid tanh gelu elu selu celu leaky_relu
    mish softplus softsign prelu logsigmoid threshold"""
_ARITHMETIC = """add sub mul div neg abs exp log sqrt rsqrt square pow reciprocal sign round floor true_divide
    subtract multiply divide maximum minimum where lerp addcmul clamp clamp_min clamp_max erf sin cos
    masked_fill remainder floordiv rfloordiv mod
    iadd isub imul itruediv ipow radd rsub rmul rdiv rtruediv truediv rpow gt lt ge le eq ne"""
_SAME = """dropout dropout2d feature_dropout alpha_dropout clone contiguous detach to float double half
    bfloat16 type type_as requires_grad local_response_norm channel_shuffle zeros_like ones_like cat concat"""
POINTWISE = frozenset(f"{_ACTIVATIONS} {_ARITHMETIC} {_SAME}".split())


def tensors_of(*values: Any) -> Iterator[Tensor]:
    """All tensors in arguments, also in lists, tuples and dicts of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_of(*value)
        elif isinstance(value, dict):
            yield from tensors_of(*value.values())


def maps_in(args: tuple, kwargs: dict[str, Any]) -> list[Tensor]:
    """The maps among arguments, also in lists of them."""
    found = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            if has_geometry(value):
                found.append(value)
        elif isinstance(value, (list, tuple, dict)):
            found += [t for t in tensors_of(value) if has_geometry(t)]
    return found


def on_tensors(f: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Applies a function to all tensors in a value, and keeps its lists, tuples and dicts."""
    if isinstance(value, Tensor):
        return f(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        parts = [on_tensors(f, v) for v in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: on_tensors(f, v) for key, v in value.items()}
    return value


def pointwise(func, name: str, tracked: list[Tensor], args: tuple, kwargs: dict) -> Any:
    """Runs an operation that works position by position, on the part that all of its maps have."""
    if len(tracked) > 1 or name in ("cat", "concat") or _other_maps(*args, *kwargs.values()):
        return _joined(func, name, tracked, args, kwargs)
    return attach(func(*args, **kwargs), geometry(tracked[0]))


def _other_maps(*values: Any) -> bool:
    return sum(isinstance(a, Tensor) and a.dim() > 1 for a in values) > 1


def _joined(func, name: str, tracked: list[Tensor], args: tuple, kwargs: dict) -> Any:
    g = join([geometry(t) for t in tracked])
    concat = name in ("cat", "concat")
    if concat:
        dim = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        if dim % tracked[0].dim() in g.axes:
            raise AlignmentError("cat along an image axis puts maps side by side")
    for other in tensors_of(args, kwargs):
        if not has_geometry(other):
            _refuse_positions(other, tracked[0].dim(), g)
    lengths = [
        min(geometry(t).sides[i].last(t.shape[axis]) for t in tracked) - g.sides[i].first + 1
        for i, axis in enumerate(g.axes)
    ]
    if any(tuple(t.shape[a] for a in g.axes) != tuple(lengths) for t in tracked):
        if name.endswith("_") and not name.endswith("__"):  # x += y, which torch calls add_: the sizes differ
            func = getattr(torch.Tensor, name[:-1])
            attach(args[0], replace(geometry(args[0]), stale=True))

    def fitted(t: Tensor) -> Tensor:
        return _fitted(t, g, lengths) if has_geometry(t) else _spread(t, g, lengths, concat)

    result = func(*on_tensors(fitted, args), **on_tensors(fitted, kwargs))
    return on_tensors(lambda t: attach(t, g), result)


def _fitted(t: Tensor, g: Geometry, lengths: list[int]) -> Tensor:
    """The part of a map that the joined map has."""
    for axis, here, joint, length in zip(g.axes, geometry(t).sides, g.sides, lengths):
        if t.shape[axis] != length:
            t = t.narrow(axis, joint.first - here.first, length)
    return t


def _spread(t: Tensor, g: Geometry, lengths: list[int], concat: bool) -> Tensor:
    """A map that is the same everywhere, at the joined map's size where a concatenation asks for that."""
    if not _constant_map(t, g):
        return t
    shape = list(t.shape)
    for axis, length in zip(g.axes, lengths):
        t = t.narrow(axis, 0, 1)
        shape[axis] = length
    return t.expand(shape) if concat else t


def _constant_map(t: Tensor, g: Geometry) -> bool:
    return t.dim() > max(g.axes) and all(t.shape[a] == 1 or t.stride(a) == 0 for a in g.axes)


def _refuse_positions(other: Tensor, dim: int, g: Geometry) -> None:
    if other.dim() < 2 or _constant_map(other, g):
        return
    own = [axis - dim + other.dim() for axis in g.axes]
    if any(a >= 0 and other.shape[a] > 1 for a in own):
        raise AlignmentError(
            f"a map meets a tensor {tuple(other.shape)} that has no position in the image: it is fixed to "
            "positions (an embedding, coordinates), or comes after a global operation"
        )


def _batch_norm(run, func, x, *args, **kwargs):
    if kwargs.get("training") or (len(args) > 4 and args[4]):
        raise AlignmentError(
            "batch_norm in training mode normalises by statistics of the whole map; call model.eval()"
        )
    return attach(func(x, *args, **kwargs), geometry(x))


BATCH_NORM = {"batch_norm": _batch_norm}
