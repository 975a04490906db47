"""Why EfficientNet's SNR-PPP nearly vanishes in the first epoch, and then leaps: one change at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import lightning as L
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ... import models
from ...checks import one_of
from ...measure import IMAGENET
from ...measure.images import ImageScaling
from ...models.hooks import padded_by
from ...scenes import CachedScene
from ...training import SCENES, Classifier, fit
from ...training.datasets import open_data
from ..base import Experiment
from ..context import Context, Trial, as_list, choices
from . import recipes
from .interventions import with_open_gates, with_reflecting_strides, with_statistics_of
from .snr_parts import snr_parts

MODEL = "efficientnet_b0"
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"images": 192, "validation": 32, "last": 1, "n": 2, "sizes": (64,), "seen": 64},
    "published": {"images": 2500, "validation": 128, "last": 2, "n": 4, "sizes": (64, 224), "seen": 640},
    "paper": {"last": 2, "n": 64, "sizes": (224,), "seen": 1280},
}
# The recipe of the trainings in which it was seen.
RECIPE = {"lr": 2e-3, "warm_up": 0.05, "label_smoothing": 0.0, "shift": 0}
GATES, NO_GATES = "with gates", "without gates"  # squeeze and excitation while it learns
VARIANTS = (GATES, NO_GATES)
AS_IS, STATISTICS = "as it is", "statistics of training images"
OPEN, STRIDES = "gates at 1", "reflect at strides"


def _recalibrated(model: nn.Module, images: Tensor, padding: str) -> tuple[nn.Module, str | None]:
    return with_statistics_of(model, images, padding), padding


def _open_gates(model: nn.Module, images: Tensor, padding: str) -> tuple[nn.Module, str | None]:
    return with_statistics_of(with_open_gates(model), images, padding), padding


def _reflecting(model: nn.Module, images: Tensor, padding: str) -> tuple[nn.Module, str | None]:
    return with_statistics_of(with_reflecting_strides(model), images), None  # zeros where nothing is said


def _unchanged(model: nn.Module, images: Tensor, padding: str) -> tuple[nn.Module, str | None]:
    return model, padding


# What is done to a network before it is measured; but for the first, BatchNorm's statistics are taken anew.
INTERVENTIONS: dict[str, Callable[[nn.Module, Tensor, str], tuple[nn.Module, str | None]]] = {
    AS_IS: _unchanged,
    STATISTICS: _recalibrated,
    OPEN: _open_gates,
    STRIDES: _reflecting,
}


def grid(
    profile: str = "published",
    variant: str | Sequence[str] = VARIANTS,
    padding: str | Sequence[str] = ("zeros", "reflect"),
    networks: int = 1,
) -> list[dict[str, Any]]:
    """Trials, networks outermost.

    Args:
        profile: One of `PROFILES`.
        variant: Of `VARIANTS`, one or several.
        padding: Padding schemes, one or several.
        networks: Seeds of each cell.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    variants = choices("variant", variant, VARIANTS)
    return [
        {"variant": name, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(networks)
        for scheme in as_list(padding)
        for name in variants
    ]


def published() -> list[dict[str, Any]]:
    """The trial of the committed rows: the network of `chronology` under zeros, its first seed."""
    return grid(variant=GATES, padding="zeros")


def settings(trial: Trial) -> dict[str, Any]:
    """Those of EfficientNet in `learned`, but for `RECIPE` and what `PROFILES` says."""
    return {**recipes.settings(_learner(trial)), **RECIPE, **PROFILES[trial["profile"]]}


def _learner(trial: Trial) -> dict[str, Any]:
    """The trial of `learned` whose network this is."""
    names = {"padding": trial["padding"], "seed": trial["seed"], "profile": trial["profile"]}
    return {"model": MODEL, "data": SCENES, **names}


def interventions(trial: Trial) -> list[str]:
    """Those that change something: gates where there are some, strides where the others pad with zeros."""
    pointless = {OPEN} if trial["variant"] == NO_GATES else set()
    pointless |= {STRIDES} if trial["padding"] != "zeros" else set()
    return [name for name in INTERVENTIONS if name not in pointless]


class _Looks(L.Callback):
    """Measures the network under every intervention, before training and after each epoch up to the last."""

    def __init__(self, trial: Trial, found: dict[str, Any], scenes: Any, train: Dataset, held: Dataset):
        self.trial, self.found, self.scenes = trial, found, scenes
        self.images, _ = train[: found["seen"]]  # type: ignore[index]
        self.held = held[:]  # type: ignore[index]
        self.rows: list[pd.DataFrame] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.look(pl_module.get_submodule("model"), 0)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        done = trainer.current_epoch + 1
        self.look(pl_module.get_submodule("model"), done)
        trainer.should_stop = done >= self.found["last"]

    def look(self, model: nn.Module, epoch: int) -> None:
        """Adds rows for each intervention, size and layer."""
        layers, like = models.LAYERS_OF_INTEREST[MODEL], next(model.parameters())
        scaling, was_training = ImageScaling.of(3, IMAGENET), model.training
        images, held = scaling(self.images, like), (scaling(self.held[0], like), self.held[1])
        model.eval()
        for name in interventions(self.trial):
            changed, padding = INTERVENTIONS[name](model, images, self.trial["padding"])
            right = accuracy(changed, *held, padding)
            for size in self.found["sizes"]:
                parts = snr_parts(changed, self.scenes, layers, padding, size=size, n=self.found["n"])
                self.rows.append(parts.assign(epoch=epoch, intervention=name, val_accuracy=right))
        model.train(was_training)


@torch.no_grad()
def accuracy(
    model: nn.Module, images: Tensor, labels: Tensor, padding: str | None, batch: int = 128
) -> float:
    """Share of images that a network names rightly under a padding.

    Args:
        model: In eval mode.
        images: `(N, C, H, W)`, normalised.
        labels: `(N,)`.
        padding: A scheme, or None for the model's own.
        batch: Images in a forward pass.
    """
    right = 0
    for part, target in zip(images.split(batch), labels.split(batch)):
        with padded_by(padding, torch.Generator(images.device).manual_seed(0)):
            scores = model(part)
        right += int((scores.argmax(1) == target.to(scores.device)).sum())
    return right / len(images)


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network for the first epochs of its training and measures it after each.

    Returns:
        One row for each epoch, intervention, size and layer: the columns of `snr_parts` and `val_accuracy`.
    """
    found, learner = settings(trial), _learner(trial)
    data = open_data(SCENES, found["size"], found["images"], found["validation"])
    model = recipes.network(learner, len(data.classes))
    if trial["variant"] == NO_GATES:
        model = with_open_gates(model)
    module = Classifier(model, trial["padding"], recipes.recipe({**learner, **RECIPE}), seed=trial["seed"])
    looks = _Looks(trial, found, CachedScene.all(context.open("scenes")), data.train, data.validation)
    how = {"epochs": found["epochs"], "batch": found["batch"], "precision": found["precision"]}
    with tempfile.TemporaryDirectory() as folder:
        fit(
            module,
            data.train,
            data.validation,
            folder=folder,
            callbacks=[looks],
            progress=context.progress,
            **context.hardware,
            **how,
        )
    sizes = {"width": found["width"], "images": found["images"], "trained_size": found["size"]}
    return pd.concat(looks.rows, ignore_index=True).assign(**sizes)


EXPERIMENT = Experiment(
    name="efficientnet_puzzle",
    title="Why EfficientNet's SNR-PPP falls in its first epoch and leaps in the second",
    key=("variant", "padding", "seed", "profile"),
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    within=("epoch", "intervention", "size", "layer"),
    metrics=("snr_ppp", "mae_ppp", "distance", "sigma"),
    tolerance=1e-2,
)
