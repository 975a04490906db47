"""Training under a padding scheme with Lightning: modules, PPP watched along the way, data sets, saliency."""

from ..checks import needs

needs(__name__, "lightning", "scipy", extra="training")

from .datasets import SCENES, Data, Images, class_shapes, masked_shapes, open_data, shapes
from .fitting import LAST, fit, loader
from .module import Classifier, PaddedModule
from .monitor import PPPMonitor
from .recipes import Recipe
from .saliency import Saliency, fixed_map, open_masks, open_test_masks
from .segmentation import Labelled, Segmenter, fixed_classes, open_classes
from .streets import STREETS, open_streets, street_classes

__all__ = [
    "LAST",
    "SCENES",
    "STREETS",
    "Classifier",
    "Data",
    "Images",
    "Labelled",
    "PPPMonitor",
    "PaddedModule",
    "Recipe",
    "Saliency",
    "Segmenter",
    "class_shapes",
    "fit",
    "fixed_classes",
    "fixed_map",
    "loader",
    "masked_shapes",
    "open_classes",
    "open_data",
    "open_masks",
    "open_streets",
    "open_test_masks",
    "shapes",
    "street_classes",
]
