"""The two worlds that every experiment measures on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..checks import one_of
from .photographs import InfiniteScene, PhotoFolder, Scene

SOURCES = ("scenes", "satellite")


def open_source(name: str, satellite: str | Path | None = None) -> Scene | Sequence[Scene]:
    """The scenes behind a source's name.

    Args:
        name: `"scenes"`, the endless scene of seed 0, or `"satellite"`: Dubai seen by the MBRSC satellites (Humans in the
            Loop), eight mosaics of 3 x 3 tiles.
        satellite: The data set's folder, with `*/images/*.jpg` below it.

    Raises:
        ValueError: For an unknown name or a missing folder.
    """
    one_of("source", name, SOURCES)
    if name == "scenes":
        return InfiniteScene(0)
    if not satellite:
        raise ValueError(
            "source='satellite' needs satellite=, the folder of the data set 'Semantic segmentation of aerial imagery' (Humans in the Loop, open access)"
        )
    return PhotoFolder(satellite, grid=(3, 3), pattern="*/images/*.jpg")


def available(satellite: str | Path | None) -> list[str]:
    """The sources that can be measured here: the satellite mosaics where a folder is given."""
    return ["scenes", "satellite"] if satellite else ["scenes"]
