"""What tables say of controls and of networks that both measures were asked about, by hand."""

import pandas as pd
import pytest

from pppkit.experiments.posenet import agreement, controls, stages
from pppkit.experiments.posenet import control_tables as tables


def row(control, weights, padding, spc, snr, layer="stage3", pattern="gaussian", seed=0, accuracy=None):
    names = {"control": control, "weights": weights, "padding": padding, "seed": seed, "layer": layer}
    read = {"pattern": pattern, "trial": 0, "spc images": spc}
    return names | read | {"snr_ppp": snr, "snr_ppp_ci95": 0.01, "accuracy": accuracy}


def measured():
    """Two blind networks, whose SPC are -0.01 and 0.01, and one of each control, read rightly or not."""
    return pd.DataFrame(
        [
            row("plain", "untrained", "none", -0.01, 0.0),
            row("plain", "untrained", "none", 0.01, 2e-8, seed=1),
            row("plain", "trained", "none", 0.0, 0.0, accuracy=0.11),
            row("plain", "untrained", "zeros", 0.8, 0.2),
            row("plain", "untrained", "reflect", 0.02, 0.1),  # which PosENet misses
            row("plain", "trained", "zeros", 0.9, 0.5, accuracy=0.99),
            row("plain", "trained", "zeros", 0.95, 0.7, pattern="horizontal", accuracy=0.99),
            row("plain", "trained", "reflect", 0.4, 0.4, accuracy=0.3),
            row("masked", "trained", "zeros", -0.02, 0.0),
            row("shuffled", "trained", "zeros", 0.01, 0.5),  # which PPP calls position
            row("coordinates", "trained", "none", 0.99, 3e-8),
            row("coordinates", "trained", "zeros", 0.99, 0.3),
        ]
    )


def test_chance_is_what_blind_networks_show():
    found = tables.chance(tables.by_network(measured()))
    # two values 0.02 apart: deviation .014142, times the root of 1 + 1/2, times Student's t of one degree at
    # 97.5 %, two-sided, since there are two patterns: 25.452
    assert found.value == pytest.approx(0) and found.high == pytest.approx(
        0.014142 * 1.224745 * 25.452, abs=1e-4
    )


def test_what_is_known_and_what_is_said():
    found = tables.cells(tables.by_network(measured())).set_index(["control", "weights", "padding"])
    known = found[["position", "from padding"]].to_dict("index")
    truth = {key: (value["position"], value["from padding"]) for key, value in known.items()}
    assert truth == {
        ("plain", "untrained", "none"): (False, False),
        ("plain", "trained", "none"): (False, False),
        ("plain", "untrained", "zeros"): (True, True),
        ("plain", "untrained", "reflect"): (True, True),
        ("plain", "trained", "zeros"): (True, True),
        ("plain", "trained", "reflect"): (True, True),
        ("masked", "trained", "zeros"): (False, False),
        ("shuffled", "trained", "zeros"): (False, False),
        ("coordinates", "trained", "none"): (True, False),
        ("coordinates", "trained", "zeros"): (True, True),
    }
    trained = found.loc[("plain", "trained", "zeros")]
    assert trained["spc"] == 0.95 and trained["snr_ppp"] == 0.7  # the pattern that was read best
    # chance ends at .44, so .4 and .02 are no position to PosENet; 3e-8 is rounding to PPP
    assert found["PosENet"].sum() == 4 and found["PPP"].sum() == 6


def test_how_often_each_is_right():
    table = tables.right(tables.cells(tables.by_network(measured())))
    assert table.loc[("position at all", "there is")].tolist() == ["4 of 6", "5 of 6"]
    assert table.loc[("position at all", "there is none")].tolist() == ["3 of 3", "2 of 3"]
    assert table.loc[("from padding", "there is")].tolist() == ["3 of 5", "5 of 5"]
    assert table.loc[("from padding", "there is none")].tolist() == ["3 of 4", "3 of 4"]
    text = tables.answer(measured())
    assert "comes from padding, PPP is right about 8 of 9 cells and PosENet about 6;" in text
    assert text.endswith("position at all, PosENet is right about 7 and PPP about 7.")


def test_by_control():
    table = tables.by_control(measured())
    assert table.index[0] == ("trained to tell places", "none") and len(table) == 8
    any_padding = table.loc[("trained to tell places", "any")]
    assert any_padding["known", "position at all"] == "yes"
    assert any_padding["from … to", "SPC of PosENet"] == "0.40 … 0.95"
    assert any_padding["right: position at all", "PosENet"] == "1 of 2"
    coordinates = table.loc[("with coordinates, trained", "none")]
    assert coordinates["from … to", "SNR-PPP"] == "0.000" and coordinates["known", "from padding"] == "no"


def test_points_of_both_measures():
    found = tables.points(measured())
    assert len(found) == 24
    assert found["measure"].unique().tolist() == ["SPC of PosENet", "SNR-PPP"]
    assert found["kind"].unique().tolist()[0] == "trained to tell places"
    assert found["error"].notna().sum() == 12 and set(found["depth"]) == {"last stage"}
    first = measured().assign(layer="stage1")
    deep = tables.points(pd.concat([first, measured()]))["depth"]
    assert deep.iloc[0] == "last stage" and deep.nunique() == 2


def test_amounts_by_hand():
    table = tables.known_amounts(measured())
    assert table.loc["zeros"].tolist() == ["0.990", "0.950", "0.700", "1 of 1"]
    assert table.loc["none"].tolist() == ["0.110", "0.000", "0.000", "0 of 1"]
    text = tables.amounts_sentence(measured())
    assert text.startswith("Over 3 networks accuracy correlates by ranks 1.00 with SPC of PosENet")


def test_a_page_always_has_networks_that_chance_is_told_from():
    trials = controls.shown("quick", ["zeros"])
    assert {t["padding"] for t in trials} == {"none", "zeros"}


def both(values, network="a", deepest=True, level=4):
    """Rows of two networks under each padding whose means are (SNR-PPP, SPC)."""
    names = {
        "network": network,
        "weights": "trained",
        "source": "scenes",
        "layer": f"l{level}",
        "level": level,
    }
    return pd.DataFrame(
        [
            names
            | {"padding": padding, "seed": seed, "deepest": deepest, "snr_ppp": snr + off, "spc": spc - off}
            for padding, (snr, spc) in values.items()
            for seed, off in enumerate((-0.001, 0.001))
        ]
    )


SAME = {"zeros": (0.4, 0.9), "randn": (0.3, 0.5), "circular": (0.2, 0.1), "reflect": (0.1, 0.0)}
SWAPPED = {**SAME, "reflect": (0.1, 0.2)}


def test_pairs_of_paddings_by_hand():
    found = agreement.by_family(pd.concat([both(SAME), both(SWAPPED, "b")]))
    assert found["alike"].tolist() == [6, 5] and found["pairs"].tolist() == [6, 6]
    assert found["rank"].tolist() == pytest.approx([1, 0.8])
    table = agreement.table(pd.concat([both(SAME), both(SWAPPED, "b")]))
    assert table["pairs alike"].tolist() == ["6 of 6", "5 of 6"] and table["95 % interval"].iloc[0] == ""


def test_the_answer_with_and_without_zeros():
    text = agreement.answer(pd.concat([both(SAME), both(SWAPPED, "b"), both(SAME, "b", False, 3)]))
    # means .9 over two kinds, deviation .1414, Student's 12.706 over root 2
    assert (
        "in 11 of 12 over all paddings (mean rank correlation 0.90 over 2 kinds of networks, -0.37 to 2.17)"
        in text
    )
    assert "and in 5 of 6 without zeros" in text
    depth = agreement.by_depth(pd.concat([both(SAME), both(SAME, "b", False, 3)]))
    assert depth["pairs alike"].tolist() == ["6 of 6", "6 of 6"]


def test_charts_show_the_deepest_layer_first():
    rows = pd.concat([both(SAME, deepest=False, level=3), both(SAME), both(SAME, "b")])
    assert list(agreement.charted(rows)) == [
        ("a", "trained", "l4"),
        ("a", "trained", "l3"),
        ("b", "trained", "l4"),
    ]


def test_nothing_measured_is_said(tmp_path):
    empty = agreement.measured(tmp_path)
    assert empty.empty and list(empty) == agreement.COLUMNS
    assert agreement.answer(empty).startswith("No network here has rows of both measures")
    assert agreement.charted(empty) == {} and agreement.table(empty).empty


def test_both_measures_of_published_rows(published):
    """Means over read-outs, of one read-out, joined to the layer's own row."""
    found = agreement.measured(published)
    kinds = found.groupby(["network", "weights"]).ngroups
    assert kinds >= 6 and not found.duplicated([*agreement.FAMILY, "padding", "seed", "layer"]).any()
    for name, part in found.groupby(["network", "weights", "source", "padding", "seed"]):
        assert part["spc"].nunique() == 1 and part["deepest"].sum() == 1, name
    spc = pd.read_csv(published / "posenet_published.csv").query("pattern == 'gaussian'")
    snr = pd.read_csv(published / "published_networks.csv")
    cell = "model == 'cifar_resnet20' and weights == 'trained' and source == 'scenes' and padding == 'randn'"
    one = found.query("network == 'ResNet-20' and weights == 'trained' and source == 'scenes'")
    one = one[(one["padding"] == "randn") & one["deepest"]].iloc[0]
    assert one["spc"] == pytest.approx(spc.query(cell)["spc images"].mean())
    assert one["snr_ppp"] == snr.query(cell).set_index("layer").loc["layer3", "snr_ppp"]


def test_other_read_outs_do_not_count(published, tmp_path):
    for name in ("posenet_published", "published_networks"):
        (tmp_path / f"{name}.csv").write_text((published / f"{name}.csv").read_text())
    before = agreement.measured(tmp_path)
    read = pd.read_csv(tmp_path / "posenet_published.csv")
    others = [read.assign(pattern="horizontal"), read.assign(depth=2), read.assign(kernel=7)]
    pd.concat([read, *(o.assign(**{"spc images": -1.0}) for o in others)]).to_csv(
        tmp_path / "posenet_published.csv", index=False
    )
    pd.testing.assert_frame_equal(agreement.measured(tmp_path), before)


def staged(spc, snr):
    """Rows of both measures of ResNet-20's stages under zeros: SPC of two read-outs, .1 apart."""
    first = {"model": "cifar_resnet20", "weights": "trained", "padding": "zeros", "source": "scenes"}
    first |= {"profile": "published"}
    setting = {"depth": 1, "kernel": 3, "readout_padding": 0}
    read = [
        {
            **first,
            **setting,
            "pattern": pattern,
            "stages": stage,
            "trial": trial,
            "spc images": value + trial / 10,
        }
        for pattern in ("horizontal", "gaussian")
        for stage, value in [("all", 0.9), *((str(i + 1), v) for i, v in enumerate(spc))]
        for trial in (0, 1)
    ]
    ppp = [{**first, "layer": f"layer{i + 1}", "weights_seed": 0, "snr_ppp": v} for i, v in enumerate(snr)]
    return pd.DataFrame(read), pd.DataFrame(ppp)


@pytest.fixture
def rows_of_stages(tmp_path, monkeypatch):
    def write(read, ppp):
        for experiment, rows in ((stages.EXPERIMENT, read), (stages.published_networks.EXPERIMENT, ppp)):
            rows.to_csv(experiment.store(tmp_path).path, index=False)
        return tmp_path

    return write


def test_each_stage_has_both_measures(rows_of_stages):
    read, ppp = staged((0.1, 0.4, 0.3), (0.2, 0.3, 0.5))
    more = read.assign(weights="untrained", **{"spc images": 1.0})
    other = ppp.assign(padding="reflect")
    folder = rows_of_stages(pd.concat([read, more, read.assign(source="satellite")]), pd.concat([ppp, other]))
    found = stages.measured(folder)
    assert found["stage"].tolist() == [1, 2, 3] and found["layer"].tolist() == ["layer1", "layer2", "layer3"]
    assert found["horizontal"].tolist() == pytest.approx([0.15, 0.45, 0.35])  # means of the two read-outs
    assert found["SNR-PPP"].tolist() == [0.2, 0.3, 0.5]
    text = stages.answer(found)  # the last step goes up for PPP and down for SPC
    assert "under zeros SNR-PPP rises in 2 of 2 steps" in text and "1 (horizontal) and 1 (gaussian)." in text
    both = pd.concat(
        [found, found.assign(padding="randn", **{"SNR-PPP": [0.3, 0.2, 0.1]})], ignore_index=True
    )
    assert "under other paddings SNR-PPP rises in 0 of 2 steps, and SPC of the stage" in stages.answer(both)
    assert stages.answer(both).endswith("goes the same way in 1 (horizontal) and 1 (gaussian).")
    lacking = found.assign(horizontal=[0.15, 0.45, float("nan")])
    assert "in 1 of 1 (horizontal) and 1 (gaussian)" in stages.answer(lacking)
    table = stages.table(found)
    assert table.loc[("ResNet-20", "zeros", "SPC, horizontal")].tolist() == ["0.150", "0.450", "0.350"]
    assert table.index.get_level_values("measure").tolist() == ["SNR-PPP", "SPC, horizontal", "SPC, gaussian"]


def test_stages_without_rows_say_so(tmp_path, rows_of_stages):
    assert stages.measured(tmp_path).empty
    assert "No stage here" in stages.answer(stages.measured(tmp_path))
    read, ppp = staged((0.1, 0.4, 0.3), (0.2, 0.3, 0.5))
    assert stages.measured(rows_of_stages(read[read["stages"] == "all"], ppp)).empty
