"""Padding schemes: the borders, a layer, and a mode that puts a whole unmodified model under a scheme."""

from .borders import FILLS, SCHEMES, Scheme
from .mode import Pad2d, Padding, conv2d, pad2d

__all__ = ["FILLS", "SCHEMES", "Pad2d", "Padding", "Scheme", "conv2d", "pad2d"]
