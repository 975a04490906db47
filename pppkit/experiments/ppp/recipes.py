"""How the networks of Figure 5 learn: what a trial's names stand for, its grid, its network and its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn
from torch.utils.data import Dataset

from ... import models
from ...checks import one_of
from ...padding import FILLS
from ...training import Classifier, PaddedModule, Recipe
from ...training.datasets import SCENES, open_data
from ...training.saliency import Saliency, open_masks
from ..context import Trial, as_list

KEY = ("model", "data", "padding", "seed", "profile")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {
        "width": 0.125,
        "size": 64,
        "images": 600,
        "validation": 200,
        "epochs": 4,
        "n": 4,
        "sizes": (64,),
        "networks": 1,
    },
    "published": {
        "width": 0.125,
        "size": 64,
        "images": 4000,
        "validation": 1000,
        "epochs": 12,
        "n": 8,
        "sizes": (64, 224),
        "networks": 3,
    },
    "paper": {
        "width": 1.0,
        "size": 224,
        "images": None,
        "validation": None,
        "epochs": 90,
        "n": 480,
        "sizes": (224,),
        "networks": 5,
    },
}
# Where a family, a data set or a padding needs something else than the profile says.
FAMILIES: dict[str, dict[str, Any]] = {
    "resnet50": {"lr": 2e-3},
    "vgg19": {"lr": 3e-4, "precision": "bf16-mixed"},  # no normalisation: larger steps leave it at chance
    "efficientnet_b0": {"lr": 4e-3, "warm_up": 0.2, "label_smoothing": 0.1, "shift": 2},
    "vgg16_sod": {"lr": 1e-3, "batch": 16, "precision": "bf16-mixed"},
    "vgg_fcn": {"lr": 3e-3, "batch": 32, "precision": "bf16-mixed", "warm_up": 0.2},
    "resnet9": {
        "precision": "bf16-mixed",
        "optimizer": "sgd",
        "batch": 128,
        "lr": 0.2,
        "weight_decay": 5e-4,
        "warm_up": 0.2,
        "label_smoothing": 0.1,
        "clip": 0.0,
        "shift": 2,
    },
    "vgg19_bn": {
        "precision": "bf16-mixed",
        "optimizer": "sgd",
        "batch": 128,
        "lr": 0.1,
        "weight_decay": 5e-4,
        "warm_up": 0.2,
        "label_smoothing": 0.1,
        "clip": 0.0,
        "shift": 2,
    },
}
PUBLISHED: dict[str, dict[str, Any]] = {
    "cifar10": {"size": 32, "images": 12000, "validation": 5000, "sizes": (32, 224)},
    # smaller images leave VGG19 nothing
    "none": {"size": 256, "images": 1200, "validation": 300, "batch": 32, "n": 4, "sizes": (256,)},
}
# What a family needs on one data set, beyond both.
_CIFAR10: dict[str, Any] = {"images": None, "validation": None, "epochs": 16, "n": 32}
_SCENES: dict[str, Any] = {"width": 0.25, "images": 10000, "validation": 2000, "epochs": 10, "n": 32}
CELLS: dict[tuple[str, str], dict[str, Any]] = {
    ("resnet9", "cifar10"): {**_CIFAR10, "width": 0.5},  # ten epochs gave 87.9 % under zeros
    ("vgg19_bn", "cifar10"): {**_CIFAR10, "width": 0.375},
    ("resnet9", SCENES): _SCENES,
    ("vgg19_bn", SCENES): {**_SCENES, "images": 6000, "n": 16},  # as slow as two of the first
    ("efficientnet_b0", SCENES): {**_SCENES, "n": 8},  # its margins are the widest
    ("vgg_fcn", SCENES): {**_SCENES, "images": 4000, "validation": 500, "epochs": 8},
}
# Networks that learn masks, not labels. Their score is the weighted F-measure.
SALIENCY = tuple(name for name in FAMILIES if models.MODELS[name].task == "masks")
# The score from which on a network counts as one that learned, of `SALIENCY` above the best map that ignores
# the picture; chosen before its PPP was looked at.
GATES = {
    ("resnet9", "cifar10"): 0.88,
    ("vgg19_bn", "cifar10"): 0.86,
    ("resnet9", SCENES): 0.85,
    ("vgg19_bn", SCENES): 0.85,
    ("efficientnet_b0", SCENES): 0.85,
    ("vgg_fcn", SCENES): 0.15,
}
CHECKPOINTS = 11


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for.

    Raises:
        ValueError: For an unknown profile or model.
    """
    one_of("profile", trial["profile"], PROFILES)
    one_of("model", trial["model"], FAMILIES)
    found = {"precision": "32-true", "batch": 64, **PROFILES[trial["profile"]], **FAMILIES[trial["model"]]}
    if trial["profile"] == "published":
        for column in ("model", "data", "padding"):
            found |= PUBLISHED.get(trial[column], {})
        found |= CELLS.get((trial["model"], trial["data"]), {})
    return found


def measurement_epochs(epochs: int, count: int = CHECKPOINTS) -> list[int]:
    """Epochs after which PPP is measured: 0, then as dense as possible at first, the last one included.

    Example:
        >>> measurement_epochs(20)
        [0, 1, 2, 3, 4, 5, 7, 9, 12, 15, 20]
    """
    if epochs < count:
        return list(range(epochs + 1))
    found = [0]
    for left in range(count - 1, 0, -1):  # geometric steps, of one epoch at least
        last = max(found[-1], 1)
        found.append(max(found[-1] + 1, round(last * (epochs / last) ** (1 / left))))
    return found


def grid(
    profile: str = "published",
    model: str | Sequence[str] = ("vgg19", "resnet50", "efficientnet_b0"),
    padding: str | Sequence[str] = FILLS,
    data: str = SCENES,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials, networks outermost.

    Args:
        profile: One of `PROFILES`.
        model: Of `FAMILIES`, one or several; those of `SALIENCY` learn masks, the others labels.
        padding: Padding schemes, one or several.
        data: `"scenes"`, or a data set's name in the `paths` of a run.
        networks: Seeds of each cell; None for the profile's number.
    """
    one_of("profile", profile, PROFILES)
    count = networks or PROFILES[profile]["networks"]
    return [
        {"model": name, "data": data, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(count)
        for name in as_list(model)
        for scheme in as_list(padding)
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: three networks of each cell that no network with a gate replaces."""
    return [
        *grid(model="vgg19", data="cifar10"),
        *grid(model="vgg19", padding="none"),
    ]


def has_gate(trial: Trial) -> bool:
    """Whether the trial's cell has a score from which on its network counts as one that learned."""
    return (trial["model"], trial["data"]) in GATES


def passed(rows: pd.DataFrame) -> pd.Series:
    """Whether each row's network learned: its score after the last epoch reaches its gate.

    Args:
        rows: Of networks measured along their training, all epochs of each.

    Returns:
        A boolean for each row; False for networks without a gate.
    """
    names = ["model", "data", "padding", "seed"]
    last = rows[rows["epoch"] == rows["epochs"]].drop_duplicates(names)
    reached = last[names].assign(learned=scores(last) >= gates(last))
    found = rows[names].merge(reached, on=names, how="left")["learned"]
    return pd.Series(found.eq(True).to_numpy(), index=rows.index, name="learned")


def scores(rows: pd.DataFrame) -> pd.Series:
    """What gates are of, as a fraction: accuracy, or the weighted F-measure of networks that learn masks."""
    either = rows.reindex(columns=["val_accuracy", "val_weighted_f"]).astype(float)
    return either["val_accuracy"].where(~rows["model"].isin(SALIENCY), either["val_weighted_f"])


def gates(rows: pd.DataFrame) -> pd.Series:
    """The score that each row's network has to reach: infinite where it has no gate."""
    cells = zip(rows["model"], rows["data"])
    own = pd.Series([GATES.get(cell, float("inf")) for cell in cells], rows.index, dtype=float)
    fixed = rows.reindex(columns=["val_fixed"])["val_fixed"].astype(float)
    return own + fixed.where(rows["model"].isin(SALIENCY), 0.0)


def recipe(trial: Trial) -> Recipe:
    """How a trial's network learns; what the trial itself names of a recipe goes first."""
    found = {**settings(trial), **trial}
    return Recipe(**{f.name: found[f.name] for f in fields(Recipe) if f.name in found})


def name(trial: Trial) -> str:
    """The trial in a file name."""
    return "_".join(str(trial[k]) for k in KEY)


def network(trial: Trial, classes: int = 1) -> nn.Module:
    """The untrained network of a trial, initialised as torchvision does; saliency has no classes."""
    return models.build(
        trial["model"],
        width=settings(trial)["width"],
        num_classes=classes,
        init="kaiming",
        seed=trial["seed"],
    )


def task(trial: Trial, source: str) -> tuple[Dataset, Dataset, PaddedModule]:
    """Training set, validation set and module of a trial."""
    s = settings(trial)
    learning = {"recipe": recipe(trial), "seed": trial["seed"]}
    if trial["model"] in SALIENCY:
        train, validation = open_masks(source, s["size"], s["images"], s["validation"])
        return train, validation, Saliency(network(trial), trial["padding"], **learning)
    data = open_data(source, s["size"], s["images"], s["validation"])
    module = Classifier(network(trial, len(data.classes)), trial["padding"], **learning)
    return data.train, data.validation, module


def load(trial: Trial, folder: str | Path, trained: bool = True) -> nn.Module:
    """A trial's network, in eval mode: as it started, or with the weights that `measure` has left.

    Raises:
        ValueError: If it was not trained yet.
    """
    weights = Path(folder) / "weights" / f"{name(trial)}.pt"
    if not weights.is_file():
        raise ValueError(
            f"{weights} does not exist; train the network first: python -m pppkit.experiments run chronology"
        )
    model = models.load(weights)
    if trained:
        return model
    built: Any = model.pppkit_built
    return network(trial, built["num_classes"])
