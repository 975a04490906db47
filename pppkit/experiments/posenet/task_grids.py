"""Trials of the networks that label pixels: what they learn, under which padding, at which size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...checks import one_of
from ...padding import FILLS
from ...scenes import SOURCES
from ...training import SCENES
from ..context import SATELLITE, Trial, as_list, choices

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
