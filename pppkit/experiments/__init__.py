"""The papers' protocols, one sub-package for each paper, and what the papers claim (`claims`).

Every experiment is an `Experiment`; `EXPERIMENTS` has them by name, in the order of the book, and so has the
command line: `python -m pppkit.experiments list`.
"""

from . import bhv, channels, posenet
from .base import Experiment
from .channels import attack as channel_attack
from .channels import invariance as shift_consistency
from .context import Context
from .posenet import controls as posenet_controls
from .posenet import published as posenet_published
from .posenet import reproduction as posenet_tables
from .posenet import task_encoders  # noqa: F401  (registers them)
from .posenet import tasks as posenet_tasks
from .ppp import (
    black_crops,
    chronology,
    efficientnet_puzzle,
    emergence,
    initial,
    initial_statistics,
    learned,
    learned_initial,
    pitfalls,
    published_networks,
    spectra,
    untrained,
)

_PPP = (emergence, pitfalls, untrained, published_networks, chronology, initial)
_LEARNED = (learned, learned_initial, black_crops)
_PUZZLES = (efficientnet_puzzle, initial_statistics)
_POSENET = (posenet, posenet_published, posenet_tables, posenet_controls, posenet_tasks)
_CHANNELS = (channels, shift_consistency, channel_attack)
_IN_BOOK_ORDER = (*_PPP, *_LEARNED, *_PUZZLES, bhv, *_POSENET, *_CHANNELS, spectra)
EXPERIMENTS: dict[str, Experiment] = {room.EXPERIMENT.name: room.EXPERIMENT for room in _IN_BOOK_ORDER}

__all__ = ["EXPERIMENTS", "Context", "Experiment"]
