"""How the book is made: `run` executes notebooks, `plotly_mime` shows figures, `api` writes the reference."""

from ..checks import needs

needs(__name__, "papermill", "plotly", extra="book")
