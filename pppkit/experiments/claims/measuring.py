"""Claims about how the pattern comes to be seen: Figure 1 and appendix A.2 of the PPP paper."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import numpy as np
import pandas as pd

from ...models import TITLES
from ...results.statistics import Interval, welch_from_summary
from ..ppp.likeness import GROUPS
from ..ppp.published_networks import TRAINED
from .base import CASE, Evidence, Finding, Line, claim, layer_name, of_lines
from .rows import Rows, some

LIKENESS = "likeness_padded"
FEWEST = 4  # groups of images whose spread is worth the name
PITFALL = "principal point"
CENTRED, CORRECTED = "image centred", "corrected"  # margins


@claim(
    "more-images-show-it",
    paper="PPP",
    place="Figure 1",
    text="Padded and optimally padded features become distinguishable as the number of images increases",
    check=(
        "the correlation of the mean padded features with what padding adds to those of all other images, "
        "over a quarter of the images minus over one, is positive in the trained network at every layer, "
        "under every padding and on every kind of pictures (Welch's interval over groups of images)"
    ),
    evidence=Evidence.PUBLISHED,
    needs=["emergence"],
)
def more_images_show_it(rows: Rows) -> Finding:
    """Layers before any padding have no pattern, and no correlation."""
    table = rows.table("emergence")
    known = table[(table["weights"] == TRAINED) & table[LIKENESS].notna()]
    images = int(table["n"].max())
    quarter = known.loc[known["n"] <= images / FEWEST, "n"].max()
    one, many = (known[known["n"] == n] for n in (known["n"].min(), quarter))
    cell = ["model", "level", *CASE]
    both = one.merge(some(many, "trained network"), on=cell, suffixes=(" one", " many"))
    lines = []
    for (model, level), part in both.groupby(["model", "level"], sort=False):
        lines.append(Line(layer_name(TITLES[model], model, level), partial(_rises, part, images)))
    first, last = both[f"{LIKENESS} one"], both[f"{LIKENESS} many"]
    measured = (
        f"it rose in {(last > first).sum()} of {len(both)} cases, in the median from {first.median():.2f} "
        f"over {int(one['n'].iloc[0])} to {last.median():.2f} over {int(many['n'].iloc[0])}"
    )
    names = ", ".join(TITLES[model] for model in both["model"].unique())
    return of_lines(measured, lines, f"{names}, trained by others, {images} images")


def _rises(cells: pd.DataFrame, images: int, level: float) -> dict[Hashable, Interval]:
    """By kind of pictures and padding."""
    return {(row["source"], row["padding"]): _rise(row, images, level) for _, row in cells.iterrows()}


def _rise(cell: pd.Series, images: int, level: float) -> Interval:
    """From one image to many: means and standard deviations over groups of images."""

    def groups(end: str) -> tuple[float, float, int]:
        count = min(GROUPS, images // cell[f"n {end}"])
        return cell[f"{LIKENESS} {end}"], cell[f"{LIKENESS}_sd {end}"], count

    return welch_from_summary(*groups("many"), *groups("one"), level=level)


@claim(
    "misalignment-costs",
    paper="PPP",
    place="A.2, Figure 2",
    text="Ignoring the shift of the principal point leaves the image's content in the pattern",
    check=(
        "the distance of padded from optimally padded features with margins that centre the image, over that "
        "with corrected margins, is above 1 in every layer, on every kind of pictures"
    ),
    evidence=Evidence.UNTRAINED,
    needs=["pitfalls"],
)
def misalignment_costs(rows: Rows) -> Finding:
    """Of one network, so a case has no interval: both distances are those of the same features."""
    table = rows.table("pitfalls")
    shifted = table[(table["pitfall"] == PITFALL) & table["variant"].isin((CENTRED, CORRECTED))]
    wide = some(shifted, PITFALL).pivot(
        index=["model", "source", "layer"], columns="variant", values="distance"
    )
    factors = wide[CENTRED] / wide[CORRECTED]
    lines = [
        Line(f"{TITLES[model]} on {source}", partial(_factors, part))
        for (model, source), part in factors.groupby(["model", "source"], sort=False)
    ]
    measured = f"the distance grew {factors.min():.2f} to {factors.max():.2f} times"
    names = ", ".join(TITLES[model] for model in shifted["model"].unique())
    return of_lines(measured, lines, f"{names}, one network, {int(shifted['n'].max())} images")


def _factors(factors: pd.Series, level: float) -> dict[Hashable, Interval]:
    """By layer, the logarithm; one network has no spread at any level."""
    return {str(layer): Interval.around(np.log(factor), 0) for (*_, layer), factor in factors.items()}
