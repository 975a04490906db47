"""Result rows: a store that grows trial by trial, sweeps that fill it, and the papers' printed numbers beside them."""

from .printed import beside, welch
from .store import Store, code_revision, load_maps, provenance, results_folder, save_maps
from .sweeps import connect, sweep

__all__ = [
    "Store",
    "beside",
    "code_revision",
    "connect",
    "load_maps",
    "provenance",
    "results_folder",
    "save_maps",
    "sweep",
    "welch",
]
