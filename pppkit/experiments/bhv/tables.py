"""Table 1 of the PPP paper as it is printed, and our rows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...results.printed import compare_with_printed
from ...results.statistics import student_interval, welch_interval
from .squares import LOWEST, background_name

METRICS = ("similar", "dissimilar", "inconsistency")
TRIALS = 10  # behind each printed number
TOLERANCE = 1.0  # percentage points
ROUNDING = 0.02  # that a printed difference may differ by from that of two printed means
CONTRADICTION = "paper contradicts itself"


def read_printed(path: str | Path) -> pd.DataFrame:
    """The printed table, with the columns `padding` and `background` named as in result rows."""
    table = pd.read_csv(path)
    scheme = np.where(
        table["fconv"].eq(True), "full-" + table["padding"].astype(str), table["padding"].astype(str)
    )
    return table.assign(padding=scheme, background=table["background"].map(background_name))


def contradictions(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed cells that cannot all be right.

    A row's `diff` must be its dissimilar minus its similar mean. Where it is not, the cells of that row that repeat another
    row of the same background digit for digit (mean and spread) are returned.

    Returns:
        Columns `padding`, `background`, `metric`, the printed `mean`, the row `repeats` that has it too, and `implied`: the
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
                        **row[["padding", "background"]],
                        "metric": metric,
                        "mean": row[columns[0]],
                        "repeats": twin.iloc[0]["padding"],
                        "implied": row["similar_mean"] + row["diff"] if metric == "dissimilar" else np.nan,
                    }
                )
    return pd.DataFrame(out, columns=["padding", "background", "metric", "mean", "repeats", "implied"])


def verdicts(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """`pppkit.results.compare_with_printed` for the table, where cells of `contradictions` have that verdict."""
    by = ("padding", "background")
    table = compare_with_printed(rows, printed, by, METRICS, n=TRIALS, tolerance=TOLERANCE)
    wrong = {(c["padding"], c["background"], c["metric"]) for c in contradictions(printed).to_dict("records")}
    found = [(r["padding"], r["background"], r["metric"]) in wrong for r in table.to_dict("records")]
    return table.assign(verdict=table["verdict"].mask(found, CONTRADICTION))


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


def claims(rows: pd.DataFrame) -> pd.DataFrame:
    """What section 3.2 concludes from the table, checked on our rows with 95 % intervals (Welch, over networks).

    Args:
        rows: Of the table, black and grey.

    Returns:
        One row for each claim: `claim`, `check`, what was `measured`, and the `verdict`: holds, fails, or cannot be told.
    """
    cells = {k: v for k, v in rows.groupby(["background", "padding"], sort=False)}

    def difference(metric: str, a: tuple[str, str], b: tuple[str, str]) -> tuple[float, float]:
        found = welch_interval(cells[a][metric], cells[b][metric])
        return found.value, found.half_width

    def verdict(value: float, half: float) -> str:
        return "holds" if value - half > 0 else "fails" if value + half < 0 else "cannot be told"

    drop, half = difference("dissimilar", ("0.0", "full-zeros"), ("0.5", "full-zeros"))
    out = [
        {
            "claim": "On grey the dissimilar test is no longer in favour of full zero padding",
            "check": "full-zeros, dissimilar: black minus grey is positive",
            "measured": f"{drop:+.1f} ± {half:.1f} points",
            "verdict": verdict(drop, half),
        }
    ]
    best = {"full-replicate", "full-circular"}
    for background, name in (("0.0", "black"), ("0.5", "grey")):
        means = {s: c["dissimilar"].mean() for (b, s), c in cells.items() if b == background}
        worst = min(best, key=lambda s: means[s])
        rival = max(set(means) - best, key=lambda s: means[s])
        lead, half = difference("dissimilar", (background, worst), (background, rival))
        out.append(
            {
                "claim": f"Full replicate and full circular padding do best on the dissimilar test, {name}",
                "check": f"the worse of the two ({worst}) minus the best other ({rival}) is positive",
                "measured": f"{lead:+.1f} ± {half:.1f} points",
                "verdict": verdict(lead, half),
            }
        )
    for claim, chosen in (
        ("All models are inconsistent along trajectories", cells),
        ("Even without padding", {k: v for k, v in cells.items() if k[1] == "none"}),
    ):
        (background, padding), least = min(chosen.items(), key=lambda kv: kv[1]["inconsistency"].mean())
        found = student_interval(least["inconsistency"])
        mean, half = found.value, found.half_width
        out.append(
            {
                "claim": claim,
                "check": f"the least inconsistent cell ({padding}, background {background}) is above 0",
                "measured": f"{mean:.1f} ± {half:.1f} %",
                "verdict": verdict(mean, half),
            }
        )
    return pd.DataFrame(out)
