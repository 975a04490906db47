"""Padding and padded convolution for models of one's own: `pad2d`, the layer `Pad2d`, and `conv2d`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .fills import check_generator, fill_border
from .mode import Padding
from .schemes import Amounts, Scheme, layer_amounts, padding_amounts, positive_pair, whole_numbers


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

    Gradients are first derivatives: torch refuses to differentiate the backward pass of a border other than
    zeros once more.

    Args:
        x: Features, `(N, C, H, W)` or `(C, H, W)`.
        padding: Pixels: a number, `(vertical, horizontal)`, or `(left, right, top, bottom)`. Full schemes
            replace any padding but 0 by dilation * (kernel_size - 1).
        scheme: One of `SCHEMES`, but for `"partial"`, which is a property of a convolution (see `conv2d`).
            Reflect and circular repeat themselves where the padding is wider than the map, as in `numpy.pad`.
        kernel_size: Kernel of the convolution that follows. randn takes its sliding window from it, full its
            width.
        dilation: Dilation of that convolution; used by full.
        generator: Random numbers of randn, on the device of `x`.

    Returns:
        `(N, C, H + top + bottom, W + left + right)`.

    Raises:
        ValueError: For an unknown scheme, amounts that are no pixels, an `x` that is no feature map, and
            randn of whole numbers.

    Example:
        >>> pad2d(torch.tensor([[[[1., 2., 3.]]]]), (0, 1), "reflect")
        tensor([[[[2., 1., 2., 3., 2.]]]])
    """
    fill, amounts, kernel = _configuration(padding, scheme, kernel_size, dilation, generator)
    _check_map(x)
    batch = x if x.dim() == 4 else x[None]
    out = fill_border(batch, amounts, fill, kernel, generator, None)
    return out if x.dim() == 4 else out[0]


def _configuration(
    padding: Any, scheme: str, kernel_size: Any, dilation: Any, generator: Any
) -> tuple[str, Amounts, tuple[int, int]]:
    """The fill, the amounts and the kernel's size that the arguments of `pad2d` mean; refuses bad ones."""
    fill, full = Scheme.parse(scheme)
    if fill == "partial":
        raise ValueError(
            "scheme='partial' renormalises a convolution and has no padding of its own; "
            "use pppkit.padding.conv2d or Padding('partial')"
        )
    amounts = padding_amounts(padding)
    kernel, dilated = positive_pair("kernel_size", kernel_size), positive_pair("dilation", dilation)
    check_generator(generator)
    if full and any(amounts):
        amounts = layer_amounts(1, kernel, dilated, full=True)
    return fill, amounts, kernel


def _check_map(x: Any) -> None:
    if not isinstance(x, Tensor):
        raise ValueError(f"x is a {type(x).__name__}; give a tensor (N, C, H, W) or (C, H, W)")
    if x.dim() not in (3, 4):
        raise ValueError(f"x has the shape {tuple(x.shape)}; give (N, C, H, W) or (C, H, W)")


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
        scheme: One of `SCHEMES`. `"partial"` pads zeros and multiplies each output by the share of its kernel
            that they took (Liu et al. 2018, Partial Convolution based Padding, eq. 2); an output whose kernel
            lies in the border alone is 0, bias included.
        generator: Random numbers of randn, on the device of `x`.

    Returns:
        `(N, C_out, H', W')`.

    Raises:
        ValueError: For an unknown scheme, amounts that are no pixels, and tensors that do not fit each other.
    """
    mode = Padding(scheme, generator=generator)
    _check_map(x)
    _check_kernel(x, weight, groups)
    padding = _convolution_padding(padding)
    stride, dilation = positive_pair("stride", stride), positive_pair("dilation", dilation)
    with mode:
        return F.conv2d(x, weight, bias, stride, padding, dilation, groups)


def _convolution_padding(padding: Any) -> str | tuple[int, ...]:
    if isinstance(padding, str) and padding in ("same", "valid"):
        return padding
    expected = "a whole number of pixels, (vertical, horizontal), 'same' or 'valid'"
    numbers = whole_numbers("padding", padding, (1, 2), expected)
    if min(numbers) < 0:
        raise ValueError(f"padding={padding!r} is negative; give {expected}")
    return numbers[0], numbers[-1]


def _check_kernel(x: Tensor, weight: Any, groups: Any) -> None:
    if not isinstance(weight, Tensor) or weight.dim() != 4:
        what = f"the shape {tuple(weight.shape)}" if isinstance(weight, Tensor) else type(weight).__name__
        raise ValueError(f"weight is of {what}; give a tensor (C_out, C / groups, kH, kW)")
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise ValueError(f"groups={groups!r} is not valid; give a whole number of at least 1")
    if x.shape[-3] != weight.shape[1] * groups:
        raise ValueError(
            f"weight of shape {tuple(weight.shape)} takes {weight.shape[1] * groups} channels "
            f"in groups={groups}, "
            f"but x has {x.shape[-3]}; give a weight (C_out, {x.shape[-3]} / groups, kH, kW)"
        )


class Pad2d(nn.Module):
    """`pad2d` as a layer; it holds its configuration and nothing else. Gradients are first derivatives.

    Args:
        padding: As in `pad2d`.
        scheme: As in `pad2d`.
        kernel_size: As in `pad2d`.
        dilation: As in `pad2d`.
        generator: As in `pad2d`.

    Raises:
        ValueError: For arguments that `pad2d` refuses.
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
        _configuration(padding, scheme, kernel_size, dilation, generator)
        self.padding, self.scheme = padding, scheme
        self.kernel_size, self.dilation = kernel_size, dilation
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Pads `(N, C, H, W)` or `(C, H, W)`."""
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
