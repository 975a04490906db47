"""Plotly figures of maps and rows. Nothing here computes a result; every function returns a `plotly.graph_objects.Figure`."""

from ..checks import needs

needs(__name__, "plotly", extra="figures")

from .charts import gallery, lines, loglog_scatter, panels, stride_diagram, strip
from .pictures import coloured, image_slider, images
from .style import CYCLE, PALETTE
from .surfaces import emergence, surface, surface_menu, surface_pair

__all__ = [
    "CYCLE",
    "PALETTE",
    "coloured",
    "emergence",
    "gallery",
    "image_slider",
    "images",
    "lines",
    "loglog_scatter",
    "panels",
    "stride_diagram",
    "strip",
    "surface",
    "surface_menu",
    "surface_pair",
]
