"""`Padding`: a context that puts a whole unmodified model under a scheme."""

from __future__ import annotations

import threading
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from .calls import (
    CONV_ARGS,
    DEFORMABLE,
    OTHER_CONVOLUTIONS,
    POOL_ARGS,
    TRANSPOSED_ARGS,
    UNFOLD_ARGS,
    WITH_INDICES,
    has_border,
    named,
    per_axis,
    spatial_amounts,
    transposed_reach,
)
from .fills import check_generator, fill_border
from .interpreter import UNCOMPILED, check_module
from .preactivations import ACTIVATIONS, activate, forget_if_changed, preactivation, remember
from .schemes import Amounts, Scheme, ceil_amounts, layer_amounts, pair

_THREAD = threading.local()


class Padding(TorchFunctionMode):
    """A context in which every two-dimensional convolution pads by one scheme, whatever the model says.

    The model stays as it is: its code, its `state_dict`, its `padding_mode`. Works in training and in eval,
    with gradients, for functional calls and for torch's padding layers. `"none"` removes all padding;
    `"full-*"` widens it to dilation * (kernel - 1). randn is sampled before the activation whose output it
    extends (Lin et al., A.3). Gradients are first derivatives: torch refuses to differentiate the backward
    pass of a copied or a randn border once more.

    What a scheme means beside a convolution's own padding:

    - Explicit padding with zeros or by a mode (`torch.nn.functional.pad`, `nn.ReflectionPad2d`, a BlurPool
      that reflects before it blurs) is a border like any other and is filled by the scheme; with another
      constant it stays, and so does padding of channels or of batches.
    - A max pooling with `return_indices=True` is one like any other; its indices are those of the unpadded
      map, as torch has them. Where a scheme fills its border (`pools="scheme"`) there are none, so that it is
      refused.
    - A transposed convolution has an implicit border of zeros where its kernels overlap; the scheme fills it.
      One whose kernels do not overlap (2 x 2 at stride 2) has none.
    - Convolutions over one or three axes are refused where they pad, under any scheme but `"zeros"`, and so
      are deformable ones always: what they sample beyond the image depends on their offsets.
    - `torch.nn.functional.unfold` gathers neighbourhoods, for attention say, and is treated as a pooling (see
      `pools`).
    - Compiled models run uncompiled. Scripted and traced modules run outside Python and are refused; a
      scripted plain function cannot be noticed and pads as it was written.
    - Of nested contexts the innermost holds. A context holds in the thread that entered it; what is computed
      again in the backward pass (`torch.utils.checkpoint`) needs it there too, by checkpoint's `context_fn`.

    Args:
        scheme: One of `SCHEMES`; `"full"` means `"full-zeros"`.
        pools: `"keep"` leaves the padding of poolings and of unfold as it is (-inf for max, else 0),
            `"scheme"` fills it by the scheme too. `"none"` removes that of poolings either way.
        generator: Random numbers of randn, on the device of the features.

    Raises:
        ValueError: For an unknown scheme; inside the context for a scripted module and for padding that the
            scheme cannot apply to: explicit padding under full or partial, a transposed convolution under
            full, partial or none, a pooling with indices whose border is filled.
        RuntimeError: If an instance is entered while it is active already.

    Example:
        >>> with Padding("reflect"):
        ...     y = nn.Conv2d(3, 8, 3, padding=1)(torch.rand(1, 3, 8, 8))
        >>> y.shape
        torch.Size([1, 8, 8, 8])
    """

    def __init__(self, scheme: str, *, pools: str = "keep", generator: torch.Generator | None = None):
        super().__init__()
        self.fill, self.full = Scheme.parse(scheme)
        if pools not in ("keep", "scheme"):
            raise ValueError(f"pools={pools!r} is not valid; choose 'keep' or 'scheme'")
        check_generator(generator)
        self.scheme, self.pools, self.generator = scheme, pools, generator
        self._active = False
        self._overruled = False  # by a Padding inside this one
        self._hook: Any = None

    def __repr__(self) -> str:
        return f"Padding({self.scheme!r}, pools={self.pools!r})"

    def __enter__(self) -> Padding:
        if self._active:
            raise RuntimeError(
                f"{self} is active already; make another Padding for each `with` and each thread"
            )
        super().__enter__()
        around = _around()
        if around:
            around[-1]._overruled = True
        around.append(self)
        self._active = True
        UNCOMPILED.acquire()
        self._hook = register_module_forward_pre_hook(_before_each_module)
        return self

    def __exit__(self, *error: Any) -> None:
        self._hook.remove()
        UNCOMPILED.release()
        self._active = False
        around = _around()
        around.remove(self)
        if around:
            around[-1]._overruled = False
        super().__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self._overruled:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name == "conv2d":
            return self._conv(func, named(CONV_ARGS, args, kwargs))
        if name in POOL_ARGS:
            return self._pool(func, name, named(POOL_ARGS[name], args, kwargs))
        if name == "pad":
            return self._explicit(func, *args, **kwargs)
        if name == "conv_transpose2d":
            return self._transposed(func, named(TRANSPOSED_ARGS, args, kwargs))
        if name in OTHER_CONVOLUTIONS:
            return self._other(func, name, named(OTHER_CONVOLUTIONS[name], args, kwargs))
        if name == DEFORMABLE and self.scheme != "zeros":
            raise ValueError(
                f"scheme={self.scheme!r} cannot fill what a deformable convolution samples beyond the image, "
                "which depends on its offsets; choose 'zeros', as torchvision has them"
            )
        if func is F.unfold and self.pools == "scheme":
            return self._unfold(func, named(UNFOLD_ARGS, args, kwargs))
        if self.fill == "randn":
            if name.removesuffix("_") in ACTIVATIONS:
                return activate(func, args, kwargs)
            forget_if_changed(name, args)
        return func(*args, **kwargs)

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        """The scheme's border around `(N, C, H, W)`, or around `(C, H, W)`."""
        if x.dim() == 3:
            return self.pad(x[None], amounts, window)[0]
        return fill_border(x, amounts, self.fill, window, self.generator, preactivation(x))

    def _conv(self, func, a: dict[str, Any]) -> Tensor:
        if self.fill == "zeros" and not self.full:
            return func(**a)
        x, kernel, dilation = a["input"], tuple(a["weight"].shape[2:]), pair(a.get("dilation", 1))
        amounts = layer_amounts(a.get("padding", 0), kernel, dilation, self.full)
        if not any(amounts):
            return func(**a)
        padded = a | {"input": self.pad(x, amounts, kernel), "padding": 0}
        if self.fill != "partial":
            return func(**padded)
        bias = a.get("bias")
        scale = partial_scale(x, amounts, kernel, a.get("stride", 1), dilation)
        scale = scale if x.dim() == 4 else scale[0]
        out = func(**padded | {"bias": None}) * scale
        if bias is None:
            return out
        bias = bias.view(-1, 1, 1)
        beyond = may_miss(x, amounts, kernel, dilation)
        return out + (bias * (scale > 0) if beyond else bias)

    def _transposed(self, func, a: dict[str, Any]) -> Tensor:
        reach = transposed_reach(a)
        if self.scheme == self.fill == "zeros" or not any(reach):
            return func(**a)
        if self.full or self.fill in ("partial", "none"):
            raise ValueError(
                f"scheme={self.scheme!r} has no meaning for a transposed convolution whose kernels overlap; "
                "choose zeros, reflect, replicate, circular or randn"
            )
        vertical, horizontal = reach
        padded = self.pad(
            a["input"], (horizontal, horizontal, vertical, vertical), tuple(a["weight"].shape[2:])
        )
        stride, padding = per_axis(a.get("stride", 1), 2), per_axis(a.get("padding", 0), 2)
        crop = tuple(p + s * r for p, s, r in zip(padding, stride, reach))
        return func(**a | {"input": padded, "padding": crop})

    def _other(self, func, name: str, a: dict[str, Any]) -> Tensor:
        border = any(transposed_reach(a)) if "transpose" in name else has_border(a)
        if border and self.scheme != "zeros":
            raise ValueError(
                f"scheme={self.scheme!r} is for images, but the model calls {name} with a border of its own; "
                "choose 'zeros', or None for the model's own padding where that is possible"
            )
        return func(**a)

    def _pool(self, func, name: str, a: dict[str, Any]):
        x, kernel = a["input"], pair(a["kernel_size"])
        before = preactivation(x) if name.startswith("max_pool2d") else None
        if before and not before[1].monotone:
            before = None
        if self.fill == "none":
            a = a | {"padding": 0, "ceil_mode": False}
        elif self.pools == "scheme":
            amounts = _pool_amounts(a)
            if name == WITH_INDICES and any(amounts):
                raise ValueError(
                    f"{self} fills the border of a max pooling with return_indices=True, whose indices would "
                    "point into the filled map; pool without padding and ceil_mode, or without indices"
                )
            if before:
                before = (self.pad(before[0], amounts, kernel), before[1])
            padded = before[1](before[0]) if before else self.pad(x, amounts, kernel)
            a = a | {"input": padded, "padding": 0, "ceil_mode": False}
        out = func(**a)
        if before:
            pooled = func(**a | {"input": before[0]})
            if name == WITH_INDICES:
                remember(out[0], pooled[0], before[1])
            else:
                remember(out, pooled, before[1])
        return out

    def _unfold(self, func, a: dict[str, Any]) -> Tensor:
        vertical, horizontal = pair(a.get("padding", 0))
        if self.fill == "none" or not (vertical or horizontal):
            return func(**a)
        amounts = (horizontal, horizontal, vertical, vertical)
        return func(**a | {"input": self.pad(a["input"], amounts, pair(a["kernel_size"])), "padding": 0})

    def _explicit(
        self, func, input: Tensor, pad, mode: str = "constant", value: float | None = None
    ) -> Tensor:
        amounts = spatial_amounts(pad, mode)
        if not any(amounts) or (mode == "constant" and value):
            return func(input, pad, mode, value)
        if input.dim() == 5 and mode != "constant":
            raise ValueError(
                f"scheme={self.scheme!r} is for images, but the model pads {mode} in three dimensions"
            )
        if input.dim() not in (3, 4) or len(amounts) not in (2, 4) or max(amounts) <= 0:
            return func(input, pad, mode, value)  # channels or batches, or a crop
        if self.scheme == "zeros" and mode == "constant":
            return func(input, pad, mode, value)
        if min(amounts) < 0:
            raise ValueError(
                f"scheme={self.scheme!r} cannot fill pad={amounts}, which crops and pads at once; "
                "do one after the other"
            )
        if self.full or self.fill == "partial":
            raise ValueError(
                f"scheme={self.scheme!r} depends on the convolution's kernel, but the model pads on its own "
                "(torch.nn.functional.pad or a padding_mode other than zeros); "
                "give the convolution a padding argument, "
                "or choose another scheme"
            )
        left, right, top, bottom = (*amounts, 0, 0)[:4]
        window = (2 * max(top, bottom) + 1, 2 * max(left, right) + 1)
        return self.pad(input, (left, right, top, bottom), window)


def _around() -> list[Padding]:
    """The contexts that this thread is in, the innermost last."""
    return _THREAD.__dict__.setdefault("modes", [])


def _before_each_module(module: nn.Module, inputs: Any) -> None:
    if _around():  # hooks are called in every thread, a context holds in one
        check_module(module, _around()[-1].scheme)


def partial_scale(
    x: Tensor, amounts: Amounts, kernel: tuple[int, int], stride: Any, dilation: tuple[int, int]
) -> Tensor:
    """Pixels of the kernel over those of them inside the image, for each output pixel (Liu et al. 2018).

    0 where none of them is inside.
    """
    ones = torch.ones(1, 1, *x.shape[-2:], device=x.device, dtype=x.dtype)
    inside = F.conv2d(
        torch.constant_pad_nd(ones, amounts), ones.new_ones(1, 1, *kernel), None, stride, 0, dilation
    )
    return ((kernel[0] * kernel[1]) / inside).masked_fill(inside == 0, 0)


def may_miss(x: Tensor, amounts: Amounts, kernel: tuple[int, int], dilation: tuple[int, int]) -> bool:
    """Whether a kernel can lie in the border alone: beyond an end, or with the image in one of its gaps."""
    left, right, top, bottom = amounts
    axes = zip(x.shape[-2:], kernel, dilation, (max(top, bottom), max(left, right)))
    return any(n < d or widest > d * (k - 1) for n, k, d, widest in axes)


def _pool_amounts(a: dict[str, Any]) -> Amounts:
    """What a pooling pads on each side, the hidden rows and columns of `ceil_mode` included."""
    kernel, padding, dilation = pair(a["kernel_size"]), pair(a.get("padding", 0)), pair(a.get("dilation", 1))
    stride = pair(a.get("stride") or kernel)
    left, right, top, bottom = layer_amounts(padding, kernel, dilation)
    rows, columns = 0, 0
    if a.get("ceil_mode"):
        rows, columns = ceil_amounts(tuple(a["input"].shape[-2:]), kernel, stride, padding, dilation)
    return left, right + columns, top, bottom + rows
