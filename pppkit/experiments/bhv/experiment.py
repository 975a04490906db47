"""The BHV test (border handling variants): the PPP paper's Table 1, Kayhan and van Gemert's experiment 2.

A network learns whether a red square is left or right of a green one, from images in which class 1 is always
in the upper half and class 2 in the lower. Does it learn left and right, or up and down?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import torch

from ...checks import one_of
from ...padding import FILLS, Padding, Scheme
from ..base import Experiment
from ..context import Context, Trial, as_list
from .evaluation import evaluate, to_device
from .network import PRECISIONS, Network, Training, train
from .squares import SEED, SPLITS, Squares, background_name, make_splits, render

KEY = ("padding", "background", "splits", "precision", "epochs", "data_seed", "seed", "profile")
SCHEMES = (*FILLS, *(f"full-{fill}" for fill in FILLS), "none")  # the rows of Table 1
# F-Conv's own, circular read both ways
AUTHORS = ("zeros", "full-zeros", "circular", "full-circular", "none")
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 20},
    "published": {"epochs": 50},
    "paper": {"epochs": 50},
}
INTENSITIES = (0.1, 0.2, 0.35, 0.75, 1.0)  # grey levels between the table's two
Background = float | str | Sequence[float]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are rounded by how they are split over threads; with one, rows are the same on any number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def padding_of(trial: Trial, device: str | torch.device = "cpu") -> Padding:
    """The padding of a trial, whose randn starts from the trial's seed."""
    generator = torch.Generator(device).manual_seed(trial["seed"])
    return Padding(trial["padding"], generator=generator)


def trained(trial: Trial, device: str | torch.device = "cpu") -> tuple[Network, dict[str, Squares], Training]:
    """Trains the network of a trial. Call it and use it under `padding_of(trial)`."""
    splits = make_splits(trial["splits"], trial["data_seed"])
    model = Network(trial["seed"], trial["precision"]).to(device)
    data = {}
    for name in ("train", "validation"):
        images = to_device(render(splits[name], trial["background"]), device)
        data[name] = (images, torch.from_numpy(splits[name].labels).to(device))
    return model, splits, train(model, data["train"], data["validation"], trial["epochs"])


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One trained network: its result row."""
    with _one_thread(), padding_of(trial, context.device):
        model, splits, training = trained(trial, context.device)
        model.precision = "fp32"  # bfloat16 is for training only
        scores = evaluate(model, splits, trial["background"], context.device)
    scores["trajectory"] = " ".join(f"{v:.2f}" for v in scores["trajectory"])
    learned: dict[str, float] = {"epochs_run": training.epochs, "best_epoch": training.best_epoch}
    learned |= {"validation_loss": training.loss, "validation_accuracy": training.accuracy}
    return pd.DataFrame([{**scores, **learned}])


def grid(
    profile: str = "published",
    padding: str | Sequence[str] = SCHEMES,
    background: Background | Sequence[Background] = ("black", "grey"),
    splits: str = "disjoint",
    precision: str = "bf16",
    networks: int = 10,
    epochs: int | None = None,
    data_seed: int = SEED,
) -> list[dict[str, Any]]:
    """Trials of a table, networks outermost, so that an interrupted sweep has some of every cell.

    Args:
        profile: One of `PROFILES`.
        padding: Padding schemes, one or several.
        background: Colours as in `background_name`, one or several (a colour of three numbers only among
            several).
        splits: One of `SPLITS`.
        precision: One of `PRECISIONS`.
        networks: Seeds of each cell.
        epochs: At most so many; None for the profile's number.
        data_seed: Of the images' random numbers.

    Raises:
        ValueError: For an unknown profile, scheme, background, splits or precision, or numbers below 1.
    """
    one_of("profile", profile, PROFILES)
    epochs = PROFILES[profile]["epochs"] if epochs is None else epochs
    schemes, names = as_list(padding), [background_name(b) for b in as_list(background)]
    for scheme in schemes:
        Scheme.parse(scheme, "padding")
    one_of("splits", splits, SPLITS)
    one_of("precision", precision, PRECISIONS)
    for name, value in (("networks", networks), ("epochs", epochs)):
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    fixed = {"splits": splits, "precision": precision, "epochs": epochs, "data_seed": data_seed}
    return [
        {"padding": scheme, "background": colour, **fixed, "seed": seed, "profile": profile}
        for seed in range(networks)
        for colour in names
        for scheme in schemes
    ]


def grids(profile: str = "published") -> dict[str, list[dict[str, Any]]]:
    """The four grids of the committed rows, or the same of another profile.

    Returns:
        `table`: Table 1; `authors`: the cells of Kayhan and van Gemert on their splits; `intensities`: full
        zero padding on the greys between; `precision`: the table's cells trained in float32, but for randn,
        which takes four times as long. On grey, where networks scatter more, there are more of them.
    """
    plain = [scheme for scheme in SCHEMES if "randn" not in scheme]
    black = grid(profile, padding=plain, background="black", precision="fp32", networks=1)
    grey = grid(profile, padding=plain, background="grey", precision="fp32", networks=3)
    return {
        "table": grid(profile),
        "authors": grid(profile, padding=AUTHORS, background="black", splits="authors"),
        "intensities": grid(profile, padding="full-zeros", background=INTENSITIES, networks=4),
        "precision": black + grey,
    }


def published() -> list[dict[str, Any]]:
    """All trials of the committed rows."""
    return [trial for trials in grids().values() for trial in trials]


EXPERIMENT = Experiment(
    name="bhv",
    title="Table 1 and Figure 3: the BHV test, left and right or up and down",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    metrics=("similar", "dissimilar", "inconsistency"),
    text=("background",),
)
