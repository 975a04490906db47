"""Tables that pages share with claims, on a handful of rows by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.posenet import tables as posenet_tables
from pppkit.experiments.ppp import tables

PRINTED = Path(__file__).parents[2] / "book" / "reference" / "ppp_table2_posenet_vs_ppp.csv"
CURVES = {0: [2.0, 2.0, 3.0, 5.0, 6.0], 1: [4.0, 4.0, 3.5, 3.0, 2.0]}  # by seed, after these epochs:
EPOCHS = (0, 1, 2, 5, 12)


def rows(level=4, size=64, source="scenes"):
    out = []
    for seed, curve in CURVES.items():
        network = {"model": "vgg19", "data": "scenes", "padding": "zeros", "seed": seed, "level": level}
        setup = {"size": size, "trained_size": 64, "source": source, "epochs": 12}
        out += [network | setup | {"epoch": e, "snr_ppp": v, "mae_ppp": -v} for e, v in zip(EPOCHS, curve)]
    return pd.DataFrame(out)


def test_sources_have_curves_of_their_own():
    both = pd.concat([rows(), rows(source="satellite").assign(snr_ppp=lambda d: 10 * d["snr_ppp"])])
    found = tables.along_training(both).set_index(["source", "seed"])["end"]
    assert found.to_dict() == {
        ("scenes", 0): 6.0,
        ("scenes", 1): 2.0,
        ("satellite", 0): 60.0,
        ("satellite", 1): 20.0,
    }


def test_setups_of_the_networks():
    made = rows().assign(width=0.125, images=600)
    table = tables.setups(pd.concat([made, made.assign(padding="randn", seed=7)]))
    assert table.loc[("vgg19", "scenes")].to_dict() == {
        "width": 0.125,
        "pixels": 64,
        "images": 600,
        "epochs": 12,
        "paddings": 2,
        "networks": 3,
    }


def initial():
    fresh = rows()
    return fresh[(fresh["epoch"] == 0) & (fresh["seed"] == 0)].assign(snr_ppp=1.0, mae_ppp=0.0)


def test_native_rows():
    everything = pd.concat([rows(), rows(level=3), rows(size=224), rows(source="satellite")])
    assert len(tables.native(everything)) == 20
    assert set(tables.native(everything, 3)["level"]) == {3}
    assert set(tables.native(everything, 4, source=None)["source"]) == {"scenes", "satellite"}
    assert 224 not in set(tables.native(everything, source=None)["size"])


def test_moments_of_training():
    found = tables.along_training(rows()).set_index("seed")
    moments = ["start", "first", "early", "quarter", "middle", "end"]
    # A tenth of 12 epochs is nearest to epoch 1, a quarter to epoch 2, a half to epoch 5.
    assert found.loc[0, moments].tolist() == [2.0, 2.0, 2.0, 3.0, 5.0, 6.0]
    assert found.loc[1, moments].tolist() == [4.0, 4.0, 4.0, 3.5, 3.0, 2.0]


def test_of_two_moments_equally_near_the_earlier_counts():
    two = rows()[lambda d: d["epoch"].isin([0, 5, 12])].assign(epochs=17)  # 8.5 lies between 5 and 12
    assert tables.along_training(two).set_index("seed").loc[0, "middle"] == 5.0


def test_growth_without_default_initialisation():
    found = tables.growth(rows(), pd.DataFrame(columns=["model", "data", "padding", "seed"]))
    assert found["default"].isna().all() and len(found) == 2


def test_printed_table2():
    table = tables.read_table2(PRINTED)
    assert len(table) == len(pd.read_csv(PRINTED)) and table["model"].notna().all()
    vgg = table[(table["model"] == "vgg19") & (table["padding"] == "zeros")].set_index("weights")
    assert vgg.loc["untrained", "snr_ppp_mean"] == 0.0665 and vgg.loc["trained", "snr_ppp_mean"] == 1.2289


def trials():
    by_padding = {
        "zeros": [1.0, 3.0, 2.0, 4.0],
        "randn": [5.0, 7.0, 6.0, 8.0],
    }  # two trials of seed 0, two of seed 1
    names = {"model": "vgg19", "data": "scenes", "weights": "trained"}
    return pd.DataFrame(
        [
            names | {"padding": padding, "seed": i // 2, "spc images": v, "snr_ppp": v * (i % 2)}
            for padding, values in by_padding.items()
            for i, v in enumerate(values)
        ]
    )


def test_discrimination_by_hand():
    read = trials()
    within = (5 / 3) ** 0.5  # 1, 2, 3, 4 around 2.5
    assert posenet_tables.discrimination(read, "spc images") == pytest.approx(8**0.5 / within)
    assert np.isnan(posenet_tables.discrimination(read.groupby("padding").head(1), "spc images"))


def test_both_measures_of_the_same_networks():
    read = pd.concat([trials(), trials().assign(weights="untrained")]).assign(source="scenes")
    read["spc images"] *= np.where(read["weights"] == "untrained", 100, 1)
    curves = tables.along_training(rows())  # zeros alone
    found = posenet_tables.beside_ppp(read, curves).set_index("seed")
    assert found["SNR-PPP"].to_dict() == {0: 6.0, 1: 2.0}
    assert found["SPC of PosENet"].to_dict() == {0: 2.0, 1: 3.0}  # means of 1 and 3, of 2 and 4
    assert posenet_tables.beside_ppp(read.assign(source="satellite"), curves).empty


def test_spread_by_hand():
    read = trials().assign(learned=True)
    row = posenet_tables.spread(read, read).loc["VGG19", "scenes", "trained"]
    assert row["networks"] == row["learned"] == len(read)
    part = posenet_tables.spread(read, read.assign(learned=[True] * 3 + [False] * 5))
    assert part["learned"].tolist() == [3]
    assert row["SPC: over trials"] == pytest.approx(2**0.5)
    assert row["SPC: over networks"] == pytest.approx(0.5**0.5)  # means 2 and 3, 6 and 7
    assert row["SPC: discrimination"] == posenet_tables.discrimination(read, "spc images")
    assert row["SNR-PPP: discrimination"] == posenet_tables.discrimination(read, "snr_ppp")
    unpadded = pd.concat([read, read.assign(padding="none", snr_ppp=99.0)])
    pd.testing.assert_frame_equal(
        posenet_tables.spread(unpadded, unpadded), posenet_tables.spread(read, read)
    )


def test_what_tells_paddings_apart_answers():
    columns = ["SPC: discrimination", "SNR-PPP: discrimination"]
    found = pd.DataFrame([[1.0, 4.0], [3.0, 2.0], [np.nan, 1.0]], columns=columns).assign(
        learned=3, networks=3
    )
    text = posenet_tables.answer(found)
    assert text.startswith("In 1 of 2 kinds of networks that learned")
    assert "a median of 3.0 times" in text and "PosENet's by 2.0 times" in text
    assert "nothing can be said" in posenet_tables.answer(found.iloc[2:])
    found["learned"] = [3, 2, 3]
    assert posenet_tables.answer(found).startswith("In 1 of 1 kinds of networks that learned")
    assert "not all of which learned" in posenet_tables.answer(found.assign(learned=0))
