"""Result rows: a store that grows trial by trial, sweeps that fill it, and the papers' printed numbers beside them."""

from ..checks import needs

needs(__name__, "dask", "distributed", "scipy", extra="sweep")

from .printed import compare_with_printed
from .store import Store, code_revision, load_maps, provenance, results_folder, save_maps
from .sweeps import connect, sweep
from .text import mean_and_spread, plus_minus, provenance_table

__all__ = [
    "Store",
    "code_revision",
    "compare_with_printed",
    "connect",
    "load_maps",
    "mean_and_spread",
    "plus_minus",
    "provenance",
    "provenance_table",
    "results_folder",
    "save_maps",
    "sweep",
]
