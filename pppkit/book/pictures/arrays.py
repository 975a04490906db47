"""Numbers and colours as figures' JSON holds them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from plotly.colors import PLOTLY_SCALES, get_colorscale, hex_to_rgb, unlabel_rgb


def numbers(values: Any) -> np.ndarray:
    """An array of a trace: a list, or Plotly's coded bytes."""
    if isinstance(values, Mapping) and "bdata" in values:
        flat = np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"]).newbyteorder("<"))
        shape = values.get("shape")
        return flat.reshape([int(n) for n in str(shape).split(",")]) if shape else flat
    return np.asarray([] if values is None else values)


def webp(image: Image.Image, **look: Any) -> str:
    """A data address of a picture; `look` is Pillow's for the format."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", **look)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()


def scale_colours(name: Any, count: int = 256) -> np.ndarray:
    """A colour scale as `(count, 3)` whole numbers from 0 to 255.

    Args:
        name: By Plotly's name, or pairs of a place from 0 to 1 and a colour.
        count: Steps.
    """
    if isinstance(name, str):
        name = PLOTLY_SCALES.get(name) or get_colorscale(name)
    places = [float(place) for place, _ in name]
    stops = np.array([_rgb(colour) for _, colour in name], float)
    steps = np.linspace(0, 1, count)
    return np.stack([np.interp(steps, places, stops[:, i]) for i in range(3)], 1).round().astype(int)


def _rgb(colour: str) -> Sequence[float]:
    return hex_to_rgb(colour) if colour.startswith("#") else unlabel_rgb(colour)


def shares(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Values as shares of their range, from 0 to 1."""
    low = float(np.nanmin(values)) if low is None else low
    high = float(np.nanmax(values)) if high is None else high
    return np.clip((values - low) / ((high - low) or 1.0), 0, 1)
