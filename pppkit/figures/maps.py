"""Maps from above, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import COLORSCALE, as_float32, finish

Panels = Mapping[tuple[str, str], np.ndarray]
OWN_SCALE = "each panel has its own scale: compare shapes, not colours"
SHARED_SCALE = "one scale in each column"
ONE_SCALE = "one scale for all panels: compare strengths"


def gallery(
    maps: Panels, title: str = "", *, normalised: bool = True, switch: bool = False, cell: int = 150
) -> go.Figure:
    """Maps side by side: one row for each first key, one column for each second.

    Args:
        maps: `(H, W)` by (row label, column label); a missing cell stays empty.
        title: Shown above.
        normalised: Scale each panel to [0, 1] by itself, as the paper's figures do (the figure says so).
            Otherwise one scale for all panels of a column.
        switch: Two buttons choose between each panel's own scale and one for all of them.
        cell: Height of a row in screen pixels.
    """
    rows, columns = (list(dict.fromkeys(key[i] for key in maps)) for i in (0, 1))
    spacing = {"horizontal_spacing": 0.02, "vertical_spacing": 0.12 / max(1, len(rows))}
    fig = make_subplots(len(rows), len(columns), column_titles=columns, **spacing)
    for (row, column), values in maps.items():
        low, high = _own_range(values) if normalised else _column_range(maps, column)
        heat = go.Heatmap(
            z=as_float32(values),
            colorscale=COLORSCALE,
            showscale=False,
            hovertemplate=f"{row}, {column}<br>y %{{y}}, x %{{x}}<br>%{{z:.3g}}<extra></extra>",
            zmin=low,
            zmax=high,
        )
        fig.add_trace(heat, rows.index(row) + 1, columns.index(column) + 1)
    _square_pixels(fig)
    fig.update_annotations(font={"size": 10})
    for i, row in enumerate(rows):
        fig.update_yaxes(title={"text": row, "font": {"size": 12}}, row=i + 1, col=1)
    title, bare = f"{title}<br><sup>{OWN_SCALE if normalised else SHARED_SCALE}</sup>", title
    menus = [_scales(maps, bare)] if switch else []
    margin = {"l": 50, "r": 10, "b": 50 if switch else 10, "t": 90}
    height = 90 + cell * len(rows) + 40 * switch
    meta = {"grid": [len(rows), len(columns)]}  # so that a phone's row is no higher than its maps
    return finish(fig, height, title, margin=margin, meta=meta, updatemenus=menus)


def _scales(maps: Panels, title: str) -> dict[str, Any]:
    """The buttons of a gallery's scales, which say in the title what they do."""
    own = [_own_range(z) for z in maps.values()]
    shared = [(0.0, max(high for _, high in own))] * len(own)
    buttons = []
    for name, ranges, note in (("own scales", own, OWN_SCALE), ("one scale", shared, ONE_SCALE)):
        limits = {"zmin": [low for low, _ in ranges], "zmax": [high for _, high in ranges]}
        words = {"title.text": f"{title}<br><sup>{note}</sup>"}
        buttons.append({"label": name, "method": "update", "args": [limits, words]})
    place = {"x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "pad": {"t": 8}}
    return {"type": "buttons", "direction": "right", "buttons": buttons, **place}


def _own_range(values: np.ndarray) -> tuple[float, float]:
    z = as_float32(values)
    return float(z.min()), float(z.max())


def _column_range(maps: Panels, column: str) -> tuple[float, float]:
    return 0.0, float(max(z.max() for key, z in maps.items() if key[1] == column))


def _square_pixels(fig: go.Figure) -> None:
    """Axes without ticks on which a pixel is a square, on a phone too."""
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}
    fig.update_xaxes(visible=False, constrain="domain")
    fig.update_yaxes(autorange="reversed", constrain="domain", **bare)
    for axis in fig.select_yaxes():
        axis.scaleanchor = axis.anchor
