"""The score of predicted classes: mean intersection over union."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics.classification import MulticlassJaccardIndex

UNLABELLED = 255  # of pixels that count nowhere, as in VOC


class MeanIoU(MulticlassJaccardIndex):
    """torchmetrics' mean intersection over union, as VOC counts: over the pixels of all images together.

    Classes that neither occur nor are predicted are left out; so are pixels that are `UNLABELLED`.

    Args:
        classes: How many.
        **kwargs: For `torchmetrics.Metric`.
    """

    def __init__(self, classes: int, **kwargs: Any):
        super().__init__(classes, average="macro", ignore_index=UNLABELLED, **kwargs)

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Adds predicted and true classes `(N, H, W)`."""
        self.confmat = self.confmat.clone()  # made under inference mode it could not be added to in place
        super().update(preds.long(), target.long())
