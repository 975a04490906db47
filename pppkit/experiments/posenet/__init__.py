"""PosENet (Islam, Jia and Bruce): a read-out on frozen features learns a pattern of positions."""

from .bank import Bank, Setting
from .bank_learning import learn
from .bank_scores import mean_maps, scores
from .encoders import ENCODERS, Encoder, Reader, register
from .experiment import EXPERIMENT, KEY, PROFILES, WEIGHTS, grid, measure, shown
from .patterns import PATTERNS, SIGMA, WAVES, null_error, pattern
from .pictures import blanks, images, read_features, resized
from .read_outs import TESTS, read_outs
from .readout import MatmulConv2d, ReadOut
from .training import ResizedMSE, score, train

__all__ = [
    "ENCODERS",
    "EXPERIMENT",
    "KEY",
    "PATTERNS",
    "PROFILES",
    "SIGMA",
    "TESTS",
    "WAVES",
    "WEIGHTS",
    "Bank",
    "Encoder",
    "MatmulConv2d",
    "ReadOut",
    "Reader",
    "ResizedMSE",
    "Setting",
    "blanks",
    "grid",
    "images",
    "learn",
    "mean_maps",
    "measure",
    "null_error",
    "pattern",
    "read_features",
    "read_outs",
    "register",
    "resized",
    "score",
    "scores",
    "shown",
    "train",
]
