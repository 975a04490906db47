"""Networks in files: written with what is needed to build them again, read with `weights_only=True`."""

from __future__ import annotations

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from .blurpool import blurred
from .registry import build


def save(model: nn.Module, path: str | Path, dtype: torch.dtype | None = None) -> None:
    """Writes a network of `build` with what `load` needs to build it again, whole or not at all.

    Args:
        model: Made by `build`, trained since or not.
        path: The file, say `"resnet50.pt"`.
        dtype: Round floating-point weights, say to `torch.float16` for half the size.

    Raises:
        ValueError: If the model was not made by `build`.
    """
    built = getattr(model, "pppkit_built", None)
    if built is None:
        raise ValueError(
            "model was not made by pppkit.models.build; save its state_dict with torch.save instead"
        )
    state = {
        k: v.to(dtype) if dtype is not None and v.is_floating_point() else v
        for k, v in model.state_dict().items()
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # a folder of its own: nobody else has its name, and what is left of a failure goes with it
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        written = Path(folder, path.name)
        torch.save({"state_dict": state, "built": built}, written)
        written.replace(path)


def saved(path: str | Path) -> bool:
    """Whether a file is a checkpoint that `save` wrote."""
    try:
        return "built" in torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, OSError):
        return False


def from_checkpoint(path: str | Path, name: str) -> nn.Module:
    """The network of a checkpoint, in eval mode.

    The one that `save` wrote with it, else `build(name)` with these weights.
    """
    return load(path) if saved(path) else build(name, weights=path)


def load(path: str | Path) -> nn.Module:
    """The network that `save` wrote, in eval mode.

    Raises:
        ValueError: If the file holds something else.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        built = dict(saved["built"])
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, OSError) as error:
        raise ValueError(
            f"path={str(path)!r} was not written by pppkit.models.save "
            f"({type(error).__name__}: {str(error).splitlines()[0]})"
        ) from error
    model = build(built["name"], width=built["width"], num_classes=built["num_classes"], weights=path)
    return blurred(model) if built.get("blur") else model
