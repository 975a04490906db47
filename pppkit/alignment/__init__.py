"""Where each feature lies in the image: margins, and optimally padded features in two ways that check each other."""

from ..models.hooks import features
from .canvas import canvas_features, canvas_margin, reach
from .geometry import AlignmentError
from .tables import geometries, margins, twin_features, verify_alignment

__all__ = [
    "AlignmentError",
    "canvas_features",
    "canvas_margin",
    "features",
    "geometries",
    "margins",
    "reach",
    "twin_features",
    "verify_alignment",
]
