"""Plotly figures of maps and rows, and styled tables. Nothing here computes a result."""

from ..checks import needs

needs(__name__, "plotly", extra="figures")

from .charts import gallery, lines, loglog_scatter, panels, stride_diagram, strip
from .ledger import ledger_table
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
    "ledger_table",
    "lines",
    "loglog_scatter",
    "panels",
    "stride_diagram",
    "strip",
    "surface",
    "surface_menu",
    "surface_pair",
]
