"""Crops that see black beyond the border: one thing differs from `learned`."""

import pandas as pd
import pytest

from pppkit.experiments.ppp import black_crops, learned, recipes


def test_one_thing_differs():
    (trial,) = black_crops.grid("quick", networks=1)
    names = {"model": "resnet9", "data": "scenes", "padding": "zeros", "seed": 0, "profile": "quick"}
    assert trial == {**names, "shift_fill": "zeros"}
    black, reflected = recipes.recipe(trial), recipes.recipe(names)
    assert (black.shift_fill, reflected.shift_fill) == ("zeros", "reflect")
    assert black == recipes.recipe({**names, "shift_fill": "zeros"}) != reflected
    assert [t["shift_fill"] for t in black_crops.grid(shift_fill=["zeros", "circular"], networks=1)] == [
        "zeros",
        "circular",
    ]
    with pytest.raises(ValueError, match="shift_fill='black' is not one of"):
        black_crops.grid(shift_fill="black")


def test_its_grid_is_of_networks_that_learned():
    committed = learned.published()
    for trial in black_crops.EXPERIMENT.trials():
        assert {k: v for k, v in trial.items() if k != "shift_fill"} in committed


def test_beside_by_hand():
    names = {"model": "resnet9", "data": "scenes", "padding": "zeros", "epochs": 4, "trained_size": 64}
    one = {**names, "seed": 0, "epoch": 4, "size": 64, "source": "scenes", "level": 1}
    reflected = pd.DataFrame(
        [
            {**one, "val_accuracy": 0.9, "snr_ppp": 1.0},
            {**one, "seed": 1, "val_accuracy": 0.7, "snr_ppp": 3.0},
            {**one, "seed": 2, "data": "other", "val_accuracy": 0.1, "snr_ppp": 9.0},
            {**one, "epoch": 0, "val_accuracy": 0.1, "snr_ppp": 9.0},
            {**one, "padding": "randn", "val_accuracy": 0.1, "snr_ppp": 9.0},
        ]
    )
    black = reflected.iloc[:2].assign(snr_ppp=[4.0, 4.0], shift_fill="zeros")
    found = black_crops.beside(black, reflected).loc["scenes", 1]
    assert found.loc["reflect"].to_dict() == pytest.approx(
        {"networks": 2, "accuracy": 0.8, "mean": 2.0, "std": 2**0.5}
    )
    assert found.loc["zeros", "mean"] == 4.0 and found.loc["zeros", "std"] == 0.0
    text = black_crops.sentence(black_crops.beside(black, reflected))
    assert "ends at 4.000 ± 0.000 (2 networks, 80.0 % right), with reflected ones at 2.000 ± 1.414" in text
    alone = black_crops.sentence(black_crops.beside(black.iloc[:1], reflected))
    assert "ends at 4.000 (1 network, 90.0 % right), with reflected ones at 2.000 ± 1.414 (2" in alone


def test_a_page_shows_black_crops_beside_their_twins():
    twins = pd.DataFrame([t for t in learned.grid("quick", networks=1) if t["data"] == "scenes"])
    assert [t["seed"] for t in black_crops.shown("quick", twins)] == [0]
    assert black_crops.shown("quick", twins[twins["padding"] != "zeros"]) == []
