"""Are the endless scenes like photographs? Their power spectra beside those of the satellite mosaics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...checks import one_of
from ...scenes import SOURCES, Scene, windows
from ..base import Experiment
from ..context import Context, Trial, choices, needs_pictures

PROFILES = {"quick": {"n": 8}, "published": {"n": 200}, "paper": {"n": 480}}
SIDE = 256  # pixels
BAND = (4, SIDE // 4)  # cycles per image over which the slope is fitted


def spectrum(scenes: Scene | Sequence[Scene], n: int, seed: int = 0) -> np.ndarray:
    """Mean power of the luminance of n windows by frequency in cycles per image, over all directions."""
    taper = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    power = np.zeros((SIDE, SIDE))
    for window in windows(scenes, n, SIDE, seed):
        grey = window.read().float().mean(0).numpy()
        power += np.abs(np.fft.fft2((grey - grey.mean()) * taper)) ** 2
    axis = np.fft.fftfreq(SIDE) * SIDE
    f = np.hypot(axis[:, None], axis).round().astype(int).ravel()
    return (np.bincount(f, power.ravel()) / np.bincount(f) / n)[: SIDE // 2]


def slope(power: np.ndarray) -> float:
    """Exponent of the power law that fits over `BAND`; of natural images near -2 (Lee et al. 2001)."""
    f = np.arange(*BAND)
    return float(np.polyfit(np.log(f), np.log(power[f]), 1)[0])


def with_slopes(rows: pd.DataFrame) -> pd.Series:
    """For each row the name of its pictures and the slope of their spectrum: `"scenes: slope -2.00"`."""
    slopes = {}
    for source, part in rows.groupby("source"):
        power = part.set_index("frequency")["power"].reindex(range(SIDE // 2))
        slopes[source] = slope(power.to_numpy())
    return rows["source"].map(lambda source: f"{source}: slope {slopes[source]:.2f}")


def grid(profile: str = "published", source: str | Sequence[str] = SOURCES) -> list[dict[str, Any]]:
    """A trial for each kind of pictures.

    Raises:
        ValueError: For an unknown profile or source.
    """
    one_of("profile", profile, PROFILES)
    return [{"source": name, "profile": profile} for name in choices("source", source, SOURCES)]


def measure(trial: Trial, context: Context) -> pd.DataFrame:
    """One row for each frequency (cycles per image of 256 pixels) and its power."""
    n = PROFILES[trial["profile"]]["n"]
    power = spectrum(context.open(trial["source"]), n)
    rows = pd.DataFrame({"frequency": np.arange(2, len(power)), "power": power[2:]})
    return rows.assign(n=n, seed=0)


EXPERIMENT = Experiment(
    name="spectra",
    title="Power spectra of endless scenes and of satellite mosaics",
    key=("source", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    needs=needs_pictures,
    here=True,
    within=("frequency",),
    metrics=("power",),
)
