"""Rows as points, with menus that choose which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from .style import CYCLE, finish

MENU = {"direction": "down", "xanchor": "left", "yanchor": "top", "y": 1.0}
# Left end and pixels above the axes of each menu: in two rows, as a phone has no room for three in one.
PLACES = ({"x": 0.0, "pad": {"t": -120}}, {"x": 0.0, "pad": {"t": -74}}, {"x": 0.5, "pad": {"t": -74}})


def strip_menu(
    rows: pd.DataFrame,
    category: str,
    value: str,
    group: str,
    *,
    section: str,
    menu: str,
    variant: str,
    error: str,
    hover: str,
    whole: str = "every layer",
    title: str = "",
    label: str = "",
    height: int = 600,
) -> go.Figure:
    """Every row as a point beside its category, categories repeated in sections, and three menus.

    The menus choose independently of each other which rows are shown, and one section or all.

    Args:
        rows: One row a point.
        category: Column along the horizontal axis.
        value: Column along the vertical axis.
        group: Column that gives the colour; groups stand side by side.
        section: Column by which the axis is divided; the third menu chooses one of its values.
        menu: Column that the first menu chooses from.
        variant: Column that the second menu chooses from.
        error: Column with the half-width of error bars, NaN for none.
        hover: Column that the hover label names beside the category.
        whole: What the third menu calls all sections together.
        title: Shown above.
        label: Title of the vertical axis.
        height: In screen pixels.
    """
    names, variants, groups = (_distinct(rows[column]) for column in (menu, variant, group))
    sections, categories = _distinct(rows[section]), _distinct(rows[category])
    placed = rows.assign(
        x=_places(rows[section], rows[category], rows[group]),
        text=rows[category] + ", " + rows[hover],
    )
    parts = {key: part for key, part in placed.groupby([menu, variant, group], sort=False)}
    shown = [(v, g) for v in variants for g in groups]
    fig = go.Figure()
    for v, g in shown:
        points = _points(parts.get((names[0], v, g), placed[:0]), value, error)
        look = {"mode": "markers", "marker": _marker(groups.index(g)), "visible": v == variants[0]}
        what = f"%{{text}}<br>%{{y:.4g}}<extra>{g}</extra>"
        fig.add_trace(go.Scatter(**points, **look, name=g, hovertemplate=what))
    found = {
        name: [_points(parts.get((name, *s), placed[:0]), value, error) for s in shown] for name in names
    }
    windows = {whole: _whole(len(sections), len(categories)), **_windows(sections, len(categories))}
    menus = [
        [_button(name, "restyle", _columns(points)) for name, points in found.items()],
        [_button(name, "restyle", {"visible": [name == v for v, _ in shown]}) for name in variants],
        [_button(name, "relayout", {"xaxis.range": ends}) for name, ends in windows.items()],
    ]
    drawn = [{**MENU, **place, "buttons": buttons} for place, buttons in zip(PLACES, menus)]
    _sections(fig, sections, categories)
    fig.update_xaxes(range=windows[whole], zeroline=False)
    fig.update_yaxes(title={"text": label or value}, rangemode="tozero", exponentformat="power")
    legend, margin = {"orientation": "h", "y": -0.22}, {"t": 190, "b": 100}
    return finish(fig, height, title, legend=legend, updatemenus=drawn, margin=margin)


def _distinct(values: pd.Series) -> list[str]:
    return [str(value) for value in dict.fromkeys(values)]


def _places(section: pd.Series, category: pd.Series, group: pd.Series) -> list[float]:
    """Where points stand: a free place after each section, groups side by side."""
    sections, categories, groups = _distinct(section), _distinct(category), _distinct(group)
    step, middle = 0.8 / max(2, len(groups)), (len(groups) - 1) / 2
    return [
        sections.index(s) * (len(categories) + 1) + categories.index(c) + step * (groups.index(g) - middle)
        for s, c, g in zip(section, category, group)
    ]


def _points(part: pd.DataFrame, value: str, error: str) -> dict[str, Any]:
    widths = [None if pd.isna(width) else width for width in part[error]]
    bars = {"type": "data", "array": widths, "thickness": 1, "visible": True}
    return {
        "x": part["x"].tolist(),
        "y": part[value].tolist(),
        "text": part["text"].tolist(),
        "error_y": bars,
    }


def _columns(points: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """What `restyle` takes: a list for each attribute, with an entry for each trace."""
    found = {name: [p[name] for p in points] for name in ("x", "y", "text")}
    return {**found, "error_y.array": [p["error_y"]["array"] for p in points]}


def _marker(place: int) -> dict[str, Any]:
    """The first group stands out."""
    size, symbol = (11, "diamond") if place == 0 else (7, "circle")
    return {"color": CYCLE[place % len(CYCLE)], "size": size, "symbol": symbol, "opacity": 0.85}


def _button(label: str, method: str, change: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "method": method, "args": [change]}


def _whole(sections: int, categories: int) -> list[float]:
    """Ends of the horizontal axis with all sections."""
    return [-0.7, sections * (categories + 1) - 1.3]


def _windows(sections: Sequence[str], categories: int) -> dict[str, list[float]]:
    """Ends of the horizontal axis with each section alone."""
    step = categories + 1
    return {name: [i * step - 0.7, i * step + categories - 0.3] for i, name in enumerate(sections)}


def _sections(fig: go.Figure, sections: Sequence[str], categories: Sequence[str]) -> None:
    """Ticks of every section, and its name above."""
    step = len(categories) + 1
    ticks = [i * step + k for i in range(len(sections)) for k in range(len(categories))]
    fig.update_xaxes(tickvals=ticks, ticktext=list(categories) * len(sections))
    for i, name in enumerate(sections):
        middle = i * step + (len(categories) - 1) / 2
        place = {"x": middle, "y": 1.0, "yref": "paper", "yanchor": "bottom", "showarrow": False}
        fig.add_annotation(text=f"<b>{name}</b>", **place)
        if i:
            fig.add_vline(i * step - 1, line={"color": "#9aa5b1", "width": 1, "dash": "dot"})
