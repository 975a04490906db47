"""Table 1 of the PPP paper as it is printed, and our rows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..compare import beside
from .squares import background_name

METRICS = ("similar", "dissimilar", "inconsistency")
TRIALS = 10  # behind each printed number
TOLERANCE = 1.0  # percentage points
ROUNDING = 0.02  # that a printed difference may differ by from that of two printed means
CONTRADICTION = "paper contradicts itself"


def read_printed(path: str | Path) -> pd.DataFrame:
    """The printed table, with the columns `scheme` and `background` named as in result rows."""
    table = pd.read_csv(path)
    scheme = np.where(table["fconv"].eq(True), "full-" + table["padding"].astype(str), table["padding"].astype(str))
    return table.assign(scheme=scheme, background=table["background"].map(background_name))


def contradictions(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed cells that cannot all be right.

    A row's `diff` must be its dissimilar minus its similar mean. Where it is not, the cells of that row that repeat another
    row of the same background digit for digit (mean and spread) are returned.

    Returns:
        Columns `scheme`, `background`, `metric`, the printed `mean`, the row `repeats` that has it too, and `implied`: the
        dissimilar mean that the printed difference would give (NaN for other metrics).
    """
    out = []
    for index, row in printed.iterrows():
        if abs(row["dissimilar_mean"] - row["similar_mean"] - row["diff"]) <= ROUNDING:
            continue
        others = printed[(printed["background"] == row["background"]) & (printed.index != index)]
        for metric in METRICS:
            columns = [f"{metric}_mean", f"{metric}_std"]
            twin = others[(others[columns] == row[columns]).all(axis=1)]
            if len(twin) and row[columns[1]] > 0:  # 100.00 +- 0.00 is no repetition
                out.append(
                    {
                        **row[["scheme", "background"]],
                        "metric": metric,
                        "mean": row[columns[0]],
                        "repeats": twin.iloc[0]["scheme"],
                        "implied": row["similar_mean"] + row["diff"] if metric == "dissimilar" else np.nan,
                    }
                )
    return pd.DataFrame(out, columns=["scheme", "background", "metric", "mean", "repeats", "implied"])


def verdicts(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """`pppkit.compare.beside` for the table, where cells of `contradictions` have that verdict."""
    table = beside(rows, printed, ("scheme", "background"), METRICS, n=TRIALS, tolerance=TOLERANCE)
    wrong = {(c["scheme"], c["background"], c["metric"]) for c in contradictions(printed).to_dict("records")}
    found = [(r["scheme"], r["background"], r["metric"]) in wrong for r in table.to_dict("records")]
    return table.assign(verdict=table["verdict"].mask(found, CONTRADICTION))


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy along the trajectories, one row for each network and height.

    Returns:
        Columns `scheme`, `background`, `seed`, `y` (top edge of the lower square) and `accuracy` in percent.
    """
    names = rows[["scheme", "background", "seed"]]
    long = names.assign(accuracy=[np.array(t.split(), float) for t in rows["trajectory"]], y=[range(29)] * len(rows)).explode(
        ["accuracy", "y"]
    )
    return long.astype({"accuracy": float, "y": int}).dropna(subset="accuracy").reset_index(drop=True)
