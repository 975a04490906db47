"""Networks with one thing changed, to see what that does to their pattern; the network itself stays."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torchvision.ops.misc import SqueezeExcitation

from ...models.hooks import padded_by


@torch.no_grad()
def with_statistics_of(
    model: nn.Module, images: Tensor, padding: str | None = None, batch: int = 128
) -> nn.Module:
    """A copy whose BatchNorms have the statistics of these images, instead of what training left in them.

    Each batch is normalised by itself, as in training, and its means and variances are averaged.

    Args:
        model: The network.
        images: `(N, C, H, W)`, normalised.
        padding: The scheme under which the images go through it, or None for its own.
        batch: Images in a forward pass.

    Returns:
        The copy, in eval mode.
    """
    changed = copy.deepcopy(model).eval()
    for norm in _norms(changed):
        norm.reset_running_stats()
        norm.momentum = None  # an average over batches that all weigh the same
        norm.train()
    with padded_by(padding, torch.Generator(images.device).manual_seed(0)):
        for part in images.split(batch):
            changed(part)
    return changed.eval()


def _norms(model: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (module for module in model.modules() if isinstance(module, nn.BatchNorm2d))


def with_open_gates(model: nn.Module) -> nn.Module:
    """A copy without squeeze and excitation: every channel passes as if its gate were 1."""
    changed = copy.deepcopy(model)
    for module in list(changed.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SqueezeExcitation):
                setattr(module, name, nn.Identity())
    return changed


def with_reflecting_strides(model: nn.Module) -> nn.Module:
    """A copy whose convolutions with a stride pad by reflection; the others pad as they did."""
    changed = copy.deepcopy(model)
    for module in changed.modules():
        if isinstance(module, nn.Conv2d) and max(module.stride) > 1:
            module.padding_mode = "reflect"
    return changed
