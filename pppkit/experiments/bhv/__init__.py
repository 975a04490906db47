"""The BHV test of Kayhan and van Gemert, Table 1 and Figure 3 of the PPP paper: squares, network, tables."""

from .evaluation import accuracy, accuracy_by_height, evaluate, inconsistency, predict
from .experiment import (
    AUTHORS,
    EXPERIMENT,
    FILLS,
    INTENSITIES,
    KEY,
    PROFILES,
    SCHEMES,
    grid,
    grids,
    measure,
    padding_of,
    published,
    trained,
)
from .network import PRECISIONS, Network, Training, train
from .squares import background_name

__all__ = [
    "AUTHORS",
    "EXPERIMENT",
    "FILLS",
    "INTENSITIES",
    "KEY",
    "PRECISIONS",
    "PROFILES",
    "SCHEMES",
    "Network",
    "Training",
    "accuracy",
    "accuracy_by_height",
    "background_name",
    "evaluate",
    "grid",
    "grids",
    "inconsistency",
    "measure",
    "padding_of",
    "predict",
    "published",
    "train",
    "trained",
]
