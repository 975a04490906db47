"""Sentences, tables and points of PosENet's tables, ours beside the printed ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...results.statistics import student_interval
from ...training.datasets import SCENES
from .encoders import ALONE, ENCODERS, OPTIMAL, PADDINGS, TRAINED, UNTRAINED, named
from .reproduction_cells import AGREES, ALONG, DISAGREES, OPEN, VERDICTS, by_picture, compare, direction
from .reproduction_grids import ALL, SETTINGS
from .reproduction_printed import PAPERS, counterpart, read_printed

__all__ = [
    "agreement",
    "answer",
    "beside",
    "by_padding",
    "by_picture",
    "compare",
    "counterparts",
    "counts",
    "direction",
    "learned_under_each",
    "points",
    "read_printed",
    "titles",
]

LAST = ("all", "without")  # columns at the end of a table


def counts(found: pd.DataFrame) -> pd.DataFrame:
    """How many cells agree, disagree, and cannot be told: a row for each network, SPC and MAE together."""
    told = found[found["verdict"] != ""]
    names = _titles(told)
    table = told.groupby([*names, "verdict"], sort=False).size().unstack("verdict", fill_value=0)
    return table.reindex(columns=list(VERDICTS), fill_value=0).rename_axis(
        index=[name.name for name in names], columns=None
    )


def _titles(rows: pd.DataFrame) -> list[pd.Series]:
    """Index columns of a table of networks: their pictures only where there are several kinds."""
    several = [rows["source"].rename("pictures")] if rows["source"].nunique() > 1 else []
    return [rows["model"].map(titles()).rename("network"), rows["weights"], *several]


def titles() -> dict[str, str]:
    """What pages call the encoders."""
    return {name: encoder.title for name, encoder in ENCODERS.items()}


def agreement(found: pd.DataFrame) -> str:
    """The counts as a sentence; those of untrained networks, of which the paper has none, on their own."""
    untrained = found["weights"] == UNTRAINED
    texts = [f"Of {_counted(found[~untrained], 'with the paper')} from five trials."]
    if untrained.any():
        texts.append(f"Of {_counted(found[untrained], 'of untrained networks')}.")
    if (found["model"] != ALONE).any():
        texts.append("What agrees is which way two cells differ; numbers are compared of PosENet alone.")
    return " ".join(texts)


def counterparts(found: pd.DataFrame, table: str) -> str:
    """Which printed network stands beside which of ours, in a sentence.

    Args:
        found: Of `compare`.
        table: Of `TABLES`.
    """
    names, beside = titles(), dict[str, list[str]]()
    for model in dict.fromkeys(found["model"]):
        if model != ALONE:
            beside.setdefault(PAPERS[counterpart(table, model)], []).append(names[model])
    told = [f"{theirs}'s beside {', '.join(ours)}" for theirs, ours in beside.items()]
    return f"Whose printed cells stand beside ours: {'; '.join(told)}."


def _counted(found: pd.DataFrame, what: str) -> str:
    told = found.loc[found["verdict"] != "", "verdict"].value_counts()
    agree, disagree, open_ = (int(told.get(name, 0)) for name in VERDICTS)
    return (
        f"{agree + disagree + open_} comparisons {what} {agree} agree, {disagree} disagree and "
        f"{open_} cannot be told"
    )


def answer(found: pd.DataFrame, table: str, pattern: str = "horizontal") -> str:
    """What the table says of one pattern on scenes, network by network; of Table 1 by kind of network.

    Args:
        found: Of `compare`.
        table: Of `TABLES`.
        pattern: Of the pages' `PATTERNS`.
    """
    column = ALONG[table][0]
    shown = (found["metric"] == "spc") & (found["pattern"] == pattern) & (found["picture"] == "images")
    part = found[shown & (found["source"] == found["source"].iloc[0])]
    if table == "models":
        return _by_kind(part, pattern)
    lines = []
    for (model, weights), own in part.groupby(["model", "weights"], sort=False):
        if len(own) == 1:  # nothing to compare: a network that learned under each padding
            continue
        cells = [
            f"{row['ours']:.2f} ({_padding_label(row) if table == 'padding' else row[column]})"
            for row in _ends(own, column).to_dict("records")
        ]
        lines.append(f"{named(model, weights)} {', '.join(cells)}")
    return f"SPC of the {pattern} gradient on pictures, by {column}: {'; '.join(lines)}."


def _ends(own: pd.DataFrame, column: str) -> pd.DataFrame:
    """Of single stages only the first and the last, for a sentence."""
    if column != "stages":
        return own
    single = own[own["stages"] != ALL].sort_values("stages").iloc[[0, -1]]
    return pd.concat([single, own[own["stages"] == ALL]])


def _by_kind(part: pd.DataFrame, pattern: str) -> str:
    """From where to where SPC goes among trained networks, and among those that were not."""
    names = titles()
    lines = [f"in pictures alone {value:.2f}" for value in part.loc[part["model"] == ALONE, "ours"]]
    for kind in (TRAINED, UNTRAINED):
        own = part[part["weights"] == kind].sort_values("ours")
        if len(own):
            cells = own.iloc[[0, -1] if len(own) > 1 else [0]]
            ends = [f"{value:.2f} ({names[model]})" for model, value in zip(cells["model"], cells["ours"])]
            lines.append(f"in {len(own)} {kind} network{'s' * (len(own) > 1)} {' to '.join(ends)}")
    return f"SPC of the {pattern} gradient: {', '.join(lines)}."


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
    names = _titles(part)
    shown = part.assign(text=text, **{name.name: name for name in names})
    index = [*(name.name for name in names), "pattern"]
    wide = shown.pivot_table(index=index, columns=column, values="text", aggfunc="first", sort=False)
    if table != "models":
        wide = wide[sorted(wide, key=lambda name: (str(name) in LAST, len(str(name)), str(name)))]
    return wide.rename_axis(columns=None).fillna("")


def by_padding(rows: pd.DataFrame, pattern: str = "horizontal") -> pd.DataFrame:
    """Every padding of the networks, those that the paper did not try as well: SPC on pictures with content.

    Args:
        rows: Of `posenet_tables`.
        pattern: Of `patterns.PATTERNS`.

    Returns:
        By padding a column for each network, ours ± the interval's half-width as text; networks that are not
        trained say so.
    """
    chosen = rows[(rows["model"] != ALONE) & (rows["pattern"] == pattern)]
    cells = []
    for (model, weights, padding), part in chosen.groupby(["model", "weights", "padding"], sort=False):
        mean = student_interval(part["spc images"])
        text = _number(mean.value, mean.half_width, 2).replace(" ", "\N{NO-BREAK SPACE}")
        cells.append({"network": named(model, weights), "padding": padding, "text": text})
    found = pd.DataFrame(cells, columns=["network", "padding", "text"])
    wide = found.pivot_table(index="padding", columns="network", values="text", aggfunc="first", sort=False)
    wide = wide.loc[[name for name in PADDINGS if name in wide.index]].rename(index={OPTIMAL: "without"})
    return wide.rename_axis(columns=None).fillna("")


def learned_under_each(rows: pd.DataFrame, pattern: str = "horizontal") -> str:
    """What is found in networks that learned under each padding: with zeros, and with others.

    Args:
        rows: Of `posenet_tables`, of `"padding"`.
        pattern: Of the pages' `PATTERNS`.
    """
    each = rows["model"].map(lambda model: ENCODERS[model].each)
    chosen, parts = rows[each & (rows["pattern"] == pattern) & (rows["stages"].astype(str) == ALL)], []
    for model, part in chosen.groupby("model", sort=False):
        means = part.groupby("padding")["spc images"].mean().sort_values()
        others = means.drop("zeros", errors="ignore")
        if "zeros" in means and len(others):
            ends = " to ".join(f"{others.iloc[i]:.2f} ({others.index[i]})" for i in (0, -1))
            parts.append(f"{titles()[model]} {means['zeros']:.2f} with zeros, {ends} with others")
    if not parts:
        return "No network here learned under each padding: the published profile shows those that did."
    return f"Networks that learned under each padding: {'; '.join(parts)}."


MARKS = {AGREES: "", DISAGREES: " ✗", OPEN: " ?", "": ""}


def _number(value: float, half_width: float, digits: int = 3) -> str:
    if math.isnan(value):
        return "constant"
    text = f"{value:.{digits}f}"
    return f"{text} ± {half_width:.{digits}f}" if math.isfinite(half_width) else text


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
        `"paper, ..."`), `spc` and `mae`; and `networks`, who trained it. Of Table 1 the picture alone and the
        paper's counterparts are once among the networks of each kind, of others once.
    """
    column, _ = ALONG[table]
    ours, names = by_picture(rows), titles()
    kinds = ours.groupby("model")["weights"].nunique()
    ours["read by"] = [
        names[m] + (f", {w}" if kinds[m] > 1 or w == UNTRAINED else "")
        for m, w in zip(ours["model"], ours["weights"])
    ]
    theirs = printed.assign(**{"read by": "paper, " + printed["model"].map(PAPERS)})
    ours["networks"] = [_trainer(*names) for names in zip(ours["model"], ours["weights"], ours["source"])]
    both = pd.concat([ours, theirs.assign(networks=THE_PAPER)], ignore_index=True)
    if table == "models":
        both = _in_each_kind(both)
    if table == "padding":
        both["along"] = [_padding_label(r) for r in both.to_dict("records")]
    else:
        both["along"] = both["picture" if table == "models" else column].astype(str)
    belonging = both[_belongs(both, table)]
    numbered = table in ("depth", "kernel", "stages")
    return belonging.sort_values("along", kind="stable") if numbered else belonging


THE_PAPER = "the paper's"


def _trainer(model: str, weights: str, source: str) -> str:
    """Who trained a network, and on what it was asked if not on scenes."""
    where = "" if source == SCENES else f", {source} pictures"
    if model == ALONE:
        return f"{ALONE}{where}"
    if weights == UNTRAINED:
        return f"untrained{where}"
    return f"trained {'here' if ENCODERS[model].each else 'by others'}{where}"


def _in_each_kind(points: pd.DataFrame) -> pd.DataFrame:
    """Networks of each kind together with the picture alone and their printed counterparts."""
    parts, alone = [], points["model"] == ALONE
    kinds = [kind for kind in points["networks"].unique() if kind != THE_PAPER and ALONE not in kind]
    for kind in kinds:
        own = points["networks"] == kind
        seen = points["networks"] == kind.replace(kind.split(",")[0], ALONE)
        papers = {ALONE, *(counterpart("models", model) for model in points.loc[own, "model"].unique())}
        printed = (points["networks"] == THE_PAPER) & points["model"].isin(papers)
        parts.append(points[own | (alone & seen) | printed].assign(networks=kind))
    return pd.concat(parts, ignore_index=True) if parts else points


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
