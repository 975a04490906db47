"""The arguments that the functions of this room share, checked before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn

from ..checks import one_of, shown, whole
from ..models.hooks import eager_model, layer_names
from ..models.registry import default_layers
from ..padding import SCHEMES, Scheme
from .geometry import AlignmentError, Pair

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


@contextmanager
def explained(size: Pair, padding: str | None) -> Iterator[None]:
    """Turns what a network raises that does not run on images of a size into an error that says so."""
    try:
        yield
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        image = f"{size[0]}x{size[1]}"
        if padding is None or not (Scheme.parse(padding, "padding").full or padding == "none"):
            raise AlignmentError(
                f"the model does not run on {image} images ({why}): "
                "it needs one fixed size, or blocks of one (attention)"
            ) from error
        raise ValueError(
            f"padding={padding!r} changes the sizes of feature maps, and this model does not allow that "
            f"at {image} pixels ({why}); a larger size may help"
        ) from error
