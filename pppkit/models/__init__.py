"""The papers' networks at any width, every torchvision model, and the layers of interest at which they are measured."""

from .registry import (
    LAYERS_OF_INTEREST,
    PAPER_MODELS,
    TITLES,
    VGG19,
    build,
    default_layers,
    from_checkpoint,
    load,
    load_weights,
    save,
    saved,
)

__all__ = [
    "LAYERS_OF_INTEREST",
    "PAPER_MODELS",
    "TITLES",
    "VGG19",
    "build",
    "default_layers",
    "from_checkpoint",
    "load",
    "load_weights",
    "save",
    "saved",
]
