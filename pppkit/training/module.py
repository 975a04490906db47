"""A network that learns under a padding scheme, as a Lightning module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics.classification import MulticlassAccuracy

from ..measure import IMAGENET
from ..models.hooks import padded_by
from ..padding import Scheme
from .recipes import Recipe


class PaddedModule(L.LightningModule):
    """A network that learns under a padding scheme, by a recipe.

    Base of `Classifier`; a subclass adds `loss` and `score`, and may add to `augmented`. Every epoch starts
    from random numbers that depend on the seed and the epoch alone, so a training that was killed and resumed
    gives the weights of one that was not.

    Args:
        model: Takes images `(N, 3, H, W)`.
        padding: A padding scheme, or None for the padding that the model was written with.
        recipe: How it learns.
        normalize: Mean and standard deviation of the channels.
        seed: Of the order of images, augmentation, dropout and randn.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        model: nn.Module,
        padding: str | None = None,
        recipe: Recipe | None = None,
        *,
        normalize: tuple[Sequence[float], Sequence[float]] = IMAGENET,
        seed: int = 0,
    ):
        super().__init__()
        if padding is not None:
            Scheme.parse(padding, "padding")
        self.model = model.to(memory_format=torch.channels_last)  # a CPU trains up to 1.5 times faster so
        self.padding, self.recipe, self.seed = padding, recipe or Recipe(), seed
        self._random: torch.Generator | None = None
        for name, values in zip(("mean", "std"), normalize):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The network's output under the padding, from images `(N, 3, H, W)`: uint8, or normalised."""
        return self.seen(x, self._generator())

    def seen(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """`forward` with random numbers of one's own, which randn draws from."""
        with padded_by(self.padding, generator):
            return self.model(self.normalized(x))

    def normalized(self, x: Tensor) -> Tensor:
        """uint8 images scaled to [0, 1] and normalised."""
        return (x / 255 - self.mean) / self.std if x.dtype == torch.uint8 else x

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """What training makes small."""
        raise NotImplementedError

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """What validation logs."""
        raise NotImplementedError

    def _generator(self) -> torch.Generator:
        if self._random is None or self._random.device.type != self.device.type:
            self._random = torch.Generator(self.device).manual_seed(self.seed)
        return self._random

    def on_train_epoch_start(self) -> None:
        sequence = np.random.SeedSequence([self.seed, self.current_epoch, self.global_rank])
        state = int(sequence.generate_state(1)[0])
        self._generator().manual_seed(state)
        torch.manual_seed(state)  # dropout takes no generator; `fit` restores the global state

    def augmented(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """What a training step sees of a batch."""
        return self.recipe.augment(x, target, self._generator())

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, target = self.augmented(*batch)
        loss = self.loss(self(x), target)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(x), sync_dist=True)
        return loss

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        if self.recipe.clip:
            nn.utils.clip_grad_norm_(self.parameters(), self.recipe.clip)

    def on_validation_epoch_start(self) -> None:
        self._generator().manual_seed(self.seed)  # randn must not depend on how often it was validated

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        x, target = batch
        output = self(x)
        scores = {"loss": self.loss(output, target)} | self.score(output, target)
        named = {f"val_{name}": score for name, score in scores.items()}
        self.log_dict(named, batch_size=len(x), on_step=False, on_epoch=True, sync_dist=True)

    def configure_optimizers(self) -> Any:
        return self.recipe.optimize(self.parameters(), int(self.trainer.estimated_stepping_batches))


class Classifier(PaddedModule):
    """`PaddedModule` on class labels: cross entropy, and accuracy as a fraction; its arguments are those.

    Example:
        >>> from pppkit import models
        >>> net = Classifier(models.build("resnet50", width=0.125, num_classes=8), "reflect")
        >>> net(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape
        torch.Size([1, 8])
    """

    def __init__(
        self, model: nn.Module, padding: str | None = None, recipe: Recipe | None = None, **kwargs: Any
    ):
        super().__init__(model, padding, recipe, **kwargs)
        linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
        if not linear:
            raise ValueError(
                "model has no linear layer to tell the number of classes from; "
                "subclass pppkit.training.PaddedModule"
            )
        self.accuracy = MulticlassAccuracy(linear[-1].out_features, average="micro")

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross entropy of `(N, classes)` and labels `(N,)`."""
        return F.cross_entropy(output.float(), target, label_smoothing=self.recipe.label_smoothing)

    def score(self, output: Tensor, target: Tensor) -> dict[str, Any]:
        """Accuracy, a fraction."""
        self.accuracy.update(output, target)
        return {"accuracy": self.accuracy}
