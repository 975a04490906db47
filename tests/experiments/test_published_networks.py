"""Networks that others have trained: from files of the tests' own, and their tables by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pppkit import models
from pppkit.experiments.ppp import published_charts as charts
from pppkit.experiments.ppp import published_networks as experiment
from pppkit.experiments.ppp import published_tables as tables
from pppkit.padding import FILLS
from pppkit.results import load_maps

EXPERIMENT = experiment.EXPERIMENT
LEVELS = {1: "layer1", 2: "layer2", 3: "layer3"}


@pytest.fixture
def weights(tmp_path):
    """A folder with a ResNet-20 in half precision that always names class 3."""
    state = models.build("cifar_resnet20", num_classes=10, seed=5).state_dict()
    state["linear.weight"].zero_()
    state["linear.bias"] = torch.eye(10)[3]
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    (tmp_path / "weights").mkdir()
    torch.save(half, tmp_path / "weights" / "cifar_resnet20.pt")
    return tmp_path / "weights"


@pytest.fixture
def cifar10(tmp_path):
    """Ten classes with one picture each, but class 3 with three: a quarter of twelve."""
    for part in ("train", "test"):
        for k in range(10):
            folder = tmp_path / "cifar" / part / f"class{k}"
            folder.mkdir(parents=True)
            for i in range(3 if k == 3 else 1):
                Image.new("RGB", (32, 32), (20 * k, 10 * i, 0)).save(folder / f"{i}.png")
    return tmp_path / "cifar"


def test_grid():
    trials = experiment.grid()
    assert len(trials) == 3 * 2 * (1 + 2 * 5) and trials[0]["weights"] == "trained"
    assert {t["weights"] for t in experiment.grid("quick")} == {"kaiming", "default"}
    assert [t["weights"] for t in experiment.grid("quick", "scenes", "cifar_resnet20", "trained")] == [
        "trained"
    ]
    assert experiment.settings(trials[0]) == {"n": 480, "size": 224, "file": "squeezenet1_0_imagenet.pt"}
    with pytest.raises(ValueError, match="weights='learned' is not one of trained, kaiming, default"):
        experiment.grid(weights="learned")
    with pytest.raises(ValueError, match="model='vgg19' is not one of squeezenet1_0, cifar_resnet20"):
        experiment.grid(model="vgg19")


def test_a_file_is_measured_and_checked(tmp_path, weights, cifar10):
    trials = experiment.grid("quick", "scenes", "cifar_resnet20", ("trained", "kaiming"))
    paths = {"weights": weights, "cifar10": cifar10}
    rows = EXPERIMENT.run(tmp_path / "rows", trials, paths=paths, progress=False)
    assert len(rows) == 3 * len(FILLS) * 3 and set(rows["padding"]) == set(FILLS)
    trained = rows[rows["weights"] == "trained"]
    assert (trained["accuracy"] == 3 / 12).all() and trained["weights_digest"].nunique() == 1
    assert (trained["dtype"] == "float32").all()  # though the file's is not
    assert rows[rows["weights"] == "kaiming"]["accuracy"].isna().all()
    maps = load_maps(experiment.map_file(tmp_path / "rows", trials[0]))
    assert set(maps) == {(padding, "layer3") for padding in FILLS} and maps["zeros", "layer3"].shape == (8, 8)
    points = charts.points(rows)
    assert points["depth"].unique().tolist() == ["shallow", "middle", "deepest"]
    assert tables.files(rows).loc["ResNet-20", f"on {experiment.PICTURES} test pictures here"] == "25.0"


def test_what_is_missing_is_said_before_any_work(tmp_path, weights, cifar10):
    trial = experiment.grid("quick", "scenes", "cifar_resnet56", "trained")
    with pytest.raises(ValueError, match="paths has no folder for 'weights', state dicts of networks"):
        EXPERIMENT.run(tmp_path / "rows", trial, progress=False)
    with pytest.raises(
        ValueError, match=r"of 'weights' has no cifar_resnet56.pt, the state dict of .*akamaster"
    ):
        EXPERIMENT.run(tmp_path / "rows", trial, paths={"weights": weights}, progress=False)
    assert not (tmp_path / "rows").exists()
    with pytest.raises(ValueError, match="has 10 classes, the network 1000 outputs"):
        experiment.accuracy(models.build("squeezenet1_0"), cifar10, 32, 1000, 12)


def rows(trained, kaiming=(1.0, 1.1, 0.9), ci95=0.0):
    """SNR-PPP of ResNet-20 by layer: trained, and of He et al.'s start; PyTorch's is a tenth of that."""
    found = []
    for level, value in trained.items():
        values = [("trained", 0, value)] + [("kaiming", i, v) for i, v in enumerate(kaiming)]
        values += [("default", i, v / 10) for i, v in enumerate(kaiming)]
        for kind, seed, snr in values:
            names = {"model": "cifar_resnet20", "weights": kind, "weights_seed": seed, "padding": "zeros"}
            place = {"level": level, "layer": LEVELS[level], "source": "scenes", "n": 9}
            found.append(names | place | {"snr_ppp": snr, "snr_ppp_ci95": ci95, "mae_ppp": snr})
    return pd.DataFrame(found)


def test_a_trained_network_is_compared_with_one_more_untrained():
    # mean 1, standard deviation 0.1, three networks: 4.303 * 0.1 * (4/3) ** 0.5 = 0.497 on both sides
    found = tables.compare(rows({1: 0.45, 2: 1.45, 3: 1.55}), "kaiming")
    assert found["verdict"].tolist() == ["below", "within", "above"]
    assert found["ratio"].tolist() == pytest.approx([0.45, 1.45, 1.55])
    near = rows({1: 0.45, 2: 1.45, 3: 1.55}, ci95=0.03)  # of the trained one and of the others: 0.06
    assert tables.compare(near, "kaiming")["verdict"].tolist() == ["within"] * 3
    assert (tables.compare(near, "default")["verdict"] == "above").all()
    assert tables.compare(rows({1: 9.0}, kaiming=(1.0,)), "kaiming")["verdict"].tolist() == ["within"]


def test_the_answer_counts_by_depth():
    found = rows({1: 0.45, 2: 1.45, 3: 1.55})
    text = tables.answer(found)
    assert "stronger pattern than untrained in 1 of 1 cells (He et al.) and in 1 of 1 cells" in text
    assert "before it, in 0 of 2 cells (He et al.) and in 2 of 2 cells (PyTorch's default)" in text
    other = tables.answer(found.assign(padding="randn"))
    assert other.endswith("in 0 of 0 cells (He et al.) and in 0 of 0 cells (PyTorch's default).")
    assert tables.answer(found[found["weights"] != "trained"]).startswith("No trained network")
    table = tables.by_layer(found)
    assert table["He et al.", "above / within / below"].tolist() == ["0 / 0 / 1", "0 / 1 / 0", "1 / 0 / 0"]
    assert (
        table.loc[("ResNet-20", "deepest"), ("PyTorch's default", "trained / untrained")] == "15.50 to 15.50"
    )
    left = tables.not_above(found)
    assert left["layer"].tolist() == ["shallow", "middle"] and left["scenes"].tolist() == [
        "zeros (below)",
        "zeros",
    ]


def test_the_deepest_layer_in_numbers():
    found = tables.at_depth(rows({2: 7.0, 3: 2.0}), ["scenes"])
    assert found.loc[("ResNet-20", "zeros"), "trained"] == "2.000"
    assert found.loc[("ResNet-20", "zeros"), "untrained, He et al."] == "1.000"


def test_a_layer_before_any_padding_is_left_out():
    found = rows({1: 0.0, 2: 1.0, 3: 2.0}, kaiming=(1.0, 1.1))
    before = found["level"] == 1
    found.loc[before, ["snr_ppp", "mae_ppp"]] = 0.0
    assert tables.compare(found, "kaiming")["layer"].tolist() == ["layer2", "layer3"]
    points = charts.points(found)
    assert points["depth"].unique().tolist() == ["middle", "deepest"] and np.isfinite(points["value"]).all()
    sentence = tables.spread_sentence(found)
    assert sentence.startswith(
        "Measured: trained: 1 of each network on 9 pictures; untrained, He et al.: 2 of"
    )
