"""Pictures side by side, and one after the other."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from .style import CYCLE, finish


def _png(picture: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def images(
    pictures: Sequence[np.ndarray],
    labels: Sequence[str],
    title: str = "",
    *,
    height: int = 300,
    columns: int = 4,
) -> go.Figure:
    """Photographs `(H, W, 3)`, uint8, side by side."""
    rows = -(-len(pictures) // columns)
    fig = make_subplots(
        rows, columns, subplot_titles=list(labels), horizontal_spacing=0.015, vertical_spacing=0.12 / rows
    )
    for i, picture in enumerate(pictures):
        fig.add_trace(go.Image(source=_png(picture)), i // columns + 1, i % columns + 1)
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.update_annotations(font={"size": 12})
    return finish(fig, height * rows, title, margin={"l": 5, "r": 5, "b": 5, "t": 75 if title else 30})


def coloured(labels: np.ndarray) -> np.ndarray:
    """Classes in colour, uint8: `(H, W)` of whole numbers to `(H, W, 3)`, with 0 in dark grey."""
    shades = ["#282828", *CYCLE, "#F0E442"]
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in shades], np.uint8)
    return palette[labels]


def image_slider(
    pictures: Sequence[np.ndarray],
    labels: Sequence[str],
    captions: Sequence[str],
    title: str = "",
    *,
    what: str = "",
    height: int = 440,
) -> go.Figure:
    """Pictures one after the other: a slider and a film.

    Args:
        pictures: Each `(H, W, 3)`, uint8.
        labels: Of the slider's steps.
        captions: A line under the title for each picture.
        title: Shown above.
        what: The slider counts, before the step's label.
        height: In screen pixels.
    """
    fig = go.Figure(go.Image(source=_png(pictures[0])))
    texts = [f"{title}<br><sup>{caption}</sup>" for caption in captions]
    fig.frames = [
        go.Frame(name=str(i), data=[go.Image(source=_png(p))], layout={"title": {"text": t}})
        for i, (p, t) in enumerate(zip(pictures, texts))
    ]
    still = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    knobs = [
        {"label": label, "method": "animate", "args": [[str(i)], still]} for i, label in enumerate(labels)
    ]
    value = {"prefix": what, "font": {"size": 13}}
    slider = {
        "steps": knobs,
        "active": 0,
        "currentvalue": value,
        "pad": {"t": 10, "b": 5},
        "len": 0.95,
        "x": 0.02,
    }
    run = {"frame": {"duration": 250, "redraw": True}, "fromcurrent": False, "transition": {"duration": 0}}
    play = {"type": "buttons", "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "showactive": False}
    play["buttons"] = [{"label": "▶ Play", "method": "animate", "args": [None, run]}]
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    return finish(
        fig, height, texts[0], margin={"l": 5, "r": 5, "b": 70}, updatemenus=[play], sliders=[slider]
    )
