"""Maps beside the rows: arrays by name in one compressed file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def save_maps(path: str | Path, maps: Mapping[Any, np.ndarray], bits: int = 23) -> None:
    """Writes arrays named by tuples of text (`.npz`, float32), whole or not at all.

    Args:
        path: The file.
        maps: By name.
        bits: Of each number's fraction that are kept. 10 are as exact as half precision, over all of
            float32's range (deep features of untrained networks can be as small as 1e-10), and make the file
            half as large.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    mask = np.uint32((0xFFFFFFFF << (23 - bits)) & 0xFFFFFFFF)
    kept: dict[str, Any] = {}
    for name, values in maps.items():
        rounded = np.asarray(values, np.float32).view(np.uint32) & mask
        kept["|".join(name)] = rounded.view(np.float32)
    np.savez_compressed(part, **kept)
    part.replace(path)


def load_maps(path: str | Path) -> dict[tuple[str, ...], np.ndarray]:
    """What `save_maps` wrote.

    Raises:
        ValueError: If there is no such file.
    """
    if not Path(path).is_file():
        raise ValueError(
            f"path={str(path)!r} does not exist; run the experiment that leaves these maps first"
        )
    with np.load(path, allow_pickle=False) as arrays:
        return {tuple(k.split("|")): arrays[k] for k in arrays.files}


def block_means(maps: np.ndarray, largest: int) -> np.ndarray:
    """Maps averaged over square blocks of pixels, as small as needed for a side of at most `largest`.

    Args:
        maps: `(..., H, W)`; rows and columns that fill no block are left out.
        largest: In pixels.

    Example:
        >>> block_means(np.array([[1.0, 3.0], [5.0, 7.0]]), 1)
        array([[4.]])
    """
    height, width = maps.shape[-2:]
    step = -(-max(height, width) // largest)
    if step == 1:
        return maps
    rows, columns = height // step, width // step
    blocks = maps[..., : rows * step, : columns * step].reshape(*maps.shape[:-2], rows, step, columns, step)
    return blocks.mean((-3, -1))
