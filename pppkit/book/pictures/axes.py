"""Axes of a chart in a picture: where values stand, and where the lines of the grid do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

STEPS = (1, 2, 2.5, 5, 10)  # between lines of a grid, times a power of ten
LINES = 6  # of a grid, about
WIDTH = 760  # of the book's column in pixels; the picture shrinks with it


@dataclass
class Axis:
    """One axis: `first` to `last` along pixels `start` to `end`, logarithms of ten where `log`."""

    first: float
    last: float
    start: float
    end: float
    log: bool
    layout: Mapping[str, Any]

    def place(self, values: Any) -> np.ndarray:
        """Pixels of values; what has no logarithm stands nowhere (NaN)."""
        given = np.asarray(values, float)
        if self.log:
            given = np.log10(np.where(given > 0, given, np.nan))
        share = (given - self.first) / ((self.last - self.first) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Values of the grid's lines and their labels."""
        given, texts = self.layout.get("tickvals"), self.layout.get("ticktext")
        if given is not None and self.layout.get("tickmode", "array") == "array":
            labels = texts if texts is not None else map(_label, given)
            found = [(float(value), str(text)) for value, text in zip(given, labels)]
        elif self.log:
            powers = range(math.ceil(min(self.first, self.last)), math.floor(max(self.first, self.last)) + 1)
            found = [(10.0**power, _label(10.0**power)) for power in powers]
        else:
            found = [(value, _label(value)) for value in _round_values(self.first, self.last)]
        low, high = sorted((self.start, self.end))
        return [tick for tick in found if low - 1 <= self.place(tick[0]) <= high + 1]


def axis_of(layout: Mapping[str, Any], values: Sequence[np.ndarray], pixels: tuple[float, float]) -> Axis:
    """An axis that holds what lies on it, as its layout says.

    Args:
        layout: Of the axis.
        values: What lies on it.
        pixels: Where it starts and ends.
    """
    log = layout.get("type") == "log"
    given = layout.get("range")
    if given is not None and None not in given:
        first, last = (float(value) for value in given)
        return Axis(first, last, *pixels, log, layout)
    flat = np.concatenate([np.asarray(v, float).ravel() for v in values] or [np.zeros(1)])
    flat = flat[np.isfinite(flat) & ((flat > 0) | (not log))]
    flat = np.log10(flat) if log else flat
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 1.0)
    room = 0.05 * (high - low) or 0.5
    first, last = low - room, high + room
    if layout.get("rangemode") == "tozero" and not log:
        first, last = min(first, 0.0) if low < 0 else 0.0, max(last, 0.0)
    if layout.get("autorange") == "reversed":
        first, last = last, first
    return Axis(first, last, *pixels, log, layout)


def _round_values(first: float, last: float) -> Iterable[float]:
    low, high = sorted((first, last))
    rough = (high - low) / LINES or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * s for s in STEPS if power * s >= rough * 0.999)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _label(value: float) -> str:
    return f"{float(value):.6g}"
