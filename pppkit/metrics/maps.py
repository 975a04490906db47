"""What the metrics of predicted maps share."""

from __future__ import annotations

from torch import Tensor


def check_maps(prediction: Tensor, target: Tensor, name: str = "target") -> tuple[Tensor, Tensor]:
    """Both as `(N, H, W)`; `name` is the second argument's.

    Raises:
        ValueError: If the prediction is no `(N, H, W)`, or the target neither that nor `(H, W)`.
    """
    if prediction.dim() != 3 or target.shape not in (prediction.shape, prediction.shape[1:]):
        shapes = f"prediction {tuple(prediction.shape)} must be (N, H, W) and {name} {tuple(target.shape)}"
        raise ValueError(f"{shapes} the same or (H, W); resize one of them")
    return prediction, target.expand_as(prediction)
