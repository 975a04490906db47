"""pppkit: the Position-information Pattern from Padding of convolutional networks, measured."""

from . import alignment, metrics, models, padding, scenes
from .alignment import AlignmentError, margins, verify_alignment
from .measure import PPPResult, measure_ppp
from .padding import Pad2d, Padding, pad2d
from .scenes import InfiniteScene, PhotoFolder

__all__ = [
    "AlignmentError",
    "InfiniteScene",
    "PPPResult",
    "Pad2d",
    "Padding",
    "PhotoFolder",
    "alignment",
    "margins",
    "measure_ppp",
    "metrics",
    "models",
    "pad2d",
    "padding",
    "scenes",
    "verify_alignment",
]
