"""Plotly figures of maps and rows. Nothing here computes a result; every function returns a `plotly.graph_objects.Figure`."""

from .charts import against, dots, gallery, lines, panels, stride_diagram
from .pictures import film, images
from .style import CYCLE, PALETTE
from .surfaces import chooser, emergence, surface, surface_pair

__all__ = [
    "CYCLE",
    "PALETTE",
    "against",
    "chooser",
    "dots",
    "emergence",
    "film",
    "gallery",
    "images",
    "lines",
    "panels",
    "stride_diagram",
    "surface",
    "surface_pair",
]
