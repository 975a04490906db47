"""Are the endless scenes like photographs? Their power spectra beside those of the satellite mosaics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...checks import one_of
from ...results.store import Store, provenance
from ...scenes import Scene, open_source, windows

KEY = ("source", "profile")
PROFILES = {"quick": 8, "published": 200, "paper": 480}  # images
SIDE = 256
BAND = (4, SIDE // 4)  # cycles per image over which the slope is fitted


def spectrum(scenes: Scene | Sequence[Scene], n: int, seed: int = 0) -> np.ndarray:
    """Mean power of the luminance of n windows by spatial frequency, averaged over directions: index is cycles per image."""
    taper = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    power = np.zeros((SIDE, SIDE))
    for window in windows(scenes, n, SIDE, seed):
        grey = window.read().float().mean(0).numpy()
        power += np.abs(np.fft.fft2((grey - grey.mean()) * taper)) ** 2
    axis = np.fft.fftfreq(SIDE) * SIDE
    f = np.hypot(axis[:, None], axis).round().astype(int).ravel()
    return (np.bincount(f, power.ravel()) / np.bincount(f) / n)[: SIDE // 2]


def slope(power: np.ndarray) -> float:
    """Exponent of the power law that fits a spectrum over `BAND`; natural images are near -2 (Lee et al. 2001)."""
    f = np.arange(*BAND)
    return float(np.polyfit(np.log(f), np.log(power[f]), 1)[0])


def with_slopes(rows: pd.DataFrame) -> pd.Series:
    """For each row the name of its pictures and the slope of their spectrum: `"scenes: slope -2.00"`."""
    slopes = {}
    for source, part in rows.groupby("source"):
        power = part.set_index("frequency")["power"].reindex(range(SIDE // 2))
        slopes[source] = slope(power.to_numpy())
    return rows["source"].map(lambda source: f"{source}: slope {slopes[source]:.2f}")


def run(
    folder: str | Path, profile: str, sources: Sequence[str], satellite: str | Path | None = None
) -> pd.DataFrame:
    """Measures the spectra whose rows are missing and returns those of the profile.

    Args:
        folder: Where `spectra.csv` is.
        profile: One of `PROFILES`.
        sources: Of `pppkit.scenes.SOURCES`.
        satellite: Folder of the satellite mosaics.

    Returns:
        One row for each source and frequency: source, frequency (cycles per image of 256 pixels), power.
    """
    one_of("profile", profile, PROFILES)
    store = Store(Path(folder) / "spectra.csv", KEY)
    for source in sources:
        if store.missing([{"source": source, "profile": profile}]):
            power = spectrum(open_source(source, {"satellite": satellite}), PROFILES[profile])
            rows = pd.DataFrame({"frequency": np.arange(2, len(power)), "power": power[2:]})
            store.append(rows.assign(source=source, n=PROFILES[profile], seed=0, **provenance(profile)))
    rows = store.load()
    return rows[(rows["profile"] == profile) & rows["source"].isin(list(sources))].reset_index(drop=True)
