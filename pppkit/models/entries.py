"""What `build` knows about a network: how it is made, what pages call it, and where it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Entry:
    """A network of pppkit's own.

    Attributes:
        make: From a width, which multiplies every number of channels, and a number of classes to the network.
        title: What pages call it.
        layers: Module paths of its layers of interest, shallow to deep.
        task: `"classes"` or `"masks"`: what it is trained for.
    """

    make: Callable[[float, int], nn.Module]
    title: str
    layers: tuple[str, ...]
    task: str = "classes"


# Networks by name, beside `torchvision/NAME`.
TORCHVISION = "torchvision/"  # in front of the names of its networks
ALIASES = {"efficientnet": "efficientnet_b0"}  # the name in the paper's tables
MODELS: dict[str, Entry] = {}
# How pages call them.
TITLES: dict[str, str] = {}
# Module paths at which each is measured, shallow to deep.
LAYERS_OF_INTEREST: dict[str, tuple[str, ...]] = {}


def describe(name: str, title: str, layers: tuple[str, ...]) -> None:
    """Gives a network of `pppkit.models.build` a title and layers of interest (see `Entry`)."""
    TITLES[name], LAYERS_OF_INTEREST[name] = title, layers


def register(
    name: str, *, title: str, layers: tuple[str, ...], task: str = "classes"
) -> Callable[[Callable[[float, int], nn.Module]], Callable[[float, int], nn.Module]]:
    """Decorates the function that makes a network, so that `pppkit.models.build` knows it by name.

    Args:
        name: For `build`.
        title: See `Entry`.
        layers: See `Entry`.
        task: See `Entry`.
    """

    def add(make: Callable[[float, int], nn.Module]) -> Callable[[float, int], nn.Module]:
        MODELS[name] = Entry(make, title, layers, task)
        describe(name, title, layers)
        return make

    return add


def scaled(channels: int, width: float) -> int:
    """A number of channels times the width, at least 1."""
    return max(1, round(channels * width))


def initialise(convolution: nn.Conv2d) -> None:
    """He et al. (2015), fan_out, as torchvision does; a bias becomes 0."""
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
