"""The BHV test (border handling variants): Table 1 of the PPP paper, experiment 2 of Kayhan and van Gemert (CVPR 2020).

A network learns whether a red square is left or right of a green one, from images in which class 1 is always in the upper half
and class 2 in the lower. Does it learn left and right, or up and down?
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from distributed import Client
from torch import Tensor, nn

from ...checks import one_of
from ...padding import FILLS, Padding, Scheme
from ...results.store import Store, provenance
from ...results.sweeps import sweep
from .squares import LOWEST, SEED, SPLITS, Squares, background_name, make_splits, render, trajectories

KEY = ("padding", "background", "splits", "precision", "epochs", "data_seed", "seed")
SCHEMES = (*FILLS, *(f"full-{fill}" for fill in FILLS), "none")  # the rows of Table 1
AUTHORS = (
    "zeros",
    "full-zeros",
    "circular",
    "full-circular",
    "none",
)  # F-Conv's own, circular read both ways
PRECISIONS = ("bf16", "fp32")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 20},
    "published": {"epochs": 50},
    "paper": {"epochs": 50},
}
INTENSITIES = (0.1, 0.2, 0.35, 0.75, 1.0)  # grey levels between the table's two
BATCH, PATIENCE = 200, 8


class Network(nn.Module):
    """The authors' classifier: four 3x3 convolutions without bias, ReLU, global max pooling, one linear layer.

    Written with padding 1; `pppkit.Padding` makes it any other. `(N, 3, 32, 32)` to `(N, 2)`.

    Args:
        seed: Of the initial weights, which equal those of the authors' script. The global random state is left as it was.
        precision: `"bf16"` computes the convolutions in bfloat16 (weights, pooled features and logits stay float32).
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

    lr 1.0, rho 0.9, eps 1e-6, weight decay 5e-5; training stops after more than 8 epochs in a row without a lower loss.

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
            best, state, since = (
                Training(epoch, epoch, loss, accuracy(logits, validation[1])),
                copy.deepcopy(model.state_dict()),
                0,
            )
        else:
            since += 1
        if since > PATIENCE:
            break
    model.load_state_dict(state)
    model.eval()
    return best._replace(epochs=epoch)


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


def along(predictions: np.ndarray, squares: Squares) -> np.ndarray:
    """Accuracy in percent by the top edge of the lower square, `(29,)` for y = 0 .. 28; NaN where no image has it."""
    y = squares.positions[..., 0].max(1)
    right = pd.Series(100.0 * (np.asarray(predictions) == squares.labels)).groupby(y).mean()
    return right.reindex(range(LOWEST + 1)).to_numpy()


def tests(
    model: nn.Module,
    splits: dict[str, Squares],
    background: str = "black",
    device: str | torch.device = "cpu",
) -> dict[str, Any]:
    """The similar and the dissimilar test and the trajectories, of one network.

    Returns:
        `similar`, `dissimilar`, `inconsistency` in percent, and `trajectory`: accuracy as in `along`.
    """
    path, which = trajectories(splits["trajectories"])
    images = {"similar": splits["similar"], "dissimilar": splits["dissimilar"], "path": path}
    logits = {
        name: predict(model, _to(render(squares, background), device)) for name, squares in images.items()
    }
    classes = logits["path"].argmax(1).cpu().numpy()
    return {
        **{
            name: accuracy(logits[name].cpu(), torch.from_numpy(images[name].labels))
            for name in ("similar", "dissimilar")
        },
        "inconsistency": inconsistency(classes, which),
        "trajectory": along(classes, path),
    }


def _to(images: Tensor, device: str | torch.device) -> Tensor:
    return images.to(device, memory_format=torch.channels_last)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are rounded by how they are split over threads; with one, a row is the same on any number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def trained(
    trial: dict[str, Any], device: str | torch.device = "cpu"
) -> tuple[Network, dict[str, Squares], Training]:
    """Trains the network of a trial. Call it and use it under `padding(trial)`."""
    splits = make_splits(trial["splits"], trial["data_seed"])
    model = Network(trial["seed"], trial["precision"]).to(device)
    data = {
        name: (
            _to(render(splits[name], trial["background"]), device),
            torch.from_numpy(splits[name].labels).to(device),
        )
        for name in ("train", "validation")
    }
    return model, splits, train(model, data["train"], data["validation"], trial["epochs"])


def padding(trial: dict[str, Any], device: str | torch.device = "cpu") -> Padding:
    """The padding of a trial, whose randn starts from the trial's seed."""
    return Padding(trial["padding"], generator=torch.Generator(device).manual_seed(trial["seed"]))


def measure(
    trial: dict[str, Any], profile: str = "published", device: str | torch.device = "cpu"
) -> pd.DataFrame:
    """One trained network: its result row."""
    start = time.perf_counter()
    with _one_thread(), padding(trial, device):
        model, splits, training = trained(trial, device)
        model.precision = "fp32"  # bfloat16 is for training only
        scores = tests(model, splits, trial["background"], device)
    scores["trajectory"] = " ".join(f"{v:.2f}" for v in scores["trajectory"])
    row = trial | scores | {"epochs_run": training.epochs, "best_epoch": training.best_epoch}
    row |= {"validation_loss": training.loss, "validation_accuracy": training.accuracy}
    row |= {"seconds": round(time.perf_counter() - start, 2), "device": str(device)} | provenance(profile)
    return pd.DataFrame([row])


def grid(
    schemes: Sequence[str] = SCHEMES,
    backgrounds: Sequence[float | str | Sequence[float]] = ("black", "grey"),
    splits: str = "disjoint",
    precision: str = "bf16",
    networks: int = 10,
    epochs: int = 50,
    data_seed: int = SEED,
) -> list[dict[str, Any]]:
    """Trials of a table, networks outermost, so that an interrupted sweep has some of every cell.

    Raises:
        ValueError: For an unknown scheme, background, splits or precision, or numbers below 1.
    """
    for scheme in schemes:
        Scheme.parse(scheme)
    one_of("splits", splits, SPLITS)
    one_of("precision", precision, PRECISIONS)
    for name, value in (("networks", networks), ("epochs", epochs)):
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    fixed = {"splits": splits, "precision": precision, "epochs": epochs, "data_seed": data_seed}
    names = [background_name(b) for b in backgrounds]
    return [
        {"padding": scheme, "background": background, **fixed, "seed": seed}
        for seed in range(networks)
        for background in names
        for scheme in schemes
    ]


def settings(profile: str) -> dict[str, Any]:
    """What a profile of `PROFILES` means; refuses an unknown one."""
    one_of("profile", profile, PROFILES)
    return PROFILES[profile]


def published() -> dict[str, list[dict[str, Any]]]:
    """The grids of the committed rows.

    Returns:
        `table`: Table 1; `authors`: the cells of Kayhan and van Gemert on their splits; `intensities`: full zero padding on
        the greys between; `precision`: the table's cells trained in float32, but for randn, which takes four times as long. On
        grey, where networks scatter more, there are more of them.
    """
    plain = [scheme for scheme in SCHEMES if "randn" not in scheme]
    return {
        "table": grid(),
        "authors": grid(AUTHORS, ["black"], splits="authors"),
        "intensities": grid(["full-zeros"], INTENSITIES, networks=4),
        "precision": grid(plain, ["black"], precision="fp32", networks=1)
        + grid(plain, ["grey"], precision="fp32", networks=3),
    }


def run(
    folder: str | Path,
    trials: Sequence[dict[str, Any]],
    profile: str,
    *,
    client: Client | str | int | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """Trains what is missing of a grid on Dask and returns the grid's rows.

    Args:
        folder: Where `bhv.csv` is.
        trials: Of `grid`.
        profile: One of `PROFILES`; written into the rows.
        client: As in `pppkit.sweep.sweep`.
        device: Where each network is trained.
    """
    settings(profile)
    store = Store(Path(folder) / "bhv.csv", KEY)
    rows = sweep(
        partial(measure, profile=profile, device=device), trials, store, client=client, desc="BHV networks"
    )
    return rows.assign(background=rows["background"].map(background_name))
