"""The read-out that learns while one looks."""

import numpy as np
import pytest
import torch

from pppkit import models
from pppkit.experiments.posenet import pattern, reproduction, reproduction_features
from pppkit.live import SIDE, LiveReadOut, networks
from pppkit.results.maps import block_means


@pytest.fixture
def live(monkeypatch):
    tiny = {"train": 32, "test": 4, "noise": 2, "epochs": 3, "trials": 5, "size": 32}
    monkeypatch.setitem(reproduction.PROFILES, "quick", tiny)
    reproduction_features._read.cache_clear()
    yield LiveReadOut()
    reproduction_features._read.cache_clear()


def test_the_map_follows_the_epochs(live, monkeypatch):
    seen = []
    show = live._show
    monkeypatch.setattr(live, "_show", lambda *given: (show(*given), seen.append(live.figure.data[1].z)))
    live.network.value, live.pattern.value = "ResNet-20, untrained", "vertical"
    np.testing.assert_allclose(live.figure.data[0].z, block_means(pattern("vertical").numpy(), SIDE))
    live.start.click()
    assert len(seen) == len(live.losses) == 3 and list(live.figure.data[2].y) == live.losses
    assert live.losses[-1] < live.losses[0] and "epoch 3 of 3" in live.status.value
    assert "SPC" in live.status.value and not live.start.disabled
    assert not np.array_equal(seen[0], seen[-1]) and np.shape(seen[-1]) == (SIDE, SIDE)


def test_features_are_kept_while_only_the_read_out_changes(live, monkeypatch):
    live.network.value = "ResNet-20, untrained"
    live.learn()
    monkeypatch.setattr(reproduction_features, "reader", lambda *given: pytest.fail("read again"))
    live.kernel.value = 1
    live.learn()
    assert "SPC" in live.status.value
    live.padding.value = "reflect"
    with pytest.raises(pytest.fail.Exception):
        live.learn()


def test_what_can_be_read(live, tmp_path):
    assert "PosENet alone" in networks() and not any("trained" in n.split(", ")[1:] for n in networks())
    torch.save(models.build("cifar_resnet20", num_classes=10).state_dict(), tmp_path / "cifar_resnet20.pt")
    assert networks({"weights": tmp_path})["ResNet-20, trained"] == ("cifar_resnet20", "trained")
    assert "ResNet-56, trained" not in networks({"weights": tmp_path})  # its file is not there
    live.network.value = "PosENet alone"
    assert live.padding.options == ("none",)


def test_errors_are_shown(live):
    live.network.value, live.profile = "ResNet-20, untrained", "slow"
    live.learn()
    assert "profile=&#x27;slow&#x27; is not one of" in live.status.value and not live.start.disabled
