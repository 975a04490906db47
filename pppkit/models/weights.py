"""Weights into a network: from a state_dict in a file, or torchvision's published ones by name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import torch
import torchvision
from torch import nn

from .entries import ALIASES, MODELS, TORCHVISION

AUXILIARY = "aux_classifier."


def load_weights(model: nn.Module, weights: str | Path, name: str) -> None:
    """Loads a state_dict from a file, or torchvision's published weights by name.

    Accepts what training code usually saves: the state_dict itself, or a dict that holds it under
    `state_dict`, `model` or `model_state_dict`; a common prefix such as `module.` is removed.

    Args:
        model: Receives the weights.
        weights: A file, or a name such as `"IMAGENET1K_V1"` or `"DEFAULT"` for torchvision models.
        name: The model's name in `build`.

    Raises:
        ValueError: If it is neither text nor a path (a state_dict itself), there is no such file or name, the
            file holds no state_dict, or it does not fit.
    """
    if not isinstance(weights, (str, PathLike)):
        remedy = "; build the model without weights and call model.load_state_dict(...) with it"
        raise ValueError(
            f"weights is a {type(weights).__name__}, but must be a file or the name of published weights"
            f"{remedy if isinstance(weights, Mapping) else ''}"
        )
    path = Path(weights)
    if path.is_file():
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise ValueError(
                f"weights={str(path)!r} is not a checkpoint of tensors only; save model.state_dict() "
                f"({str(error).splitlines()[0]})"
            ) from error
        for key in ("state_dict", "model", "model_state_dict"):
            if isinstance(state, dict) and isinstance(state.get(key), dict):
                state = state[key]
        if (
            not isinstance(state, dict)
            or not all(isinstance(v, torch.Tensor) for v in state.values())
            or not state
        ):
            raise ValueError(f"weights={str(path)!r} holds no state_dict (tensors by name)")
        state = _without_prefix(state, set(model.state_dict()))
    else:
        bare = name.removeprefix(TORCHVISION)
        own = name in (*MODELS, *ALIASES)
        known = [] if own else [w.name for w in torchvision.models.get_model_weights(bare)]
        if str(weights) not in [*known, *(["DEFAULT"] if known else [])]:
            offer = (
                f"torchvision's weights {', '.join(known)}"
                if known
                else f"none is published for the paper's {name}"
            )
            raise ValueError(
                f"weights={str(weights)!r} is neither a file nor published weights of {name}: {offer}"
            )
        state = torchvision.models.get_model_weights(bare)[str(weights)].get_state_dict(
            progress=True, check_hash=True
        )
    try:
        model.load_state_dict(_without_auxiliary(state, set(model.state_dict())))
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError(
            f"weights={str(weights)!r} does not fit {name}: {' '.join(line.strip() for line in lines[1:4])}"
        ) from error


def _without_prefix(state: dict[str, torch.Tensor], wanted: set[str]) -> dict[str, torch.Tensor]:
    """Removes what wrappers put in front of every name (`module.`, `model.`), if that makes the names fit."""
    first = next(iter(state))
    for cut in range(first.count(".")):
        prefix = ".".join(first.split(".")[: cut + 1]) + "."
        if first.removeprefix(prefix) in wanted and all(k.startswith(prefix) for k in state):
            return {k.removeprefix(prefix): v for k, v in state.items()}
    return state


def _without_auxiliary(state: dict[str, torch.Tensor], wanted: set[str]) -> dict[str, torch.Tensor]:
    """Without the second head that torchvision trains DeepLab and FCN with, where the model has none."""
    if any(key.startswith(AUXILIARY) for key in wanted):
        return state
    return {key: value for key, value in state.items() if not key.startswith(AUXILIARY)}
