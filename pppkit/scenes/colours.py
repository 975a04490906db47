"""Colours of leaves, and the picture of a painting: shading in fixed point, then a lens."""

from __future__ import annotations

import numpy as np

from .hashing import hash_position, uniform
from .points import Points

ONE = 1 << 16  # full brightness: fixed-point numbers, so that the same pixel comes out of every window
PIXELS = 1 << 15  # pixels that are developed at a time: they stay in a core's cache


def palette(seed: int, bits: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Colours that go together within a region of the world, as in photographs: `(3, n)` in [0, 1].

    Args:
        seed: Which world.
        bits: 64 random bits for each point.
        y: Rows of the points.
        x: Columns of the points.
    """
    row, column = np.floor((y + 90 * uniform(bits, 10)) / 420), np.floor((x + 90 * uniform(bits, 11)) / 420)
    region = hash_position(seed, -1, row, column)
    accent = uniform(bits, 12) < 0.15
    hue = uniform(region, 0) + 0.14 * (uniform(bits, 13) - 0.5) + 0.45 * accent
    saturation = (0.15 + 0.45 * uniform(region, 1)) * (0.4 + 0.9 * uniform(bits, 14)) + 0.15 * accent
    value = np.clip(0.25 + 0.5 * uniform(region, 2) + 0.75 * (uniform(bits, 15) - 0.5), 0.04, 0.98)
    return hsv_to_rgb(hue, np.clip(saturation, 0, 0.9), value)


def hsv_to_rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """`(3, n)` colours in [0, 1]; the hue is cyclic with period 1."""
    k = (np.array([[5.0], [3.0], [1.0]]) + 6 * (hue % 1)) % 6
    return value * (1 - saturation * np.clip(np.minimum(k, 4 - k), 0, 1))


def flat(rgb: np.ndarray) -> np.ndarray:
    """Colours without shading, as `develop` takes them: `(5, n)` from `(3, n)` in [0, 1]."""
    table = np.zeros((5, rgb.shape[1]), np.int32)
    table[:3] = np.rint(rgb * ONE)
    return table


def shaded(rgb: np.ndarray, points: Points, y: int, x: int) -> np.ndarray:
    """Colours of leaves that are lit from a random side, as `develop` takes them: `(5, n)`.

    Args:
        rgb: Colours at the leaves' centres, `(3, n)` in [0, 1].
        points: The leaves.
        y: The window's first row.
        x: The window's first column.
    """
    strength = 0.25 * (uniform(points.bits, 4) - 0.2)
    direction = 2 * np.pi * uniform(points.bits, 5)
    slope = np.stack([np.sin(direction), np.cos(direction)]) * (strength / points.radius)
    slope = np.rint(slope * ONE).astype(np.int64)
    first = np.rint(rgb * ONE).astype(np.int64)
    first += (y - np.rint(points.y).astype(np.int64)) * slope[0]
    first += (x - np.rint(points.x).astype(np.int64)) * slope[1]
    return np.concatenate([first, slope]).astype(np.int32)


def develop(owner: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The picture of a painting, through a lens that shows no detail sharper than a pixel.

    Args:
        owner: Which leaf is over each pixel, `(height + 2, width + 2)`: one pixel more on each side, for the
            lens.
        colours: For each leaf red, green and blue at the window's first pixel, and what they rise by along y
            and along x: `(5, n)` int32 in units of 1 / `ONE`.

    Returns:
        `(3, height, width)`, uint8.
    """
    height, width = owner.shape[0] - 2, owner.shape[1] - 2
    image = np.empty((3, height, width), np.uint8)
    columns = np.arange(width + 2, dtype=np.int32)
    step = max(1, PIXELS // (width + 2))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        leaf = owner[top : bottom + 2].astype(np.intp)
        rows = np.arange(top, bottom + 2, dtype=np.int32)[:, None]
        shading = colours[3].take(leaf) * rows
        shading += colours[4].take(leaf) * columns
        for channel in range(3):
            plane = colours[channel].take(leaf)
            plane += shading
            image[channel, top:bottom] = _lens(plane)
    return image


def _lens(plane: np.ndarray) -> np.ndarray:
    """The kernel 1 6 1 along both axes, and 255 for `ONE`: `(h - 2, w - 2)` from `(h, w)`."""
    tall = plane[1:-1] * 6
    tall += plane[:-2]
    tall += plane[2:]
    out = tall[:, 1:-1] * 6
    out += tall[:, :-2]
    out += tall[:, 2:]
    np.maximum(out, 0, out=out)
    np.minimum(out, 64 * ONE, out=out)
    out >>= 8
    out *= 255
    out += ONE // 8
    out >>= 14
    return out
