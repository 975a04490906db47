"""Padding schemes: the borders, a layer, and a mode that puts a whole unmodified model under a scheme."""

from .layers import Pad2d, conv2d, pad2d
from .mode import Padding
from .schemes import FILLS, SCHEMES, Scheme

__all__ = ["FILLS", "SCHEMES", "Pad2d", "Padding", "Scheme", "conv2d", "pad2d"]
