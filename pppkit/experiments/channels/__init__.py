"""Position in the channels: Islam et al., Global Pooling, More than Meets the Eye (ICCV 2021)."""

from .canvas import draw_cells, paste
from .location import (
    CELLS,
    EXPERIMENT,
    KEY,
    MODELS,
    PROFILES,
    SCHEMES,
    grid,
    measure,
    pattern,
    published,
    shown,
    table,
)
from .shift import SHIFT, AugShift, augshift, shift_consistency, shifted
from .training import TASKS, CanvasTask, predictions

__all__ = [
    "CELLS",
    "EXPERIMENT",
    "KEY",
    "MODELS",
    "PROFILES",
    "SCHEMES",
    "SHIFT",
    "TASKS",
    "AugShift",
    "CanvasTask",
    "augshift",
    "draw_cells",
    "grid",
    "measure",
    "paste",
    "pattern",
    "predictions",
    "published",
    "shift_consistency",
    "shifted",
    "shown",
    "table",
]
