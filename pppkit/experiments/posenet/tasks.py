"""What position is good for: saliency and segmentation networks from scratch, with and without padding.

Table 6 of Islam, Jia and Bruce, who removed all padding and saw the scores fall. A network without padding
differs from one with zeros in two things: it cannot know where it is, and its output covers only the middle
of the image and is stretched. The scheme `"surrounded"` has the first without the second: the
network sees the real surroundings in padding's place, and is trained and tested on the middle of its output.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor, nn

from ... import models
from ...checks import one_of
from ...measure import measure_ppp
from ...padding import FILLS
from ...results.maps import load_maps, save_maps
from ...scenes import SOURCES
from ...training import LAST, SCENES, Images, PaddedModule, Recipe, Saliency, Segmenter, fit
from ...training.saliency import open_masks, open_test_masks
from ...training.segmentation import open_classes
from ..base import Experiment
from ..context import SATELLITE, Context, Trial, as_list, choices
from .task_scores import blind, predict, scores

KEY = ("task", "model", "data", "padding", "seed", "profile")
SALIENCY, SEGMENTATION = TASKS = ("saliency", "segmentation")
NONE, SURROUNDED = "none", "surrounded"
PADDINGS = (*FILLS, NONE, SURROUNDED)
ROOM = 40  # pixels of surroundings: as far as an output pixel sees, rounded up to the total stride
MODELS = ("vgg_fcn",)
TESTS = ("ecssd", "pascal_s", "dut_omron")  # of saliency, where `paths` has them
PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"width": 0.125, "images": 64, "validation": 32, "epochs": 2, "n": 4, "networks": 1},
    "published": {"width": 0.25, "images": 1200, "validation": 240, "epochs": 4, "n": 16, "networks": 2},
    "paper": {"width": 1.0, "images": None, "validation": None, "epochs": 30, "n": 480, "networks": 5},
}
PUBLISHED = {(SEGMENTATION, SCENES): {"images": 2400, "epochs": 4}}  # what a cell needs to pass its gate
COMMON: dict[str, Any] = {"size": 80, "batch": 32, "precision": "bf16-mixed", "lr": 3e-3, "warm_up": 0.2}
GATE = 0.15  # above the best answer that ignores the picture, in the task's score; chosen before PPP was seen
MONITORED = 32  # validation images that are scored while a network trains; at the end all are
SHOWN = 3  # validation images whose predictions are kept, of each cell's first network


class Task(NamedTuple):
    """What a network learns: images with `ROOM` around their targets if they have it, and the classes."""

    train: Images
    validation: Images
    classes: int
    room: int


def grid(
    profile: str = "published",
    task: str | Sequence[str] = TASKS,
    data: str | Sequence[str] | None = None,
    padding: str | Sequence[str] = PADDINGS,
    model: str | Sequence[str] = MODELS,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials, networks outermost.

    Args:
        profile: One of `PROFILES`.
        task: Of `TASKS`, one or several.
        data: Names, one or several: `"scenes"`, `"satellite"` (segmentation), or a data set's name in the
            `paths` of a run, DUTS for saliency and VOC for segmentation. None for the first two, of the quick
            profile for scenes.
        padding: Of `PADDINGS`, one or several; pictures in files have no surroundings.
        model: Of `MODELS`, one or several.
        networks: Seeds of each cell; None for the profile's number.

    Raises:
        ValueError: For an unknown name.
    """
    one_of("profile", profile, PROFILES)
    tasks, schemes = choices("task", task, TASKS), choices("padding", padding, PADDINGS)
    names = as_list(data) if data is not None else [SCENES] if profile == "quick" else list(SOURCES)
    cells = [(t, d) for t in tasks for d in names if d != SATELLITE or t == SEGMENTATION]
    return [
        {"task": t, "model": m, "data": d, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(networks or PROFILES[profile]["networks"])
        for t, d in cells
        for m in choices("model", model, MODELS)
        for scheme in schemes
        if scheme != SURROUNDED or d in SOURCES
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows: of shapes, which take longest to tell apart, two paddings only."""
    first = [t for t in grid() if (t["task"], t["data"]) != (SEGMENTATION, SCENES)]
    return [*first, *grid(task=SEGMENTATION, data=SCENES, padding=(FILLS[0], NONE))]


def startable(profile: str, paths: Mapping[str, str | Path] | None = None) -> list[dict[str, Any]]:
    """The trials that can be measured here: on scenes, and on the mosaics where their folder is given."""
    given = [name for name in SOURCES if name == SCENES or (paths or {}).get(name)]
    return grid(profile, data=given)


def settings(trial: Trial) -> dict[str, Any]:
    """Everything that a trial's names stand for."""
    for name, known in (("task", TASKS), ("model", MODELS), ("padding", PADDINGS)):
        one_of(name, trial[name], known)
    own = PUBLISHED.get((trial["task"], trial["data"]), {}) if trial["profile"] == "published" else {}
    return {**COMMON, **PROFILES[trial["profile"]], **own}


def name(trial: Trial) -> str:
    """The trial in a file name."""
    return "posenet_tasks_" + "_".join(str(trial[k]) for k in KEY)


def weights_file(folder: str | Path, trial: Trial) -> Path:
    """Where a trial's trained network is (`pppkit.models.load`)."""
    return Path(folder) / "weights" / f"{name(trial)}.pt"


def map_file(folder: str | Path, trial: Trial) -> Path:
    """Where the predictions of a trial are; of first networks only."""
    return Path(folder) / "maps" / f"{name(trial)}.npz"


def maps(folder: str | Path, trial: Trial) -> dict[tuple[str, ...], np.ndarray]:
    """By (`"image"`, `"truth"` or `"prediction"`, number): `(3, H, W)` from 0 to 255, or `(H, W)`."""
    return load_maps(map_file(folder, trial))


def open_task(trial: Trial, context: Context) -> Task:
    """The pictures of a trial. The same for every padding and seed."""
    s, data = settings(trial), trial["data"]
    source, room = str(context.paths.get(data, data)), ROOM if data in SOURCES else 0
    asked = {"train": s["images"], "validation": s["validation"], "margin": room}
    if trial["task"] == SALIENCY:
        return Task(*open_masks(source, s["size"], **asked), 1, room)
    found = open_classes(source, s["size"], **asked)
    return Task(found.train, found.validation, len(found.classes), room)


def inner(images: Images, room: int) -> Images:
    """Images without their surroundings."""
    pixels, targets = images.tensors
    return Images(pixels[..., room : pixels.shape[-2] - room, room : pixels.shape[-1] - room], targets)


class Middle(nn.Module):
    """The middle of a network's output: without a border of so many pixels.

    Args:
        network: From images to maps of their size.
        room: Pixels on each side.
    """

    def __init__(self, network: nn.Module, room: int):
        super().__init__()
        self.network, self.room = network, room

    def forward(self, x: Tensor) -> Tensor:
        """`(N, 3, H + 2 room, W + 2 room)` to `(N, C, H, W)`."""
        y = self.network(x)
        return y[..., self.room : y.shape[-2] - self.room, self.room : y.shape[-1] - self.room]


def module(trial: Trial, network: nn.Module, classes: int) -> PaddedModule:
    """What trains a trial's network."""
    s = settings(trial)
    surrounded = trial["padding"] == SURROUNDED
    model = Middle(network, ROOM) if surrounded else network
    padding = "zeros" if surrounded else trial["padding"]  # zeros that no pixel of the middle can see
    learning: dict[str, Any] = {
        "recipe": Recipe(lr=s["lr"], warm_up=s["warm_up"]),
        "seed": trial["seed"],
    }
    if trial["task"] == SALIENCY:
        return Saliency(model, padding, **learning)
    return Segmenter(model, padding, classes=classes, **learning)


def train(trial: Trial, task: Task, context: Context) -> nn.Module:
    """A trial's network, trained, in eval mode, its weights left in the context's folder."""
    s = settings(trial)
    build = {"width": s["width"], "num_classes": task.classes, "init": "kaiming", "seed": trial["seed"]}
    network = models.build(trial["model"], **build)
    cut = 0 if trial["padding"] == SURROUNDED else task.room
    sets = [inner(images, cut) for images in (task.train, task.validation)]
    sets[1] = Images(*(t[:MONITORED] for t in sets[1].tensors))
    fit(
        module(trial, network, task.classes),
        *sets,
        epochs=s["epochs"],
        batch=s["batch"],
        folder=context.folder / "checkpoints" / name(trial),
        precision=s["precision"],
        accelerator=context.accelerator,
        progress=context.progress,
    )
    models.save(network, weights_file(context.folder, trial))
    return network.eval().to(context.device)


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


def needs(trial: Trial) -> Sequence[str]:
    """The data set that a trial learns from; scenes need none."""
    return () if trial["data"] == SCENES else (trial["data"],)


def remove_checkpoints(trial: Trial, context: Context) -> None:
    """The weights stay, what resuming needed does not."""
    folder = context.folder / "checkpoints" / name(trial)
    if (folder / LAST).exists():
        shutil.rmtree(folder)


EXPERIMENT = Experiment(
    name="posenet_tasks",
    title="What for: saliency and segmentation from scratch, with and without padding",
    key=KEY,
    profiles=PROFILES,
    grid=grid,
    published=published,
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
