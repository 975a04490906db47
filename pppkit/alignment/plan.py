"""Optimally padded features by the paper's way; what depends on model and size is worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ..checks import shown
from ..models.hooks import features
from .arguments import height_and_width
from .geometry import Geometry, attach, geometry
from .tables import margins
from .unpadded import UnpaddedRun


@dataclass(frozen=True)
class UnpaddedPlan:
    """What `unpadded_features` needs to know of a model at one size.

    Attributes:
        layers: Module paths.
        size: Height and width of the regular image in pixels.
        padding: The padding scheme of the regular run, or None for the model's own.
        margins: Pixels of the crop above, left of, below and right of the regular image.
    """

    layers: tuple[str, ...]
    size: tuple[int, int]
    padding: str | None
    margins: tuple[int, int, int, int]

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the crop in pixels."""
        top, left, bottom, right = self.margins
        return self.size[0] + top + bottom, self.size[1] + left + right


def prepare_unpadded(
    model: nn.Module, layers: Sequence[str], size: int | tuple[int, int], padding: str | None = None
) -> UnpaddedPlan:
    """Works out how large a crop the unpadded run needs.

    Args:
        model: The network.
        layers: Module paths.
        size: Side of the regular image in pixels, or (height, width).
        padding: The padding scheme of the regular run, or None for the model's own.

    Raises:
        AlignmentError: If the network has an operation through which the alignment cannot be followed.
        ValueError: For bad arguments.
    """
    table = margins(model, layers, size, padding).loc["input", ["top", "left", "bottom", "right"]]
    top, left, bottom, right = (max(0, int(v)) for v in table)
    return UnpaddedPlan(tuple(layers), height_and_width(size), padding, (top, left, bottom, right))


def unpadded_features(model: nn.Module, plan: UnpaddedPlan, crop: Tensor) -> dict[str, Tensor]:
    """Optimally padded features by the paper's way: the network without padding on a larger crop.

    Args:
        model: The network.
        plan: Made by `prepare_unpadded` for this network.
        crop: Images `(N, C, top + height + bottom, left + width + right)`, with the plan's margins.

    Returns:
        For each layer the features aligned with the regular ones, `(N, C, H, W)`.

    Raises:
        ValueError: If the crop has another size than the plan's.
    """
    height, width = plan.crop_size
    if crop.dim() != 4 or tuple(crop.shape[-2:]) != (height, width):
        raise ValueError(
            f"crop={shown(crop)} must be (N, C, {height}, {width}): the image with the plan's margins "
            f"{plan.margins}"
        )
    top, left, *_ = plan.margins
    x = attach(crop.clone(), Geometry.image(plan.size, (top, left)))
    run = UnpaddedRun(plan.padding)
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    return features(model, plan.layers, x, run, keep=lambda name, t: geometry(t).window(t).clone())
