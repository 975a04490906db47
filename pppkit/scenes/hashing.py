"""Random numbers addressed by position: the same integers give the same bits, in any order."""

from __future__ import annotations

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(h: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele et al. 2014): every input bit changes half of the output bits."""
    with np.errstate(over="ignore"):
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


def hash_position(*parts: np.ndarray | int) -> np.ndarray:
    """64 random bits for each tuple of integers.

    Args:
        parts: Integers or arrays of them, which broadcast as they come: put the small ones first, which is
            cheaper.
    """
    h = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            h = _mix((h ^ np.asarray(part).astype(np.int64).astype(np.uint64)) + GOLDEN)
    return h


def uniform(h: np.ndarray, stream: int) -> np.ndarray:
    """A uniform number in [0, 1) for each hash and stream."""
    with np.errstate(over="ignore"):
        return (_mix(h + np.uint64(stream + 1) * GOLDEN) >> np.uint64(11)).astype(np.float64) / 2**53
