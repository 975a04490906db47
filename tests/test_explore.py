import numpy as np
import pytest
import torch

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.explore import Explorer


@pytest.fixture(scope="module")
def explorer():
    return Explorer(width=0.0625, size=64)


def shown(explorer):
    return np.array(explorer.figure.data[0].z)


def test_the_surface_follows_the_controls(explorer):
    explorer.network.value, explorer.padding.value, explorer.layer.value, explorer.count.value = (
        "vgg19",
        "zeros",
        "features.8",
        2,
    )
    zeros = shown(explorer)
    np.testing.assert_array_equal(zeros, explorer.result.map("features.8"))
    explorer.padding.value = "circular"
    assert not np.array_equal(shown(explorer), zeros) and "circular" in explorer.figure.layout.title.text
    explorer.layer.value = "features.17"
    assert shown(explorer).shape == (16, 16)
    explorer.network.value = "resnet50"  # stays at the second layer
    assert (
        explorer.layer.value == "layer2"
        and shown(explorer).shape == (8, 8)
        and "SNR-PPP" in explorer.status.value
    )
    explorer.kind.value = "padded features"
    np.testing.assert_array_equal(shown(explorer), explorer.result.map("layer2", kind="padded"))


def test_looking_again_measures_nothing(explorer, monkeypatch):
    explorer.network.value, explorer.padding.value = "resnet50", "zeros"
    explorer.padding.value = "reflect"
    monkeypatch.setattr(explorer, "_measure", lambda: pytest.fail("measured again"))
    explorer.padding.value = "zeros"
    assert "SNR-PPP" in explorer.status.value


def test_errors_are_shown(explorer):
    explorer.weights.value = "nowhere.pt"
    assert "is neither a file nor published weights" in explorer.status.value
    explorer.weights.value = ""
    assert "SNR-PPP" in explorer.status.value


def test_trained_networks_are_in_the_list(tmp_path):
    net = models.build("resnet50", width=0.0625, num_classes=8, init="kaiming")
    models.save(net, tmp_path / "mine.pt", torch.float16)
    explorer = Explorer([str(tmp_path / "mine.pt"), "vgg19"], width=0.0625, size=32)
    assert explorer.network.label == "mine" and explorer.figure.layout.title.text.startswith(
        "mine, zeros, layer1"
    )
    direct = measure_ppp(
        models.load(tmp_path / "mine.pt"), InfiniteScene(0), padding="zeros", size=32, n=8, progress=False
    )
    np.testing.assert_array_equal(shown(explorer), direct.map("layer1"))
    explorer.network.value = "vgg19"
    assert explorer.layer.value == "features.8"
