"""Maps as surfaces to turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from .style import COLORSCALE, GREY, as_float32, finish

TILTED = {"x": 1.25, "y": -1.45, "z": 0.95}
ABOVE = {"x": 0.0, "y": -0.01, "z": 2.1}


def _scene(z_title: str, z_range: Sequence[float] | None = None, eye: Mapping[str, float] = TILTED) -> dict:
    axis = {"showbackground": False, "tickfont": {"size": 10}}
    return {
        "xaxis": {"title": {"text": "x"}, **axis},
        "yaxis": {"title": {"text": "y"}, "autorange": "reversed", **axis},
        "zaxis": {"title": {"text": z_title}, "nticks": 5, "exponentformat": "power", **axis}
        | ({"range": list(z_range)} if z_range else {}),
        "aspectratio": {"x": 1, "y": 1, "z": 0.6},
        "camera": {"eye": dict(eye), "center": {"x": 0, "y": 0, "z": -0.15}, "up": {"x": 0, "y": 0, "z": 1}},
    }


def _views(x: float = 1.0, y: float = 0.0) -> dict:
    """Two buttons: tilted and from above, as in the paper's two rows."""
    above = {"scene.camera.eye": ABOVE}
    return {
        "type": "buttons", "direction": "right", "x": x, "y": y, "xanchor": "right", "yanchor": "bottom", "showactive": False, "pad": {"r": 4, "b": 4},
        "buttons": [{"label": "Tilted", "method": "relayout", "args": [{"scene.camera.eye": TILTED}]}, {"label": "From above", "method": "relayout", "args": [above]}],
    }  # fmt: skip


def surface(values: np.ndarray, title: str = "", *, unit: str = "PPP", height: int = 480) -> go.Figure:
    """One map as a surface to turn, with a tilted view and one from above.

    Args:
        values: `(H, W)`.
        title: Shown above; two lines at most.
        unit: Title of the vertical axis and the colour bar.
        height: In screen pixels.
    """
    z = as_float32(values)
    bar = {"title": {"text": unit}, "thickness": 12, "len": 0.7, "exponentformat": "power"}
    fig = go.Figure(
        go.Surface(
            z=z,
            colorscale=COLORSCALE,
            colorbar=bar,
            hovertemplate="y %{y}, x %{x}<br>%{z:.3g}<extra></extra>",
        )
    )
    return finish(
        fig, height, title, scene=_scene(unit), margin={"l": 0, "r": 0, "b": 10}, updatemenus=[_views()]
    )


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
    bar = {"title": {"text": "padded"}, "thickness": 12, "len": 0.7, "exponentformat": "power"}
    hover = "y %{y}, x %{x}<br>%{z:.4g}<extra>%{fullData.name}</extra>"
    fig = go.Figure(
        [
            go.Surface(
                z=as_float32(optimal),
                colorscale=GREY,
                showscale=False,
                name="optimal padding",
                opacity=0.9,
                hovertemplate=hover,
                showlegend=True,
            ),
            go.Surface(
                z=as_float32(padded),
                colorscale=COLORSCALE,
                colorbar=bar,
                name="algorithmic padding",
                hovertemplate=hover,
                showlegend=True,
            ),
        ]
    )
    legend = {"x": 0, "y": 0, "xanchor": "left", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    return finish(
        fig,
        height,
        title,
        scene=_scene(unit),
        margin={"l": 0, "r": 0, "b": 10},
        updatemenus=[_views(y=0.0)],
        legend=legend,
    )


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

    All steps share one scale, that of the last; earlier surfaces may leave the box.

    Args:
        steps: For each number of images the map `(H, W)` to show in colour, or two: the one in grey (optimal padding) first.
        counts: Numbers of images.
        title: Shown above.
        unit: Title of the vertical axis and the colour bar.
        counting: What the slider counts.
        height: In screen pixels.
    """
    stacks = [[as_float32(z) for z in step] for step in steps]
    last = np.concatenate([z.ravel() for z in stacks[-1]])
    low, high, room = float(last.min()), float(last.max()), 0.5 * float(np.ptp(last))
    low, high = (-0.02 * high, 1.3 * high) if unit == "PPP" else (low - room, high + room)
    bar = {"title": {"text": unit}, "thickness": 12, "len": 0.7, "exponentformat": "power"}

    def draw(step: list[np.ndarray]) -> list[go.Surface]:
        hover = "y %{y}, x %{x}<br>%{z:.3g}<extra>%{fullData.name}</extra>"
        grey = [
            go.Surface(z=z, colorscale=GREY, showscale=False, name="optimal padding", hovertemplate=hover)
            for z in step[:-1]
        ]
        return [
            *grey,
            go.Surface(
                z=step[-1],
                colorscale=COLORSCALE,
                cmin=low,
                cmax=high,
                colorbar=bar,
                name="padded" if grey else "PPP",
                hovertemplate=hover,
            ),
        ]

    fig = go.Figure(draw(stacks[-1]))
    fig.frames = [go.Frame(name=str(n), data=draw(step)) for n, step in zip(counts, stacks)]
    still = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    knobs = [{"label": str(n), "method": "animate", "args": [[str(n)], still]} for n in counts]
    value = {"prefix": f"{counting}: ", "font": {"size": 14}}
    slider = {
        "steps": knobs,
        "active": len(counts) - 1,
        "currentvalue": value,
        "pad": {"t": 10, "b": 5},
        "len": 0.95,
        "x": 0.02,
    }
    film = {"frame": {"duration": 700, "redraw": True}, "fromcurrent": False, "transition": {"duration": 0}}
    play = _views() | {
        "x": 0.0,
        "xanchor": "left",
        "buttons": [{"label": "▶ Play", "method": "animate", "args": [None, film]}],
    }
    margin = {"l": 0, "r": 0, "b": 70}
    return finish(
        fig,
        height,
        title,
        scene=_scene(unit, (low, high)),
        margin=margin,
        updatemenus=[_views(), play],
        sliders=[slider],
    )


def surface_menu(
    maps: Mapping[tuple[str, str, str], np.ndarray], title: str = "", *, height: int = 580, largest: int = 56
) -> go.Figure:
    """One surface and two menus: what to look at (network and layer), and under which padding and on which pictures.

    Args:
        maps: `(H, W)` by (network and layer, padding, pictures).
        title: Shown above.
        height: In screen pixels.
        largest: Maps wider than this are averaged over blocks, to keep the page light; the hover label says so.
    """
    views, variants = list(dict.fromkeys(k[0] for k in maps)), list(dict.fromkeys(k[1:] for k in maps))

    def reduced(view: str, variant: tuple[str, ...]) -> list[list[float]]:
        z = as_float32(maps[(view, *variant)])  # type: ignore[index]
        step = -(-z.shape[0] // largest)
        if step > 1:
            h, w = (n // step for n in z.shape)
            z = z[: h * step, : w * step].reshape(h, step, w, step).mean((1, 3))
        return [[float(f"{v:.3g}") for v in row] for row in z]  # a menu's arrays are written as text

    fig = go.Figure()
    bar = {"title": {"text": "PPP"}, "thickness": 12, "len": 0.6, "exponentformat": "power"}
    for i, variant in enumerate(variants):
        fig.add_trace(
            go.Surface(
                z=reduced(views[0], variant),
                colorscale=COLORSCALE,
                colorbar=bar,
                visible=i == 0,
                name=", ".join(variant),
            )
        )
    fig.update_traces(hovertemplate="y %{y}, x %{x}<br>%{z:.3g}<extra></extra>")
    look = [
        {"label": v, "method": "restyle", "args": [{"z": [reduced(v, variant) for variant in variants]}]}
        for v in views
    ]
    pick = [
        {
            "label": ", ".join(v),
            "method": "restyle",
            "args": ["visible", [i == j for j in range(len(variants))]],
        }
        for i, v in enumerate(variants)
    ]
    menu = {"direction": "down", "xanchor": "left", "yanchor": "top", "showactive": True}
    menus = [
        menu | {"buttons": look, "x": 0, "y": 1.2},
        menu | {"buttons": pick, "x": 0.0, "y": 1.11},
        _views(),
    ]
    title = title + (
        f"<br><sup>maps wider than {largest} are averaged over blocks for this figure</sup>"
        if any(m.shape[0] > largest for m in maps.values())
        else ""
    )
    return finish(
        fig, height, title, scene=_scene("PPP"), margin={"l": 0, "r": 0, "b": 10, "t": 130}, updatemenus=menus
    )
