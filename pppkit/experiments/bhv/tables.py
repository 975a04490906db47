"""Table 1 of the PPP paper as it is printed, and our rows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...results.printed import compare_with_printed
from ...results.text import plus_minus
from .squares import LOWEST, background_name

METRICS = ("similar", "dissimilar", "inconsistency")
TITLES = {
    "similar": "Similar test",
    "dissimilar": "Dissimilar test",
    "inconsistency": "Inconsistent trajectories",
}
SHADES = {"0.0": "black", "0.5": "grey"}  # the table's backgrounds
TRIALS = 10  # behind each printed number
TOLERANCE = 1.0  # percentage points
ROUNDING = 0.02  # that a printed difference may differ by from that of two printed means
CONTRADICTION = "paper contradicts itself"
MARKS = {"agrees": "=", "disagrees": "≠", CONTRADICTION: "⁇", "too few": "…"}


def read_printed(path: str | Path) -> pd.DataFrame:
    """The printed table, with the columns `padding` and `background` named as in result rows."""
    table = pd.read_csv(path)
    scheme = np.where(
        table["fconv"].eq(True), "full-" + table["padding"].astype(str), table["padding"].astype(str)
    )
    return table.assign(padding=scheme, background=table["background"].map(background_name))


def contradictions(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed cells that cannot all be right.

    A row's `diff` must be its dissimilar minus its similar mean. Where it is not, the cells of that row that
    repeat another row of the same background digit for digit (mean and spread) are returned.

    Returns:
        Columns `padding`, `background`, `metric`, the printed `mean`, the row `repeats` that has it too, and
        `implied`: the dissimilar mean that the printed difference would give (NaN for other metrics).
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
    """`compare_with_printed` for the table, where cells of `contradictions` have that verdict."""
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


def size_sentence(rows: pd.DataFrame) -> str:
    """How many networks stand behind the table, in how many cells, and how long they trained."""
    sizes = rows.groupby(["padding", "background"], sort=False).size()
    few = [
        f"{n} for {padding} on {SHADES[shade]}" for (padding, shade), n in sizes.items() if n < sizes.max()
    ]
    exceptions = f", but {', '.join(few)}" if few else ""
    return (
        f"{len(rows)} networks in {len(sizes)} cells, {sizes.max()} in each{exceptions}\n"
        f"training took {rows['seconds'].sum() / 3600:.1f} hours of one core"
    )


def beside_the_paper(judged: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric of Table 1 as its page shows it.

    Args:
        judged: Of `verdicts`.
        metric: One of `METRICS`.

    Returns:
        One row for each padding; for each background ours and the paper's mean ± standard deviation, and ours
        minus the paper's ± the half-width of its 95 % interval with a mark of `MARKS`.
    """
    part = judged[judged["metric"] == metric]
    difference = part["difference"].map("{:+.1f}".format) + part["half_width"].map(" ± {:.1f}  ".format)
    part = part.assign(
        on=part["background"].map(SHADES),
        ours=plus_minus(part["mean"], part["std"]),
        paper=plus_minus(part["paper_mean"], part["paper_std"]),
        gap=difference + part["verdict"].map(MARKS),
    ).rename(columns={"gap": "ours − paper"})
    shown = ["ours", "paper", "ours − paper"]
    wide = part.pivot(index="padding", columns="on", values=shown).reindex(part["padding"].unique())
    wide = wide.swaplevel(axis=1)[[(on, column) for on in SHADES.values() for column in shown]]
    return wide.rename_axis(index="padding", columns=[f"{TITLES[metric]} (%)", ""])


def verdict_counts(judged: pd.DataFrame) -> pd.DataFrame:
    """How many cells of `verdicts` have each verdict, for each metric and for all."""
    counts = judged.pivot_table(
        index="metric", columns="verdict", values="mean", aggfunc="size", fill_value=0, sort=False
    )
    counts.loc["all"] = counts.sum()
    return counts


def every_network(rows: pd.DataFrame, printed: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One point for each network and one for each printed mean.

    Returns:
        Columns `padding`, `value`, `error` (the paper's standard deviation; NaN for a network) and `kind`:
        the background, or `"paper, "` and the background.
    """
    shades = rows["background"].map(SHADES)
    ours = rows[["padding"]].assign(value=rows[metric], error=np.nan, kind=shades)
    theirs = printed[["padding"]].assign(
        value=printed[f"{metric}_mean"],
        error=printed[f"{metric}_std"],
        kind="paper, " + printed["background"].map(SHADES),
    )
    return pd.concat([ours, theirs])


def mean_curves(rows: pd.DataFrame) -> pd.DataFrame:
    """`curves`, their `mean` and `std` over networks by `background`, `padding` and `y`."""
    groups = curves(rows).groupby(["background", "padding", "y"], sort=False)["accuracy"]
    return groups.agg(["mean", "std"]).reset_index()


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


def intensity_table(found: pd.DataFrame) -> pd.DataFrame:
    """`by_intensity` as text: mean ± standard deviation of each metric by background, and the networks."""
    text = found.assign(text=plus_minus(found["mean"], found["std"]))
    table = text.pivot(index="intensity", columns="line", values="text")[list(TITLES.values())]
    table["networks"] = found.groupby("intensity")["networks"].first()
    return table.rename(index="{:g}".format).rename_axis(index="background", columns=None)


def own_cell(own: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """A reader's networks and the table's cells of the same paddings: means, seconds, how many.

    Args:
        own: The reader's rows.
        rows: The table's.
    """
    same = rows[rows["padding"].isin(own["padding"].unique())]
    both = pd.concat([own.assign(cell="yours"), same.assign(cell=same["background"].map(SHADES))])
    groups = both.groupby(["cell", "padding", "background", "epochs"], sort=False)
    return groups[[*METRICS, "seconds"]].mean().assign(networks=groups.size())
