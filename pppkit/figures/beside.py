"""Surfaces beside each other in one scene: one scale, one view, one graphics context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .style import COLORSCALE, as_float32, finish
from .surfaces import bar, scene, views

GAP = 0.2  # between two surfaces, in widths of the first
HIDDEN = {"showticklabels": False, "title": {"text": ""}, "showgrid": False, "zeroline": False}
WIDTH = 1.3  # of the scene, in its own units: as much as a phone shows from `EYE`
EYE = {"x": 0.25, "y": -1.5, "z": 0.95}  # from the front, so that all are equally far


def surfaces_beside(
    maps: Mapping[str, np.ndarray], title: str = "", *, unit: str = "PPP", height: int = 440
) -> go.Figure:
    """Maps of one size as surfaces beside each other, to be turned together, in one scale.

    Args:
        maps: `(H, W)` by what is written above each.
        title: Shown above; two lines at most.
        unit: Title of the vertical axis and the colour bar.
        height: In screen pixels.

    Raises:
        ValueError: For maps of different sizes.
    """
    shapes = {name: np.shape(z) for name, z in maps.items()}
    if len(set(shapes.values())) != 1:
        raise ValueError(f"maps must have one size to stand beside each other, not {shapes}")
    low = min(0.0, *(float(np.min(z)) for z in maps.values()))
    high = max(float(np.max(z)) for z in maps.values()) or 1.0
    rows, columns = next(iter(shapes.values()))
    starts = [i * (1 + GAP) * columns for i in range(len(maps))]
    look = {"colorscale": COLORSCALE, "cmin": low, "cmax": high}
    fig = go.Figure()
    for i, (start, (name, z)) in enumerate(zip(starts, maps.items())):
        own = {"showscale": i == 0, "colorbar": bar(unit)} if i == 0 else {"showscale": False}
        hover = f"%{{z:.3g}}<extra>{name}</extra>"
        across = start + np.arange(columns, dtype=np.float32)
        fig.add_trace(go.Surface(x=across, z=as_float32(z), name=name, hovertemplate=hover, **look, **own))
    box = scene(unit, (low, 1.05 * high))
    box["xaxis"] |= HIDDEN
    one = WIDTH / (len(maps) * (1 + GAP) - GAP)
    box["aspectratio"] = {"x": WIDTH, "y": one, "z": 0.8 * one}
    box["annotations"] = [_label(name, start + columns / 2, rows, high) for start, name in zip(starts, maps)]
    box["camera"]["eye"] = dict(EYE)
    return finish(fig, height, title, scene=box, margin={"l": 0, "r": 0, "b": 10}, updatemenus=[views(EYE)])


def _label(name: str, x: float, rows: int, high: float) -> dict[str, Any]:
    """A surface's name, over its back edge; on a phone what follows a colon needs a line of its own."""
    return {
        "text": name.replace(": ", ":<br>"),
        "x": x,
        "y": 0,
        "z": 1.05 * high,
        "showarrow": False,
        "font": {"size": 12},
    }
