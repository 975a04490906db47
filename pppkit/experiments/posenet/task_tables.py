"""Tables of rows of `posenet_tasks`: what is lost without padding, where, and whether it was position."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ...metrics import UNLABELLED
from ...padding import FILLS
from ...results.statistics import LEVEL, Interval, pooled_intervals
from ...results.text import plus_minus
from ..context import Trial
from ..ppp.own_networks import data_title
from . import tasks
from .tasks import NONE, PADDINGS, SALIENCY

CELL = ["task", "data"]
ZEROS = FILLS[0]
SCORES = {"saliency": "maximal F-measure", "segmentation": "mIoU"}
OWN, INSTEAD = "its own padding", "the real surroundings instead"
TOLD = {"fmeasure": "F-measure", "mae": "MAE", "miou": "mIoU"}
PAPER_DATA = {"ecssd": "ECSSD", "pascal_s": "PASCAL-S", "dut_omron": "DUT-OMRON", "pascal_voc": "PASCAL VOC"}
SET = {"sod": "saliency", "segmentation": "segmentation"}
LABELS_FROM_1 = ("satellite",)  # data whose class 0 is one; elsewhere it is none of them


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in per cent, of the networks' own pictures only, with `cell`: the task and pictures in words."""
    own = rows[rows["tested_on"] == rows["data"]]
    parts = [c for c in own if c.split()[0] in ("score", "blind", "mae")]
    words = [f"{task} on {data_title(data)}" for task, data in zip(own["task"], own["data"])]
    return own.assign(**{c: 100 * own[c] for c in parts}, cell=words, learned=tasks.passed(own))


def differences(rows: pd.DataFrame, against: str = ZEROS, level: float = LEVEL) -> pd.DataFrame:
    """How much better or worse each padding scores than one of them.

    Args:
        rows: Of `posenet_tasks`.
        against: The padding that others are compared with.
        level: Of confidence.

    Returns:
        One row for each cell and other padding: `by`, in points of the score, and its interval from `low` to
        `high`. All paddings of a cell share their spread over networks, as in analysis of variance.
    """
    found = []
    for cell, part in named(rows).groupby("cell", sort=False):
        cells = {str(padding): own["score"] for padding, own in part.groupby("padding", sort=False)}
        means = pooled_intervals(cells, family=lambda key: "all", level=level)
        for padding, mean in means.items():
            if padding == against or against not in means:
                continue
            other = means[against]
            by = Interval.around(mean.value - other.value, float(np.hypot(mean.half_width, other.half_width)))
            found.append({"cell": cell, "padding": padding, "by": by.value, "low": by.low, "high": by.high})
    return pd.DataFrame(found, columns=["cell", "padding", "by", "low", "high"])


def by_padding(rows: pd.DataFrame) -> pd.DataFrame:
    """Every cell and padding: means ± standard deviations over networks, in per cent, as text."""
    own = named(rows)
    columns = {
        "score": "score",
        "mae": "MAE",
        "blind": "blind score",
        "score surrounded": f"with {INSTEAD}",
    }
    groups = own.groupby(["cell", "padding"], sort=False)
    table = pd.DataFrame({title: _text(groups, c) for c, title in columns.items() if c in own})
    table["SNR-PPP"] = _text(groups, "snr_ppp 4", 3)
    table.insert(0, "networks", groups.size())
    return table.replace("nan", "").rename_axis(["task", "padding"])


def _text(groups: pd.api.typing.DataFrameGroupBy, column: str, digits: int = 1) -> pd.Series:
    return plus_minus(groups[column].mean(), groups[column].std(), digits)


def by_region(rows: pd.DataFrame) -> pd.DataFrame:
    """Where networks err: the score, or of saliency the MAE, in the border of an eighth and in the middle."""
    own, out = named(rows), {}
    for (cell, padding), part in own.groupby(["cell", "padding"], sort=False):
        kind = "mae" if part["task"].iloc[0] == SALIENCY else "score"
        out[f"{cell}, {'MAE' if kind == 'mae' else 'mIoU'}", padding] = {
            "border": part[f"{kind} border"].mean(),
            "middle": part[f"{kind} middle"].mean(),
        }
    table = pd.DataFrame.from_dict(out, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["task", "padding"])
    return table


def beside_the_paper(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """What removing all padding does: the paper's cells and ours, in per cent.

    Args:
        rows: Of `posenet_tasks`.
        printed: Of `read_printed`.

    Returns:
        One row for each set of pictures and score: `with` zeros, `without` padding, and the `change`.
    """
    out = {}
    own = named(rows)
    for cell, part in own.groupby("cell", sort=False):
        means = part.groupby("padding")
        for column, label in (("score", SCORES[part["task"].iloc[0]]), ("mae", "MAE")):
            if column in part and part[column].notna().any():
                found = means[column].mean().reindex([ZEROS, NONE])
                out["ours", cell, label] = found.to_numpy()
    for (task, data, metric), part in printed.groupby(["task", "dataset", "metric"], sort=False):
        values = part.set_index("padded")["value"]
        what = f"{SET[task]} on {PAPER_DATA[data]}"
        out["paper", what, TOLD[metric]] = values.reindex([True, False]).to_numpy()
    table = pd.DataFrame.from_dict(out, orient="index", columns=["with padding", "without"])
    table["change"] = table["without"] - table["with padding"]
    table.index = pd.MultiIndex.from_tuples(table.index, names=["", "task", "score"])
    return table


def read_printed(path: str | Path) -> pd.DataFrame:
    """The paper's table in per cent, with `padded`: whether the network pads."""
    table = pd.read_csv(path)
    per_cent = table["value"].where(table["metric"] == "miou", 100 * table["value"])
    return table.assign(value=per_cent, padded=~table["model"].str.contains("no-padding"))


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Every network as a point: its score with its own padding, and with the real surroundings instead.

    Returns:
        Columns `cell`, `padding`, `seen` and `value`.
    """
    own = named(rows)
    columns = {OWN: "score", INSTEAD: "score surrounded"}
    parts = [own[["cell", "padding"]].assign(seen=seen, value=own[c]) for seen, c in columns.items()]
    blind = own.drop_duplicates("cell")[["cell"]].assign(
        padding="blind", seen=OWN, value=own.drop_duplicates("cell")["blind"]
    )
    return pd.concat([*parts, blind], ignore_index=True).dropna(subset=["value"])


def predictions(folder: str | Path, trials: Sequence[Trial]) -> dict[str, dict[tuple[str, str], np.ndarray]]:
    """What first networks say of the same few images, for `pppkit.figures.labelled`.

    Args:
        folder: Of the maps.
        trials: Of `posenet_tasks.grid`.

    Returns:
        By task and pictures in words, then by (image, what is shown): a picture `(H, W, 3)`, a saliency map
        from 0 to 1, or whole numbers, 0 where no class is meant.
    """
    out: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    for trial in trials:
        if trial["seed"] or not tasks.map_file(folder, trial).is_file():
            continue
        cell = f"{trial['task']} on {data_title(trial['data'])}"
        for (kind, number), values in tasks.maps(folder, trial).items():
            label = {"prediction": trial["padding"], "truth": "right"}.get(kind, "picture")
            shown = out.setdefault(cell, {})
            shown[f"{int(number) + 1}", label] = _pixels(kind, values, trial)
    order = ["picture", "right", *PADDINGS]
    return {
        cell: dict(sorted(shown.items(), key=lambda item: (item[0][0], order.index(item[0][1]))))
        for cell, shown in out.items()
    }


def _pixels(kind: str, values: np.ndarray, trial: Trial) -> np.ndarray:
    if kind == "image":
        return values.transpose(1, 2, 0).round().astype(np.uint8)
    if trial["task"] == SALIENCY:
        return values
    labels = values.round().astype(int)
    first = 1 if trial["data"] in LABELS_FROM_1 else 0
    return np.where(labels == UNLABELLED, 0, labels + first)
