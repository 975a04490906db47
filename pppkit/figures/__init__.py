"""Plotly figures of maps and rows, and styled tables. Nothing here computes a result."""

from ..checks import needs

needs(__name__, "plotly", extra="figures")

from .beside import surfaces_beside
from .charts import lines, panels
from .claims import claim_cards
from .diagrams import stride_diagram
from .labelled import labelled
from .maps import gallery
from .menus import strip_menu
from .papers import papers_map
from .pictures import coloured, images
from .points import loglog_scatter, scatter, strip
from .selectors import selector
from .sliders import emergence, image_slider
from .style import CYCLE, PALETTE
from .surfaces import surface, surface_menu, surface_pair
from .tables import table

__all__ = [
    "CYCLE",
    "PALETTE",
    "claim_cards",
    "coloured",
    "emergence",
    "gallery",
    "image_slider",
    "images",
    "labelled",
    "lines",
    "loglog_scatter",
    "panels",
    "papers_map",
    "scatter",
    "selector",
    "stride_diagram",
    "strip",
    "strip_menu",
    "surface",
    "surface_menu",
    "surface_pair",
    "surfaces_beside",
    "table",
]
