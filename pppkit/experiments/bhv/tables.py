"""Table 1 of the PPP paper as it is printed, and our rows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...results.printed import compare_with_printed
from ...results.statistics import welch_interval
from ...results.text import plus_minus
from .squares import background_name

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


def size_sentence(rows: pd.DataFrame) -> str:
    """How many networks stand behind the table, in how many cells, and how long they trained."""
    sizes = rows.groupby(["padding", "background"], sort=False).size()
    few = [
        f"{n} for {padding} on {SHADES[shade]}" for (padding, shade), n in sizes.items() if n < sizes.max()
    ]
    exceptions = f", but {', '.join(few)}" if few else ""
    return (
        f"Behind the table are {len(rows)} networks in {len(sizes)} cells, {sizes.max()} in "
        f"each{exceptions}; their training took {rows['seconds'].sum() / 3600:.1f} hours of one core."
    )


def answer(rows: pd.DataFrame, between: pd.DataFrame, padding: str = "full-zeros") -> str:
    """The page's question: does the padding that is best on black hide position, or does black hide it?

    Args:
        rows: Of the table.
        between: Of the same padding on other grey levels.
        padding: The padding in question.
    """
    means = rows.groupby(["background", "padding"])["dissimilar"].mean()
    known = [shade for shade in SHADES if (shade, padding) in means.index]
    places = {shade: int(means[shade].rank(ascending=False, method="min")[padding]) for shade in known}
    listed = "; ".join(
        f"on {SHADES[shade]} {means[shade, padding]:.0f} %, place {places[shade]} of {len(means[shade])}"
        for shade in known
    )
    own = pd.concat([part[part["padding"] == padding] for part in (rows, between)])
    greys = own.groupby(own["background"].astype(float))["dissimilar"]
    black, lightest = (greys.get_group(shade) for shade in (min(greys.groups), max(greys.groups)))
    lost = welch_interval(black, lightest)
    reason = (
        "so it is black that hides where the image ends, not the padding that hides position"
        if lost.low > 0
        else "so the background is not what decides"
    )
    return (
        f"With the bias exchanged, {padding} is still right {listed}; on the lightest of {len(greys)} greys "
        f"{lightest.mean():.0f} %: {reason}."
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
    return counts.rename(index=TITLES).rename_axis(index=None, columns=None)


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
