"""Pictures side by side."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from .style import CYCLE, finish


def picture(values: np.ndarray) -> go.Image:
    """One picture `(H, W, 3)`, uint8, as a PNG in the page."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(values)).save(stream, "PNG", optimize=True)
    return go.Image(source="data:image/png;base64," + base64.b64encode(stream.getvalue()).decode())


def images(
    pictures: Sequence[np.ndarray],
    labels: Sequence[str],
    title: str = "",
    *,
    height: int = 300,
    columns: int = 4,
) -> go.Figure:
    """Photographs side by side.

    Args:
        pictures: Each `(H, W, 3)`, uint8.
        labels: Above each.
        title: Shown above all.
        height: Of a row in screen pixels.
        columns: Pictures in a row.
    """
    rows = -(-len(pictures) // columns)
    spacing = {"horizontal_spacing": 0.015, "vertical_spacing": 0.12 / rows}
    fig = make_subplots(rows, columns, subplot_titles=list(labels), **spacing)
    for i, values in enumerate(pictures):
        fig.add_trace(picture(values), i // columns + 1, i % columns + 1)
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.update_annotations(font={"size": 12})
    return finish(fig, height * rows, title, margin={"l": 5, "r": 5, "b": 5, "t": 75 if title else 30})


def coloured(labels: np.ndarray) -> np.ndarray:
    """Classes in colour, uint8: `(H, W)` of whole numbers to `(H, W, 3)`, with 0 in dark grey."""
    shades = ["#282828", *CYCLE, "#F0E442"]
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in shades], np.uint8)
    return palette[labels]
