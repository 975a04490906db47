"""Padding schemes: a kernel (`pad2d`), a layer (`Pad2d`), and `Padding`, which puts a whole unmodified model under a scheme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .borders import FILLS, SCHEMES, Amounts, Scheme, ceil_amounts, fill_border, layer_amounts, pair

__all__ = ["FILLS", "SCHEMES", "Pad2d", "Padding", "Scheme", "conv2d", "pad2d"]

# Max pooling may be swapped with a monotone activation, so a pre-activation can be followed through it.
MONOTONE = {
    "relu",
    "relu6",
    "hardtanh",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "softplus",
    "sigmoid",
    "tanh",
    "hardsigmoid",
}
ACTIVATIONS = MONOTONE | {"silu", "hardswish", "gelu", "mish", "prelu"}
CONV_ARGS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
POOL_ARGS = {
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    "avg_pool2d": (
        "input",
        "kernel_size",
        "stride",
        "padding",
        "ceil_mode",
        "count_include_pad",
        "divisor_override",
    ),
}


def pad2d(
    x: Tensor,
    padding: int | tuple[int, ...],
    scheme: str = "zeros",
    *,
    kernel_size: int | tuple[int, int] = 3,
    dilation: int | tuple[int, int] = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Pads the two spatial axes of a feature map.

    Args:
        x: Features, `(N, C, H, W)` or `(C, H, W)`.
        padding: Pixels: a number, `(vertical, horizontal)`, or `(left, right, top, bottom)`. Full schemes replace any
            padding but 0 by dilation * (kernel_size - 1).
        scheme: One of `SCHEMES`, but for `"partial"`, which is a property of a convolution (see `conv2d`). Reflect and
            circular repeat themselves where the padding is wider than the map, as in `numpy.pad`.
        kernel_size: Kernel of the convolution that follows. randn takes its sliding window from it, full its width.
        dilation: Dilation of that convolution; used by full.
        generator: Random numbers of randn, on the device of `x`.

    Returns:
        `(N, C, H + top + bottom, W + left + right)`.

    Raises:
        ValueError: For an unknown scheme, a negative padding or an `x` that is no feature map.

    Example:
        >>> pad2d(torch.tensor([[[[1., 2., 3.]]]]), (0, 1), "reflect")
        tensor([[[[2., 1., 2., 3., 2.]]]])
    """
    fill, full = Scheme.parse(scheme)
    if fill == "partial":
        raise ValueError(
            "scheme='partial' renormalises a convolution and has no padding of its own; use pppkit.padding.conv2d or Padding('partial')"
        )
    if x.dim() not in (3, 4):
        raise ValueError(f"x must be (N, C, H, W) or (C, H, W), not {tuple(x.shape)}")
    if isinstance(padding, int) or len(padding) != 4:
        amounts = layer_amounts(padding, (1, 1), (1, 1))
    else:
        amounts = (padding[0], padding[1], padding[2], padding[3])
    if min(amounts) < 0:
        raise ValueError(f"padding={padding} is negative; crop the features instead")
    kernel = pair(kernel_size)
    if full and any(amounts):
        amounts = layer_amounts(1, kernel, pair(dilation), full=True)
    batch = x if x.dim() == 4 else x[None]
    out = fill_border(batch, amounts, fill, kernel, generator, None)
    return out if x.dim() == 4 else out[0]


def _partial_scale(
    x: Tensor, amounts: Amounts, kernel: tuple[int, int], stride: Any, dilation: tuple[int, int]
) -> Tensor:
    """Pixels of the kernel over those of them that lie inside the image, for each output pixel (Liu et al. 2018)."""
    ones = F.pad(torch.ones(1, 1, *x.shape[-2:], device=x.device, dtype=x.dtype), amounts)
    inside = F.conv2d(ones, ones.new_ones(1, 1, *kernel), None, stride, 0, dilation)
    return (kernel[0] * kernel[1]) / inside


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: int | str | tuple[int, ...] = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    scheme: str = "zeros",
    generator: torch.Generator | None = None,
) -> Tensor:
    """`torch.nn.functional.conv2d` under a padding scheme.

    Args:
        x: Features, `(N, C, H, W)` or `(C, H, W)`.
        weight: `(C_out, C / groups, kH, kW)`; the other arguments are torch's.
        scheme: One of `SCHEMES`. `"partial"` pads zeros and multiplies each output by the share of its kernel that they
            took (Liu et al. 2018, Partial Convolution based Padding, eq. 2).
        generator: Random numbers of randn, on the device of `x`.

    Returns:
        `(N, C_out, H', W')`.
    """
    with Padding(scheme, generator=generator):
        return F.conv2d(x, weight, bias, stride, padding, dilation, groups)


class Pad2d(nn.Module):
    """`pad2d` as a layer; it holds its configuration and nothing else.

    Args:
        padding: As in `pad2d`.
        scheme: As in `pad2d`.
        kernel_size: As in `pad2d`.
        dilation: As in `pad2d`.
        generator: As in `pad2d`.
    """

    def __init__(
        self,
        padding: int | tuple[int, ...],
        scheme: str = "zeros",
        *,
        kernel_size: int | tuple[int, int] = 3,
        dilation: int | tuple[int, int] = 1,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.padding, self.scheme, self.kernel_size, self.dilation, self.generator = (
            padding,
            scheme,
            kernel_size,
            dilation,
            generator,
        )
        pad2d(
            torch.zeros(1, 1, 1, 1), padding, "none" if Scheme.parse(scheme).fill == "randn" else scheme
        )  # refuse bad arguments now

    def forward(self, x: Tensor) -> Tensor:
        """Pads `(N, C, H, W)`."""
        return pad2d(
            x,
            self.padding,
            self.scheme,
            kernel_size=self.kernel_size,
            dilation=self.dilation,
            generator=self.generator,
        )

    def extra_repr(self) -> str:
        return f"{self.padding}, {self.scheme!r}, kernel_size={self.kernel_size}"


class Padding(TorchFunctionMode):
    """A context in which every convolution pads by one scheme, whatever the model was written with.

    The model stays as it is: its code, its `state_dict`, its `padding_mode`. Works in training and in eval, with
    gradients, for functional calls and for torch's padding layers. `"none"` removes all padding; `"full-*"` widens it to
    dilation * (kernel - 1). randn is sampled before the activation whose output it extends (Lin et al., A.3).

    Args:
        scheme: One of `SCHEMES`; `"full"` means `"full-zeros"`.
        pools: `"keep"` leaves the padding of pooling layers as it is (-inf for max, 0 for average), `"scheme"` fills it
            by the scheme too. `"none"` removes it either way.
        generator: Random numbers of randn, on the device of the features.

    Raises:
        ValueError: For an unknown scheme, and inside the context for explicit padding (`torch.nn.functional.pad`,
            `padding_mode` other than zeros) that full or partial cannot apply to.

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
        self.scheme, self.pools, self.generator = scheme, pools, generator

    def __repr__(self) -> str:
        return f"Padding({self.scheme!r}, pools={self.pools!r})"

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "conv2d":
            return self._conv(func, {"input": None} | dict(zip(CONV_ARGS, args)) | kwargs)
        if name in POOL_ARGS:
            return self._pool(func, name, dict(zip(POOL_ARGS[name], args)) | kwargs)
        if name == "pad" and self._is_spatial_padding(*args, **kwargs):
            return self._explicit(*args, **kwargs)
        if self.fill == "randn":
            if name.removesuffix("_") in ACTIVATIONS:
                return self._activation(func, name.removesuffix("_"), args, kwargs)
            if (
                args
                and isinstance(args[0], Tensor)
                and (name.startswith("__i") or (name.endswith("_") and not name.endswith("__")))
            ):
                args[0].__dict__.pop(
                    "_pre", None
                )  # changed in place: no longer the activation of that tensor
        return func(*args, **kwargs)

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        """The scheme's border around `(N, C, H, W)`, or around `(C, H, W)`."""
        if x.dim() == 3:
            return self.pad(x[None], amounts, window)[0]
        return fill_border(x, amounts, self.fill, window, self.generator, getattr(x, "_pre", None))

    def _conv(self, func, a: dict[str, Any]):
        if self.fill == "zeros" and not self.full:
            return func(**a)
        x, kernel, dilation = a["input"], tuple(a["weight"].shape[2:]), pair(a.get("dilation", 1))
        amounts = layer_amounts(a.get("padding", 0), kernel, dilation, self.full)
        if not any(amounts):
            return func(**a)
        a = a | {"input": self.pad(x, amounts, kernel), "padding": 0}
        if self.fill != "partial":
            return func(**a)
        bias = a.get("bias")
        scale = _partial_scale(x, amounts, kernel, a.get("stride", 1), dilation)
        out = func(**a | {"bias": None}) * (scale if x.dim() == 4 else scale[0])
        return out if bias is None else out + bias.view(-1, 1, 1)

    def _pool(self, func, name: str, a: dict[str, Any]):
        x, kernel = a["input"], pair(a["kernel_size"])
        stride, padding, dilation = (
            pair(a.get("stride") or kernel),
            pair(a.get("padding", 0)),
            pair(a.get("dilation", 1)),
        )
        if self.fill == "none":
            a = a | {"padding": 0, "ceil_mode": False}
        elif self.pools == "scheme":
            l, r, t, b = layer_amounts(padding, kernel, dilation)
            more = (
                ceil_amounts(tuple(x.shape[-2:]), kernel, stride, padding, dilation)
                if a.get("ceil_mode")
                else (0, 0)
            )
            a = a | {
                "input": self.pad(x, (l, r + more[1], t, b + more[0]), kernel),
                "padding": 0,
                "ceil_mode": False,
            }
        out = func(**a)
        if (
            name == "max_pool2d"
            and (pre := getattr(x, "_pre", None))
            and pre[1].monotone
            and isinstance(out, Tensor)
        ):
            out._pre = (func(**a | {"input": pre[0]}), pre[1])  # type: ignore[attr-defined]
        return out

    def _activation(self, func, name: str, args, kwargs):
        func = getattr(F, name, None) or getattr(torch, name)  # out of place: the pre-activation must survive
        args = tuple(False if arg is True else arg for arg in args)
        kwargs = {k: v for k, v in kwargs.items() if k != "inplace"}
        out = func(*args, **kwargs)
        if isinstance(args[0], Tensor) and args[0].dim() == 4:
            out._pre = (args[0], _Activation(func, args[1:], kwargs, name in MONOTONE))
        return out

    @staticmethod
    def _is_spatial_padding(x: Tensor, pad, mode: str = "constant", value: float | None = None) -> bool:
        pad = tuple(pad)
        return (
            x.dim() in (3, 4)
            and len(pad) in (2, 4)
            and min(pad) >= 0
            and any(pad)
            and (mode != "constant" or not value)
        )

    def _explicit(self, x: Tensor, pad, mode: str = "constant", value: float | None = None) -> Tensor:
        if self.full or self.fill == "partial":
            raise ValueError(
                f"scheme={self.scheme!r} depends on the convolution's kernel, but the model pads on its own (torch.nn.functional.pad or a "
                "padding_mode other than zeros); give the convolution a padding argument, or choose another scheme"
            )
        left, right, top, bottom = (*pad, 0, 0)[:4]
        return self.pad(x, (left, right, top, bottom), (2 * max(top, bottom) + 1, 2 * max(left, right) + 1))


class _Activation(NamedTuple):
    """An elementwise activation with its arguments, to be applied to a border."""

    func: Callable[..., Tensor]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    monotone: bool

    def __call__(self, x: Tensor) -> Tensor:
        return self.func(x, *self.args, **self.kwargs)
