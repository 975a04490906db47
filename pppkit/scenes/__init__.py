"""Images larger than the network's input, behind one protocol `crop(y, x, height, width)`: endless scenes and photographs."""

from .endless import KINDS, InfiniteScene, SceneObject
from .photographs import Photo, PhotoFolder, TiledPhoto
from .sources import SOURCES, available, open_source
from .windows import CachedScene, Scene, Window, read_ahead, windows

__all__ = [
    "KINDS",
    "SOURCES",
    "CachedScene",
    "InfiniteScene",
    "Photo",
    "PhotoFolder",
    "Scene",
    "SceneObject",
    "TiledPhoto",
    "Window",
    "available",
    "open_source",
    "read_ahead",
    "windows",
]
