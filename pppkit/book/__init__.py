"""How the book is made: `run` executes notebooks, `plotly_mime` embeds figures, Jupyter Book does the rest."""
