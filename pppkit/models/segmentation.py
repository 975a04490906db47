"""torchvision's segmentation networks (DeepLab, FCN, LR-ASPP), which give logits as ours do."""

from __future__ import annotations

from typing import Any

import torchvision
from torch import Tensor, nn

NAMES: tuple[str, ...] = tuple(torchvision.models.list_models(module=torchvision.models.segmentation))


def network(name: str, num_classes: int) -> nn.Module:
    """One of `NAMES` without weights, whose output is logits `(N, num_classes, H, W)`, not a dict of them."""
    model = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=None
    )
    model.register_forward_hook(_logits)
    model.pppkit_name = name
    return model


def _logits(module: nn.Module, inputs: Any, output: dict[str, Tensor]) -> Tensor:
    return output["out"]


def encoder_end(model: nn.Module) -> str:
    """The module path of the encoder's last block, which the decoder reads."""
    backbone: Any = model.backbone
    return f"backbone.{list(backbone)[-1]}"
