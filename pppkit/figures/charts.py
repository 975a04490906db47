"""Rows as curves: in one picture, and in panels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import colours, finish, legend_below

TICKS = (0, 1, 2, 5, 10, 20, 50, 100)  # of an axis from 0, and the last value
FADED = 0.45  # opacity
ZERO = 0.5  # where 0 stands on a logarithmic axis


def lines(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    band: str | None = None,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    labels: Mapping[str, str] | None = None,
    height: int = 400,
) -> go.Figure:
    """One line for each value of a column, with an optional band.

    Full paddings are dashed, a paper's values are diamonds.

    Args:
        rows: Sorted by `x` within each group.
        x: Column along the horizontal axis.
        y: Column of the values.
        group: Column that tells the lines apart.
        band: Column with the half-width of the band.
        title: Shown above.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.
        labels: Axis titles by column name.
        height: In screen pixels.
    """
    names, fig = labels or {}, go.Figure()
    tones = colours(rows[group].astype(str).unique())
    for name, part in rows.groupby(rows[group].astype(str), sort=False):
        if band and part[band].notna().any():
            lowest = part[y] / 100 if log_y else None
            fig.add_trace(_band(part[x], part[y], part[band], lowest, str(name), tones[name]))
        if "paper" in str(name):
            marker = {"color": tones[name], "symbol": "diamond", "size": 11}
            style = {"mode": "markers", "marker": marker}
        else:
            style = {"mode": "lines+markers", "line": _line(str(name), tones[name])}
        fig.add_trace(go.Scatter(x=part[x], y=part[y], name=name, legendgroup=name, **style))
    fig.update_xaxes(title={"text": names.get(x, x)}, type="log" if log_x else "linear")
    scale = {"type": "log", "rangemode": "normal"} if log_y else {"type": "linear", "rangemode": "tozero"}
    fig.update_yaxes(title={"text": names.get(y, y)}, exponentformat="power", **scale)
    return finish(fig, height, title, legend=legend_below(height))


def _line(name: str, colour: str) -> dict[str, str]:
    return {"color": colour, "dash": "dash" if name.startswith("full-") else "solid"}


def _band(
    x: Sequence[float],
    y: pd.Series,
    half_width: pd.Series,
    lowest: pd.Series | float | None,
    name: str,
    colour: str,
) -> go.Scatter:
    """The area within a half-width of a line, which belongs to the line's entry in the legend."""
    high, low = y + half_width.fillna(0), (y - half_width.fillna(0)).clip(lower=lowest)
    along = list(x)
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=[*along, *along[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        mode="lines",
        fillcolor=f"rgba({red},{green},{blue},0.18)",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=name,
    )


def panels(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    facet: str,
    *,
    band: str | None = None,
    faded: Collection[str] = (),
    title: str = "",
    label: str = "",
    height: int = 620,
) -> go.Figure:
    """`lines` in panels that share their axes' meaning, two in a row.

    Buttons choose a linear or a logarithmic horizontal axis.

    Args:
        rows: Sorted by `x` within each group.
        x: Column along the horizontal axis, from 0; on the logarithmic axis 0 stands at a half.
        y: Column of the values.
        group: Column that tells the lines apart.
        facet: Column with a panel for each value.
        band: Column with the half-width of the band.
        faded: Lines that are drawn pale and dotted.
        title: Shown above.
        label: Title of the vertical axes.
        height: In screen pixels.
    """
    facets = list(dict.fromkeys(rows[facet]))
    names = [str(f) for f in facets]
    spacing = {"horizontal_spacing": 0.1, "vertical_spacing": 0.13}
    fig = make_subplots(-(-len(facets) // 2), 2, subplot_titles=names, **spacing)
    tones = colours(rows[group].astype(str).unique())
    for i, one in enumerate(facets):
        part = rows[rows[facet] == one]
        for trace in _curves(part, x, y, group, band, tones, legend=i == 0):
            if trace.legendgroup in faded:
                trace.update(opacity=FADED, line={"dash": "dot"})
            fig.add_trace(trace, i // 2 + 1, i % 2 + 1)
    fig.update_xaxes(title={"text": x, "standoff": 2}, range=[0, int(rows[x].max())])
    fig.update_yaxes(rangemode="tozero", exponentformat="power", nticks=5)
    fig.update_yaxes(title={"text": label or y}, col=1)
    if len(facets) % 2:  # no axes without curves; a selector's other figures may have curves there
        last = {"row": len(facets) // 2 + 1, "col": 2}
        fig.update_xaxes(visible=False, **last)
        fig.update_yaxes(visible=False, **last)
    fig.update_annotations(font={"size": 12})
    legend = {"orientation": "h", "y": -0.1, "x": 0, "yanchor": "top"}
    menu = _axis_buttons([list(trace.x) for trace in fig.data], rows[x], x, len(facets))
    numbers = list(range(1, len(facets) + 1))  # of the panels' axes: a phone shows them one under the other
    look = {"legend": legend, "updatemenus": [menu], "margin": {"b": 170}, "meta": {"panels": numbers}}
    return finish(fig, height, title, **look)


def _curves(
    rows: pd.DataFrame, x: str, y: str, group: str, band: str | None, tones: Mapping[str, str], legend: bool
) -> list[go.Scatter]:
    """The lines of one panel, each behind its band."""
    traces = []
    for key, part in rows.groupby(rows[group].astype(str), sort=False):
        name, along = str(key), [float(v) for v in part[x]]
        if band and part[band].notna().any():
            traces.append(_band(along, part[y], part[band], 0, name, tones[name]))
        line = {"mode": "lines+markers", "line": _line(name, tones[name]), "marker": {"size": 5}}
        curve = go.Scatter(x=along, y=part[y], name=name, legendgroup=name, showlegend=legend, **line)
        traces.append(curve)
    return traces


def _axis_buttons(along: Sequence[list[float]], values: pd.Series, x: str, count: int) -> dict[str, Any]:
    """Buttons that choose the horizontal axes of all panels.

    Args:
        along: What each trace has along that axis.
        values: Everything along it.
        x: What it counts.
        count: Panels.
    """
    known = sorted({int(v) for v in values})
    ticks = [t for t in known if t in TICKS or t == known[-1]]
    linear = {"type": "linear", "tickmode": "auto", "range": [0, max(ticks)]}
    logarithmic = {
        "type": "log",
        "tickmode": "array",
        "tickvals": [t or ZERO for t in ticks],
        "ticktext": [str(t) for t in ticks],
        "range": [float(np.log10(0.9 * ZERO)), float(np.log10(max(ticks) * 1.1))],
    }
    buttons = [
        _button(f"linear {x}s", along, linear, count),
        _button(f"logarithmic {x}s", [[v or ZERO for v in xs] for xs in along], logarithmic, count),
    ]
    place = {"x": 0, "xanchor": "left", "y": -0.27, "yanchor": "top"}
    return {"type": "buttons", "direction": "right", "buttons": buttons, **place}


def _button(label: str, along: Sequence[list[float]], axis: Mapping[str, Any], count: int) -> dict[str, Any]:
    names = [f"xaxis{i + 1 if i else ''}" for i in range(count)]
    layout = {f"{name}.{key}": value for name in names for key, value in axis.items()}
    return {"label": label, "method": "update", "args": [{"x": list(along)}, layout]}
