"""Padding schemes: a kernel (`pad2d`), a layer (`Pad2d`), and `Padding`, which puts a whole unmodified model under a scheme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

FILLS = ("zeros", "reflect", "replicate", "circular", "randn")
SCHEMES = (*FILLS, "partial", "none", *(f"full-{fill}" for fill in FILLS))

Amounts = tuple[int, int, int, int]  # left, right, top, bottom: the order of torch.nn.functional.pad

# Max pooling may be swapped with a monotone activation, so a pre-activation can be followed through it.
MONOTONE = {"relu", "relu6", "hardtanh", "leaky_relu", "elu", "selu", "celu", "softplus", "sigmoid", "tanh", "hardsigmoid"}
ACTIVATIONS = MONOTONE | {"silu", "hardswish", "gelu", "mish", "prelu"}
CONV_ARGS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
POOL_ARGS = {
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
}


class Scheme(NamedTuple):
    """What a scheme's name says: how border pixels are filled, and whether the padding is full (kernel - 1)."""

    fill: str
    full: bool

    @classmethod
    def parse(cls, name: str) -> Scheme:
        """Reads a scheme's name; `"full"` is short for `"full-zeros"`.

        Raises:
            ValueError: For an unknown name; lists the valid ones.
        """
        full = "full-zeros" if name == "full" else name
        if full not in SCHEMES:
            raise ValueError(f"scheme={name!r} is not a padding scheme; choose one of {', '.join(SCHEMES)} (full means full-zeros)")
        return cls(full.removeprefix("full-"), full.startswith("full-"))


def pair(value: Any) -> tuple[int, int]:
    """`(vertical, horizontal)` of a number or a sequence of one or two, as torch's layers take them."""
    if isinstance(value, int):
        return value, value
    value = tuple(int(v) for v in value)
    return value if len(value) == 2 else (value[0], value[0])


def layer_amounts(padding: int | str | tuple[int, ...], kernel: tuple[int, int], dilation: tuple[int, int], full: bool = False) -> Amounts:
    """What a convolution's `padding` argument puts on each side.

    Args:
        padding: A number, `(vertical, horizontal)`, `"same"` or `"valid"`.
        kernel: Kernel size, vertical and horizontal.
        dilation: Dilation, vertical and horizontal.
        full: Replace any padding by dilation * (kernel - 1), as in F-Conv (Kayhan and van Gemert 2020, section 3).

    Returns:
        Pixels on the left, right, top and bottom. An even `"same"` kernel puts the odd pixel on the right and at the bottom.
    """
    extent = [d * (k - 1) for d, k in zip(dilation, kernel)]
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        (v, h) = (extent[0] // 2, extent[1] // 2)
        amounts: Amounts = (h, extent[1] - h, v, extent[0] - v)
    else:
        v, h = pair(padding)
        amounts = (h, h, v, v)
    return (extent[1], extent[1], extent[0], extent[0]) if full and any(amounts) else amounts


def ceil_amounts(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns that `ceil_mode` hides at the bottom and at the right of a pooling's input."""
    extra = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        extent = d * (k - 1) + 1
        count = -(-(n + 2 * p - extent) // s) + 1
        count -= (count - 1) * s >= n + p  # torch drops a window that would start in the padding
        extra.append(max(0, (count - 1) * s + extent - n - 2 * p))
    return extra[0], extra[1]


def _outside_index(size: int, before: int, after: int, fill: str, device: torch.device) -> Tensor:
    """Source index of each position -before .. size + after - 1, however far outside it lies."""
    i = torch.arange(-before, size + after, device=device)
    if fill == "circular":
        return i % size
    if size == 1:
        return torch.zeros_like(i)
    i = i % (2 * size - 2)
    return torch.where(i < size, i, 2 * size - 2 - i)


def _randn_strips(x: Tensor, amounts: Amounts, window: tuple[int, int], generator: torch.Generator | None) -> list[Tensor]:
    """Top, left, right and bottom strips drawn from N(mu, sigma^2) of each position's nearest sliding window.

    mu is the middle of the window's minimum and maximum, sigma its distance to the maximum (Lin et al., section 2.4).
    """
    left, right, top, bottom = amounts
    height, width = x.shape[-2:]
    kh, kw = min(window[0], height), min(window[1], width)

    def draw(strip: Tensor, dim: int, before: int, after: int, thickness: int) -> Tensor:
        high = F.max_pool2d(strip, (kh, kw), 1)
        mean = (high - F.max_pool2d(-strip, (kh, kw), 1)) / 2
        size, k = ((height, kh), (width, kw))[dim == 3]
        nearest = (torch.arange(-before, size + after, device=x.device) - k // 2).clamp(0, size - k)
        shape = [-1, -1, -1, -1]
        shape[5 - dim] = thickness
        mean, sigma = (m.index_select(dim, nearest).expand(shape) for m in (mean, high - mean))
        return mean + sigma * torch.randn(mean.shape, generator=generator, device=x.device, dtype=x.dtype)

    return [
        draw(x[..., :kh, :], 3, left, right, top),
        draw(x[..., :kw], 2, 0, 0, left),
        draw(x[..., -kw:], 2, 0, 0, right),
        draw(x[..., -kh:, :], 3, left, right, bottom),
    ]


def _fill(
    x: Tensor,
    amounts: Amounts,
    fill: str,
    window: tuple[int, int],
    generator: torch.Generator | None,
    pre: tuple[Tensor, Callable[[Tensor], Tensor]] | None,
) -> Tensor:
    left, right, top, bottom = amounts
    height, width = x.shape[-2:]
    if not any(amounts) or fill == "none":
        return x
    if fill in ("zeros", "partial"):
        return F.pad(x, amounts)
    if min(height, width) == 0:
        raise ValueError(f"x of shape {tuple(x.shape)} has no pixels to fill a {fill} border from")
    if fill == "randn":
        source, activation = pre or (x, lambda v: v)
        t, l, r, b = map(activation, _randn_strips(source, amounts, window, generator))
        return torch.cat([t, torch.cat([l, x, r], 3), b], 2)
    limit = {"reflect": (height - 1, width - 1), "circular": (height, width)}.get(fill)
    if limit and (max(top, bottom) > limit[0] or max(left, right) > limit[1]):  # wider than the map: torch refuses
        x = x.index_select(-2, _outside_index(height, top, bottom, fill, x.device))
        return x.index_select(-1, _outside_index(width, left, right, fill, x.device))
    return F.pad(x, amounts, mode=fill)


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
    out = _fill(batch, amounts, fill, kernel, generator, None)
    return out if x.dim() == 4 else out[0]


def _partial_scale(x: Tensor, amounts: Amounts, kernel: tuple[int, int], stride: Any, dilation: tuple[int, int]) -> Tensor:
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
        self.padding, self.scheme, self.kernel_size, self.dilation, self.generator = padding, scheme, kernel_size, dilation, generator
        pad2d(torch.zeros(1, 1, 1, 1), padding, "none" if Scheme.parse(scheme).fill == "randn" else scheme)  # refuse bad arguments now

    def forward(self, x: Tensor) -> Tensor:
        """Pads `(N, C, H, W)`."""
        return pad2d(x, self.padding, self.scheme, kernel_size=self.kernel_size, dilation=self.dilation, generator=self.generator)

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
            if args and isinstance(args[0], Tensor) and (name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))):
                args[0].__dict__.pop("_pre", None)  # changed in place: no longer the activation of that tensor
        return func(*args, **kwargs)

    def pad(self, x: Tensor, amounts: Amounts, window: tuple[int, int]) -> Tensor:
        """The scheme's border around `(N, C, H, W)`, or around `(C, H, W)`."""
        if x.dim() == 3:
            return self.pad(x[None], amounts, window)[0]
        return _fill(x, amounts, self.fill, window, self.generator, getattr(x, "_pre", None))

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
        stride, padding, dilation = pair(a.get("stride") or kernel), pair(a.get("padding", 0)), pair(a.get("dilation", 1))
        if self.fill == "none":
            a = a | {"padding": 0, "ceil_mode": False}
        elif self.pools == "scheme":
            l, r, t, b = layer_amounts(padding, kernel, dilation)
            more = ceil_amounts(tuple(x.shape[-2:]), kernel, stride, padding, dilation) if a.get("ceil_mode") else (0, 0)
            a = a | {"input": self.pad(x, (l, r + more[1], t, b + more[0]), kernel), "padding": 0, "ceil_mode": False}
        out = func(**a)
        if name == "max_pool2d" and (pre := getattr(x, "_pre", None)) and pre[1].monotone and isinstance(out, Tensor):
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
        return x.dim() in (3, 4) and len(pad) in (2, 4) and min(pad) >= 0 and any(pad) and (mode != "constant" or not value)

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
