"""Figures 5, 4 and 8 to 11: networks trained under every padding, their PPP measured all along."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from distributed import Client
from torch import nn
from torch.utils.data import Dataset

from ... import models
from ...checks import one_of
from ...measure import measure_ppp
from ...padding import FILLS
from ...results.store import Store, provenance, save_maps
from ...results.sweeps import sweep
from ...scenes import open_source
from ...training import LAST, Classifier, PaddedModule, PPPMonitor, Recipe, fit
from ...training.datasets import SCENES, open_data
from ...training.saliency import Saliency, open_masks

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
    "efficientnet_b0": {"lr": 2e-3},
    "vgg16_sod": {"lr": 1e-3, "batch": 16, "precision": "bf16-mixed"},
}
PUBLISHED: dict[str, dict[str, Any]] = {
    "efficientnet_b0": {"width": 0.25, "images": 2500, "epochs": 10, "n": 4},
    "vgg16_sod": {"images": 640, "validation": 128, "epochs": 10},
    "cifar10": {"size": 32, "images": 12000, "validation": 5000, "sizes": (32, 224)},
    "none": {
        "size": 256,
        "images": 1200,
        "validation": 300,
        "batch": 32,
        "n": 4,
        "sizes": (256,),
    },  # smaller images leave VGG19 nothing
}
CHECKPOINTS = 11


def settings(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a trial's names stand for.

    Raises:
        ValueError: For an unknown profile or model.
    """
    one_of("profile", trial["profile"], PROFILES)
    one_of("model", trial["model"], FAMILIES)
    own = PUBLISHED if trial["profile"] == "published" else {}
    base = {"precision": "32-true", "batch": 64} | PROFILES[trial["profile"]] | FAMILIES[trial["model"]]
    return base | own.get(trial["model"], {}) | own.get(trial["data"], {}) | own.get(trial["padding"], {})


def moments(epochs: int, count: int = CHECKPOINTS) -> list[int]:
    """Epochs after which PPP is measured: 0, then as dense as possible at first, the last one included.

    Example:
        >>> moments(20)
        [0, 1, 2, 3, 4, 5, 7, 9, 12, 15, 20]
    """
    if epochs < count:
        return list(range(epochs + 1))
    grid = [0]
    for left in range(count - 1, 0, -1):  # geometric steps, of one epoch at least
        grid.append(max(grid[-1] + 1, round(max(grid[-1], 1) * (epochs / max(grid[-1], 1)) ** (1 / left))))
    return grid


def grid(
    profile: str = "published",
    families: Sequence[str] = ("vgg19", "resnet50", "efficientnet_b0"),
    paddings: Sequence[str] = FILLS,
    data: str = SCENES,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials, networks outermost.

    Args:
        profile: One of `PROFILES`.
        families: Of `FAMILIES`; `"vgg16_sod"` learns masks, the others labels.
        paddings: Padding schemes.
        data: `"scenes"`, or a data set's name in the `paths` of `run`.
        networks: Seeds of each cell; None for the profile's number.
    """
    one_of("profile", profile, PROFILES)
    count = networks or PROFILES[profile]["networks"]
    return [
        {"model": model, "data": data, "padding": padding, "seed": seed, "profile": profile}
        for seed in range(count)
        for model in families
        for padding in paddings
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: three networks of each cell."""
    return [
        *grid(),
        *grid(families=["vgg19"], data="cifar10"),
        *grid(families=["vgg19"], paddings=["none"]),
        *grid(families=["vgg16_sod"]),
    ]


def name(trial: Mapping[str, Any]) -> str:
    """The trial in a file name."""
    return "_".join(str(trial[k]) for k in KEY)


def network(trial: Mapping[str, Any], classes: int = 1) -> nn.Module:
    """The untrained network of a trial, initialised as torchvision does; saliency has no classes."""
    return models.build(
        trial["model"],
        width=settings(trial)["width"],
        num_classes=classes,
        init="kaiming",
        seed=trial["seed"],
    )


def _task(trial: Mapping[str, Any], source: str) -> tuple[Dataset, Dataset, PaddedModule]:
    """Training set, validation set and module of a trial."""
    s, learning = settings(trial), {"recipe": Recipe(lr=settings(trial)["lr"]), "seed": trial["seed"]}
    if trial["model"] == "vgg16_sod":
        train, validation = open_masks(source, s["size"], s["images"], s["validation"])
        return train, validation, Saliency(network(trial), trial["padding"], **learning)
    data = open_data(source, s["size"], s["images"], s["validation"])
    return (
        data.train,
        data.validation,
        Classifier(network(trial, len(data.classes)), trial["padding"], **learning),
    )


def load(trial: Mapping[str, Any], folder: str | Path, trained: bool = True) -> nn.Module:
    """A trial's network, in eval mode: as it started, or with the weights that `measure` has left.

    Raises:
        ValueError: If it was not trained yet.
    """
    weights = Path(folder) / "weights" / f"{name(trial)}.pt"
    if not weights.is_file():
        raise ValueError(
            f"{weights} does not exist; train the network with pppkit.experiments.chronology.run first"
        )
    model = models.load(weights)
    return model if trained else network(trial, model.pppkit_built["num_classes"])  # type: ignore[index, arg-type]


def shown_maps(
    maps: Mapping[tuple[int, str, int, str], np.ndarray], first: bool = True, largest: int = 56
) -> dict[tuple[str, ...], np.ndarray]:
    """The maps that pages need, of the largest input.

    Args:
        maps: `PPPMonitor.maps`: by epoch, source, size and layer.
        first: Of a cell's first network, which pages show: before and after training for every layer, all along for the deepest two.
            Of further networks the deepest layer before and after training, for the spread.
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
            step = -(-values.shape[0] // largest)
            h, w = (n // step for n in values.shape)
            out[str(epoch), source, layer] = (
                values[: h * step, : w * step].reshape(h, step, w, step).mean((1, 3))
            )
    return out


def outline(ppp: np.ndarray) -> tuple[float, float]:
    """Where in a map the pattern lies (section 4.1 of the PPP paper speaks of both).

    Args:
        ppp: `(H, W)`.

    Returns:
        The strongest corner over the strongest middle of a side, each a seventh of the side wide, and the share of the pattern that
        lies further than that from every border (about a half where it is flat).
    """
    z = np.asarray(ppp, np.float64)
    k = max(1, len(z) // 7)
    half = len(z) // 2 - k // 2
    middle = slice(half, half + k)
    corners = max(t.mean() for t in (z[:k, :k], z[:k, -k:], z[-k:, :k], z[-k:, -k:]))
    sides = max(t.mean() for t in (z[:k, middle], z[-k:, middle], z[middle, :k], z[middle, -k:]))
    return float(corners / sides), float(z[k:-k, k:-k].sum() / z.sum())


def measure(
    trial: Mapping[str, Any],
    folder: str | Path,
    paths: Mapping[str, str],
    satellite: str | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> pd.DataFrame:
    """Trains one network and measures it along the way.

    Args:
        trial: Of `grid`.
        folder: Gets `weights/NAME.pt`, `maps/chronology_NAME.npz` (`shown_maps`) and, while it trains, `checkpoints/NAME/`, from where
            an interrupted training goes on.
        paths: Folders of data sets by name.
        satellite: Folder of the satellite mosaics; None measures on scenes alone.
        accelerator: Lightning's.
        progress: Show Lightning's progress bar.

    Returns:
        A row for each checkpoint, source, size and layer.
    """
    s, folder = settings(trial), Path(folder)
    source = paths.get(trial["data"], trial["data"])
    train, validation, module = _task(trial, source)
    sources = {"scenes": open_source("scenes")} | (
        {"satellite": open_source("satellite", {"satellite": satellite})} if satellite else {}
    )
    monitor = PPPMonitor(sources, epochs=moments(s["epochs"]), size=s["sizes"], n=s["n"])
    checkpoints = folder / "checkpoints" / name(trial)
    fit(
        module, train, validation, epochs=s["epochs"], batch=s["batch"], folder=checkpoints, precision=s["precision"],
        callbacks=[monitor], accelerator=accelerator, progress=progress,
    )  # fmt: skip
    models.save(module.model, folder / "weights" / f"{name(trial)}.pt")
    save_maps(
        folder / "maps" / f"chronology_{name(trial)}.npz",
        shown_maps(monitor.maps, trial["seed"] == 0),
        bits=10,
    )
    made = {"width": s["width"], "trained_size": s["size"], "images": len(train), "epochs": s["epochs"]}  # type: ignore[arg-type]
    made |= {"lr": s["lr"], "precision": s["precision"]}
    names = {k: trial[k] for k in KEY}
    rows = monitor.rows.rename(columns={"seed": "windows_seed"}).drop(columns=["padding"])
    return rows.assign(
        **names, **made, **{k: v for k, v in provenance(trial["profile"]).items() if k != "profile"}
    )


def measure_initial(trial: Mapping[str, Any], satellite: str | None = None) -> pd.DataFrame:
    """PPP of a trial's network as PyTorch's default initialisation makes it, which no training starts from.

    What training did is told from what it started from; which untrained network that is decides whether PPP has grown.
    """
    s = settings(trial)
    model = models.build(trial["model"], width=s["width"], num_classes=8, init="default", seed=trial["seed"])
    sources = {"scenes": open_source("scenes")} | (
        {"satellite": open_source("satellite", {"satellite": satellite})} if satellite else {}
    )
    parts = []
    for source, world in sources.items():
        for size in s["sizes"]:
            rows = measure_ppp(
                model, world, padding=trial["padding"], size=size, n=s["n"], batch_size=4, progress=False
            ).rows
            parts.append(
                rows.rename(columns={"seed": "windows_seed"}).drop(columns=["padding"]).assign(source=source)
            )
    names = {k: trial[k] for k in KEY} | {"width": s["width"], "trained_size": s["size"]}
    return pd.concat(parts).assign(
        **names, **{k: v for k, v in provenance(trial["profile"]).items() if k != "profile"}
    )


def run_initial(
    folder: str | Path,
    trials: Sequence[Mapping[str, Any]],
    *,
    satellite: str | None = None,
    client: Client | str | int | None = None,
) -> pd.DataFrame:
    """`measure_initial` of what is missing in `initial.csv`, and the grid's rows; the arguments are those of `run`."""
    store = Store(Path(folder) / "initial.csv", KEY)
    return sweep(
        partial(measure_initial, satellite=satellite), trials, store, client=client, desc="untrained networks"
    )


def run(
    folder: str | Path,
    trials: Sequence[Mapping[str, Any]],
    *,
    paths: Mapping[str, str] | None = None,
    satellite: str | None = None,
    client: Client | str | int | None = None,
    accelerator: str = "auto",
) -> pd.DataFrame:
    """Trains what is missing of a grid and returns the grid's rows.

    Args:
        folder: Where `chronology.csv` is, and what `measure` writes.
        trials: Of `grid`.
        paths: Folders of the data sets that trials name, but for the scenes.
        satellite: Folder of the satellite mosaics; None measures on scenes alone.
        client: As in `pppkit.sweep.sweep`.
        accelerator: Lightning's.

    Raises:
        ValueError: For a data set without a path, before any work.
    """
    folder, paths = Path(folder), dict(paths or {})
    store = Store(folder / "chronology.csv", KEY)
    missing = store.missing(trials)
    for trial in missing:
        settings(trial)
        if trial["data"] not in (SCENES, *paths):
            raise ValueError(f"paths has no folder for data={trial['data']!r}; it has {sorted(paths)}")
    if missing and satellite:
        open_source("satellite", {"satellite": satellite})
    work = partial(measure, folder=folder, paths=paths, satellite=satellite, accelerator=accelerator)
    rows = sweep(work, trials, store, client=client, desc="networks")
    for trial in missing:  # the weights stay, what resuming needs does not
        if (folder / "checkpoints" / name(trial) / LAST).exists():
            shutil.rmtree(folder / "checkpoints" / name(trial))
    return rows
