"""What the read-outs of PosENet's tables read: a network's features of all pictures, computed once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from torch import Tensor

from ..context import SATELLITE, Context, Trial
from .encoders import Reader, encoder
from .pictures import blanks, images
from .read_outs import TESTS
from .reproduction_grids import settings


def reader(trial: Trial, context: Context) -> Reader:
    """What reads the features of a trial's network."""
    found = encoder(trial)
    return Reader(found.build(trial, context), found.layers, settings(trial)["size"], trial["padding"])


def read(trial: Trial, context: Context) -> dict[str, list[Tensor]]:
    """A network's features of all pictures, by `"train"` and the names of `TESTS`.

    Those of the last network are kept: its trials follow each other.
    """
    columns = tuple((name, trial[name]) for name in ("model", "weights", "padding", "source", "profile"))
    paths = tuple(sorted((name, str(path)) for name, path in context.paths.items()))
    return _read(columns, paths, str(context.folder), str(context.inputs or ""), context.device)


@lru_cache(maxsize=1)
def _read(columns: tuple, paths: tuple, folder: str, inputs: str, device: str) -> dict[str, list[Tensor]]:
    trial, given = dict(columns), dict(paths)
    context = Context(Path(folder), given, device, inputs=Path(inputs) if inputs else None)
    found, eye = settings(trial), reader(trial, context)
    satellite = given.get(SATELLITE)
    pictures = {
        "train": lambda: images(trial["source"], "train", found["train"], eye.window, satellite),
        "images": lambda: images(trial["source"], "test", found["test"], eye.window, satellite),
    }
    empty = blanks(found["noise"], eye.window)
    return {
        name: eye.read((pictures[name]() if name in pictures else empty[name]).to(device))
        for name in ("train", *TESTS)
    }
