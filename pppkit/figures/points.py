"""Rows as points: beside their category, and one measurement against another."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from .style import colours, finish, legend_below

FEW = 6  # names that fit side by side on a phone; more stand upright


def strip(
    rows: pd.DataFrame,
    category: str,
    value: str,
    group: str,
    *,
    error: str | None = None,
    title: str = "",
    label: str = "",
    log: bool = False,
    from_zero: bool = True,
    height: int = 420,
) -> go.Figure:
    """Every row as a point beside its category, groups side by side; spread is seen, not summarised.

    Args:
        rows: One row a point.
        category: Column along the horizontal axis.
        value: Column along the vertical axis.
        group: Column that gives the colour.
        error: Column with the half-width of error bars.
        title: Shown above.
        label: Title of the vertical axis.
        log: Logarithmic vertical axis.
        from_zero: Whether a linear one begins at 0.
        height: In screen pixels.
    """
    order, groups = list(dict.fromkeys(rows[category])), list(dict.fromkeys(rows[group]))
    tones = colours(map(str, groups))
    fig = go.Figure()
    for i, name in enumerate(groups):
        part = rows[rows[group] == name]
        beside = (i - (len(groups) - 1) / 2) * 0.8 / max(2, len(groups))
        places = [order.index(c) + beside for c in part[category]]
        bars = {"type": "data", "array": part[error], "thickness": 1} if error else None
        points = _points(places, part[value], str(name), tones[str(name)])
        hover = "%{customdata}<br>%{y:.4g}<extra>" + str(name) + "</extra>"
        fig.add_trace(points.update(error_y=bars, customdata=part[category], hovertemplate=hover))
    fig.update_xaxes(tickvals=list(range(len(order))), ticktext=order, range=[-0.6, len(order) - 0.4])
    begins = "tozero" if from_zero and not log else "normal"
    scale = {"type": "log" if log else "linear", "rangemode": begins}
    fig.update_yaxes(title={"text": label or value}, exponentformat="power", **scale)
    below, room = (-0.15, 0) if len(order) <= FEW else (-0.45, 80)
    return finish(fig, height + room, title, legend={"orientation": "h", "y": below})


def _points(x: Sequence[float], y: pd.Series, name: str, colour: str) -> go.Scatter:
    """Points of one group; those of a paper are diamonds."""
    symbol = "diamond" if "paper" in name else "circle"
    marker = {"color": colour, "size": 8, "opacity": 0.8, "symbol": symbol}
    return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker)


def loglog_scatter(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    hover: Sequence[str] = (),
    title: str = "",
    label: str = "",
    height: int = 460,
) -> go.Figure:
    """One measurement against another on logarithmic axes, with the diagonal on which they agree.

    Args:
        rows: One row a point; points where either value is not positive are left out.
        x: Column along the horizontal axis, and its name.
        y: Column along the vertical axis, and its name.
        group: Column that gives the colour.
        hover: Columns to name in the hover label.
        title: Shown above.
        label: What both axes show.
        height: In screen pixels.
    """
    shown = rows[(rows[x] > 0) & (rows[y] > 0)]
    fig = go.Figure(_diagonal(shown[[x, y]]))
    tones = colours(shown[group].astype(str))
    for name, part in shown.groupby(group, sort=False):
        points = go.Scatter(
            x=part[x],
            y=part[y],
            mode="markers",
            name=str(name),
            marker={"color": tones[str(name)], "size": 9, "opacity": 0.8},
            text=part[list(hover)].astype(str).agg(", ".join, axis=1) if hover else None,
            hovertemplate=f"%{{text}}<br>{x} %{{x:.4g}}<br>{y} %{{y:.4g}}<extra>{name}</extra>",
        )
        fig.add_trace(points)
    for update, name in ((fig.update_xaxes, x), (fig.update_yaxes, y)):
        update(type="log", title={"text": f"{label}, {name}" if label else name}, exponentformat="power")
    return finish(fig, height, title, legend=legend_below(height))


def scatter(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    hover: Sequence[str] = (),
    title: str = "",
    labels: tuple[str, str] | None = None,
    ends: tuple[float, float] | None = None,
    height: int = 440,
) -> go.Figure:
    """One measurement against another of another kind, on linear axes.

    Args:
        rows: One row a point.
        x: Column along the horizontal axis.
        y: Column along the vertical axis.
        group: Column that gives the colour.
        hover: Columns to name in the hover label.
        title: Shown above.
        labels: Titles of both axes; None for the columns' names.
        ends: Of the vertical axis, for figures that are compared; None for what the points need.
        height: In screen pixels.
    """
    across, upward = labels or (x, y)
    tones, fig = colours(rows[group].astype(str)), go.Figure()
    for name, part in rows.groupby(group, sort=False):
        points = _points(part[x], part[y], str(name), tones[str(name)])
        text = part[list(hover)].astype(str).agg(", ".join, axis=1) if hover else None
        what = f"%{{text}}<br>{across} %{{x:.4g}}<br>{upward} %{{y:.4g}}<extra>{name}</extra>"
        fig.add_trace(points.update(text=text, hovertemplate=what))
    fig.update_xaxes(title={"text": across}, rangemode="tozero", exponentformat="power")
    fig.update_yaxes(title={"text": upward}, range=ends)
    below = -0.2 * 440 / height  # the title of the axis is as high in a low figure
    return finish(fig, height, title, legend={"orientation": "h", "y": below})


def _diagonal(values: pd.DataFrame) -> go.Scatter:
    """A dotted line from below the smallest value to above the largest."""
    ends = [float(values.min().min()) * 0.7, float(values.max().max()) * 1.4]
    line = {"color": "#9aa5b1", "dash": "dot"}
    return go.Scatter(x=ends, y=ends, mode="lines", line=line, name="equal", hoverinfo="skip")
