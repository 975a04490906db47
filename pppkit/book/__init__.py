"""How the book is made: `run` executes notebooks, `plotly_mime` embeds figures, Jupyter Book does the rest."""

from ..checks import needs

needs(__name__, "papermill", "plotly", extra="book")
