"""The paper's valid twin: any eager network without any padding, on a larger crop, with tensors that carry their margins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from ..padding.borders import Scheme, ceil_amounts, layer_amounts, pair
from ..padding.mode import CONV_ARGS, POOL_ARGS
from .geometry import AlignmentError, Geometry, attach, geometry, has_geometry, join, pairwise


class UnpaddedRun(TorchFunctionMode):
    """Follows the geometry of every feature map through a network and, with `valid`, runs it without padding.

    A tensor that `attach` gave a geometry hands it on through convolutions, poolings, elementwise operations, joins and
    changes of the channel axes. Operations that look at all positions at once see the regular map's window. Everything
    else is refused, because its effect on the alignment is not known.

    Args:
        padding: The padding scheme of the regular run: its fill does not matter, but whether it is full or none does. None
            for the padding that the model has.
        phase: Begin strided windows where the regular run's begin. False shows what happens otherwise.
        valid: Strip the padding (the twin). Otherwise the network runs as it is and only the geometry is followed.
    """

    def __init__(self, padding: str | None = None, *, valid: bool = True, phase: bool = True):
        super().__init__()
        self.fill, self.full = Scheme.parse(padding) if padding else ("zeros", False)
        self.valid, self.phase = valid, phase

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        tracked = [t for t in tree_leaves((args, kwargs)) if has_geometry(t)]
        if not tracked or name in _METADATA:
            return func(*args, **kwargs)
        if any(geometry(t).stale for t in tracked):
            raise AlignmentError(
                "a tensor is used after an in-place operation joined it with a map of other margins; write that operation out of place"
            )
        if name == "conv2d":
            return self._window_op(func, name, {"bias": None} | dict(zip(CONV_ARGS, args)) | kwargs)
        if name in POOL_ARGS:
            return self._window_op(func, name, dict(zip(POOL_ARGS[name], args)) | kwargs)
        if name == "pad":
            return self._pad(func, *args, **kwargs)
        if handler := _CHANNEL_OPS.get(name):
            return handler(func, *args, **kwargs)
        if name.strip("_") in _ELEMENTWISE or name in _ELEMENTWISE:
            return self._elementwise(func, name, tracked, args, kwargs)
        shapes = ", ".join(str(tuple(t.shape)) for t in tracked)
        raise AlignmentError(
            f"the alignment does not follow through {name or func} on {shapes}: {_reason(name)}"
        )

    def _window_op(self, func, name: str, a: dict[str, Any]) -> Tensor:
        x, conv = a["input"], name == "conv2d"
        g = geometry(x)
        if g.axes != (x.dim() - 2, x.dim() - 1):
            raise AlignmentError(f"{name} on {tuple(x.shape)} does not run over the two image axes")
        kernel = tuple(a["weight"].shape[2:]) if conv else pair(a["kernel_size"])
        stride = pair(a.get("stride", 1) if conv else a.get("stride") or kernel)
        dilation = pair(a.get("dilation", 1))
        left, right, top, bottom = layer_amounts(a.get("padding", 0), kernel, dilation, self.full and conv)
        more = (0, 0)
        if a.get("ceil_mode") and self.fill != "none":
            more = ceil_amounts(g.regular, kernel, stride, pair(a.get("padding", 0)), dilation)
        if self.fill == "none":
            left = right = top = bottom = 0
        regular, jump, before, after, offset, cut = [], [], [], [], [], []
        for i, (low, high) in enumerate(((top, bottom + more[0]), (left, right + more[1]))):
            k, s, n = dilation[i] * (kernel[i] - 1) + 1, stride[i], g.regular[i]
            count = (n + low + high - k) // s + 1
            start = g.offset[i] - low
            if self.valid and start < 0:
                raise AlignmentError(
                    f"the crop is too small: {name} needs {low} more pixels than the {g.offset[i]} before a map of {n}"
                )
            regular.append(count)
            jump.append(g.stride[i] * s)
            before.append(g.before[i] + low * g.stride[i])
            after.append(g.after[i] + ((count - 1) * s - low + k - n) * g.stride[i])
            offset.append(start // s if self.valid else 0)
            cut.append(
                start % s if self.valid and self.phase else 0
            )  # begin where the regular run's windows begin
        if self.valid:
            a = (
                a
                | {"input": x[..., cut[0] :, cut[1] :], "padding": 0}
                | ({} if conv else {"ceil_mode": False})
            )
        return attach(
            func(**a),
            Geometry(tuple(regular), tuple(jump), tuple(before), tuple(after), tuple(offset), g.axes),  # type: ignore[arg-type]
        )

    def _pad(self, func, x: Tensor, pad, mode: str = "constant", value=None) -> Tensor:
        g, pad = geometry(x), tuple(pad)
        if not any(pad):
            return x
        if g.axes != (x.dim() - 2, x.dim() - 1):
            raise AlignmentError(f"pad={pad} on {tuple(x.shape)} does not run over the two image axes")
        (left, right, top, bottom), rest = (*pad, 0, 0, 0, 0)[:4], pad[4:]
        if any(rest):
            channels = (0, 0, 0, 0, *rest)
            return (
                attach(func(x, channels, mode, value), g)
                if not any(pad[:4])
                else self._pad(func, attach(func(x, channels, mode, value), g), pad[:4], mode, value)
            )
        if self.fill == "none":
            left = right = top = bottom = 0
        low, high = (top, left), (bottom, right)
        out = x.view_as(x)
        if not self.valid:
            out = func(x, pad, mode, value) if any((left, right, top, bottom)) else out
        return attach(
            out,
            replace(
                g,
                regular=pairwise(lambda n, a, b: n + a + b, g.regular, low, high),
                before=pairwise(lambda b, a, s: b + a * s, g.before, low, g.stride),
                after=pairwise(lambda b, a, s: b + a * s, g.after, high, g.stride),
                offset=pairwise(lambda o, a: o - a, g.offset, low) if self.valid else (0, 0),
            ),
        )

    def _elementwise(self, func, name: str, tracked: list[Tensor], args, kwargs):
        if name == "batch_norm" and (kwargs.get("training") or (len(args) > 5 and args[5])):
            raise AlignmentError(
                "batch_norm in training mode normalises by statistics of the whole map; call model.eval()"
            )
        if (
            name in ("cat", "concat")
            and (kwargs.get("dim", args[1] if len(args) > 1 else 0) % tracked[0].dim())
            in geometry(tracked[0]).axes
        ):
            raise AlignmentError("cat along an image axis")
        g, stale = join(tracked), None
        if len({(geometry(t).offset, tuple(t.shape[a] for a in g.axes)) for t in tracked}) > 1:
            if name.endswith("_") and not name.endswith(
                "__"
            ):  # x += y, which torch calls add_: the sizes differ
                func = getattr(torch.Tensor, name[:-1])
                stale = args[0]
            length = [
                min(t.shape[a] - geometry(t).offset[i] for t in tracked) + g.offset[i]
                for i, a in enumerate(g.axes)
            ]

            def fit(t):
                if not has_geometry(t):
                    return t
                own = geometry(t)
                for i, axis in enumerate(g.axes):
                    t = t.narrow(axis, own.offset[i] - g.offset[i], length[i])
                return t

            args, kwargs = tree_map(fit, args), tree_map(fit, kwargs)
            if stale is not None:
                attach(stale, replace(g, stale=True))
        return tree_map(lambda t: attach(t, g) if isinstance(t, Tensor) else t, func(*args, **kwargs))


def _over_window(func, x, *args, **kwargs):
    """Operations that look at all positions: they see what the regular run sees. The result has no positions left."""
    return func(geometry(x).window(x), *args, **kwargs)


def _reduce(func, x, dim=None, *args, **kwargs):
    g = geometry(x)
    dims = (
        set(range(x.dim()))
        if dim is None
        else {d % x.dim() for d in ([dim] if isinstance(dim, int) else dim)}
    )
    if set(g.axes) <= dims:
        return _over_window(func, x, *(() if dim is None else (dim,)), *args, **kwargs)
    if not dims & set(g.axes) and (kwargs.get("keepdim") or (args and args[0] is True)):
        return attach(func(x, dim, *args, **kwargs), g)
    raise AlignmentError(f"{func.__name__} over dim={dim} of {tuple(x.shape)} reduces one image axis only")


def _flatten(func, x, start_dim=0, end_dim=-1):
    first, last = start_dim % x.dim(), end_dim % x.dim()
    if set(range(first, last + 1)) & set(geometry(x).axes):
        return _over_window(func, x, start_dim, end_dim)
    return attach(
        func(x, start_dim, end_dim),
        replace(geometry(x), axes=tuple(a - (last - first) for a in geometry(x).axes)),
    )


def _reshape(func, x, *shape, **kwargs):
    out, g = func(x, *shape, **kwargs), geometry(x)
    if g.axes == (x.dim() - 2, x.dim() - 1) and out.dim() >= 3 and out.shape[-2:] == x.shape[-2:]:
        return attach(out, replace(g, axes=(out.dim() - 2, out.dim() - 1)))
    if all(x.shape[a] == 1 for a in g.axes):
        return out
    raise AlignmentError(f"reshape of {tuple(x.shape)} to {tuple(out.shape)} mixes image axes with others")


def _permute(func, x, *dims, **kwargs):
    g = geometry(x)
    order = kwargs.get("dims") or (dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)
    if func.__name__ in ("transpose", "swapaxes"):
        order = list(range(x.dim()))
        a, b = (d % x.dim() for d in (*dims, *kwargs.values()))
        order[a], order[b] = order[b], order[a]
    order = [d % x.dim() for d in order]
    return attach(func(x, *dims, **kwargs), replace(g, axes=(order.index(g.axes[0]), order.index(g.axes[1]))))


def _split(func, x, size, dim=0):
    if dim % x.dim() in geometry(x).axes:
        raise AlignmentError(f"{func.__name__} of {tuple(x.shape)} along an image axis")
    return tuple(attach(t, geometry(x)) for t in func(x, size, dim))


def _unsqueeze(func, x, dim):
    at = dim % (x.dim() + 1)
    return attach(func(x, dim), replace(geometry(x), axes=tuple(a + (a >= at) for a in geometry(x).axes)))


def _getitem(func, x, index):
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (
            x.dim() - sum(p is not None and p is not Ellipsis for p in parts)
        )
    source, target, axes = 0, 0, {}
    for part in parts + [slice(None)] * (x.dim() - sum(p is not None for p in parts)):
        if part is None:
            target += 1
            continue
        if source in geometry(x).axes:
            if part != slice(None):
                raise AlignmentError(f"indexing {tuple(x.shape)} with {index} cuts an image axis")
            axes[source] = target
        elif not isinstance(part, (int, slice)):
            raise AlignmentError(f"indexing {tuple(x.shape)} with {type(part).__name__}")
        target += not isinstance(part, int)
        source += 1
    return attach(
        func(x, index), replace(geometry(x), axes=(axes[geometry(x).axes[0]], axes[geometry(x).axes[1]]))
    )


def _last_axes(func, x, *args, **kwargs):
    """linear and layer_norm work on the last axes: fine where these are channels."""
    count = 1 if func.__name__ == "linear" else len(args[0] if args else kwargs["normalized_shape"])
    if set(range(x.dim() - count, x.dim())) & set(geometry(x).axes):
        raise AlignmentError(
            f"{func.__name__} over the image axes of {tuple(x.shape)}: {_reason('layer_norm')}"
        )
    return attach(func(x, *args, **kwargs), geometry(x))


def _reason(name: str) -> str:
    if name in ("group_norm", "instance_norm", "layer_norm", "local_response_norm"):
        return "a normalisation over all positions makes every feature depend on every pixel, so no crop is large enough"
    if name in (
        "scaled_dot_product_attention",
        "multi_head_attention_forward",
        "softmax",
        "matmul",
        "bmm",
        "einsum",
        "baddbmm",
        "__matmul__",
    ):
        return "attention makes every feature depend on every pixel, so no crop is large enough"
    return "pppkit does not know this operation; if it works position by position, it can be added to pppkit.twin"


_METADATA = {
    "__get__",
    "size",
    "dim",
    "numel",
    "stride",
    "is_contiguous",
    "is_floating_point",
    "__len__",
    "__format__",
    "__repr__",
    "get_device",
    "ndimension",
}
_ELEMENTWISE = {
    *("relu", "relu6", "hardtanh", "silu", "hardswish", "hardsigmoid", "sigmoid", "tanh", "gelu", "elu", "selu", "celu", "leaky_relu"),
    *("mish", "softplus", "prelu", "logsigmoid", "threshold", "neg", "abs", "exp", "log", "sqrt", "rsqrt", "square", "pow", "clamp"),
    *("clamp_min", "clamp_max", "dropout", "dropout2d", "feature_dropout", "alpha_dropout", "clone", "contiguous", "detach", "to", "float"),
    *("double", "half", "bfloat16", "type", "type_as", "requires_grad", "batch_norm", "add", "sub", "mul", "div", "true_divide", "subtract"),
    *("multiply", "divide", "iadd", "isub", "imul", "itruediv", "radd", "rsub", "rmul", "rdiv", "rtruediv", "truediv", "maximum", "minimum"),
    *("cat", "concat", "where", "lerp", "addcmul", "reciprocal", "sign", "round", "floor"),
}  # fmt: skip
_CHANNEL_OPS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(
        ("adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"), _over_window
    ),
    **dict.fromkeys(("mean", "amax", "amin", "sum", "std", "var"), _reduce),
    **dict.fromkeys(("view", "reshape", "view_as"), _reshape),
    **dict.fromkeys(("permute", "transpose", "swapaxes"), _permute),
    **dict.fromkeys(("chunk", "split"), _split),
    **dict.fromkeys(("linear", "layer_norm"), _last_axes),
    "flatten": _flatten,
    "unsqueeze": _unsqueeze,
    "__getitem__": _getitem,
}
