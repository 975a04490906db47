"""What randn remembers: the tensor that an activation was applied to (Lin et al., A.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .calls import first_in_place

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


def activate(func: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Calls an activation of torch and remembers what a feature map was before it.

    Of a map that changes in place a copy is kept: others may hold it, or parts of it, and see it change.
    """
    args, kwargs = first_in_place(args, kwargs)
    x, name = args[0] if args else None, func.__name__.removesuffix("_")
    if not isinstance(x, Tensor) or x.dim() != 4:
        return func(*args, **kwargs)
    in_place = func.__name__ != name or kwargs.get("inplace") or any(arg is True for arg in args)
    before = x.clone() if in_place else x
    out = func(*args, **kwargs)
    beyond = getattr(F, name, None) or getattr(torch, name)  # for borders, out of place
    given = tuple(False if arg is True else arg for arg in args[1:])
    named = {k: v for k, v in kwargs.items() if k != "inplace"}
    remember(out, before, Activation(beyond, given, named, name in MONOTONE))
    return out


def remember(out: Tensor, before: Tensor, activation: Activation) -> None:
    """Notes on `out` what it was before the activation."""
    out._pre = (before, activation)  # type: ignore[attr-defined]


def forget_if_changed(name: str, args: tuple[Any, ...]) -> None:
    """A tensor that a call changes in place is the activation of nothing any more."""
    in_place = name.startswith("__i") or name == "__setitem__" or (name.endswith("_") and name[-2:] != "__")
    if in_place and args and isinstance(args[0], Tensor):
        args[0].__dict__.pop("_pre", None)
