"""Pictures with what is said of each pixel, in a grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .pictures import coloured, picture
from .style import finish


def labelled(shown: Mapping[tuple[str, str], np.ndarray], title: str = "", *, height: int = 110) -> go.Figure:
    """Pictures with saliency maps and classes: one row for each first key, one column for each second.

    Args:
        shown: A picture `(H, W, 3)`, uint8; a map `(H, W)` from 0 to 1, in grey; or classes `(H, W)`, whole
            numbers, in colours, 0 in dark grey. A missing cell stays empty.
        title: Shown above.
        height: Of a row in screen pixels.
    """
    rows, columns = (list(dict.fromkeys(key[i] for key in shown)) for i in (0, 1))
    spacing = {"horizontal_spacing": 0.01, "vertical_spacing": 0.03}
    fig = make_subplots(len(rows), len(columns), column_titles=columns, **spacing)
    for (row, column), values in shown.items():
        fig.add_trace(picture(_in_colour(values)), rows.index(row) + 1, columns.index(column) + 1)
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.update_annotations(font={"size": 11})
    margin = {"l": 5, "r": 5, "b": 5, "t": 80 if title else 30}
    meta = {"grid": [len(rows), len(columns)]}
    return finish(fig, margin["t"] + height * len(rows), title, margin=margin, meta=meta)


def _in_colour(values: np.ndarray) -> np.ndarray:
    if values.ndim == 3:
        return values
    if np.issubdtype(values.dtype, np.integer):
        return coloured(values)
    grey = (255 * np.clip(values, 0, 1)).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
