"""Where each feature lies in the image: margins, and optimal features in two ways that check each other."""

from ..models.hooks import features
from .canvas import canvas_features
from .certificate import canvas_margin, verify_alignment
from .geometry import AlignmentError
from .optimal import OptimalPlan, plan_optimal
from .plan import UnpaddedPlan, prepare_unpadded, unpadded_features
from .reach import padding_reach
from .tables import geometries, margins

__all__ = [
    "AlignmentError",
    "OptimalPlan",
    "UnpaddedPlan",
    "canvas_features",
    "canvas_margin",
    "features",
    "geometries",
    "margins",
    "padding_reach",
    "plan_optimal",
    "prepare_unpadded",
    "unpadded_features",
    "verify_alignment",
]
