import numpy as np
import pytest
import torch

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.ppp.published_networks import NETWORKS
from pppkit.explore import Explorer, Network, checkpoint, narrow, published


@pytest.fixture(scope="module")
def explorer():
    return Explorer(small())


def small():
    """Narrow networks by their names."""
    return {name: Network(name, width=0.0625, size=64) for name in models.PAPER_MODELS}


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
    broken = Explorer({"mine": Network("resnet", size=32), "other": Network("resnet50", width=0.0625)})
    assert "name=&#x27;resnet&#x27; is not a model" in broken.status.value
    broken.network.value = "other"
    assert "SNR-PPP" in broken.status.value
    with pytest.raises(ValueError, match="file='nowhere.pt' does not exist"):
        checkpoint("nowhere.pt")


def test_networks_from_files(tmp_path):
    net = models.build("resnet50", width=0.0625, num_classes=8, init="kaiming")
    models.save(net, tmp_path / "mine.pt", torch.float16)
    explorer = Explorer({"mine": checkpoint(tmp_path / "mine.pt", size=32), **small()})
    assert explorer.figure.layout.title.text.startswith("mine<br>zeros, ")
    explorer.layer.value = "layer1"
    net = models.load(tmp_path / "mine.pt")
    direct = measure_ppp(net, InfiniteScene(0), padding="zeros", size=32, n=8, progress=False)
    np.testing.assert_array_equal(shown(explorer), direct.map("layer1"))
    explorer.network.value = "vgg19"
    assert explorer.layer.value == "features.8"  # as many layers before the deepest


def test_trained_networks_come_first_where_their_files_are(tmp_path):
    assert [name for name in published() if name.endswith(", trained")] == []
    network = NETWORKS["cifar_resnet20"]
    file = tmp_path / network.file
    torch.save(models.build("cifar_resnet20", num_classes=10, seed=5).state_dict(), file)
    (first, *others) = published(tmp_path)
    assert first == "ResNet-20, trained" and not any("ResNet-20, trained" in name for name in others)
    explorer = Explorer(paths={"weights": tmp_path})
    assert explorer.network.value == first and set(narrow()) <= set(explorer.networks)
    net = models.build("cifar_resnet20", num_classes=10, seed=5)
    direct = measure_ppp(net, InfiniteScene(0), padding="zeros", size=32, n=8, progress=False)
    np.testing.assert_allclose(shown(explorer), direct.map("layer3"), rtol=1e-6)
    assert explorer._note().value == ""


def test_without_files_it_says_that_nothing_was_learned():
    explorer = Explorer(small())
    note = explorer._note().value
    assert "No network here has learned anything" in note and "squeezenet1_0_imagenet.pt" in note
