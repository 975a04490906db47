"""Figures 5, 4 and 8 to 11: networks trained under every padding, their PPP measured all along."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ... import models
from ...results.maps import block_means, load_maps, save_maps
from ...training import LAST, SCENES, PaddedModule, PPPMonitor, fit
from ...training.saliency import fixed_score
from ..base import Experiment
from ..context import Context, Trial
from .recipes import (
    KEY,
    PROFILES,
    SALIENCY,
    grid,
    load,
    measurement_epochs,
    name,
    network,
    published,
    settings,
    task,
)

__all__ = [
    "EXPERIMENT",
    "KEY",
    "PROFILES",
    "grid",
    "load",
    "map_file",
    "maps",
    "measure",
    "measurement_epochs",
    "name",
    "network",
    "outline",
    "published",
    "settings",
    "shown_maps",
]


def shown_maps(
    maps: Mapping[tuple[int, str, int, str], np.ndarray], first: bool = True, largest: int = 56
) -> dict[tuple[str, ...], np.ndarray]:
    """The maps that pages need, of the largest input.

    Args:
        maps: `PPPMonitor.maps`: by epoch, source, size and layer.
        first: Of a cell's first network, which pages show: before and after training for every layer, all
            along for the deepest two. Of further networks the deepest layer before and after training, for
            the spread.
        largest: Wider maps are averaged over blocks.

    Returns:
        By (epoch, source, layer); units of the features.
    """
    epochs, size = sorted({k[0] for k in maps}), max(k[2] for k in maps)
    layers = list(dict.fromkeys(k[3] for k in maps))
    out: dict[tuple[str, ...], np.ndarray] = {}
    for (epoch, source, side, layer), values in maps.items():
        ends, deep = epoch in (epochs[0], epochs[-1]), layer in layers[-2 if first else -1 :]
        shown = (ends or deep) if first else (ends and deep)
        if side == size and shown:
            out[str(epoch), source, layer] = block_means(values, largest)
    return out


def outline(ppp: np.ndarray) -> tuple[float, float]:
    """Where in a map the pattern lies (section 4.1 of the PPP paper speaks of both).

    Args:
        ppp: `(H, W)`.

    Returns:
        The strongest corner over the strongest middle of a side, each a seventh of the side wide, and the
        share of the pattern that lies further than that from every border (about a half where it is flat).
    """
    z = np.asarray(ppp, np.float64)
    k = max(1, len(z) // 7)
    half = len(z) // 2 - k // 2
    middle = slice(half, half + k)
    corners = max(t.mean() for t in (z[:k, :k], z[:k, -k:], z[-k:, :k], z[-k:, -k:]))
    sides = max(t.mean() for t in (z[:k, middle], z[-k:, middle], z[middle, :k], z[middle, -k:]))
    return float(corners / sides), float(z[k:-k, k:-k].sum() / z.sum())


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial are (`shown_maps`)."""
    return Path(folder) / "maps" / f"chronology_{name(trial)}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """PPP maps `(H, W)` of a trial by (epoch, source, layer)."""
    return load_maps(map_file(folder, trial))


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network and measures it along the way, on scenes and, with their folder, on the mosaics.

    `weights/NAME.pt` and the maps are left in the context's folder, and, while it trains,
    `checkpoints/NAME/`, from where an interrupted training goes on.

    Returns:
        A row for each checkpoint, source, size and layer.
    """
    done = train(trial, context, measurement_epochs(settings(trial)["epochs"]), name(trial))
    models.save(done.module.model, context.folder / "weights" / f"{name(trial)}.pt")
    shown = shown_maps(done.monitor.maps, first=trial["seed"] == 0)
    save_maps(map_file(context.folder, trial), shown, bits=10)
    return done.rows


@dataclass(frozen=True)
class Trained:
    """A network that was trained, and what was measured on the way.

    Attributes:
        module: With the trained network.
        monitor: Its rows and maps.
        rows: The monitor's, with what they need to be understood alone.
    """

    module: PaddedModule
    monitor: PPPMonitor
    rows: pd.DataFrame


def train(trial: Trial, context: Context, epochs: Sequence[int], label: str) -> Trained:
    """Trains the network of a trial, or goes on with it.

    Args:
        trial: Of `recipes.grid`, or with its names; a value of `Recipe` in it goes before the family's.
        context: Where data and checkpoints are.
        epochs: After which PPP is measured.
        label: Of its folder of checkpoints.
    """
    s = settings(trial)
    images, validation, module = task(trial, context.data(trial["data"]))
    sources = {source: context.open(source) for source in context.sources}
    monitor = PPPMonitor(sources, epochs=epochs, size=s["sizes"], n=s["n"])
    fit(
        module,
        images,
        validation,
        epochs=s["epochs"],
        batch=s["batch"],
        precision=s["precision"],
        callbacks=[monitor],
        **context.fitting(label),
    )
    learning = {k: s[k] for k in ("width", "epochs", "lr", "precision")}
    rows = monitor.rows.rename(columns={"seed": "windows_seed"})
    if trial["model"] in SALIENCY:
        masks = [part.tensors[1] for part in (images, validation)]  # type: ignore[attr-defined]
        rows = rows.assign(val_fixed=fixed_score(*masks))
    count = len(images)  # type: ignore[arg-type]
    rows = rows.assign(seed=trial["seed"], trained_size=s["size"], images=count, **learning)
    return Trained(module, monitor, rows)


# What is the same in all rows of a trained network, and stands once in `chronology_trials.csv`.
CONSTANTS = (
    *("width", "trained_size", "images", "epochs", "lr", "precision", "windows_seed"),
    *("device", "dtype", "pppkit", "torch", "python", "revision"),
)


def needs(trial: Trial) -> Sequence[str]:
    """The data set that a trial learns from; scenes need none."""
    return () if trial["data"] == SCENES else (trial["data"],)


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """The weights stay, what resuming needed does not."""
    remove_resumable(context, name(trial))


def remove_resumable(context: Context, label: str) -> None:
    """What resuming a training needed, of `train` with that label; nothing where it was not begun."""
    folder = context.checkpoints(label)
    if (folder / LAST).exists():
        shutil.rmtree(folder)


def measuring(rows: pd.DataFrame) -> float:
    """Seconds that a network's measurements took; its training comes on top."""
    return float(rows.drop_duplicates(["epoch", "source", "size"])["seconds"].sum())


EXPERIMENT = Experiment(
    name="chronology",
    title="Figures 4 and 5: networks trained under every padding, measured all along",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    resolve=settings,
    needs=needs,
    stored=remove_checkpoints,
    within=("epoch", "source", "size", "layer"),
    metrics=("snr_ppp", "mae_ppp", "val_accuracy", "val_weighted_f"),
    tolerance=1e-2,
    cost=measuring,
    suffix=".parquet",
    constants=CONSTANTS,
    final=("val_accuracy", "val_weighted_f", "val_loss", "train_loss"),
)
