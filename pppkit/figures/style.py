"""The look that every figure shares."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go

COLORSCALE = "Viridis"
GREY = [[0, "#8a8a8a"], [1, "#e4e4e4"]]
# Okabe and Ito's palette: told apart by readers with every kind of colour vision, on light and on dark pages.
PALETTE = {
    **{
        "zeros": "#0072B2",
        "circular": "#E69F00",
        "reflect": "#009E73",
        "replicate": "#CC79A7",
        "randn": "#D55E00",
    },
    **{"none": "#7f7f7f", "partial": "#56B4E9", "did not learn": "#a6a6a6"},
}
# The same colours in order, for what is no padding.
CYCLE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7f7f7f"]
AROUND = 160  # pixels of a figure's height that titles, legend and menus take
TITLED = 56  # pixels from a horizontal axis to below its title


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name.

    A padding has its own, the same under full padding; a paper's values have that of ours.
    """
    bases = {name: name.removeprefix("paper, ").removeprefix("full-") for name in names}
    order = list(dict.fromkeys(base for base in bases.values() if base not in PALETTE))
    free = [c for c in CYCLE if c not in {PALETTE.get(base) for base in bases.values()}] or CYCLE
    return {name: PALETTE.get(base) or free[order.index(base) % len(free)] for name, base in bases.items()}


def legend_below(height: int) -> dict[str, str | float]:
    """A legend in a row below the title of the horizontal axis, as far from it in a low figure.

    Args:
        height: Of the figure in screen pixels; places are given in shares of what is left for drawing.
    """
    return {"orientation": "h", "y": -TITLED / max(1, height - AROUND)}


def finish(fig: go.Figure, height: int, title: str = "", **layout) -> go.Figure:
    """The look of every figure: as wide as the page, transparent, with room for a title of two lines."""
    top = 36 + (24 * (1 + title.count("<br>")) if title else 0)
    margin = {"l": 60, "r": 20, "t": top, "b": 50} | layout.pop("margin", {})
    fig.update_layout(
        template="plotly_white",
        height=height,
        margin=margin,
        title={
            "text": title,
            "x": 0,
            "xanchor": "left",
            "xref": "paper",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 18},
            "font": {"size": 15},
        }
        if title
        else None,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 12},
        **layout,
    )
    return fig


def as_float32(values: np.ndarray) -> np.ndarray:
    """Half the bytes in the page, and more digits than a screen shows."""
    return np.asarray(values, np.float32)
