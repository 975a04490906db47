"""Drawings that explain."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from .style import CYCLE, finish, legend_below

INPUT, PADDING, OUTPUT = CYCLE[0], CYCLE[4], CYCLE[2]  # colours
LOW, HIGH = -0.35, 1.35  # ends of the lines at the centres; the input lies at 0, the output at 1


def stride_diagram(
    size: int = 8, kernel: int = 3, stride: int = 2, padding: int = 1, title: str = "", *, height: int = 330
) -> go.Figure:
    """What each output of a strided convolution sees in one dimension, and where both maps have their centre.

    Args:
        size: Pixels of the input.
        kernel: Pixels that an output sees.
        stride: Pixels between two outputs.
        padding: Pixels that are added on each side.
        title: Shown above.
        height: In screen pixels.
    """
    count = (size + 2 * padding - kernel) // stride + 1
    starts = [i * stride - padding for i in range(count)]
    centres = [start + (kernel - 1) / 2 for start in starts]
    seen = starts[-1] + kernel - 1  # the last pixel that any output sees
    outside = [*range(-padding, 0), *range(size, size + padding)]
    read, unread = [o for o in outside if o <= seen], [o for o in outside if o > seen]
    fig = go.Figure([_ray(s + j, c) for s, c in zip(starts, centres) for j in range(kernel)])
    filled = {"size": 16, "symbol": "square"}
    fig.add_trace(_pixels(read, 0, "padding that is read", {**filled, "color": PADDING}))
    empty = {"size": 16, "symbol": "square-open", "color": PADDING}
    fig.add_trace(_pixels(unread, 0, "padding that is not", empty))
    fig.add_trace(_pixels(range(size), 0, "input pixels", {**filled, "color": INPUT}))
    name = "output pixels, above the centres of what they see"
    fig.add_trace(_pixels(centres, 1, name, {"size": 16, "color": OUTPUT}))
    fig.add_trace(_centre((size - 1) / 2, "centre of the input", INPUT))
    fig.add_trace(_centre(sum(centres) / count, "centre of the output", OUTPUT))
    fig.update_xaxes(title={"text": "position in input pixels"}, dtick=1, zeroline=False)
    fig.update_yaxes(visible=False, range=[-0.5, 1.5])
    return finish(fig, height, title, legend=legend_below(height))


def _ray(pixel: float, centre: float) -> go.Scatter:
    line = {"color": "#9aa5b1", "width": 1}
    ends = {"x": [pixel, centre], "y": [0, 1]}
    return go.Scatter(**ends, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _pixels(x: Sequence[float], y: float, name: str, marker: dict) -> go.Scatter:
    hover = "%{x}<extra>%{fullData.name}</extra>"
    places = {"x": list(x), "y": [y] * len(x)}
    return go.Scatter(**places, mode="markers", name=name, marker=marker, hovertemplate=hover)


def _centre(x: float, name: str, colour: str) -> go.Scatter:
    line = {"color": colour, "dash": "dot", "width": 2}
    return go.Scatter(x=[x, x], y=[LOW, HIGH], mode="lines", name=name, line=line, hoverinfo="skip")
