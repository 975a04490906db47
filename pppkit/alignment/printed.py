"""The margins that the PPP paper's appendix prints (Figures 6 and 7), beside ours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

PRINTED_MODELS = {
    "vgg19": "vgg19",
    "resnet50": "resnet50",
    "efficientnet_b0": "efficientnet",
}  # theirs by ours
COLUMNS = [
    "regular_height",
    "optimal_height",
    "stride",
    "principal_regular_y",
    "principal_optimal_y",
    "top",
    "left",
    "bottom",
    "right",
]  # of `margins`, that pages show
COMPARED = {
    "feature_regular": "regular_height",
    "feature_optimal": "optimal_height",
    "margin_top_left": "top",
    "margin_bottom_right": "bottom",
}  # ours by the name in the paper's tables


def spoken(column: str) -> str:
    """A column's name as text."""
    return column.replace("_", " ")


def beside_the_paper(ours: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Every printed margin and feature size, and ours.

    Args:
        ours: `margins` of the paper's networks, one behind the other, with the index level `model` before
            that of layers.
        path: Of the printed tables.

    Returns:
        One row for each printed one: `model`, `layer_of_interest` (`"input"`, `"1"` to `"4"`), and each
        column of `COMPARED` as it is printed, then as we find it.
    """
    printed = pd.read_csv(path).astype({"layer_of_interest": str})
    found = ours.reset_index()
    depth = found.groupby("model").cumcount()
    found["layer_of_interest"] = depth.astype(str).mask(depth == 0, "input")
    found["model"] = found["model"].map(PRINTED_MODELS)
    both = printed.merge(found, on=["model", "layer_of_interest"])
    table = both[["model", "layer_of_interest"]]
    theirs = {f"{name} (paper)": both[name] for name in COMPARED}
    mine = {f"{name} (ours)": both[column] for name, column in COMPARED.items()}
    return table.assign(**theirs, **mine)


def difference_sentence(table: pd.DataFrame) -> str:
    """How many numbers of `beside_the_paper` there are, and how many differ."""
    differences = sum(int((table[f"{n} (paper)"] != table[f"{n} (ours)"]).sum()) for n in COMPARED)
    return f"{len(table)} rows, {len(COMPARED) * len(table)} numbers, {differences} differ"
