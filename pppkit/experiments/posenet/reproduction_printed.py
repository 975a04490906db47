"""The numbers that the PosENet paper prints, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .encoders import ALONE, OPTIMAL
from .reproduction_grids import ALL, SETTINGS, TABLES

PATTERN = {"horizontal_stripe": "horizontal waves", "vertical_stripe": "vertical waves"}
PICTURES = {"pascal_s": "images"}
MODELS = {"vgg16": ("vgg", {}), "vgg16-no-padding": ("vgg", {"padding": OPTIMAL})}
IN_TABLE_1 = {  # whose printed cells stand beside ours there; beside all others VGG16's
    **dict.fromkeys(("cifar_resnet20", "cifar_resnet56", "resnet152"), "resnet"),
    "vgg_fcn_saliency": "vgg-sod",
    "vgg_fcn_segmentation": "vgg-ss",
}
PAPERS = {
    ALONE: "PosENet alone",
    "vgg": "VGG16",
    "resnet": "ResNet152",
    "vgg-sod": "VGG16 for saliency",
    "vgg-ss": "VGG16 for segmentation",
}


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


def counterpart(table: str, model: str) -> str:
    """Whose printed cells stand beside an encoder's: in Table 1 those of its kind, in others VGG's."""
    if model == ALONE:
        return ALONE
    return IN_TABLE_1.get(model, "vgg") if table == "models" else "vgg"
