"""Figure 1: the pattern emerging from the mist as the number of images grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ... import models
from ...checks import one_of
from ...measure import PPPResult, measure_ppp
from ...results.maps import load_maps, save_maps
from ...scenes import SOURCES
from ..base import Experiment
from ..context import Context, Trial, as_list, choices, needs_pictures

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"n": 20, "size": 96, "width": 0.25},
    "published": {"n": 480, "size": 224, "width": 1.0},
    "paper": {"n": 480, "size": 224, "width": 1.0},
}
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 480)
PADDINGS = ("randn", "zeros")
UNTRAINED = "0"  # what rows of an untrained network have as `weights_seed`
TRAINED = "resnet50_scenes_{padding}_0_published.pt"


def grid(
    profile: str = "published",
    source: str | Sequence[str] = SOURCES,
    model: str = "resnet50",
    weights: str | Sequence[str] = "",
) -> list[dict[str, Any]]:
    """A trial for each network and kind of pictures.

    Args:
        profile: One of `PROFILES`.
        source: Of `pppkit.scenes.SOURCES`, one or several.
        model: A name for `pppkit.models.build`.
        weights: Checkpoints, one or several; `""` for an untrained network. A file's path, or the name alone
            of one in `weights/` of the folder of the rows. One of `pppkit.models.save` brings its own network
            along. `{padding}` in it stands for each padding's name, for networks that were trained under the
            padding they are measured with.

    Raises:
        ValueError: For an unknown profile or source.
    """
    one_of("profile", profile, PROFILES)
    sources = choices("source", source, SOURCES)
    return [
        {"model": model, "weights": file, "source": pictures, "profile": profile}
        for file in as_list(weights)
        for pictures in sources
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: an untrained network, and two, each trained under its padding."""
    return grid(weights=("", TRAINED))


def rows_of(trial: Trial) -> list[dict[str, Any]]:
    """The trial under each padding, where `weights_seed` names the checkpoint."""
    own = {k: trial[k] for k in ("model", "source", "profile")}
    names = {p: Path(trial["weights"].replace("{padding}", p)).stem or UNTRAINED for p in PADDINGS}
    return [{**own, "padding": padding, "weights_seed": name} for padding, name in names.items()]


def _files(trial: Trial, context: Context) -> dict[str, Path | None]:
    """By padding, the checkpoint of the network that is measured under it."""
    files: dict[str, Path | None] = dict.fromkeys(PADDINGS)
    for padding in PADDINGS if trial["weights"] else ():
        path = Path(trial["weights"].replace("{padding}", padding))
        files[padding] = path if len(path.parts) > 1 else context.weights(path.name)
    return files


def check(trial: Trial, context: Context) -> None:
    """Refuses a checkpoint that is not there."""
    for file in _files(trial, context).values():
        if file and not file.is_file():
            raise ValueError(f"weights={trial['weights']!r}: {file} does not exist")


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the maps of a trial are."""
    label = Path(trial["weights"].replace("{padding}", "each")).stem or UNTRAINED
    name = f"emergence_{trial['model']}_{label}_{trial['source']}_{trial['profile']}"
    return Path(folder) / "maps" / f"{name}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """By (kind, padding, layer) maps after each number of images, `(counts, H, W)`.

    Kinds are `ppp`, `optimal` and `padded`.
    """
    return load_maps(map_file(folder, trial))


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """The convergence of a network's pattern: a row for each padding, layer and number of images."""
    files = _files(trial, context)
    results = [_converge(trial, context, file, files) for file in dict.fromkeys(files.values())]
    snapshots = {
        (kind, *name): stack
        for result in results
        for name, kinds in result.snapshots.items()
        for kind, stack in kinds.items()
    }
    save_maps(map_file(context.folder, trial), snapshots)
    names = {row["padding"]: row["weights_seed"] for row in rows_of(trial)}
    rows = pd.concat([_with_origin(result) for result in results], ignore_index=True)
    return rows.assign(weights_seed=rows["padding"].map(names))


def _converge(trial: Trial, context: Context, file: Path | None, files: dict[str, Path | None]) -> PPPResult:
    p = PROFILES[trial["profile"]]
    model = (
        models.from_checkpoint(file, trial["model"])
        if file
        else models.build(trial["model"], width=p["width"])
    )
    return measure_ppp(
        model.to(context.device),
        context.open(trial["source"]),
        padding=[padding for padding, own in files.items() if own == file],
        n=p["n"],
        size=p["size"],
        counts=COUNTS,
        progress=context.progress,
    )


def _with_origin(result: PPPResult) -> pd.DataFrame:
    origin = result.rows.iloc[0][["size", "margin", "seed", "seconds", "device", "dtype"]]
    return result.convergence.assign(**origin.to_dict())


EXPERIMENT = Experiment(
    name="emergence",
    title="Figure 1: the pattern emerging as the number of images grows",
    key=("model", "weights_seed", "source", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    published=published,
    measure=measure,
    rows_of=rows_of,
    needs=needs_pictures,
    check=check,
    here=True,
    within=("layer", "n"),
    metrics=("snr_ppp", "mae_ppp"),
    text=("weights_seed",),
)
