"""Figures that change step by step: a slider, and a button that plays them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .pictures import picture
from .style import COLORSCALE, GREY, as_float32, finish
from .surfaces import bar, scene, views

UNCHANGED = {"duration": 0, "redraw": True}
PPP_RANGE = (-0.02, 1.3)  # of PPP: times the last step's maximum
PLAYS = "plays once"  # a slider's name: in the book its film runs when it is first seen


def slider(
    labels: Sequence[str], frames: Sequence[str], prefix: str, *, active: int, font: int
) -> dict[str, Any]:
    """A slider under a figure.

    Args:
        labels: Of its steps.
        frames: The name of each step's frame.
        prefix: Before the label of the step that is shown.
        active: The step at first.
        font: Size of that label.
    """
    still = {"mode": "immediate", "frame": UNCHANGED, "transition": {"duration": 0}}
    steps = [
        {"label": label, "method": "animate", "args": [[frame], still]}
        for label, frame in zip(labels, frames)
    ]
    value = {"prefix": prefix, "font": {"size": font}}
    place = {"pad": {"t": 10, "b": 5}, "len": 0.95, "x": 0.02}
    return {"steps": steps, "active": active, "currentvalue": value, **place}


def play(milliseconds: int) -> list[dict[str, Any]]:
    """The button that plays all frames."""
    frame = {"duration": milliseconds, "redraw": True}
    run = {"frame": frame, "fromcurrent": False, "transition": {"duration": 0}}
    return [{"label": "▶ Play", "method": "animate", "args": [None, run]}]


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
    texts = [f"{title}<br><sup>{caption}</sup>" for caption in captions]
    names = [str(i) for i in range(len(pictures))]
    fig = go.Figure(picture(pictures[0]))
    fig.frames = [
        go.Frame(name=name, data=[picture(p)], layout={"title": {"text": text}})
        for name, p, text in zip(names, pictures, texts)
    ]
    button = {"type": "buttons", "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "showactive": False}
    menus = [{**button, "buttons": play(250)}]
    sliders = [slider(labels, names, what, active=0, font=13)]
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    margin = {"l": 5, "r": 5, "b": 70}
    return finish(fig, height, texts[0], margin=margin, updatemenus=menus, sliders=sliders)


def emergence(
    steps: Sequence[Sequence[np.ndarray]],
    counts: Sequence[int],
    title: str = "",
    *,
    unit: str = "PPP",
    counting: str = "images",
    height: int = 560,
) -> go.Figure:
    """Surfaces that change with the number of images, or of epochs: a slider, a film and both views.

    The first step is shown at first, and in the book the film plays once. All steps share one scale, that of
    the last; earlier surfaces may leave the box.

    Args:
        steps: For each number of images the map `(H, W)` to show in colour, or two: the one in grey (optimal
            padding) first.
        counts: Numbers of images.
        title: Shown above.
        unit: Title of the vertical axis and the colour bar.
        counting: What the slider counts.
        height: In screen pixels.
    """
    stacks = [[as_float32(z) for z in step] for step in steps]
    limits = _limits(stacks[-1], unit)
    names = [str(n) for n in counts]
    fig = go.Figure(_surfaces(stacks[0], limits, unit))
    fig.frames = [
        go.Frame(name=name, data=[go.Surface(z=z) for z in stack]) for name, stack in zip(names, stacks)
    ]
    film = {**views(), "x": 0.0, "xanchor": "left", "buttons": play(700)}
    steps_below = slider(names, names, f"{counting}: ", active=0, font=14)
    return finish(
        fig,
        height,
        title,
        scene=scene(unit, limits),
        margin={"l": 0, "r": 0, "b": 70},
        updatemenus=[views(), film],
        sliders=[{**steps_below, "name": PLAYS}],
    )


def _limits(last: Sequence[np.ndarray], unit: str) -> tuple[float, float]:
    """The vertical range that suits the last step: from 0 for PPP, else with room on both sides."""
    values = np.concatenate([z.ravel() for z in last])
    low, high, room = float(values.min()), float(values.max()), 0.5 * float(np.ptp(values))
    return (PPP_RANGE[0] * high, PPP_RANGE[1] * high) if unit == "PPP" else (low - room, high + room)


def _surfaces(step: Sequence[np.ndarray], limits: tuple[float, float], unit: str) -> list[go.Surface]:
    """The surfaces of one step: grey ones, and the last in colour."""
    hover = "y %{y}, x %{x}<br>%{z:.3g}<extra>%{fullData.name}</extra>"
    plain = {"colorscale": GREY, "showscale": False, "name": "optimal padding", "hovertemplate": hover}
    grey = [go.Surface(z=z, **plain) for z in step[:-1]]
    low, high = limits
    colour = {"colorscale": COLORSCALE, "cmin": low, "cmax": high, "colorbar": bar(unit)}
    name = "padded" if grey else "PPP"
    return [*grey, go.Surface(z=step[-1], name=name, hovertemplate=hover, **colour)]
