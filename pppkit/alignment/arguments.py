"""The arguments that the functions of this room share, checked before any work."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..checks import one_of, shown, whole
from ..models.hooks import eager_model, layer_names
from ..models.registry import default_layers
from ..padding import SCHEMES
from .geometry import Pair

_SIZE = "it is the side of the image in pixels"


def checked(
    model: nn.Module, layers: Sequence[str] | None, size: int, padding: str | None
) -> tuple[nn.Module, tuple[str, ...]]:
    """The model as it was written, and the layers' names; None stands for the layers of interest.

    Raises:
        ValueError: For a model that cannot be followed, unknown layers, a size that is no whole number of at
            least 1 or an unknown padding scheme.
    """
    model = eager_model(model)
    whole("size", size, remedy=_SIZE)
    if padding is not None:
        one_of("padding", padding, [*SCHEMES, "full"])
    return model, layer_names(model, default_layers(model, size) if layers is None else layers)


def height_and_width(size: int | tuple[int, int]) -> Pair:
    """Both sides of an image from its side, or from (height, width).

    Raises:
        ValueError: For anything else.
    """
    if not isinstance(size, (tuple, list)):
        side = whole("size", size, remedy=_SIZE)
        return side, side
    if len(size) != 2:
        raise ValueError(f"size={shown(size)} must be the side of the image in pixels, or (height, width)")
    return whole("size", size[0], remedy=_SIZE), whole("size", size[1], remedy=_SIZE)
