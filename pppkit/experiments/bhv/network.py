"""The BHV test's network and how the authors train it (Kayhan and van Gemert, CVPR 2020, experiment 2)."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import one_of
from .evaluation import BATCH, accuracy, predict

PRECISIONS = ("bf16", "fp32")
PATIENCE = 8


class Network(nn.Module):
    """The authors' classifier: four 3x3 convolutions without bias, ReLU, global max pooling, a linear layer.

    Written with padding 1; `pppkit.Padding` makes it any other. `(N, 3, 32, 32)` to `(N, 2)`.

    Args:
        seed: Of the initial weights, which equal those of the authors' script. The global random state is
            left as it was.
        precision: `"bf16"` computes the convolutions in bfloat16 (weights, pooled features and logits stay
            float32).
    """

    def __init__(self, seed: int = 0, precision: str = "fp32"):
        super().__init__()
        one_of("precision", precision, PRECISIONS)
        self.precision = precision
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers: list[nn.Module] = []
            for channels, out, stride in ((3, 32, 1), (32, 32, 2), (32, 64, 2), (64, 64, 2)):
                layers += [nn.Conv2d(channels, out, 3, stride, padding=1, bias=False), nn.ReLU()]
            self.features = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())
            self.classifier = nn.Linear(64, 2)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of class 1 and class 2."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            features = self.features(x)
        return self.classifier(features.float())


class Training(NamedTuple):
    """How a training went."""

    epochs: int  # how many were run
    best_epoch: int  # whose weights were kept, counted from 1
    loss: float  # of validation, in the best epoch
    accuracy: float  # of validation, in the best epoch, in percent


def train(
    model: nn.Module,
    training: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    epochs: int = 50,
    batch: int = BATCH,
) -> Training:
    """The authors' protocol: Adadelta, no shuffling, the weights of the lowest validation loss.

    lr 1.0, rho 0.9, eps 1e-6, weight decay 5e-5; training stops after more than 8 epochs in a row without a
    lower loss.

    Args:
        model: Trained in place, and left in eval mode with the best epoch's weights.
        training: Images `(N, 3, H, W)` and labels `(N,)`.
        validation: The same.
        epochs: At most so many.
        batch: Images for each step.
    """
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.9, eps=1e-6, weight_decay=5e-5)
    best, state, since = Training(0, 0, float("inf"), 0.0), copy.deepcopy(model.state_dict()), 0
    for epoch in range(1, epochs + 1):
        model.train()
        for images, labels in zip(training[0].split(batch), training[1].split(batch)):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
        logits = predict(model, validation[0], batch)
        loss = F.cross_entropy(logits, validation[1]).item()
        if loss < best.loss:
            best = Training(epoch, epoch, loss, accuracy(logits, validation[1]))
            state, since = copy.deepcopy(model.state_dict()), 0
        else:
            since += 1
        if since > PATIENCE:
            break
    model.load_state_dict(state)
    model.eval()
    return best._replace(epochs=epoch)
