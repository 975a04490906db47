"""What the pages of the BHV test draw as lines: accuracy on the way down, and from black to white."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .squares import LOWEST
from .tables import METRICS, SHADES, TITLES

AXES = {
    "y": "top edge of the lower square (pixels from the top)",
    "accuracy": "still right (%)",
    "mean": "%",
    "intensity": "background: 0 is black, 1 is white",
}  # what columns are called beside an axis


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy along the trajectories, one row for each network and height.

    Returns:
        Columns `padding`, `background`, `seed`, `y` (top edge of the lower square) and `accuracy` in percent.
    """
    names = rows[["padding", "background", "seed"]]
    long = names.assign(
        accuracy=[np.array(t.split(), float) for t in rows["trajectory"]], y=[range(LOWEST + 1)] * len(rows)
    ).explode(["accuracy", "y"])
    return long.astype({"accuracy": float, "y": int}).dropna(subset="accuracy").reset_index(drop=True)


def mean_curves(rows: pd.DataFrame) -> pd.DataFrame:
    """`curves`, their `mean` and `std` over networks by `background`, `padding` and `y`."""
    groups = curves(rows).groupby(["background", "padding", "y"], sort=False)["accuracy"]
    return groups.agg(["mean", "std"]).reset_index()


def all_curves(
    rows: pd.DataFrame, between: pd.DataFrame, printed: pd.DataFrame
) -> dict[tuple[str, str], pd.DataFrame]:
    """What the page draws as lines: trajectories on each background, and one padding from black to white.

    Args:
        rows: Of the table.
        between: Of one padding on other grey levels.
        printed: Of `read_printed`.

    Returns:
        By the figure and what it is of: the horizontal axis in the first column, then `line`, `mean`, `std`.
    """
    found = {}
    for shade, part in mean_curves(rows).groupby("background", sort=False):
        lines = part.rename(columns={"padding": "line"})
        found["on the way down", SHADES[str(shade)]] = lines[["y", "line", "mean", "std"]]
    padding = between["padding"].iloc[0]
    greys = by_intensity(pd.concat([rows[rows["padding"] == padding], between]))
    both = pd.concat([greys, printed_by_intensity(printed, padding)])
    found["from black to white", padding] = both[["intensity", "line", "mean", "std"]]
    return found


def by_intensity(rows: pd.DataFrame) -> pd.DataFrame:
    """Every metric by grey level, in the long form that is drawn.

    Args:
        rows: Of one padding, on plain grey backgrounds.

    Returns:
        Columns `intensity` (0 black, 1 white), `line` (the metric's title), and its `mean` and `std` over
        `networks`.
    """
    long = rows.assign(intensity=rows["background"].astype(float)).melt("intensity", METRICS, "line")
    cells = long.assign(line=long["line"].map(TITLES)).groupby(["line", "intensity"])["value"]
    found = cells.agg(mean="mean", std="std", networks="size").loc[list(TITLES.values())]
    return found.reset_index()


def printed_by_intensity(printed: pd.DataFrame, padding: str) -> pd.DataFrame:
    """The paper's means of one padding, as in `by_intensity`; lines begin with `"paper, "`."""
    part = printed[printed["padding"] == padding]
    intensity = part["background"].astype(float)
    lines = [
        pd.DataFrame({"intensity": intensity, "mean": part[f"{m}_mean"], "line": f"paper, {title}"})
        for m, title in TITLES.items()
    ]
    return pd.concat(lines)
