"""How the book is made: notebooks are executed (`run`), figures are embedded (`plotly_mime`), Jupyter Book does the rest."""
