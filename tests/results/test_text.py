"""Numbers and origins as pages show them, by hand."""

import numpy as np
import pandas as pd

from pppkit.results import mean_and_spread, plus_minus, provenance_table


def test_a_single_value_has_no_spread():
    shown = plus_minus(pd.Series([1.0, -2.346, np.nan]), pd.Series([np.nan, 0.0, np.nan]), 2)
    assert shown.tolist() == ["1.00", "-2.35 ± 0.00", "nan"]


def test_who_added_up_does_not_decide_the_rounding():
    sums = pd.Series([5.05, 5.050000000000001, 5.049999999999999])
    assert sums.nunique() == 3 and plus_minus(sums, sums * 0).tolist() == ["5.0 ± 0.0"] * 3


def test_groups_keep_the_order_of_rows_and_spread_is_the_samples():
    rows = pd.DataFrame({"g": ["z", "z", "a"], "v": [1.0, 3.0, 5.0], "w": [0.0, 0.0, 1.0]})
    shown = mean_and_spread(rows, "g", ["v", "w"])
    assert shown.index.tolist() == ["z", "a"] and shown["v"].tolist() == ["2.0 ± 1.4", "5.0"]
    assert mean_and_spread(rows, ["g"], ["w"], 0)["w"].tolist() == ["0 ± 0", "1"]


def test_provenance_names_every_value_once():
    rows = pd.DataFrame(
        {
            "model": ["b", "b", "b", "a"],
            "seed": [0, 1, 1, 0],
            "seconds": [1.0, 9.0, 2.0, 4.0],
            "torch": ["2.1", "2.0", "2.1", "2.1"],
            "revision": ["x", "y", "x", np.nan],
        }
    )
    table = provenance_table(rows, ["model"], networks=("seed", "nunique"))
    assert list(table.columns) == ["networks", "seconds", "torch", "revision"]
    assert table.loc["b"].tolist() == [2, 2.0, "2.1, 2.0", "x, y"]
    assert table.index.tolist() == ["b", "a"] and table.loc["a", "revision"] == ""
    assert "seconds" not in provenance_table(rows.drop(columns="seconds"), ["model"])
