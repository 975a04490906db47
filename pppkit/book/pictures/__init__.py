"""Pictures of figures, drawn while the book is made: what a page shows without scripts or WebGL."""
