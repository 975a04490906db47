"""Networks trained until they have learned, measured all along: the evidence under the paper's main claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...checks import one_of
from ...padding import FILLS
from ...training.datasets import SCENES
from ..context import as_list, choices
from . import chronology
from .recipes import GATES, PROFILES, passed

__all__ = ["EXPERIMENT", "GATES", "MODELS", "grid", "passed", "published"]

# What has a gate: networks, and what they learn from.
MODELS = tuple(dict.fromkeys(model for model, _ in GATES))
DATA = tuple(dict.fromkeys(data for _, data in GATES))
# The committed rows, a part of the grid: networks by what they are, what they learn from, and their padding.
_UNDER_ALL = {
    ("resnet9", SCENES): 3,
    ("vgg19_bn", SCENES): 3,
    ("efficientnet_b0", SCENES): 1,
    ("vgg_fcn", SCENES): 2,
}
PUBLISHED = {(*cell, padding): count for cell, count in _UNDER_ALL.items() for padding in FILLS}
PUBLISHED |= {("resnet9", "cifar10", padding): 1 for padding in FILLS if padding != "randn"}


def grid(
    profile: str = "published",
    model: str | Sequence[str] = MODELS,
    padding: str | Sequence[str] = FILLS,
    data: str | Sequence[str] = DATA,
    networks: int | None = None,
) -> list[dict[str, Any]]:
    """Trials of networks that have a gate, seeds outermost.

    Args:
        profile: One of `pppkit.experiments.ppp.recipes.PROFILES`.
        model: Of `MODELS`, one or several.
        padding: Padding schemes, one or several.
        data: Of `DATA`, one or several; anything but scenes is a data set's name in the `paths` of a run.
        networks: Seeds of each cell; None for the profile's number.

    Raises:
        ValueError: For an unknown name, or where no network has a gate on that data.
    """
    one_of("profile", profile, PROFILES)
    models, sources = choices("model", model, MODELS), choices("data", data, DATA)
    cells = [cell for cell in GATES if cell[0] in models and cell[1] in sources]
    if not cells:
        known = ", ".join(" on ".join(cell) for cell in GATES)
        raise ValueError(f"model={model!r} has no gate on data={data!r}; gates are those of {known}")
    return [
        {"model": name, "data": source, "padding": scheme, "seed": seed, "profile": profile}
        for seed in range(networks or PROFILES[profile]["networks"])
        for name, source in cells
        for scheme in as_list(padding)
    ]


def published() -> list[dict[str, Any]]:
    """The trials of the committed rows; the others are measured by `EXPERIMENT.run(folder, grid(...))`."""
    return [t for t in grid() if t["seed"] < PUBLISHED.get((t["model"], t["data"], t["padding"]), 0)]


EXPERIMENT = replace(
    chronology.EXPERIMENT,
    name="learned",
    title="Networks above a gate of accuracy, trained under every padding, measured all along",
    grid=grid,
    published=published,
)
