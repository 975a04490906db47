"""Antialiased downsampling: BlurPool (Zhang, Making Convolutional Networks Shift-Invariant Again, ICML 2019).

What takes every second pixel at once, a strided convolution or max pooling, takes every pixel, is blurred,
and only then loses every second one.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checks import whole

BINOMIAL = (1.0, 2.0, 1.0)
Stride = int | tuple[int, ...]


def blur(x: Tensor, stride: Stride = 2) -> Tensor:
    """Every `stride`-th pixel of a map blurred with the binomial 3x3 kernel, each channel by itself.

    The border is padded by one pixel of zeros, or as the surrounding `pppkit.Padding` says. Under autocast it
    stays in float32 where `x` is: an average loses by bfloat16, and is not faster for it.

    Args:
        x: `(N, C, H, W)`.
        stride: Of the pixels that are kept.

    Returns:
        `(N, C, ceil(H / stride), ceil(W / stride))`.

    Example:
        >>> blur(torch.eye(3)[None, None], 2)[0, 0] * 16
        tensor([[5., 1.],
                [1., 5.]])
    """
    channels, taps = x.shape[1], torch.tensor(BINOMIAL, device=x.device)
    kernel = (torch.outer(taps, taps) / taps.sum() ** 2).expand(channels, 1, 3, 3).contiguous()
    with torch.autocast(x.device.type, enabled=False):
        if x.dtype == torch.bfloat16:  # its gradient is ten times slower on a CPU
            return F.conv2d(x.float(), kernel, None, stride, 1, 1, channels).to(x.dtype)
        return F.conv2d(x, kernel.to(x.dtype), None, stride, 1, 1, channels)


class BlurPool(nn.Module):
    """`blur` as a layer.

    Args:
        channels: Of the map.
        stride: Of the pixels that are kept.

    Raises:
        ValueError: For numbers below 1.
    """

    def __init__(self, channels: int, stride: int = 2):
        super().__init__()
        self.channels, self.stride = whole("channels", channels), whole("stride", stride)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, channels, H, W)` to `(N, channels, ceil(H / stride), ceil(W / stride))`."""
        return blur(x, self.stride)


class BlurredConv2d(nn.Conv2d):
    """A strided convolution that takes every pixel, then a blur; one of single pixels comes after the blur.

    The order does not matter to a convolution of single pixels without bias, and so it has less to do.
    """

    kept: Stride

    def forward(self, x: Tensor) -> Tensor:
        """To the shape that the strided convolution gave."""
        if self.kernel_size == (1, 1) and self.padding == (0, 0):
            return super().forward(blur(x, self.kept))
        return blur(super().forward(x), self.kept)


class BlurredMaxPool2d(nn.MaxPool2d):
    """A max pooling that takes the largest around every pixel, then a blur."""

    kept: Stride

    def forward(self, x: Tensor) -> Tensor:
        """To the shape that the strided pooling gave."""
        return blur(super().forward(x), self.kept)


_BLURRED: dict[type[nn.Module], type[nn.Module]] = {
    nn.Conv2d: BlurredConv2d,
    nn.MaxPool2d: BlurredMaxPool2d,
}


def blurred(model: nn.Module) -> nn.Module:
    """A copy of a network in which every strided convolution and max pooling is blurred before it is thinned.

    Shapes of all maps and names of all weights stay, so a state dict of one fits the other. Zhang blurs after
    the nonlinearity that follows a convolution; here it is right after the convolution, as nothing else is
    known of any network. Strides of average poolings, and of functions that are no modules, stay.

    Args:
        model: Of `pppkit.models.build`, or any other.

    Raises:
        ValueError: For a max pooling with `ceil_mode`, whose last pixels have no blur, or a network without
            strides.
    """
    model = copy.deepcopy(model)
    found = [(name, m) for name, m in model.named_modules() if type(m) in _BLURRED and _strided(m)]
    if not found:
        raise ValueError("model has no strided convolution or max pooling: there is nothing to blur")
    for name, module in found:
        if getattr(module, "ceil_mode", False):
            raise ValueError(
                f"model has a max pooling with ceil_mode ({name}), whose border is larger than a blur's"
            )
        layer: Any = module
        layer.__class__ = _BLURRED[type(module)]
        layer.kept, layer.stride = layer.stride, 1 if isinstance(module, nn.MaxPool2d) else (1, 1)
    if isinstance(built := getattr(model, "pppkit_built", None), dict):
        built["blur"] = True
    return model


def _strided(module: nn.Module) -> bool:
    stride: Any = module.stride
    return max(stride if isinstance(stride, tuple) else (stride,)) > 1
