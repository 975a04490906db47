import pandas as pd
import pytest

from pppkit.experiments.ppp import learned
from pppkit.experiments.ppp.recipes import measurement_epochs, recipe, settings


def rows(accuracy, model="resnet9", data="cifar10"):
    """Two epochs of one network that ends with that accuracy, two layers each."""
    epochs = [{"epoch": epoch, "val_accuracy": value} for epoch, value in ((0, 0.1), (12, accuracy))]
    names = {"model": model, "data": data, "padding": "zeros", "seed": 0, "epochs": 12}
    return pd.DataFrame([{**names, **epoch, "layer": layer} for epoch in epochs for layer in ("a", "b")])


def test_a_network_counts_where_its_last_accuracy_reaches_the_gate():
    gate = learned.GATES["resnet9", "cifar10"]
    assert learned.passed(rows(gate)).tolist() == [True] * 4
    assert learned.passed(rows(gate - 0.001)).tolist() == [False] * 4
    two = pd.concat([rows(0.9), rows(0.5).assign(seed=1)], ignore_index=True)
    assert learned.passed(two).tolist() == [True] * 4 + [False] * 4


def test_a_network_whose_accuracy_is_taken_away_drops_out():
    assert not learned.passed(rows(float("nan"))).any()
    assert not learned.passed(rows(0.99).query("epoch == 0")).any(), "its training has not ended"


def test_a_network_that_learns_masks_counts_where_it_beats_the_best_fixed_map():
    saliency = rows(float("nan"), "vgg_fcn", "scenes").assign(val_fixed=0.4)
    above = 0.4 + learned.GATES["vgg_fcn", "scenes"] + 1e-6
    assert learned.passed(saliency.assign(val_weighted_f=above)).all()
    assert not learned.passed(saliency.assign(val_weighted_f=above - 0.01)).any()
    assert not learned.passed(saliency.assign(val_accuracy=0.99)).any(), "accuracy is not its score"
    unknown = saliency.assign(val_weighted_f=above, val_fixed=float("nan"))
    assert not learned.passed(unknown).any(), "nothing to compare with"


def test_a_network_without_a_gate_is_no_evidence():
    assert not learned.passed(rows(0.99, model="resnet50")).any()


def test_the_published_recipe():
    (trial, *_), published = learned.grid(networks=1), learned.grid()
    assert {(t["model"], t["data"]) for t in published} == set(learned.GATES)
    assert len(published) == len(learned.GATES) * 5 * 3
    assert [t["seed"] for t in published] == sorted(t["seed"] for t in published), "whole sets come first"
    found, learning = settings(trial), recipe(trial)
    assert found["images"] is None and found["size"] == 32 and found["sizes"] == (32, 224)
    assert (learning.optimizer, learning.clip, learning.shift_fill) == ("sgd", 0.0, "reflect")
    assert len(measurement_epochs(found["epochs"])) == 11


def test_a_cell_without_a_gate_is_refused():
    with pytest.raises(ValueError, match="model='resnet50' is not one of resnet9"):
        learned.grid(model="resnet50")
    with pytest.raises(ValueError, match="data='imagenet' is not one of cifar10, scenes"):
        learned.grid(data="imagenet")


def test_old_cells_learn_as_before():
    trial = {"model": "vgg19", "data": "cifar10", "padding": "zeros", "seed": 0, "profile": "published"}
    assert settings(trial)["images"] == 12000 and settings(trial)["epochs"] == 12
    assert (recipe(trial).optimizer, recipe(trial).lr, recipe(trial).shift) == (
        "adamw",
        pytest.approx(3e-4),
        0,
    )
