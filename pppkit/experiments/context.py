"""What a trial is measured with, and the small vocabulary of grids."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..checks import one_of
from ..scenes import available, open_source

Trial = Mapping[str, Any]
SATELLITE = "satellite"
WEIGHTS = "weights"
DATA_SETS = {
    SATELLITE: "'Semantic segmentation of aerial imagery' (Humans in the Loop, open access)",
    "cifar10": "its images as train/CLASS/ and test/CLASS/",
    WEIGHTS: "state dicts of networks that others have trained",
}


@dataclass(frozen=True)
class Context:
    """Where and with what trials are measured; the same for all trials of a run.

    Attributes:
        folder: Gets what a trial leaves beside its rows: `maps/`, `weights/`, `checkpoints/`.
        paths: Folders of data sets by name: `"satellite"`, `"cifar10"`, or any name that trials give as their
            data.
        device: Torch's: `"cpu"`, `"cuda"`, `"cuda:1"`.
        progress: Show how far a single trial is.
        inputs: Another folder whose `weights/` are read where `folder` has none.
    """

    folder: Path
    paths: Mapping[str, str | Path] = field(default_factory=dict)
    device: str = "cpu"
    progress: bool = False
    inputs: Path | None = None

    @property
    def hardware(self) -> dict[str, Any]:
        """The device as Lightning is told it: what kind, and of several GPUs which."""
        kind, _, index = self.device.partition(":")
        if kind != "cuda":
            return {"accelerator": kind, "devices": 1}
        return {"accelerator": "gpu", "devices": [int(index)] if index else 1}

    @property
    def sources(self) -> list[str]:
        """The kinds of pictures that can be measured here."""
        return available(self.paths)

    def open(self, source: str) -> Any:
        """The scenes behind a source's name."""
        return open_source(source, self.paths)

    def data(self, name: str) -> str:
        """The folder of a data set; of scenes, which need none, the name."""
        return str(self.paths.get(name, name))

    def checkpoints(self, label: str) -> Path:
        """The folder from which an interrupted training goes on."""
        return self.folder / "checkpoints" / label

    def fitting(self, label: str) -> dict[str, Any]:
        """What `pppkit.training.fit` is given for every training of a run that may be interrupted."""
        return {"folder": self.checkpoints(label), "progress": self.progress, **self.hardware}

    def weights(self, name: str) -> Path:
        """The checkpoint of a name, which may not exist."""
        own = self.folder / "weights" / name
        return self.inputs / "weights" / name if self.inputs and not own.is_file() else own


def as_list(value: Any) -> list[Any]:
    """A value that may be one name or several, as a list."""
    return [value] if isinstance(value, (str, int, float)) else list(value)


def choices(name: str, value: str | Sequence[str], known: Sequence[str]) -> list[str]:
    """One name or several, each of which must be known.

    Raises:
        ValueError: With the argument's name and the known ones.
    """
    for one in as_list(value):
        one_of(name, one, known)
    return as_list(value)


def each_value(trial: Trial) -> list[Trial]:
    """A trial's rows: a value that is a tuple stands for several, which are measured together.

    Example:
        >>> each_value({"model": "vgg19", "padding": ("zeros", "randn")})
        [{'model': 'vgg19', 'padding': 'zeros'}, {'model': 'vgg19', 'padding': 'randn'}]
    """
    several = [name for name, value in trial.items() if isinstance(value, tuple)]
    values = itertools.product(*(trial[name] for name in several))
    return [{**trial, **dict(zip(several, chosen))} for chosen in values]


def needs_pictures(trial: Trial) -> Sequence[str]:
    """The data set behind a trial's `source`; endless scenes need none."""
    return (SATELLITE,) if trial["source"] == SATELLITE else ()
