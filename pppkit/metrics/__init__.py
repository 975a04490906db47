"""Pure kernels, and thin `torchmetrics` classes that hold their sums: PPP, position, saliency, shifts."""

from .position import PatternScore, mean_absolute_error, spearman
from .ppp import (
    CHANNELS,
    DEFAULT_MAE,
    DEFAULT_SNR,
    MAE_READINGS,
    PPP,
    SIGMAS,
    SNR_READINGS,
    Estimate,
    PPPSums,
    mae_ppp,
    ppp_map,
    scene_scalars,
    snr_ppp,
)
from .saliency import MaxF, WeightedF, f_curve, weighted_f
from .segmentation import UNLABELLED, MeanIoU
from .shift import ShiftConsistency, consistency

__all__ = [
    "CHANNELS",
    "DEFAULT_MAE",
    "DEFAULT_SNR",
    "MAE_READINGS",
    "PPP",
    "SIGMAS",
    "SNR_READINGS",
    "UNLABELLED",
    "Estimate",
    "MaxF",
    "MeanIoU",
    "PPPSums",
    "PatternScore",
    "ShiftConsistency",
    "WeightedF",
    "consistency",
    "f_curve",
    "mae_ppp",
    "mean_absolute_error",
    "ppp_map",
    "scene_scalars",
    "snr_ppp",
    "spearman",
    "weighted_f",
]
