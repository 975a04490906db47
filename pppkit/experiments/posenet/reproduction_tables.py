"""Sentences, tables and points of PosENet's tables, ours beside the printed ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...results.statistics import student_interval
from .encoders import ALONE, ENCODERS, OPTIMAL
from .reproduction_cells import AGREES, ALONG, DISAGREES, OPEN, VERDICTS, by_picture, compare, direction
from .reproduction_grids import SETTINGS, THREE
from .reproduction_printed import PAPERS, read_printed

__all__ = [
    "agreement",
    "answer",
    "beside",
    "by_padding",
    "by_picture",
    "compare",
    "counts",
    "direction",
    "points",
    "read_printed",
    "titles",
]

LAST = ("all", "without")  # columns at the end of a table


def counts(found: pd.DataFrame) -> pd.DataFrame:
    """How many cells agree, disagree, and cannot be told: a row for each network, SPC and MAE together."""
    told = found[found["verdict"] != ""]
    table = told.groupby([*_titles(told), "verdict"], sort=False).size().unstack("verdict", fill_value=0)
    return table.reindex(columns=list(VERDICTS), fill_value=0).rename_axis(
        index=["network", "weights"], columns=None
    )


def _titles(rows: pd.DataFrame) -> list[pd.Series]:
    return [rows["model"].map(titles()), rows["weights"]]


def titles() -> dict[str, str]:
    """What pages call the encoders."""
    return {name: encoder.title for name, encoder in ENCODERS.items()}


def agreement(found: pd.DataFrame) -> str:
    """The counts as a sentence."""
    told = found.loc[found["verdict"] != "", "verdict"].value_counts()
    agree, disagree, open_ = (int(told.get(name, 0)) for name in VERDICTS)
    return (
        f"Of {agree + disagree + open_} comparisons with the paper {agree} agree, {disagree} disagree and "
        f"{open_} cannot be told from five trials."
    )


def answer(found: pd.DataFrame, table: str, pattern: str = "horizontal") -> str:
    """What the table says of one pattern on pictures with content, network by network.

    Args:
        found: Of `compare`.
        table: Of `TABLES`.
        pattern: Of the pages' `PATTERNS`.
    """
    column = ALONG[table][0]
    part = found[(found["metric"] == "spc") & (found["pattern"] == pattern) & (found["picture"] == "images")]
    names, lines = titles(), []
    for (model, weights), own in part.groupby(["model", "weights"], sort=False):
        title = f"{names[model]}{', untrained' if weights == 'untrained' else ''}"
        cells = [
            f"{row['ours']:.2f}"
            if table == "models"
            else f"{row['ours']:.2f} ({_padding_label(row) if table == 'padding' else row[column]})"
            for row in own.to_dict("records")
        ]
        lines.append(f"{title} {', '.join(cells)}")
    by = "" if table == "models" else f", by {column}"
    return f"SPC of the {pattern} gradient on pictures{by}: {'; '.join(lines)}."


def beside(found: pd.DataFrame, table: str, metric: str = "spc") -> pd.DataFrame:
    """The table as the paper has it: ours ± the interval's half-width, and the printed number after a bar.

    Args:
        found: Of `compare`.
        table: Of `TABLES`.
        metric: `"spc"` or `"mae"`.
    """
    column = "picture" if table == "models" else ALONG[table][0]
    part = found[found["metric"] == metric]
    if table == "padding":
        part = part.assign(padding=[_padding_label(r) for r in part.to_dict("records")])
    text = [
        f"{_number(r['ours'], r['half_width'])} | {r['paper']:.3f}{MARKS[r['verdict']]}"
        for r in part.to_dict("records")
    ]
    shown = part.assign(network=_titles(part)[0], text=text)
    wide = shown.pivot_table(
        index=["network", "weights", "pattern"], columns=column, values="text", aggfunc="first", sort=False
    )
    if table != "models":
        wide = wide[sorted(wide, key=lambda name: (str(name) in LAST, len(str(name)), str(name)))]
    return wide.rename_axis(columns=None).fillna("")


def by_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """Every padding of the networks, those that the paper did not try as well: SPC on pictures with content.

    Args:
        rows: Of `posenet_tables`.

    Returns:
        By network and pattern a column for each padding, ours ± the interval's half-width as text.
    """
    chosen = rows[(rows["model"] != ALONE) & rows["pattern"].isin(THREE)]
    by = ["model", "weights", "pattern", "padding"]
    cells = []
    for key, part in chosen.groupby(by, sort=False):
        mean = student_interval(part["spc images"])
        cells.append(dict(zip(by, key)) | {"text": _number(mean.value, mean.half_width)})
    found = pd.DataFrame(cells, columns=[*by, "text"])
    found["padding"] = found["padding"].replace({OPTIMAL: "without"})
    found["model"] = found["model"].map(titles())
    wide = found.pivot_table(index=by[:3], columns="padding", values="text", aggfunc="first", sort=False)
    first = [name for name in ("zeros", "without") if name in wide]
    wide = wide[[*first, *(name for name in wide if name not in first)]]
    return wide.rename_axis(index=["network", "weights", "pattern"], columns=None).fillna("")


MARKS = {AGREES: "", DISAGREES: " ✗", OPEN: " ?", "": ""}


def _number(value: float, half_width: float) -> str:
    if math.isnan(value):
        return "constant"
    return f"{value:.3f} ± {half_width:.3f}" if math.isfinite(half_width) else f"{value:.3f}"


def _padding_label(row: Mapping[str, Any]) -> str:
    if row["model"] == ALONE:
        return f"read-out {row['readout_padding']}"
    return "without" if row["padding"] == OPTIMAL else row["padding"]


def points(rows: pd.DataFrame, printed: pd.DataFrame, table: str) -> pd.DataFrame:
    """Every trial as a point, and the printed numbers among them.

    Args:
        rows: Of `posenet_tables`.
        printed: Of `read_printed`, of that table.
        table: Of `TABLES`.

    Returns:
        Columns `pattern`, `picture`, `along` (the values along the table), `read by` (the network, or
        `"paper, ..."`), `spc` and `mae`.
    """
    column, _ = ALONG[table]
    ours, names = by_picture(rows), titles()
    kinds = ours.groupby("model")["weights"].nunique()
    ours["read by"] = [
        names[m] + (f", {w}" if kinds[m] > 1 else "") for m, w in zip(ours["model"], ours["weights"])
    ]
    theirs = printed.assign(**{"read by": "paper, " + printed["model"].map(PAPERS)})
    both = pd.concat([ours, theirs], ignore_index=True)
    if table == "padding":
        both["along"] = [_padding_label(r) for r in both.to_dict("records")]
    else:
        both["along"] = both["picture" if table == "models" else column].astype(str)
    return both[_belongs(both, table)]


def _belongs(rows: pd.DataFrame, table: str) -> pd.Series:
    """Rows of the read-out of the paper's first shape, but for the column along the table."""
    column, _ = ALONG[table]
    along = {column} | ({"readout_padding"} if table == "padding" else set())
    keep = pd.Series(True, rows.index)
    for name, value in SETTINGS.items():
        if name not in along:
            keep &= rows[name] == value
    if table != "padding":
        keep &= rows["padding"].isin(["none", "zeros"])
    return keep if table == "models" else keep & (rows["picture"] == "images")
