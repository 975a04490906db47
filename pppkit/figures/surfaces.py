"""Maps as surfaces to turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .style import COLORSCALE, GREY, as_float32, finish

TILTED = {"x": 1.25, "y": -1.45, "z": 0.95}
ABOVE = {"x": 0.0, "y": -0.01, "z": 2.1}
HOVER = "y %{y}, x %{x}<br>%{z:.3g}<extra></extra>"


def scene(z_title: str, z_range: Sequence[float] | None = None) -> dict[str, Any]:
    """The box around a surface, seen tilted.

    Args:
        z_title: Of the vertical axis.
        z_range: Of the vertical axis; None for that of the values.
    """
    axis = {"showbackground": False, "tickfont": {"size": 10}}
    vertical = {"title": {"text": z_title}, "nticks": 5, "exponentformat": "power", **axis}
    if z_range:
        vertical["range"] = list(z_range)
    centre, up = {"x": 0, "y": 0, "z": -0.15}, {"x": 0, "y": 0, "z": 1}
    return {
        "xaxis": {"title": {"text": "x"}, **axis},
        "yaxis": {"title": {"text": "y"}, "autorange": "reversed", **axis},
        "zaxis": vertical,
        "aspectratio": {"x": 1, "y": 1, "z": 0.6},
        "camera": {"eye": dict(TILTED), "center": centre, "up": up},
    }


def views(tilted: Mapping[str, float] = TILTED) -> dict[str, Any]:
    """Two buttons: tilted and from above, as in the paper's two rows.

    Args:
        tilted: Where the eye is then.
    """
    place = {"x": 1.0, "y": 0.0, "xanchor": "right", "yanchor": "bottom", "pad": {"r": 4, "b": 4}}
    buttons = [
        {"label": label, "method": "relayout", "args": [{"scene.camera.eye": eye}]}
        for label, eye in (("Tilted", dict(tilted)), ("From above", ABOVE))
    ]
    return {"type": "buttons", "direction": "right", "showactive": False, "buttons": buttons, **place}


def bar(title: str, length: float = 0.7) -> dict[str, Any]:
    """A colour bar."""
    return {"title": {"text": title}, "thickness": 12, "len": length, "exponentformat": "power"}


def surface(values: np.ndarray, title: str = "", *, unit: str = "PPP", height: int = 480) -> go.Figure:
    """One map as a surface to turn, with a tilted view and one from above.

    Args:
        values: `(H, W)`.
        title: Shown above; two lines at most.
        unit: Title of the vertical axis and the colour bar.
        height: In screen pixels.
    """
    look = {"colorscale": COLORSCALE, "colorbar": bar(unit), "hovertemplate": HOVER}
    fig = go.Figure(go.Surface(z=as_float32(values), **look))
    layout = {"scene": scene(unit), "margin": {"l": 0, "r": 0, "b": 10}, "updatemenus": [views()]}
    return finish(fig, height, title, **layout)


def surface_pair(
    optimal: np.ndarray, padded: np.ndarray, title: str = "", *, unit: str = "mean feature", height: int = 480
) -> go.Figure:
    """Optimally padded features in grey and algorithmically padded ones in colour, in one scene.

    Args:
        optimal: `(H, W)`.
        padded: `(H, W)`.
        title: Shown above.
        unit: Title of the vertical axis.
        height: In screen pixels.
    """
    both = {"hovertemplate": "y %{y}, x %{x}<br>%{z:.4g}<extra>%{fullData.name}</extra>", "showlegend": True}
    grey = {"colorscale": GREY, "showscale": False, "name": "optimal padding", "opacity": 0.9}
    colour = {"colorscale": COLORSCALE, "colorbar": bar("padded"), "name": "algorithmic padding"}
    fig = go.Figure(
        [
            go.Surface(z=as_float32(optimal), **grey, **both),
            go.Surface(z=as_float32(padded), **colour, **both),
        ]
    )
    legend = {"x": 0, "y": 0, "xanchor": "left", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    layout = {"scene": scene(unit), "margin": {"l": 0, "r": 0, "b": 10}, "updatemenus": [views()]}
    return finish(fig, height, title, legend=legend, **layout)


def surface_menu(
    maps: Mapping[tuple[str, str, str], np.ndarray], title: str = "", *, height: int = 580, largest: int = 56
) -> go.Figure:
    """One surface and two menus: network and layer, and padding and pictures.

    Args:
        maps: `(H, W)` by (network and layer, padding, pictures).
        title: Shown above.
        height: In screen pixels.
        largest: Maps wider than this are averaged over blocks, to keep the page light; the title says so.
    """
    names, variants = list(dict.fromkeys(k[0] for k in maps)), list(dict.fromkeys(k[1:] for k in maps))
    stacks = {name: [_as_text(maps[name, *variant], largest) for variant in variants] for name in names}
    fig = go.Figure()
    for i, (variant, z) in enumerate(zip(variants, stacks[names[0]])):
        look = {"colorscale": COLORSCALE, "colorbar": bar("PPP", 0.6), "hovertemplate": HOVER}
        fig.add_trace(go.Surface(z=z, visible=i == 0, name=", ".join(variant), **look))
    first = [{"label": n, "method": "restyle", "args": [{"z": z}]} for n, z in stacks.items()]
    second = [
        {"label": ", ".join(v), "method": "restyle", "args": ["visible", [v == w for w in variants]]}
        for v in variants
    ]
    menu = {"direction": "down", "xanchor": "left", "yanchor": "top", "showactive": True, "x": 0}
    menus = [{**menu, "buttons": first, "y": 1.2}, {**menu, "buttons": second, "y": 1.11}, views()]
    if any(z.shape[0] > largest for z in maps.values()):
        title += f"<br><sup>maps wider than {largest} are averaged over blocks for this figure</sup>"
    margin = {"l": 0, "r": 0, "b": 10, "t": 130}
    return finish(fig, height, title, scene=scene("PPP"), margin=margin, updatemenus=menus)


def _as_text(values: np.ndarray, largest: int) -> list[list[float]]:
    """A map of at most so many pixels with three digits: a menu's arrays are written as text."""
    z = as_float32(values)
    step = -(-z.shape[0] // largest)
    if step > 1:
        h, w = (n // step for n in z.shape)
        z = z[: h * step, : w * step].reshape(h, step, w, step).mean((1, 3))
    return [[float(f"{v:.3g}") for v in row] for row in z]
