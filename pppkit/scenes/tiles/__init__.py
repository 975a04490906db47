"""Collecting photographs from a tile server of one's own choice: mosaics of any size with their provenance.

The paper measured 480 satellite mosaics that were never released. What servers allow differs: their terms and
attribution are asked for and stored with every mosaic.
"""

from ...checks import needs

needs(__name__, "filelock", "httpx", extra="tiles")

from .collecting import collect
from .manners import Manners
from .mosaics import Mosaic, around, inside, read_places
from .server import Refused, TileServer

__all__ = ["Manners", "Mosaic", "Refused", "TileServer", "around", "collect", "inside", "read_places"]
