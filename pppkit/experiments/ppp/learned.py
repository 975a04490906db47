"""Networks trained until they have learned, measured all along: the evidence under the paper's main claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...padding import FILLS
from . import chronology, recipes
from .recipes import GATES, passed

__all__ = ["EXPERIMENT", "GATES", "grid", "passed"]


def grid(
    profile: str = "published",
    model: str | Sequence[str] = "cifar_resnet20",
    padding: str | Sequence[str] = FILLS,
    data: str = "cifar10",
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials of networks that have a gate; the arguments are those of `chronology.grid`."""
    return recipes.grid(profile, model, padding, data, networks)


EXPERIMENT = replace(
    chronology.EXPERIMENT,
    name="learned",
    title="Networks above a gate of accuracy, trained under every padding, measured all along",
    grid=grid,
    published=None,
)
