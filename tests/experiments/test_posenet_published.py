"""PosENet on networks that others have trained: from a file of the tests' own."""

import hashlib

import pytest
import torch

from pppkit import models
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import published, read_outs
from pppkit.experiments.ppp import published_networks as networks
from pppkit.padding import FILLS

EXPERIMENT = published.EXPERIMENT
PATHS = {"source": "scenes", "model": "cifar_resnet20"}


@pytest.fixture
def weights(tmp_path):
    """A folder with the state dict of the untrained ResNet-20 of seed 0, as if somebody had trained it."""
    state = models.build("cifar_resnet20", num_classes=10, init="kaiming", seed=0).state_dict()
    (tmp_path / "weights").mkdir()
    torch.save(state, tmp_path / "weights" / "cifar_resnet20.pt")
    return tmp_path / "weights"


def test_grid():
    trials = published.grid()
    assert [t["weights"] for t in trials[:3]] == ["trained"] * 3 and trials[0]["trial"] == (0, 1, 2, 3, 4)
    counts = {model: sum(t["model"] == model for t in trials) for model in networks.NETWORKS}
    of_five, of_three = (2 * len(FILLS) * (1 + 2 * n) for n in (5, 3))
    assert counts == {"squeezenet1_0": of_three, "cifar_resnet20": of_five, "cifar_resnet56": of_five}
    assert {t["weights"] for t in published.grid("quick")} == {"kaiming", "default"}
    with pytest.raises(ValueError, match="pattern='spiral' is not one of gaussian"):
        published.grid(pattern="spiral")


def test_trained_and_untrained_networks_are_read_alike(tmp_path, weights):
    trials = published.grid("quick", weights=("trained", "kaiming"), **PATHS)
    zeros = [t for t in trials if t["padding"] == "zeros"]
    rows = EXPERIMENT.run(tmp_path / "rows", zeros, paths={"weights": weights}, client=1, progress=False)
    trained, untrained = (rows[rows["weights"] == kind] for kind in ("trained", "kaiming"))
    assert trained["trial"].tolist() == untrained["trial"].tolist() == [0, 1, 2, 3, 4]
    assert trained["spc images"].tolist() == untrained["spc images"].tolist()  # the same numbers in the file
    assert trained["spc images"].nunique() == 5
    content = (weights / "cifar_resnet20.pt").read_bytes()
    assert set(trained["weights_digest"]) == {hashlib.sha256(content).hexdigest()[:16]}
    assert untrained["weights_digest"].isna().all()
    assert (rows["size"] == 32).all() and (rows["channels"] == 16 + 32 + 64).all()


def test_a_missing_file_is_said_before_any_work(tmp_path, weights):
    trial = published.grid("quick", "scenes", "cifar_resnet56", "trained")
    with pytest.raises(ValueError, match="has no cifar_resnet56.pt, the state dict of .*akamaster"):
        EXPERIMENT.run(tmp_path / "rows", trial, paths={"weights": weights}, client=1)
    assert not (tmp_path / "rows").exists()


def test_read_outs_take_the_seed_that_is_given(tmp_path):
    model = models.build("cifar_resnet20", width=0.25, num_classes=2, init="kaiming")
    trial = {"source": "scenes", "padding": "zeros", "pattern": "gaussian", "trial": (0, 1), "seed": 3}
    asked, context = {**trial, **published.READ_OUT}, Context(tmp_path)
    sizes = {"train": 32, "test": 8, "epochs": 1}
    own = read_outs(model, ["layer1"], 32, asked, sizes, context)
    given = read_outs(model, ["layer1"], 32, {**asked, "seed": 9}, sizes, context, seed=3)
    other = read_outs(model, ["layer1"], 32, asked, sizes, context, seed=4)
    assert own.equals(given) and not own["spc images"].equals(other["spc images"])
    assert own["channels"].tolist() == [4, 4] and own["train"].tolist() == [32, 32]
