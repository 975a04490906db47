"""What the pages of the BHV test show, on a handful of rows by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pppkit.experiments.bhv import confounder, curves, reproduction, tables
from pppkit.experiments.bhv.squares import Squares, make_splits

REFERENCE = Path(__file__).parents[2] / "book" / "reference"
DESCENT = " ".join(["nan"] * 3 + ["100.00"] * 25 + ["50.00"])


def networks(padding="zeros", background="0.0", similar=(90.0, 100.0), dissimilar=(10.0, 20.0)):
    names = {"padding": padding, "background": background, "epochs": 50, "trajectory": DESCENT}
    return pd.DataFrame(
        [
            names | {"seed": i, "similar": s, "dissimilar": d, "inconsistency": 0.0, "seconds": 1800.0}
            for i, (s, d) in enumerate(zip(similar, dissimilar))
        ]
    )


@pytest.fixture(scope="module")
def printed():
    return tables.read_printed(REFERENCE / "ppp_table1_bhv.csv")


def test_sizes_in_a_sentence():
    rows = pd.concat([networks(), networks("randn", similar=(1.0,), dissimilar=(2.0,))])
    sentence = (
        "Behind the table are 3 networks in 2 cells, 2 in each, but 1 for randn on black; "
        "their training took 1.5 hours of one core."
    )
    assert tables.size_sentence(rows) == sentence
    assert "but" not in tables.size_sentence(networks())


def test_the_table_beside_the_paper(printed):
    rows = pd.concat([networks(), networks(background="0.5"), networks("randn")])
    judged = tables.verdicts(rows, printed)
    shown = tables.beside_the_paper(judged, "similar")
    assert shown.index.tolist() == ["zeros", "randn"]
    assert shown.loc["zeros", ("black", "ours")] == "95.0 ± 7.1"
    assert shown.loc["zeros", ("black", "paper")] == "99.8 ± 0.0"
    # 95 - 99.83; with one degree of freedom the interval is 12.706 standard errors of 5 points wide.
    assert shown.loc["zeros", ("black", "ours − paper")] == "-4.8 ± 63.5  ="
    assert pd.isna(shown.loc["randn", ("grey", "ours")])
    counts = tables.verdict_counts(judged)
    assert counts.loc["all"].sum() == 9 and counts.loc["Dissimilar test", tables.CONTRADICTION] == 1


def test_everything_that_is_drawn_as_lines(printed):
    rows = pd.concat([networks("full-zeros"), networks("full-zeros", "0.5")])
    found = curves.all_curves(rows, networks("full-zeros", "1.0"), printed)
    assert list(found) == [
        ("on the way down", "black"),
        ("on the way down", "grey"),
        ("from black to white", "full-zeros"),
    ]
    down, greys = found["on the way down", "grey"], found["from black to white", "full-zeros"]
    assert down["y"].iloc[0] == 3 and down["mean"].iloc[-1] == 50 and set(down["line"]) == {"full-zeros"}
    ours = greys[greys["line"] == "Dissimilar test"]
    assert ours["intensity"].tolist() == [0, 0.5, 1] and ours["mean"].tolist() == [15, 15, 15]
    assert "paper, Dissimilar test" in set(greys["line"])


@pytest.mark.parametrize(
    "light, words", [((0.0, 2.0), "so it is black that hides"), ((88.0, 100.0), "is not what decides")]
)
def test_whether_black_or_the_padding_hides_position(light, words):
    full = {"padding": "full-zeros", "dissimilar": (90.0, 92.0)}
    rows = pd.concat(
        [networks(**full), networks(), networks(background="0.5"), networks("full-zeros", "0.5")]
    )
    between = networks("full-zeros", "1.0", dissimilar=light)
    text = tables.answer(rows, between)
    assert "on black 91 %, place 1 of 2; on grey 15 %, place 1 of 2" in text
    assert f"on the lightest of 3 greys {sum(light) / 2:.0f} %" in text and words in text


def test_points_of_networks_and_of_the_paper(printed):
    points = tables.every_network(networks(), printed, "dissimilar")
    ours, theirs = points[points["kind"] == "black"], points[points["kind"] == "paper, black"]
    assert ours["value"].tolist() == [10.0, 20.0] and ours["error"].isna().all()
    assert theirs.set_index("padding").loc["zeros", ["value", "error"]].tolist() == [3.21, 8.35]


def test_mean_curves():
    found = curves.mean_curves(networks()).set_index("y")
    assert found.index.tolist() == list(range(3, 29)) and found.loc[28, ["mean", "std"]].tolist() == [50, 0]


def test_intensities(printed):
    rows = pd.concat([networks(), networks(background="0.2", similar=(80.0,), dissimilar=(4.0,))])
    found = curves.by_intensity(rows)
    cell = found[(found["line"] == "Similar test") & (found["intensity"] == 0)].iloc[0]
    assert cell[["mean", "networks"]].tolist() == [95, 2] and cell["std"] == pytest.approx(50**0.5)
    table = tables.intensity_table(found)
    assert table.columns.tolist() == [*tables.TITLES.values(), "networks"]
    assert table.loc["0.2"].tolist() == ["80.0", "4.0", "0.0", 1]
    theirs = curves.printed_by_intensity(printed, "full-zeros")
    at_grey = theirs[theirs["intensity"] == 0.5].set_index("line")["mean"]
    assert at_grey["paper, Dissimilar test"] == 4.77 and len(theirs) == 6


def test_a_cell_of_ones_own():
    own = networks(background="1.0")
    table = tables.own_cell(own, pd.concat([networks(), networks("randn")]))
    assert table.index.get_level_values("cell").tolist() == ["yours", "black"]
    assert table.iloc[0].tolist() == [95, 15, 0, 1800, 2]


def test_four_sets_of_numbers(printed):
    fconv = reproduction.read_fconv(REFERENCE / "fconv_bhv.csv")
    ours = {"printed": reproduction.printed_cells(printed), "ours": reproduction.cells(networks())}
    table = reproduction.side_by_side(ours, "dissimilar", ["zeros", "none"])
    assert table.loc["zeros"].tolist() == ["3.2 ± 8.3", "15.0 ± 7.1"] and table.loc["none", "ours"] == ""
    readings = reproduction.circular_readings(networks("full-circular"), fconv)
    assert readings.index.tolist() == ["2 pixels: the same line today", "F-Conv, printed"]
    assert readings.loc["F-Conv, printed"].tolist() == ["73.7", "73.7", ""]


def test_what_the_contradicting_cell_could_be(printed):
    fconv = reproduction.read_fconv(REFERENCE / "fconv_bhv.csv")
    found = reproduction.candidates(printed, fconv, {"ours": networks()})["dissimilar (%)"]
    assert found["PPP paper, printed"] == "3.21" and found["F-Conv, printed"] == "8.4"
    assert found["ours"] == "15.0 ± 7.1" and found["PPP paper, implied by its difference"] == "12.15"


def test_cost_of_precision_by_hand():
    half = networks(similar=(90.0, 100.0, 98.0), dissimilar=(10.0, 10.0, 10.0))
    exact = networks(similar=(93.0,), dissimilar=(11.0,))
    cost = reproduction.cost_of_precision(half, exact)
    similar = cost.loc["zeros", "black", "similar"]
    assert similar[["bfloat16", "float32", "difference", "pairs"]].tolist() == [90, 93, -3, 1]
    assert similar["standard error"] == pytest.approx(2**0.5 * np.std([90, 100, 98], ddof=1))
    assert cost.loc[("zeros", "black", "dissimilar"), "standard error"] == pytest.approx(0.5**0.5)
    assert reproduction.beyond_chance(cost).empty
    wider = cost.assign(difference=[20.0, 0.0, 0.0])
    assert reproduction.beyond_chance(wider).index.tolist() == [("zeros", "black", "similar")]
    said = reproduction.cost_sentence(cost)
    assert said.startswith("0 of 3 cells differ by more than two standard errors")
    assert "-1.33 points, the largest 3.0 (zeros on black, similar: 90.0 against 93.0), with a" in said
    assert reproduction.cost_sentence(wider).startswith("1 of 3 cells")
    assert reproduction.pairs_sentence(exact, cost) == (
        "1 pairs of networks, 1 for each padding and background."
    )
    wide = reproduction.precision_table(cost)
    assert wide.loc[("zeros", "black"), ("dissimilar", "float32")] == 11 and wide.shape == (1, 6)


def test_what_splits_share():
    first = Squares(np.array([[[3, 0], [10, 5]], [[19, 27], [26, 22]]]), np.array([0, 1]))
    splits = {"train": first, "validation": first[:1], "similar": first.moved(1)}
    found = confounder.overlap(splits)
    assert list(found.values()) == [1, 0, 2]
    assert confounder.counts(splits).loc["train"].tolist() == [2, 1]


def test_places_are_shares_of_images():
    data = make_splits("disjoint")
    found = confounder.places({k: v[:200] for k, v in data.items()})
    red = found["train", "class 1, red"]
    assert len(found) == 12 and red.sum() == pytest.approx(16) and red[20:].sum() == 0  # 4 x 4, upper half
    assert found["dissimilar", "class 1, red"][:16].sum() == pytest.approx(0)


def test_answers_along_a_trajectory():
    lines = confounder.still_right(pd.concat([networks(), networks("none")]), ["none", "zeros"])
    assert lines[28] == "still called class 1: none 50 %, zeros 50 %" and min(lines) == 3


def test_borders():
    data = make_splits("disjoint")["similar"][:2]
    shades = {"black": "black", "grey": 0.5}
    far = confounder.border_distance(data, shades, torch.Generator().manual_seed(0))
    assert far.loc["zeros"].tolist() == [0, 0.5] and far.loc["replicate", "grey"] < 0.1
    pictures = confounder.padded(data[:1], shades, 6, torch.Generator().manual_seed(0))
    assert list(pictures)[:2] == [("black", "zeros"), ("black", "reflect")]
    assert pictures["grey", "zeros"].shape == (3, 44, 44) and pictures["grey", "zeros"][:, :6].max() == 0
    shown = confounder.as_pictures(torch.tensor([-1.0, 0.5, 2.0]).view(1, 3, 1, 1).expand(1, 3, 2, 4))
    assert shown[0].shape == (2, 4, 3) and shown[0][0, 0].tolist() == [0, 127, 255]
