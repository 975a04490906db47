"""Can pooled channels say where an image was? Global Pooling's first table, and the paddings' part in it.

An image lies in one cell of a black grid. The network averages its last map over the whole canvas, so no
place is left in it; it is to name the cell. PermuteNet shuffles the averages before they are read: what is
left then is not in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch.utils.data import Dataset

from ... import models
from ...alignment import margins
from ...checks import one_of
from ...measure import measure_ppp
from ...padding import FILLS, Scheme
from ...scenes import InfiniteScene
from ...training import SCENES, Images, PaddedModule, fit, open_data
from ..base import Experiment
from ..context import Context, Trial, as_list, choices
from ..parameters import narrowed
from ..ppp.chronology import needs, remove_resumable
from .canvas import Margins
from .training import TASKS, CanvasTask, predictions

KEY = ("model", "task", "cells", "padding", "data", "seed", "profile")
MODELS = ("gapnet", "permutenet")
SCHEMES = (*FILLS, "partial", "none")  # the paper has zeros
CELLS = (3, 5, 7)
CIFAR = "cifar10"
# `size` is a cell's side. Location needs few images, classes need more: each task has its own numbers.
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"size": 16, "width": 0.25, "n": 4, "test": 192, "precision": "bf16-mixed", "networks": 1}
    | {"images": {"location": 480, "class": 480}, "epochs": {"location": 8, "class": 8}},
    "published": {"size": 16, "width": 0.25, "n": 16, "test": 1000, "precision": "bf16-mixed", "networks": 2}
    | {"images": {"location": 960, "class": 4000}, "epochs": {"location": 5, "class": 8}},
    "paper": {"size": 32, "width": 1.0, "n": 480, "test": 10000, "precision": "32-true", "networks": 5}
    | {"images": {"location": 50000, "class": 50000}, "epochs": {"location": 20, "class": 20}},
}
BATCH = 48


def grid(
    profile: str = "published",
    model: str | Sequence[str] = MODELS,
    task: str | Sequence[str] = TASKS,
    cells: int | Sequence[int] = CELLS,
    padding: str | Sequence[str] = SCHEMES,
    data: str | Sequence[str] = CIFAR,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials, seeds outermost.

    Args:
        profile: One of `PROFILES`.
        model: Of `MODELS`, one or several, and so the others:
        task: Of `TASKS`.
        cells: Of a row of the grid.
        padding: Padding schemes. Under `"none"` the black canvas goes on where padding would be.
        data: What lies in the cells: `"scenes"`, or a data set's name in the `paths` of a run.
        networks: Seeds of each cell of the table; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    for scheme in as_list(padding):
        Scheme.parse(scheme, "padding")
    return [
        {"model": m, "task": t, "cells": k, "padding": p, "data": d, "seed": seed, "profile": profile}
        for seed in range(PROFILES[profile]["networks"] if networks is None else networks)
        for t in choices("task", task, TASKS)
        for k in as_list(cells)
        for m in choices("model", model, MODELS)
        for p in as_list(padding)
        for d in as_list(data)
    ]


def table(profile: str = "published", data: str = CIFAR) -> list[dict[str, Any]]:
    """The trials of a page: GAPNet under every padding, PermuteNet under the paper's, on the smallest grid.

    Args:
        profile: One of `PROFILES`.
        data: As in `grid`.
    """
    padded = [scheme for scheme in SCHEMES if scheme != "none"]
    common = {"profile": profile, "task": "location", "cells": CELLS[0], "data": data}
    return [
        *grid(model="gapnet", padding=padded, **common),  # type: ignore[arg-type]
        *grid(model="permutenet", padding="zeros", **common),  # type: ignore[arg-type]
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: two networks a cell."""
    larger: dict[str, Any] = {"task": "location", "cells": CELLS[1:]}
    return [
        *table(),
        *grid(model="gapnet", task="location", cells=CELLS[0], padding="none"),
        *grid(task="class", cells=CELLS[0], padding="zeros"),
        *grid(model="gapnet", padding=("zeros", "circular"), **larger),
        *grid(model="permutenet", padding="zeros", **larger),
    ]


def shown(
    profile: str, model: str = "", padding: str = "", data: str = "", paths: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What a page shows, by its parameters.

    Args:
        profile: Of `"published"` the committed rows, of others `table` on one kind of pictures.
        model: The parameter.
        padding: The parameter.
        data: The parameter; empty for CIFAR-10, the paper's, where its folder is given, else for scenes.
        paths: Folders of data sets by name.

    Raises:
        ValueError: For a name that no trial has, or several data sets: networks of both are no repetitions.
    """
    if profile == "published":
        trials = published()
    else:
        one = data or (CIFAR if (paths or {}).get(CIFAR) else SCENES)
        one_of("data", one, (SCENES, CIFAR))
        trials = table(profile, one)
    return narrowed(trials, model=model, padding=padding, data=data)


def around(padding: str, model: torch.nn.Module, side: int) -> Margins:
    """Black around a canvas: what convolutions without padding take away, and none under other schemes."""
    if padding != "none":
        return 0, 0, 0, 0
    reach = margins(model, [models.LAYERS_OF_INTEREST["gapnet"][-1]], side).iloc[0]
    return tuple(int(reach[name]) for name in ("top", "left", "bottom", "right"))  # type: ignore[return-value]


def untrained(trial: Trial, classes: int) -> CanvasTask:
    """The network of a trial before its training, of its profile's width."""
    s, cells = PROFILES[trial["profile"]], trial["cells"]
    outputs = cells**2 if trial["task"] == "location" else classes
    net = models.build(
        trial["model"], width=s["width"], num_classes=outputs, init="kaiming", seed=trial["seed"]
    )
    black = around(trial["padding"], net, cells * s["size"])
    return CanvasTask(net, trial["padding"], trial["task"], cells, margins=black, seed=trial["seed"])


def name(trial: Trial) -> str:
    """A trial's, for files."""
    return "_".join(str(trial[k]) for k in ("task", *KEY[2:], "model"))


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network: its accuracy on held-out images in random cells, and its PPP at the last layer."""
    s, task = PROFILES[trial["profile"]], trial["task"]
    data = open_data(context.data(trial["data"]), s["size"], s["images"][task], s["test"])
    images, labels = held_out(data.validation)
    module = untrained(trial, len(data.classes))
    fit(
        module,
        data.train,
        Images(images[:BATCH], labels[:BATCH]),
        epochs=s["epochs"][task],
        batch=BATCH,
        precision=s["precision"],
        **context.fitting(name(trial)),
    )
    module.to(context.device)
    found, right = predictions(module, images, labels)
    chance = 1 / (trial["cells"] ** 2 if task == "location" else len(data.classes))
    row = {"accuracy": 100 * (found == right).double().mean().item(), "chance": 100 * chance}
    learned = {"images": s["images"][task], "epochs": s["epochs"][task], "test": len(images)}
    learned |= {k: s[k] for k in ("size", "width", "precision")}
    return pd.DataFrame([row | pattern(module, s["n"], s["size"]) | learned])


def held_out(images: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of a data set, in memory."""
    if isinstance(images, Images):
        return images.tensors[0], images.tensors[1]
    pairs = [images[i] for i in range(len(images))]  # type: ignore[arg-type]
    return torch.stack([x for x, _ in pairs]), torch.tensor([y for _, y in pairs])


def pattern(module: CanvasTask, n: int, size: int) -> dict[str, float]:
    """PPP of the map that is averaged, on endless scenes as large as the canvas.

    Args:
        module: The network, with its padding.
        n: Scenes.
        size: Of a cell.
    """
    top, left, bottom, right = module.margins
    side = module.cells * size + max(top + bottom, left + right)
    layer = models.LAYERS_OF_INTEREST["gapnet"][-1]
    return layer_pattern(module, layer, size=side, n=n, normalize=None)


def layer_pattern(module: PaddedModule, layer: str, **asked: Any) -> dict[str, float]:
    """SNR-PPP and MAE-PPP of one layer on endless scenes.

    Args:
        module: A network, with its padding.
        layer: A module path.
        **asked: For `pppkit.measure_ppp`.
    """
    rows = measure_ppp(
        module.model, InfiniteScene(0), [layer], padding=module.padding, progress=False, **asked
    ).rows
    return {metric: float(rows[metric].iloc[0]) for metric in ("snr_ppp", "mae_ppp")}


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """What resuming needed; rows are all that is kept."""
    remove_resumable(context, name(trial))


EXPERIMENT = Experiment(
    name="gap_location",
    title="Global Pooling, Table 1: where an image was, read from pooled channels",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    needs=needs,
    stored=remove_checkpoints,
    metrics=("accuracy", "snr_ppp"),
    tolerance=5e-2,
)
