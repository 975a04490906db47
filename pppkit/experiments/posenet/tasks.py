"""What position is good for: saliency and segmentation networks from scratch, with and without padding.

Table 5 of Islam, Jia and Bruce, who removed all padding and saw the scores fall. A network without padding
differs from one with zeros in two things: it cannot know where it is, and its output covers only the middle
of the image and is stretched. The scheme `"surrounded"` has the first without the second: the
network sees the real surroundings in padding's place, and is trained and tested on the middle of its output.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn

from ...measure import measure_ppp
from ...padding import FILLS
from ...results.maps import load_maps, save_maps
from ...scenes import SOURCES
from ...training import SCENES, Images
from ...training.saliency import open_test_masks
from ..base import Experiment
from ..context import Context, Trial
from ..ppp.chronology import needs, remove_resumable
from .task_grids import (
    COMMON,
    GATE,
    KEY,
    NONE,
    PADDINGS,
    PROFILES,
    ROOM,
    SALIENCY,
    SEGMENTATION,
    SURROUNDED,
    TASKS,
    TESTS,
    grid,
    name,
    settings,
    startable,
    weights_file,
)
from .task_scores import blind, predict, scores
from .task_training import Middle, inner, open_task, train

__all__ = [
    "COMMON",
    "EXPERIMENT",
    "GATE",
    "KEY",
    "NONE",
    "PADDINGS",
    "PROFILES",
    "ROOM",
    "SALIENCY",
    "SEGMENTATION",
    "SURROUNDED",
    "TASKS",
    "Middle",
    "grid",
    "inner",
    "map_file",
    "maps",
    "measure",
    "name",
    "needs",
    "open_task",
    "passed",
    "settings",
    "startable",
    "weights_file",
]

SHOWN = 3  # validation images whose predictions are kept, of each cell's first network


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the predictions of a trial are; of first networks only."""
    return Path(folder) / "maps" / f"{name(trial)}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """By (`"image"`, `"truth"` or `"prediction"`, number): `(3, H, W)` from 0 to 255, or `(H, W)`."""
    return load_maps(map_file(folder, trial))


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """Trains one network, scores it and measures its PPP.

    Returns:
        A row for each set of pictures that it is scored on: `score` (maximal F-measure or mIoU, a fraction),
        `mae` of saliency, one of them also in the `border` of an eighth of the side and in the `middle`;
        `blind` and `blind mae`, of the best answer that ignores the picture; `score surrounded`, with the
        real surroundings in place of the padding that it was trained with; `snr_ppp` by level of its layers.
    """
    s, task = settings(trial), open_task(trial, context)
    network = train(trial, task, context)
    surrounded, sides = trial["padding"] == SURROUNDED, task.room
    plain = inner(task.validation, sides)
    ways: dict[str, tuple[nn.Module, Images, str]] = {"own": (network, plain, trial["padding"])}
    if sides:
        ways["surrounded"] = (Middle(network, sides), task.validation, "zeros")
    if surrounded:
        ways["own"] = ways["surrounded"]
    kind, classes = trial["task"], task.classes
    found = {w: predict(model, images.tensors[0], padding) for w, (model, images, padding) in ways.items()}
    truth = plain.tensors[1]
    row = {"tested_on": trial["data"], **scores(kind, found["own"], truth, classes)}
    fixed = blind(kind, task.train, plain, classes)
    row |= {f"blind {what}".removesuffix(" score"): fixed[what] for what in ("score", "mae") if what in fixed}
    if "surrounded" in found and trial["padding"] in FILLS:
        row["score surrounded"] = scores(kind, found["surrounded"], truth, classes)["score"]
    row |= _pattern(trial, network, context)
    if trial["seed"] == 0:
        save_maps(map_file(context.folder, trial), _shown(trial, plain, found["own"], classes), bits=10)
    rows = [row, *(_tested(trial, network, other, context) for other in TESTS if other in context.paths)]
    learning = {k: s[k] for k in ("width", "size", "epochs", "lr", "precision")}
    return pd.DataFrame(rows).assign(images=len(task.train), validation=len(plain), **learning)


def _pattern(trial: Trial, network: nn.Module, context: Context) -> dict[str, Any]:
    """PPP of the encoder under the padding that it was trained with; a surrounded one sees none."""
    if trial["padding"] == SURROUNDED:
        return {}
    s, source = settings(trial), trial["data"] if trial["data"] in SOURCES else SCENES
    asked = {"padding": trial["padding"], "size": s["size"], "n": s["n"], "batch_size": 4}
    rows = measure_ppp(network, context.open(source), progress=False, **asked).rows
    return {"source": source} | {f"snr_ppp {level}": v for level, v in zip(rows["level"], rows["snr_ppp"])}


def _tested(trial: Trial, network: nn.Module, name: str, context: Context) -> dict[str, Any]:
    """Scores of a saliency network on another data set."""
    s = settings(trial)
    images = open_test_masks(context.paths[name], s["size"], s["validation"])
    found = predict(network, images.tensors[0], trial["padding"])
    return {"tested_on": name, **scores(trial["task"], found, images.tensors[1], 1)}


def _shown(trial: Trial, plain: Images, predicted: Tensor, classes: int) -> dict[tuple[str, str], np.ndarray]:
    """Predictions of the first images; the images and their truth are kept once, with the first padding."""
    pixels, targets = (t[:SHOWN] for t in plain.tensors)
    out = {("prediction", str(i)): p.numpy() for i, p in enumerate(predicted[:SHOWN])}
    if trial["padding"] == PADDINGS[0]:
        out |= {("image", str(i)): p.numpy() for i, p in enumerate(pixels)}
        out |= {("truth", str(i)): p.numpy() for i, p in enumerate(targets)}
    return out


def passed(rows: pd.DataFrame) -> pd.Series:
    """Whether each network learned its task: `GATE` above the best answer that ignores the picture."""
    return (rows["score"] >= rows["blind"] + GATE).rename("learned")


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """The weights stay, what resuming needed does not."""
    remove_resumable(context, name(trial))


EXPERIMENT = Experiment(
    name="posenet_tasks",
    title="What for: saliency and segmentation from scratch, with and without padding",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    resolve=settings,
    needs=needs,
    stored=remove_checkpoints,
    here=True,
    within=("tested_on",),
    metrics=("score", "mae", "score surrounded", "snr_ppp 4"),
    tolerance=2e-2,
    floor=0.1,
)
