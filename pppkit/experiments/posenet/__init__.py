"""PosENet (Islam, Jia and Bruce): a read-out on frozen features learns a pattern of positions."""

from .experiment import EXPERIMENT, KEY, PROFILES, WEIGHTS, grid, measure, shown
from .patterns import PATTERNS, SIGMA, null_error, pattern
from .pictures import blanks, images, read_features, resized
from .read_outs import TESTS, read_outs
from .readout import MatmulConv2d, ReadOut
from .training import ResizedMSE, score, train

__all__ = [
    "EXPERIMENT",
    "KEY",
    "PATTERNS",
    "PROFILES",
    "SIGMA",
    "TESTS",
    "WEIGHTS",
    "MatmulConv2d",
    "ReadOut",
    "ResizedMSE",
    "blanks",
    "grid",
    "images",
    "measure",
    "null_error",
    "pattern",
    "read_features",
    "read_outs",
    "resized",
    "score",
    "shown",
    "train",
]
