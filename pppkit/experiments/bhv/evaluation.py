"""What the BHV test asks of a trained network: the similar and the dissimilar test, and the trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from .squares import LOWEST, Squares, render, trajectories

BATCH = 200  # images


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, batch: int = BATCH) -> Tensor:
    """Logits `(N, 2)`, in eval mode; the model's mode is restored."""
    training = model.training
    try:
        model.eval()
        return torch.cat([model(part) for part in images.split(batch)])
    finally:
        model.train(training)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Percent of labels that the larger logit gives."""
    return 100.0 * (logits.argmax(1) == labels).double().mean().item()


def inconsistency(predictions: np.ndarray, which: np.ndarray) -> float:
    """Percent of trajectories along which the prediction changes (PPP, section 3.2).

    Args:
        predictions: Class of each image, `(N,)`.
        which: The trajectory it belongs to, `(N,)`.
    """
    classes = pd.Series(np.asarray(predictions)).groupby(np.asarray(which)).nunique()
    return 100.0 * float((classes > 1).mean())


def accuracy_by_height(predictions: np.ndarray, squares: Squares) -> np.ndarray:
    """Accuracy in percent by the lower square's top edge y = 0 .. 28, `(29,)`; NaN where no image has it."""
    y = squares.positions[..., 0].max(1)
    right = pd.Series(100.0 * (np.asarray(predictions) == squares.labels)).groupby(y).mean()
    return right.reindex(range(LOWEST + 1)).to_numpy()


def evaluate(
    model: nn.Module,
    splits: dict[str, Squares],
    background: str = "black",
    device: str | torch.device = "cpu",
) -> dict[str, Any]:
    """The similar and the dissimilar test and the trajectories, of one network.

    Returns:
        `similar`, `dissimilar`, `inconsistency` in percent, and `trajectory`: as in `accuracy_by_height`.
    """
    path, which = trajectories(splits["trajectories"])
    images = {"similar": splits["similar"], "dissimilar": splits["dissimilar"], "path": path}
    logits = {
        name: predict(model, to_device(render(squares, background), device)).cpu()
        for name, squares in images.items()
    }
    scores: dict[str, Any] = {
        name: accuracy(logits[name], torch.from_numpy(images[name].labels))
        for name in ("similar", "dissimilar")
    }
    classes = logits["path"].argmax(1).numpy()
    scores["inconsistency"] = inconsistency(classes, which)
    scores["trajectory"] = accuracy_by_height(classes, path)
    return scores


def to_device(images: Tensor, device: str | torch.device) -> Tensor:
    """Images where a network is, in the layout that its convolutions want."""
    return images.to(device, memory_format=torch.channels_last)
