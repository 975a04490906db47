"""Tables of the pages on PPP and PosENet, on a handful of rows by hand."""

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.posenet import rounding
from pppkit.experiments.posenet import tables as posenet_tables
from pppkit.experiments.ppp import pitfall_tables, untrained_tables
from pppkit.metrics import MAE_READINGS, SNR_READINGS
from pppkit.models import LAYERS_OF_INTEREST


def training(seed=0, scale=1.0, size=64, source="scenes"):
    """A network of one layer that was measured before, after one epoch and after two."""
    names = {"model": "vgg19", "data": "scenes", "padding": "zeros", "seed": seed, "level": 4}
    setup = {
        "size": size,
        "trained_size": 64,
        "source": source,
        "epochs": 2,
        "width": 0.125,
        "images": 9,
        "n": 8,
    }
    rows = [
        names | setup | {"epoch": e, "snr_ppp": scale * (1 + e), "mae_ppp": 0.5, "val_accuracy": 0.4 * e}
        for e in (2, 0, 1)
    ]
    return pd.DataFrame(rows).assign(precision="32-true")


def printed(**values):
    names = {"model": "vgg19", "weights": "untrained"}
    columns = {
        f"{m}_{s}": 0.0 for m in ("snr_ppp", "mae_ppp", "posenet_spc", "posenet_mae") for s in ("mean", "std")
    }
    paddings = {"zeros": 4.0, "reflect": 1.0, "randn": 0.0}
    return pd.DataFrame(
        [
            names | columns | {"padding": p, "snr_ppp_mean": v, "snr_ppp_std": 0.5} | values
            for p, v in paddings.items()
        ]
    )


def untrained():
    """Two networks of three paddings at two depths on both kinds of pictures."""
    sizes = {"zeros": 2.0, "reflect": 1.0, "randn": 3.0, "none": 0.0}
    names = {"model": "vgg19", "init": "default", "n": 32}
    readings = {f"snr {reading}": 7.0 for reading in SNR_READINGS}
    return pd.DataFrame(
        [
            names
            | {"padding": p, "source": s, "weights_seed": seed, "level": level, "layer": f"features.{level}"}
            | {"snr_ppp": level * v * factor + seed, "mae_ppp": 0.1}
            | readings
            for p, v in sizes.items()
            for s, factor in (("scenes", 1.0), ("satellite", 0.5))
            for seed in (0, 1)
            for level in (1, 4)
        ]
    )


def test_untrained_beside_the_paper():
    deep = untrained_tables.of_level(untrained(), 4)
    table = untrained_tables.beside_the_paper(deep, printed(), "SNR-PPP")
    assert table.loc[("VGG19", "zeros"), ("SNR-PPP", "scenes")] == "8.5000 ± 0.7071"
    assert table.loc[("VGG19", "zeros"), ("SNR-PPP", "paper")] == "4.0000 ± 0.5000"
    assert table.loc[("VGG19", "none"), ("SNR-PPP", "paper")] == ""
    points = untrained_tables.every_network(deep, printed(), "vgg19")
    paper = points[points["source"] == "paper, ± std"]
    assert len(points) == 19 and paper["error"].tolist() == [0.5] * 3


def test_agreement_by_hand():
    found = untrained_tables.agreement(untrained_tables.of_level(untrained(), 4), printed()).loc[
        "VGG19", "scenes"
    ]
    # Ours: randn 12.5, zeros 8.5, reflect 4.5; the paper's: zeros 4, reflect 1, randn 0.
    assert found["our order"] == "randn > zeros > reflect" and found["rank correlation"] == "-0.50"
    assert found["ours / paper"] == "2.12 to 4.50"


def test_differences_that_the_paper_would_print_alike_do_not_count():
    rows = untrained_tables.of_level(untrained(), 4)
    rows = rows[rows["padding"] != "none"].assign(
        snr_ppp=lambda d: d["padding"].map({"zeros": 4, "reflect": 1e-6})
    )
    alike = printed().assign(snr_ppp_mean=[4.0, 0.0, 0.0])
    faint = rows.fillna({"snr_ppp": 2e-6})
    assert (untrained_tables.agreement(faint, alike)["rank correlation"] == "1.00").all()


def test_two_worlds():
    worlds = untrained_tables.two_worlds(untrained())
    assert len(worlds) == 6 and "none" not in set(worlds["padding"])
    zeros = worlds[(worlds["padding"] == "zeros") & (worlds["layer"] == "features.4")].iloc[0]
    assert (zeros["scenes"], zeros["satellite"]) == (8.5, 4.5)
    assert untrained_tables.worlds_sentence(worlds).startswith(
        "Scenes against satellite images, over paddings and layers: VGG19: rank"
    )
    assert untrained_tables.worlds_sentence(worlds.drop(columns="satellite")) == ""
    agreement = untrained_tables.worlds_agreement(worlds).loc["vgg19"]
    assert agreement["rank correlation"] == 1 and 0.5 < agreement["median of satellite / scenes"] < 0.75


def test_readings_and_initialisations():
    rows = untrained()
    table = untrained_tables.readings(untrained_tables.of_level(rows, 4), printed())
    assert list(table.columns) == [*SNR_READINGS, "paper"] and (table[SNR_READINGS[0]] == 7).all()
    assert table.loc[("VGG19", "zeros"), "paper"] == 4 and ("VGG19", "none") not in table.index
    both = pd.concat([rows, rows.assign(init="kaiming", snr_ppp=9.0)])
    first = untrained_tables.initialisations(both)
    assert first.loc[("VGG19", "zeros"), ("PyTorch's default", "scenes")] == 8
    assert first.loc[("VGG19", "zeros"), ("He et al.", "satellite")] == 9


def test_every_reading_judges_the_papers_sentences():
    deep = untrained_tables.of_level(untrained(), 4)
    other, quiet = SNR_READINGS[1], (deep["padding"] != "zeros")
    deep = deep.assign(**{f"snr {other}": np.where(quiet, 1e-6, 3.0)})
    both = pd.concat([deep, deep.assign(model="resnet50")])
    table = untrained_tables.by_reading(both)
    assert table["VGG19", "zeros alone?"].tolist() == ["no", "yes"] + ["no"] * (len(SNR_READINGS) - 2)
    assert (
        table.loc[other, ("VGG19", "zeros")] == 3 and table.loc[other, ("VGG19", "strongest other")] == 1e-6
    )
    assert table.loc[other, ("strongest in ResNet50", "satellite")] == "zeros"
    text = untrained_tables.readings_sentence(both)
    assert f"of {len(SNR_READINGS)} readings, zeros show alone in VGG19 under 1" in text
    assert "they are strongest in ResNet50 on satellite under" in text


def test_before_training_each_initialisation_answers():
    first = untrained()
    first.loc[first["padding"] != "zeros", "snr_ppp"] = 4e-5  # printed as 0.0000
    both = pd.concat([first, untrained().assign(init="kaiming"), untrained().assign(model="resnet50")])
    assert untrained_tables.answer(both) == (
        "Yes: before any training the deepest layer shows a pattern under 1 of 3 paddings in VGG19, 3 of 3 "
        "in ResNet50 (PyTorch's default), and under 3 of 3 paddings in VGG19 (He et al.)."
    )


def test_panels_are_named_and_small():
    maps = {("zeros", layer): np.ones((56, 56)) for layer in LAYERS_OF_INTEREST["vgg19"]}
    found = untrained_tables.panels(maps, "vgg19")
    assert list(found) == [("zeros", f"layer {level}") for level in (1, 2, 3, 4)]
    assert found["zeros", "layer 4"].shape == (28, 28)


def test_surfaces_of_untrained_networks():
    maps = {("vgg19", "scenes"): {("zeros", "features.8"): np.zeros((2, 2))}}
    assert list(untrained_tables.surfaces(maps)) == [("VGG19, layer 1", "zeros", "scenes")]


def test_cost_of_a_shift():
    names = {"pitfall": "principal point", "source": "scenes", "layer": "layer1"}
    rows = pd.DataFrame(
        [names | {"variant": v, "distance": d} for v, d in (("corrected", 2.0), ("image centred", 5.0))]
    )
    wide = pitfall_tables.by_variant(rows, ["source", "layer"], "distance")
    assert pitfall_tables.answer(wide) == (
        "Ignoring the shift multiplies the first layer's distance by 2.5 on scenes: content, taken for "
        "padding."
    )


def test_maps_cut_from_the_middle_are_still_apart():
    columns = ["regular_height", "optimal_height", "stride", "top"]
    table = pd.DataFrame([[8, 19, 1, 6], [4, 9, 2, 4], [2, 4, 4, 1]], ["input", "a", "b"], columns)
    # the middle begins at 5, 2 and 1: the image is one pixel off, layer a 2 of its own pixels, layer b none
    assert pitfall_tables.shifts_from_the_middle(table).to_dict() == {"a": 3, "b": 1}
    assert pitfall_tables.shifts_sentence(table) == (
        "*Both centred* cuts everything from the middle: image and maps are then apart by 3 input pixels at "
        "a, 1 at b, which is 1.50, 0.25 feature pixels."
    )


def test_margins_that_are_even():
    rows = [("x", "input", 4, 4), ("x", "1", 2, 0), ("y", "input", 9, 8), ("y", "1", 2, 2)]
    columns = ["model", "layer_of_interest", "margin_top_left", "margin_bottom_right"]
    printed = pd.DataFrame(rows, columns=columns)
    assert pitfall_tables.even_margins(printed) == {"x": True, "y": False}
    assert pitfall_tables.even_sentence(printed) == (
        "Of the margins that the paper prints all are even in x, not all in y."
    )


def test_names_that_fit_a_row_of_maps():
    rows = pd.DataFrame({"variant": ["image and maps centred", "corrected"]})
    assert pitfall_tables.named(rows)["variant"].tolist() == ["both centred", "corrected"]
    one, two = np.ones((1, 1)), np.zeros((1, 1))
    maps = {("principal point", "image and maps centred", "a"): one, ("pooling parity", "M = 118", "a"): two}
    assert pitfall_tables.panels(maps, "principal point") == {("both centred", "a"): one}


def test_clean_margins_are_clean_at_every_layer():
    distances = {"a": {118: 1.0, 119: 1.5, 120: 1.0005}, "b": {118: 2.0, 119: 2.0, 120: 5.0}}
    rows = pd.DataFrame(
        [
            {
                "pitfall": "pooling parity",
                "source": "scenes",
                "variant": f"M = {m}",
                "layer": layer,
                "distance": d[m],
            }
            for m in (119, 118, 120)
            for layer, d in distances.items()
        ]
    )
    other = rows.assign(pitfall="residual shortcut")
    found = pitfall_tables.parity(pd.concat([other, rows]), "scenes")
    assert found["M"].tolist() == [118, 119, 120] * 2 and found["layer"].tolist() == ["a"] * 3 + ["b"] * 3
    assert pitfall_tables.clean_margins(found) == [118]


def read_outs():
    names = {"model": "vgg19", "data": "scenes", "padding": "zeros", "train": 96}
    return pd.DataFrame(
        [
            names
            | {"seed": seed, "weights": weights, "spc images": spc, "mae images": 0.2, "spc black": np.nan}
            | {"nan images": 1, "count images": 4, "nan black": 4, "count black": 4}
            for weights, values in (("untrained", (0.2, 0.4)), ("trained", (0.5, 0.7)))
            for seed, spc in enumerate(values)
        ]
    )


def measured():
    readings = {**{f"snr {r}": 2.0 for r in SNR_READINGS}, **{f"mae {r}": 4.0 for r in MAE_READINGS}}
    rows = training().assign(**readings)
    rows.loc[rows["epoch"] == 2, "snr mean-volume"] = 3.0
    return posenet_tables.ends_of_training(pd.concat([rows, training(size=224)]))


def test_ends_of_training():
    assert measured().set_index("epoch")["weights"].to_dict() == {2: "trained", 0: "untrained"}


def test_posenet_beside_the_paper():
    table = posenet_tables.beside_the_paper(
        read_outs(), measured(), printed(posenet_spc_mean=0.5, posenet_spc_std=0.1)
    )
    row = table.loc["VGG19", "scenes", "zeros", "untrained"]
    assert row["SPC", "ours"] == "0.300 ± 0.141" and row["SPC", "paper"] == "0.500 ± 0.100"
    assert row["SNR-PPP", "ours"] == "1.000" and row["MAE-PPP", "paper"] == "0.000 ± 0.000"
    assert table.loc[("VGG19", "scenes", "zeros", "trained"), ("SPC", "paper")] == ""
    sentence = (
        "Behind it are 4 trials of PosENet on 2 networks, with 96 training images; "
        "4 of 16 predicted maps were constant and have no SPC."
    )
    assert posenet_tables.size_sentence(read_outs()) == sentence


def test_tests_without_content():
    table = posenet_tables.by_test(read_outs(), ["images", "black"])
    assert table.loc[("VGG19", "scenes", "trained", "zeros"), "images"] == pytest.approx(0.6)
    assert table["black"].isna().all()
    shares = posenet_tables.constant_shares(read_outs(), ["images", "black"])
    assert shares.to_dict() == {"images": 0.25, "black": 1.0}


def test_every_reading_trained_over_untrained():
    row = posenet_tables.readings(measured()).loc["VGG19", "scenes", "zeros"]
    assert (
        row["mean-volume"] == 1.5
        and row["mae range"] == 1
        and len(row) == len(SNR_READINGS) + len(MAE_READINGS)
    )


def test_readings_that_say_so_least_and_most():
    text = posenet_tables.readings_sentence(posenet_tables.readings(measured()))
    assert "in 0 of 1 cells by " in text and "in 1 by mean-volume" in text


def test_rounding_alone_correlates():
    found = rounding.correlations_of_constants(10)
    assert 0 < len(found) <= 10 and found.abs().max() <= 1 and found.notna().all()
