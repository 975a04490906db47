"""The networks of `learned` as PyTorch's default initialisation makes them, which no training starts from."""

from __future__ import annotations

from dataclasses import replace

from . import initial, learned

EXPERIMENT = replace(
    initial.EXPERIMENT,
    name="learned_initial",
    title="The networks above a gate of accuracy, with PyTorch's default initialisation",
    grid=learned.grid,
    published=learned.EXPERIMENT.published,
)
