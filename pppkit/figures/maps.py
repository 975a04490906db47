"""Maps from above, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import COLORSCALE, as_float32, finish

Panels = Mapping[tuple[str, str], np.ndarray]
OWN_SCALE = "each panel has its own scale: compare shapes, not colours"
SHARED_SCALE = "one scale in each column"


def gallery(maps: Panels, title: str = "", *, normalised: bool = True, cell: int = 150) -> go.Figure:
    """Maps side by side: one row for each first key, one column for each second.

    Args:
        maps: `(H, W)` by (row label, column label); a missing cell stays empty.
        title: Shown above.
        normalised: Scale each panel to [0, 1] by itself, as the paper's figures do (the figure says so).
            Otherwise one scale for all panels of a column.
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
    title = f"{title}<br><sup>{OWN_SCALE if normalised else SHARED_SCALE}</sup>"
    margin = {"l": 50, "r": 10, "b": 10, "t": 90}
    meta = {"grid": [len(rows), len(columns)]}  # so that a phone's row is no higher than its maps
    return finish(fig, 90 + cell * len(rows), title, margin=margin, meta=meta)


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
