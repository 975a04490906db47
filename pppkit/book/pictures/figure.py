"""The picture of a whole figure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from .charts import MARGIN, chart
from .surfaces import scene_picture

HEIGHT = 450  # of a figure that does not say, by Plotly


def picture(figure: Mapping[str, Any]) -> str:
    """HTML of a picture of a figure, to lie in the figure's place.

    Args:
        figure: As JSON: data and layout; what is invisible at first is not drawn.
    """
    layout = figure.get("layout") or {}
    margin, height = {**MARGIN, **(layout.get("margin") or {})}, layout.get("height") or HEIGHT
    traces = [trace for trace in figure.get("data", []) if trace.get("visible", True) is True]
    surfaces = [trace for trace in traces if trace.get("type") == "surface"]
    title = (layout.get("title") or {}).get("text") or ""
    if surfaces:
        inner = max(height - margin["t"] - margin["b"], 50)
        source = scene_picture(surfaces, layout.get("scene") or {}, inner)
        plain = html.escape(html.unescape(re.sub(r"<[^>]*>", " ", title)), quote=True)
        place = f"top:{margin['t']}px;height:{inner}px"
        drawn = f'<img src="{source}" alt="Surface: {plain}" style="{place}">'
    else:
        drawn = chart(figure, height)
    return f'<div class="plotly-picture"><p>{title}</p>{drawn}</div>'
