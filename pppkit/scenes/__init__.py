"""Images larger than the network's input, behind one protocol `crop(y, x, height, width)`: endless scenes and photographs."""

from .endless import KINDS, InfiniteScene, SceneObject
from .photographs import Kept, Photo, PhotoFolder, Scene, TiledPhoto, Window, windows
from .sources import SOURCES, available, open_source

__all__ = [
    "KINDS",
    "SOURCES",
    "InfiniteScene",
    "Kept",
    "Photo",
    "PhotoFolder",
    "Scene",
    "SceneObject",
    "TiledPhoto",
    "Window",
    "available",
    "open_source",
    "windows",
]
