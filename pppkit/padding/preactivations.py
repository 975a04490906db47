"""What randn remembers: the tensor that an activation was applied to (Lin et al., A.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

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


class Activation(NamedTuple):
    """An elementwise activation with its arguments, to be applied to a border."""

    func: Callable[..., Tensor]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    monotone: bool

    def __call__(self, x: Tensor) -> Tensor:
        return self.func(x, *self.args, **self.kwargs)


def preactivation(x: Tensor) -> tuple[Tensor, Activation] | None:
    """The tensor that `x` is the activation of, and the activation; None if none, or `x` was changed."""
    return getattr(x, "_pre", None)


def activate(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Calls an activation of torch by name, out of place, and remembers what a feature map was before it."""
    func = getattr(F, name, None) or getattr(torch, name)
    args = tuple(False if arg is True else arg for arg in args)  # inplace
    kwargs = {k: v for k, v in kwargs.items() if k != "inplace"}
    out = func(*args, **kwargs)
    if args and isinstance(args[0], Tensor) and args[0].dim() == 4:
        remember(out, args[0], Activation(func, args[1:], kwargs, name in MONOTONE))
    return out


def remember(out: Tensor, before: Tensor, activation: Activation) -> None:
    """Notes on `out` what it was before the activation."""
    out._pre = (before, activation)  # type: ignore[attr-defined]


def forget_if_changed(name: str, args: tuple[Any, ...]) -> None:
    """A tensor that a call changes in place is the activation of nothing any more."""
    in_place = name.startswith("__i") or name == "__setitem__" or (name.endswith("_") and name[-2:] != "__")
    if in_place and args and isinstance(args[0], Tensor):
        args[0].__dict__.pop("_pre", None)
