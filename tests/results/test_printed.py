"""Our trials beside printed ones, by hand, and the printed Table 1."""

from pathlib import Path

import pandas as pd
import pytest

from pppkit.experiments.bhv import curves as bhv_curves
from pppkit.experiments.bhv import tables as bhv_table
from pppkit.results.printed import compare_with_printed

PRINTED = Path(__file__).parents[2] / "book" / "reference" / "ppp_table1_bhv.csv"


def test_compare_with_printed_by_hand():
    rows = pd.DataFrame({"cell": ["a"] * 3 + ["b"] * 3 + ["c"], "score": [9.0, 10, 11, 50, 50, 50, 1]})
    printed = pd.DataFrame(
        {
            "cell": ["a", "b", "c", "d"],
            "score_mean": [10.5, 52.0, 1.0, 0.0],
            "score_std": [1.0, 0.0, 1.0, 0.0],
        }
    )
    table = compare_with_printed(rows, printed, ["cell"], ["score"], n=10).set_index("cell")
    assert table["verdict"].to_dict() == {"a": "agrees", "b": "disagrees", "c": "too few"}
    assert table.loc["a", ["mean", "std", "n", "difference"]].tolist() == [10, 1, 3, -0.5]
    assert (
        compare_with_printed(rows, printed, ["cell"], ["score"], n=10, tolerance=2.0)
        .set_index("cell")
        .loc["b", "verdict"]
        == "agrees"
    )


def test_missing_values_are_no_trials():
    rows = pd.DataFrame({"cell": "a", "score": [9.0, 11.0, None, None], "other": [1.0, None, None, None]})
    printed = pd.DataFrame({"cell": ["a"], **{f"{m}_mean": [10.0] for m in ("score", "other")}})
    printed = printed.assign(score_std=1.0, other_std=1.0)
    found = compare_with_printed(rows, printed, ["cell"], ["score", "other"], n=10)
    assert found["n"].tolist() == [2, 1] and found["verdict"].tolist() == ["agrees", "too few"]
    whole = compare_with_printed(rows[:2], printed, ["cell"], ["score"], n=10)
    assert found["half_width"][0] == whole["half_width"][0]


def test_the_printed_table():
    printed = bhv_table.read_printed(PRINTED)
    assert len(printed) == 22 and set(printed["background"]) == {"0.0", "0.5"}
    assert (
        "none" in set(printed["padding"])
        and "full-randn" in set(printed["padding"])
        and printed["padding"].nunique() == 11
    )


def test_the_row_that_contradicts_itself():
    """zeros, same, black: 99.83 - 87.68 is 12.15, not 3.21; its last two cells are the no-padding row's."""
    found = bhv_table.contradictions(bhv_table.read_printed(PRINTED))
    assert found[["padding", "background", "metric", "repeats"]].values.tolist() == [
        ["zeros", "0.0", "dissimilar", "none"],
        ["zeros", "0.0", "inconsistency", "none"],
    ]
    assert found["implied"].iloc[0] == pytest.approx(12.15)


def test_a_consistent_table_has_no_contradiction():
    printed = bhv_table.read_printed(PRINTED)
    printed.loc[0, "dissimilar_mean"] = 12.15
    assert bhv_table.contradictions(printed).empty


def test_verdicts():
    printed = bhv_table.read_printed(PRINTED)
    cells = printed[printed["padding"].isin(["zeros", "none"])]
    rows = pd.DataFrame(
        [
            {k: c[k] for k in ("padding", "background")}
            | {m: c[f"{m}_mean"] + offset for m in bhv_table.METRICS}
            for c in cells.to_dict("records")
            for offset in (-0.1, 0.0, 0.1)
        ]
    )
    table = bhv_table.verdicts(rows, printed).set_index(["padding", "background", "metric"])["verdict"]
    assert len(table) == 12 and (table == "agrees").sum() == 10
    assert (
        table["zeros", "0.0", "dissimilar"]
        == table["zeros", "0.0", "inconsistency"]
        == bhv_table.CONTRADICTION
    )
    rows["similar"] -= 5
    assert (
        bhv_table.verdicts(rows, printed).set_index("metric").loc["similar", "verdict"] == "disagrees"
    ).all()


def test_curves():
    text = " ".join(["nan"] * 3 + [str(float(y)) for y in range(3, 29)])
    rows = pd.DataFrame(
        [{"padding": "zeros", "background": "0.0", "seed": s, "trajectory": text} for s in (0, 1)]
    )
    long = bhv_curves.curves(rows)
    assert len(long) == 2 * 26 and (long["accuracy"] == long["y"]).all() and set(long["seed"]) == {0, 1}
