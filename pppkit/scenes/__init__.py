"""Scenes, endless or photographs, from which `crop(y, x, height, width)` cuts what a network sees."""

from .endless import InfiniteScene
from .objects import KINDS, SceneObject
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
