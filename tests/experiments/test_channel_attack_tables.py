"""Tables of the channel attack, of small rows that are made here."""

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.channels import attack
from pppkit.experiments.channels import attack_tables as tables
from pppkit.results.maps import save_maps


def rows(cost, random=(1.0, 2.0, 3.0), rank=(0.4, 0.2, 0.6), relative=(0.1, -0.1, 0.3)):
    """One network of 8 channels, half of them off; what each ranking costs in points, and random draws."""
    about = {"data": "satellite", "padding": "zeros", "seed": 0, "top": 4, "channels": 8, "whole": 0.5}
    about |= dict(zip(("ppp rank", "ppp rank low", "ppp rank high"), rank))
    about |= dict(zip(("relative rank", "relative rank low", "relative rank high"), relative))
    attacks = [(name, 0, value) for name, value in cost.items()]
    attacks += [(attack.RANDOM, draw, value) for draw, value in enumerate(random)]
    return pd.DataFrame(
        [
            {**about, "ranking": name, "draw": draw, "region": region, "miou": 0.5 - value / 100}
            for name, draw, value in attacks
            for region in attack.REGIONS
        ]
    )


COST = {"overall": 9.0, "left": 4.0, "right": 3.0, "centre": 0.5, "strongest": 8.0}


def test_losses_in_points_and_the_band_of_random_draws():
    found = tables.losses(rows(COST)).query("region == 'image'").set_index("ranking")
    assert found["loss"].to_dict() == pytest.approx({**COST, "random": 2.0})
    assert found["share"].eq(50).all()
    assert found.loc["random", "half_width"] == pytest.approx(4.303 * np.sqrt(1 + 1 / 3), abs=1e-3)
    assert found.loc["overall", "half_width"] == 0


def test_an_attack_counts_above_what_another_draw_would_show():
    found = tables.against_random(rows(COST)).query("region == 'left'").set_index("ranking")["more"]
    assert found.to_dict() == {"overall": True, "strongest": True} | dict.fromkeys(
        ("left", "right", "centre"), False
    )


def test_the_answer():
    text = tables.answer(rows(COST))
    assert "a mean of 9.0 points of mIoU, as many random ones 2.0" in text
    assert "of the strongest, whatever they tell, 8.0: means over 1 network and 1 number of channels." in text
    assert "in 1 of 1 networks, and for their strength in 0." in text
    other = tables.answer(rows(COST, rank=(0.1, -0.2, 0.3), relative=(0.5, 0.2, 0.7)))
    assert "in 0 of 1 networks, and for their strength in 1." in other


def test_two_numbers_of_channels_are_told_apart():
    few = rows({**COST, "overall": 2.0, "strongest": 4.0}).assign(top=1)
    both = pd.concat([rows(COST), few, rows({**COST, "overall": 7.0}).assign(seed=1)])
    found = tables.by_number(both)
    assert found.index.tolist() == [12.5, 50]
    assert found.loc[50].tolist() == pytest.approx([8.0, 8.0, 2.0]), "a mean over two networks"
    said = tables.number_sentence(both)
    assert "cost 2.0 and 4.0 at 12.5 %, 8.0 and 8.0 at 50 % of the channels, in points" in said
    assert "means over 2 networks and 2 numbers of channels" in tables.answer(both)


def test_curves_start_at_the_whole_network():
    found = tables.curves(rows(COST))
    assert list(found) == [("zeros", region) for region in attack.REGIONS]
    image = found["zeros", "image"]
    assert image[image["share"] == 0]["miou"].eq(50).all()
    first = image[image["channels"] == "position channels"]
    assert first["miou"].tolist() == pytest.approx([50, 41])


def test_networks_of_two_data_sets_stand_apart(tmp_path):
    both = pd.concat([rows(COST), rows(COST).assign(data="scenes", whole=0.9, miou=0.8)])
    found = tables.curves(both)
    names = ("zeros on satellite", "zeros on scenes")
    assert list(found) == [(name, region) for name in names for region in attack.REGIONS]
    assert [found[name, "image"]["miou"].max() for name in names] == pytest.approx([50, 90])
    assert tables.by_region(both).loc["zeros on satellite", "image"]["overall"] == pytest.approx(9)
    assert [name for name, _ in tables.patterns(both).index] == list(names)
    trials = [
        {**dict(zip(attack.KEY, ("vgg_fcn", name, "zeros", 0, "quick")))} for name in ("satellite", "scenes")
    ]
    for value, trial in enumerate(trials, 1):
        maps = {(name,): np.full(2, float(value)) for name in ("flip", "ppp", "mean")}
        save_maps(attack.map_file(tmp_path, trial), maps | {("features", "0"): np.full((2, 2), value)})
    shown = tables.features(tmp_path, trials)
    assert [shown[name]["", "channel 0"].mean() for name in names] == [1, 2]
    assert tables.channel_points(tmp_path, trials)["padding"].unique().tolist() == list(names)


def test_regions_and_patterns():
    table = tables.by_region(rows(COST))
    assert list(table.columns) == list(attack.REGIONS)
    assert table.loc[("zeros", "overall"), "left"] == pytest.approx(9)
    assert tables.patterns(rows(COST)).loc[("zeros", 0), ("as they are", "from")] == 0.2


def test_channels_over_their_mean(tmp_path):
    (trial,) = attack.grid("quick", "scenes", "zeros")
    kept = {("flip",): np.array([1.0, 3.0, 9.0]), ("ppp",): np.array([2.0, 2.0, 9.0])}
    kept["mean",] = np.array([2.0, 2.0, 0.0])
    save_maps(attack.map_file(tmp_path, trial), {**kept, ("features", "1"): np.eye(2)})
    points = tables.channel_points(tmp_path, [trial])
    assert points[tables.CHANNEL[0]].tolist() == [0.5, 1.5] and points["PPP"].tolist() == [1, 1]
    assert tables.features(tmp_path, [trial])["zeros"]["", "channel 1"].tolist() == [[1, 0], [0, 1]]
    assert tables.channel_points(tmp_path / "nowhere", [trial]).empty


def by_third(own):
    """Rows in which each third's channels cost that third so much more than the others."""
    table = rows({**dict.fromkeys(("overall", "left", "right", "centre", "strongest"), 3.0)})
    table.loc[table["ranking"] == table["region"], "miou"] -= own / 100
    return table


def test_channels_of_a_third_beside_random_ones():
    found = tables.specific(by_third(5.0))
    assert found["third"].tolist() == ["left", "centre", "right"] and found["more"].all()
    assert found["own"].tolist() == pytest.approx([5.0] * 3) and found["random"].abs().max() < 1e-9
    said = tables.region_sentence(by_third(5.0))
    assert "a mean of +5.0 points of mIoU more than the other thirds" in said and "3 of 3 do so" in said
    assert "0 of 3 do so" in tables.region_sentence(by_third(-1.0))


def test_strength_of_channels(tmp_path):
    trial = attack.grid(padding="zeros")[0]
    assert tables.strength_sentence(tmp_path, [trial]) == ""
    kept = {("flip",): np.array([1.0, 2, 3, 4]), ("mean",): np.array([1.0, 2, 4, 3])}
    save_maps(attack.map_file(tmp_path, trial), kept)
    assert "rank correlation of 0.80 with" in tables.strength_sentence(tmp_path, [trial])
