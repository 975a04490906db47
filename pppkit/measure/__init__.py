"""The library's front door: a network, scenes and a padding scheme in; metrics, maps and their convergence
out."""

from .front import measure_ppp
from .images import IMAGENET
from .result import AS_BUILT, MAPS, PPPResult

__all__ = ["AS_BUILT", "IMAGENET", "MAPS", "PPPResult", "measure_ppp"]
