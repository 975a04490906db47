"""Global Pooling's first table as it is printed, our rows beside it, and what padding has to do with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ...models import TITLES
from ...results.statistics import student_interval
from ...results.text import plus_minus

PAPER = "paper (zeros)"
METRICS = {"accuracy": "accuracy, %", "snr_ppp": "SNR-PPP", "mae_ppp": "MAE-PPP"}
COLUMNS = {"network": "model", "grid": "cells"}  # of the printed table, in the words of ours
TASKS = {"image": "class"}
CLAIMS = ("gap-location", "gap-order", "gap-class")  # of this table


def read_printed(path: str | Path) -> pd.DataFrame:
    """The printed table, its columns and tasks named as in result rows."""
    table = pd.read_csv(path).rename(columns=COLUMNS)
    return table.assign(task=table["task"].replace(TASKS))


def grid_name(cells: int) -> str:
    """A grid, as the paper writes it: `"3x3"`."""
    return f"{cells}x{cells}"


def beside_the_paper(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Ours under zeros beside every printed cell; empty where it was not measured.

    The paper prints one number a cell and no spread, so nothing can be tested.

    Args:
        rows: Of `gap_location`.
        printed: Of `read_printed`.

    Returns:
        `network`, `task`, `grid`, `ours` (mean ± standard deviation over networks, in percent), `networks`,
        `paper`, and `chance`.
    """
    zeros = rows[rows["padding"] == "zeros"]
    out = []
    for cell in printed.to_dict("records"):
        names = ["model", "task", "cells"]
        part = zeros[(zeros[names] == pd.Series(cell)[names]).all(axis=1)]["accuracy"]
        ours = plus_minus(pd.Series([part.mean()]), pd.Series([part.std()])).iloc[0] if len(part) else ""
        chance = 100 / cell["cells"] ** 2 if cell["task"] == "location" else 10.0
        names_shown = {
            "network": TITLES[cell["model"]],
            "task": cell["task"],
            "grid": grid_name(cell["cells"]),
        }
        numbers = {"ours": ours, "networks": len(part), "paper": cell["accuracy"], "chance": chance}
        out.append(names_shown | numbers)
    return pd.DataFrame(out)


def by_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """What every network knows of the place under each padding, and its PPP beside it.

    Args:
        rows: Of `gap_location`.

    Returns:
        One row for each network, task, grid and padding: `accuracy`, `SNR-PPP` and `MAE-PPP` as mean ±
        standard deviation over networks, `chance`, and `networks`.
    """
    groups = rows.groupby(["model", "task", "cells", "padding"], sort=False)
    mean, std = (getattr(groups[list(METRICS)], what)() for what in ("mean", "std"))
    digits = {"accuracy": 1, "snr_ppp": 3, "mae_ppp": 3}
    found = pd.DataFrame({METRICS[m]: plus_minus(mean[m], std[m], d) for m, d in digits.items()})
    found["chance"], found["networks"] = groups["chance"].first(), groups.size()
    found = found.reset_index()
    network, grids = found.pop("model").map(TITLES), found.pop("cells").map(grid_name)
    found.insert(0, "network", network)
    found.insert(2, "grid", grids)
    return found


def grids_sentence(rows: pd.DataFrame) -> str:
    """What networks know of the place on larger grids; empty where none was asked."""
    place = rows[rows["task"] == "location"]
    larger, told = place[place["cells"] > place["cells"].min()], []
    for cells, part in larger.groupby("cells"):
        means = part.groupby(["model", "padding"], sort=False)["accuracy"].mean()
        words = [
            f"{TITLES[model]} {value:.0f} % under {padding}" for (model, padding), value in means.items()
        ]
        chance = part["chance"].iloc[0]
        told.append(f"{grid_name(int(cells))} (chance {chance:.0f} %): {', '.join(words)}")  # type: ignore[call-overload]
    if not told:
        return ""
    first = larger.iloc[0]
    short = f"{first['images']} images and {first['epochs']} epochs, as many as for the smallest grid"
    return f"Larger grids, with {short}: {'; '.join(told)}."


def points(rows: pd.DataFrame, printed: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Every network as a point, with the paper's number as another.

    Args:
        rows: Of `gap_location`, of one task and grid.
        printed: Of `read_printed`.
        metric: Of `METRICS`.

    Returns:
        Columns `padding`, `value` and `network`.
    """
    ours = rows.assign(value=rows[metric], network=rows["model"].map(TITLES))[["padding", "value", "network"]]
    if metric != "accuracy" or rows.empty:
        return ours
    same = (printed["task"] == rows["task"].iloc[0]) & (printed["cells"] == rows["cells"].iloc[0])
    paper = printed[same & printed["model"].isin(rows["model"])]
    theirs = paper.assign(padding="zeros", value=paper["accuracy"])
    theirs["network"] = theirs["model"].map(TITLES) + ", " + PAPER
    lines = [ours, theirs[["padding", "value", "network"]]]
    chance = rows["chance"].iloc[0]
    level = pd.DataFrame({"padding": rows["padding"].unique(), "value": chance, "network": "chance"})
    return pd.concat([*lines, level], ignore_index=True)


def answer(rows: pd.DataFrame) -> str:
    """The page's sentence: what GAPNet knows on the smallest grid, under which paddings."""
    gap = rows[(rows["model"] == "gapnet") & (rows["task"] == "location")]
    if gap.empty:
        return "No GAPNet has been trained to name the cell yet."
    gap = gap[gap["cells"] == gap["cells"].min()]
    chance, means = gap["chance"].iloc[0], gap.groupby("padding", sort=False)["accuracy"].mean()
    blind = [p for p in means.index if not _reads(gap[gap["padding"] == p])]
    seeing = means.drop(blind).sort_values(ascending=False, kind="stable")
    grid = grid_name(int(gap["cells"].iloc[0]))
    alike = {value: part.index for value, part in seeing.groupby(seeing.round(), sort=False)}
    first = ", ".join(f"{value:.0f} % under {_joined(names)}" for value, names in alike.items())
    told = f"GAPNet names the right cell of {grid} in {first or 'no more than chance under any padding'}"
    rest = ", ".join(f"{padding} {means[padding]:.0f} %" for padding in blind)
    told += f"; not above chance ({chance:.0f} %): {rest}" if rest else ""
    border = " It is the border that tells, not padding alone: where the averaged map ends is one, too."
    return f"{told}.{border if 'none' in seeing.index else ''}"


def size_sentence(rows: pd.DataFrame) -> str:
    """How large the networks and their training were."""
    words = []
    for task, part in rows.groupby("task", sort=False):
        first, networks = part.iloc[0], part.groupby(["model", "padding", "cells", "data"]).size().max()
        words.append(
            f"{task}: {first['images']} images, {first['epochs']} epochs, up to {networks} networks a cell"
        )
    first = rows.iloc[0]
    scale = f"width {first['width']:g}, grid cells of {first['size']} pixels"
    return f"({'; '.join(words)}; {scale}; tested on {first['test']} images.)"


def ppp_sentence(rows: pd.DataFrame) -> str:
    """Where a stronger pattern does not mean that the place can be read: paddings of GAPNet's smallest grid.

    A correlation would say little: wherever the place can be read, accuracies are close to 100 %.
    """
    gap = rows[(rows["model"] == "gapnet") & (rows["task"] == "location")]
    gap = gap[gap["cells"] == gap["cells"].min()]
    if gap["padding"].nunique() < 2:
        return "Too few paddings to compare location with PPP."
    strength = gap.groupby("padding", sort=False)["snr_ppp"].mean()
    blind = [p for p, part in gap.groupby("padding", sort=False) if not _reads(part)]
    weaker = {p: [q for q in strength.index if q not in blind and strength[q] < strength[p]] for p in blind}
    said = [
        f"Under {p} the pattern is stronger (SNR-PPP {strength[p]:.2f}) than under "
        f"{_listed(weaker[p], strength)}, and yet the cell cannot be named"
        for p in blind
        if weaker[p]
    ]
    none = "Under no padding that hides the cell is the pattern stronger than under one that shows it"
    return f"{'. '.join(said or [none])}."


def _listed(paddings: list[str], strength: pd.Series) -> str:
    return _joined(f"{p} ({strength[p]:.2f})" for p in paddings)


def _joined(names: Iterable[str]) -> str:
    """In a sentence: `"a, b and c"`."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _reads(cell: pd.DataFrame) -> bool:
    """Whether networks name the cell: the 95 % interval over them lies above chance; of one, twice chance."""
    values, chance = cell["accuracy"], cell["chance"].iloc[0]
    if len(values) < 2:
        return bool(values.iloc[0] > 2 * chance)
    found = student_interval(values)
    return found.value - found.half_width > chance
