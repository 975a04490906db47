"""The two worlds that every experiment measures on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..checks import one_of
from .endless import InfiniteScene
from .photographs import PhotoFolder
from .windows import Scene

# Pictures that the book measures on.
SOURCES = ("scenes", "satellite")


def open_source(name: str, paths: Mapping[str, str | Path | None] | None = None) -> Scene | Sequence[Scene]:
    """The scenes behind a source's name.

    Args:
        name: `"scenes"`, the endless scene of seed 0, or `"satellite"`: Dubai seen by the MBRSC satellites
            (Humans in the Loop), eight mosaics of 3 x 3 tiles.
        paths: Folders by data set; `"satellite"` has `*/images/*.jpg` below it. Other data sets may be named,
            too.

    Raises:
        ValueError: For an unknown name or a missing folder.
    """
    one_of("source", name, SOURCES)
    if name == "scenes":
        return InfiniteScene(0)
    if not isinstance(paths or {}, Mapping):
        raise ValueError(
            f"paths={str(paths)!r} must be folders by data set, such as {{{name!r}: {str(paths)!r}}}"
        )
    folder = (paths or {}).get(name)
    if not folder:
        raise ValueError(
            f"source={name!r} needs paths={{{name!r}: FOLDER}}, the folder of the data set "
            "'Semantic segmentation of aerial imagery' (Humans in the Loop, open access)"
        )
    return PhotoFolder(folder, grid=(3, 3), pattern="*/images/*.jpg")


def available(paths: Mapping[str, str | Path | None] | None = None) -> list[str]:
    """The sources that can be measured here: scenes always, the others where their folder is given."""
    return [name for name in SOURCES if name == "scenes" or (paths or {}).get(name)]
