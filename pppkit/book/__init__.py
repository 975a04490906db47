"""How the book is made: `run` executes notebooks, `plotly_mime` shows figures, `api` writes the reference.

Until a figure is drawn, and on paper, one of `pictures` stands in its place.
"""

from ..checks import needs

needs(__name__, "papermill", "plotly", extra="book")
