"""PosENet's tables: ours beside the printed ones.

The paper prints one number a cell, of other networks than ours. What can be compared is what it says by a
cell: that a network finds more than no network, a deeper read-out more than one of depth 1, and so on. Each
cell has a cell that it is seen against, and the difference of both is asked of our trials, with Welch's
interval. PosENet alone is the same network in both, so its cells are compared as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ...checks import one_of
from ...results.statistics import Interval, prediction_interval, student_interval, welch_interval
from .encoders import ALONE, ENCODERS, OPTIMAL
from .reproduction import ALL, KEY, SETTINGS, TABLES, THREE

AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot be told"
VERDICTS = (AGREES, DISAGREES, OPEN)
PATTERN = {"horizontal_stripe": "horizontal waves", "vertical_stripe": "vertical waves"}
PICTURES = {"pascal_s": "images"}
MODELS = {"vgg16": ("vgg", {}), "vgg16-no-padding": ("vgg", {"padding": OPTIMAL})}
PLAIN, RESIDUAL = ("squeezenet1_0", "vgg16"), ("cifar_resnet20", "cifar_resnet56", "resnet152")
# The column along which a table goes, and its value that other cells are seen against.
ALONG: dict[str, tuple[str, Any]] = {
    "models": ("model", ALONE),
    "depth": ("depth", 1),
    "kernel": ("kernel", 3),
    "stages": ("stages", ALL),
    "padding": ("padding", "zeros"),
}
CELL = ("pattern", "picture", "padding", "depth", "kernel", "readout_padding", "stages")
LAST = ("all", "without")  # columns at the end of a table
SMALL = 0.02  # a printed difference that is none


def read_printed(folder: str | Path) -> dict[str, pd.DataFrame]:
    """The paper's tables, a row for each printed cell.

    Args:
        folder: With the files `posenet_table_*.csv`.

    Returns:
        By table (of `TABLES`) the columns `model` (the paper's: `"posenet"`, `"vgg"`, ...), those of `CELL`,
        `spc` and `mae`.
    """

    def given(name: str) -> list[dict[str, Any]]:
        return pd.read_csv(Path(folder) / f"posenet_table_{name}.csv", dtype={"stages": str}).to_dict(
            "records"
        )

    models = [_cell(r, r["model"], picture=PICTURES.get(r["dataset"], r["dataset"])) for r in given("models")]
    stages = [
        _cell(r, "vgg", stages=ALL if r["stages"] == "1-5" else str(r["stages"])) for r in given("stage")
    ]
    found = {"models": models, "stages": stages, "padding": _padding_cells(given("padding"))}
    for name, column in (("depth", "layers"), ("kernel", "kernel")):
        found[name] = [
            _cell({**r, "spc": r[f"{model}_spc"], "mae": r[f"{model}_mae"]}, model, **{name: r[column]})
            for r in given(name)
            for model in (ALONE, "vgg")
        ]
    return {name: pd.DataFrame(found[name]) for name in TABLES}


def _cell(printed: Mapping[str, Any], model: str, **more: Any) -> dict[str, Any]:
    pattern = PATTERN.get(printed["pattern"], printed["pattern"])
    padding = "none" if model == ALONE else "zeros"
    names = {"model": model, "pattern": pattern, "picture": "images", "padding": padding, **SETTINGS, **more}
    return {**names, "spc": float(printed["spc"]), "mae": float(printed["mae"])}


def _padding_cells(printed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    out = []
    for row in printed:
        name, _, amount = row["model"].partition("-padding")
        model, more = MODELS.get(row["model"], (name, {}))
        if model == ALONE:
            more = {"readout_padding": int(amount or 0)}
        for short, pattern in (("h", "horizontal"), ("g", "gaussian"), ("hs", "horizontal_stripe")):
            scores = {"pattern": pattern, "spc": row[f"{short}_spc"], "mae": row[f"{short}_mae"]}
            out.append(_cell(scores, model, **more))
    return out


def by_picture(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `posenet_tables` once for each `picture`, with the columns `spc`, `mae`, `nan` and `count`."""
    rows = rows.assign(stages=rows["stages"].astype(str))
    tests = [column.removeprefix("spc ") for column in rows if column.startswith("spc ")]
    kept = [*KEY, "train_loss"]
    parts = []
    for test in tests:
        renamed = {f"{name} {test}": name for name in ("spc", "mae", "nan", "count")}
        parts.append(rows[[*kept, *renamed]].rename(columns=renamed).assign(picture=test))
    return pd.concat(parts, ignore_index=True)


def counterpart(table: str, model: str) -> str:
    """Whose printed cells stand beside an encoder's: in Table 1 those of its kind, in others VGG's."""
    if model == ALONE:
        return ALONE
    return "resnet" if table == "models" and model in RESIDUAL else "vgg"


def compare(rows: pd.DataFrame, printed: pd.DataFrame, table: str) -> pd.DataFrame:
    """Every printed cell beside each of our networks that stands for its network.

    Args:
        rows: Of `posenet_tables`.
        printed: Of `read_printed`, of that table.
        table: Of `TABLES`.

    Returns:
        One row for each of our networks (`model`, `weights`), cell and `metric`: `ours` and its `half_width`
        over trials (Student), the `paper`'s; the `difference` from the cell that it is seen against, its
        `low` and `high` end (Welch) and the `paper_difference`; and the `verdict`, of `VERDICTS`. A cell that
        others are seen against has none.
    """
    one_of("table", table, TABLES)
    long = by_picture(rows)
    cells = {key: part for key, part in long.groupby(["model", "weights", *CELL], sort=False)}
    out = []
    for model, weights in long[["model", "weights"]].drop_duplicates().itertuples(index=False):
        theirs = printed[printed["model"] == counterpart(table, model)]
        for cell in theirs.to_dict("records"):
            names = {column: cell[column] for column in CELL}
            ours = cells.get((model, weights, *names.values()))
            if ours is None:
                continue
            base = _base(table, model, names)
            other = cells.get((*_first(table, model, weights, cells), *base.values())) if base else None
            against = _printed_base(printed, table, cell, base)
            for metric in ("spc", "mae"):
                row = {"model": model, "weights": weights, **names, "metric": metric, "paper": cell[metric]}
                mean = student_interval(ours[metric])
                row |= {"ours": mean.value, "half_width": mean.half_width, "trials": ours[metric].count()}
                out.append(row | _judged(ours[metric], other, against, metric, cell[metric], model))
    return pd.DataFrame(out)


def _base(table: str, model: str, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """The cell that a cell is seen against; None for those themselves, and for PosENet alone in Table 1."""
    column, value = ALONG[table]
    if table == "models":
        return None if model == ALONE else {**names, "padding": "none"}
    if table == "padding" and model == ALONE:
        column, value = "readout_padding", 0
    return None if names[column] == value else {**names, column: value}


def _first(table: str, model: str, weights: str, cells: Mapping) -> tuple[str, str]:
    return (ALONE, "none") if table == "models" else (model, weights)


def _printed_base(
    printed: pd.DataFrame, table: str, cell: Mapping[str, Any], base: Mapping[str, Any] | None
) -> pd.Series | None:
    if base is None:
        return None
    model = ALONE if table == "models" else cell["model"]
    found = printed[printed["model"] == model]
    for column, value in base.items():
        found = found[found[column] == value]
    return found.iloc[0] if len(found) else None


def _judged(
    ours: pd.Series,
    other: pd.DataFrame | None,
    against: pd.Series | None,
    metric: str,
    paper: float,
    model: str,
) -> dict[str, Any]:
    if other is None or against is None:
        verdict = _same(ours, paper) if model == ALONE else ""
        return {"difference": math.nan, "low": math.nan, "high": math.nan, "verdict": verdict}
    if metric == "spc":  # a constant map has no correlation: it says nothing of positions, as the paper's 0
        ours, reference = ours.fillna(0.0), other[metric].fillna(0.0)
    else:
        reference = other[metric]
    found, printed = welch_interval(ours, reference), paper - float(against[metric])
    ends = {"difference": found.value, "low": found.low, "high": found.high}
    return {**ends, "paper_difference": printed, "verdict": direction(found, printed)}


def _same(ours: pd.Series, paper: float) -> str:
    """Whether one more trial of ours could be the printed one; maps without a correlation count as 0."""
    one_more = prediction_interval(ours.fillna(0.0))
    return AGREES if one_more.low - SMALL <= paper <= one_more.high + SMALL else DISAGREES


def direction(ours: Interval, paper: float, small: float = SMALL) -> str:
    """Whether a difference of ours goes where the printed one goes.

    Args:
        ours: The difference of our means, with its interval.
        paper: The printed difference.
        small: A printed difference up to here is none.

    Returns:
        Of `VERDICTS`. A printed difference that is none agrees with an interval that reaches within `small`
        of 0.
    """
    if abs(paper) <= small:
        return AGREES if ours.low <= small and ours.high >= -small else DISAGREES
    if ours.low > 0 or ours.high < 0:
        return AGREES if (ours.value > 0) == (paper > 0) else DISAGREES
    return OPEN


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


PAPERS = {
    ALONE: "PosENet alone",
    "vgg": "VGG16",
    "resnet": "ResNet152",
    "vgg-sod": "VGG16 for saliency",
    "vgg-ss": "VGG16 for segmentation",
}


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
