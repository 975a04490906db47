import pandas as pd

from pppkit.experiments.ppp.evidence import COLUMNS, networks_that_learned

PUBLISHED = pd.DataFrame({"model": ["squeezenet1_0"] * 2, "weights": ["trained", "kaiming"]})


def learned(*accuracies):
    names = {"model": "resnet9", "data": "cifar10", "padding": "zeros", "epochs": 1}
    return pd.DataFrame(
        [
            names | {"seed": seed, "epoch": epoch, "val_accuracy": epoch * accuracy}
            for seed, accuracy in enumerate(accuracies)
            for epoch in (0, 1)
        ]
    )


def test_others_networks_have_their_published_accuracy():
    found = networks_that_learned(PUBLISHED, pd.DataFrame())
    assert list(found) == COLUMNS and found["network"].tolist() == ["SqueezeNet 1.0"]
    assert found.loc[0, "score in %"] == "57.5" and found.loc[0, "learned from"] == "ImageNet"


def test_a_network_below_its_gate_is_only_counted():
    found = networks_that_learned(PUBLISHED, learned(0.91, 0.95, 0.5)).set_index("learned from")
    ours = found.loc["CIFAR-10"]
    assert ours["score in %"] == "91.0 to 95.0" and ours["networks"] == "2 of 3"
    assert "gate 88" in ours["by"]
    assert len(networks_that_learned(PUBLISHED, learned(0.5))) == 1  # nothing learned: no row


def test_networks_that_learn_masks_have_another_score():
    rows = learned(0.93).rename(columns={"val_accuracy": "val_weighted_f"})
    rows = rows.assign(model="vgg_fcn", data="scenes", val_fixed=0.4)
    (ours,) = networks_that_learned(PUBLISHED, rows).iloc[1:].to_dict("records")
    assert ours["score in %"] == "93.0" and ours["learned from"] == "masks of shapes in scenes"
    assert "gate 55" in ours["by"]
