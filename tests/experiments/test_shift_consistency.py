"""Shift consistency: AugShift's steps, what networks say of shifted copies, trials and rows."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pppkit import models
from pppkit.experiments import channels
from pppkit.experiments.channels import invariance
from pppkit.experiments.context import Context
from pppkit.experiments.ppp import recipes
from pppkit.training import Classifier, Recipe

STILL = Recipe(flip=False, shift=0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class Columns(nn.Module):
    """Names the brightest column: a class that moves with the image, and wraps with it."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.linear.weight.data, self.linear.bias.data = torch.eye(width), torch.zeros(width)

    def forward(self, x):
        return self.linear(x.mean((1, 2)))


class Brightness(nn.Module):
    """Names whether the mean is above the middle: no place matters where images roll."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 2)
        self.linear.weight.data, self.linear.bias.data = torch.tensor([[0.0], [1]]), torch.tensor([0.0, 0])

    def forward(self, x):
        return self.linear(x.mean((1, 2, 3))[:, None])


PLAIN = {"normalize": ((0.5,) * 3, (1.0,) * 3)}


def test_a_step_sees_every_image_and_its_copy_once():
    module = channels.AugShift(Columns(8), "zeros", STILL, copy_shift=2, **PLAIN)
    seen = []
    module.log = lambda *args, **kwargs: None
    module.model.register_forward_hook(lambda m, inputs, output: seen.append(inputs[0]))
    x, y = torch.randint(256, (5, 3, 8, 8), dtype=torch.uint8, generator=generator()), torch.arange(5)
    module.training_step((x, y), 0)
    (batch,) = seen
    assert torch.equal(batch[:5], module.normalized(x)) and len(batch) == 10
    assert not torch.equal(batch[5:], batch[:5])
    both, labels = channels.augshift(x, y, 2, generator())
    assert torch.equal(batch, module.normalized(both))
    assert labels.tolist() == [0, 1, 2, 3, 4] * 2
    again = channels.AugShift(Columns(8), "zeros", STILL, copy_shift=2, **PLAIN)
    again.log = module.log
    loss = again.training_step((x, y), 0)
    torch.testing.assert_close(loss, nn.functional.cross_entropy(module.model(batch), labels))
    for bad, words in (({"copy_shift": -1}, "copy_shift=-1"), ({"copy_fill": "none"}, "copy_fill='none'")):
        with pytest.raises(ValueError, match=words):
            channels.AugShift(Columns(8), "zeros", **bad)


def stripes(n=40, side=8):
    """Images with one bright column, at the place that their label names."""
    labels = torch.arange(n) % side
    images = torch.zeros(n, 3, side, side, dtype=torch.uint8)
    images[torch.arange(n), :, :, labels] = 200
    return images, labels


def test_answers_by_hand(monkeypatch):
    monkeypatch.setattr(invariance, "SHIFT", 2)
    images, labels = stripes()
    module = Classifier(Columns(8), "zeros", STILL, **PLAIN).train()
    black, rolled = invariance.answers(module, images, labels, batch=7)
    assert (black["fill"], rolled["fill"]) == ("zeros", "circular") and module.training
    assert black["top1"] == rolled["top1"] == 100 and black["shift"] == 2
    by = torch.randint(5, (2, 40), generator=generator())[1]
    still = 100 * (by == 2).double().mean().item()  # crops that begin at the image itself
    assert rolled["consistency"] == rolled["top1 shifted"] == pytest.approx(still)
    gone = (labels - by + 2 < 0) | (labels - by + 2 >= 8)  # a black image is named 0
    same = (by == 2) | (gone & (labels == 0))
    assert black["consistency"] == pytest.approx(100 * same.double().mean().item())


def test_what_does_not_depend_on_place_is_consistent_where_images_roll():
    images = torch.randint(256, (60, 3, 16, 16), dtype=torch.uint8, generator=generator())
    images[::2] //= 2
    module = Classifier(Brightness(), "zeros", STILL, **PLAIN)
    black, rolled = invariance.answers(module, images, torch.zeros(60, dtype=torch.long))
    assert rolled["consistency"] == 100 and rolled["top1 shifted"] == rolled["top1"]
    assert black["consistency"] < 100  # black at the border makes images darker


def test_answers_under_randn_repeat():
    net = models.build("resnet9", width=0.0625, num_classes=8)
    module = Classifier(net, "randn", STILL)
    images, labels = stripes(24, 32)
    first = invariance.answers(module, images, labels % 8)
    torch.manual_seed(7)
    assert invariance.answers(module, images, labels % 8) == first


# Trials


def test_grids():
    trials = invariance.grid()
    assert len(trials) == 3 * 3 * 3 * 5 and len({invariance.name(t) for t in trials}) == len(trials)
    assert all(t in trials for t in invariance.published())
    paper = {t["data"]: t["model"] for t in invariance.grid("paper")}
    assert paper == {"scenes": "vgg19_bn", "cifar10": "gapnet", "cifar100": "gapnet"}
    assert {t["data"] for t in invariance.shown("quick")} == {"scenes"}
    given = invariance.shown("quick", padding="zeros", paths={"cifar100": "somewhere", "cifar10": ""})
    assert [(t["data"], t["variant"]) for t in given] == [
        (d, v) for d in ("scenes", "cifar100") for v in invariance.VARIANTS
    ]
    for bad, words in (
        ({"profile": "slow"}, "profile='slow'"),
        ({"variant": "blur"}, "variant='blur'"),
        ({"data": "imagenet"}, "data='imagenet'"),
        ({"padding": "none"}, "padding='none'"),
    ):
        with pytest.raises(ValueError, match=words):
            invariance.grid(**bad)


def trial(variant="plain", data="scenes", profile="published", padding="zeros"):
    return next(t for t in invariance.grid(profile, variant, data, padding))


@pytest.mark.parametrize("data", ["scenes", "cifar10", "cifar100"])
def test_all_ways_take_as_many_steps_and_see_as_many_pictures(data):
    plain, blur, aug = (invariance.settings(trial(v, data)) for v in invariance.VARIANTS)
    assert plain == blur and aug["epochs"] * 2 == plain["epochs"] and aug["batch"] * 2 == plain["batch"]
    assert {k: v for k, v in aug.items() if k not in ("epochs", "batch")} == {
        k: v for k, v in plain.items() if k not in ("epochs", "batch")
    }


def test_plain_networks_are_those_of_learned():
    one = trial(data="cifar10")
    assert invariance.name(one) == recipes.name(one) == "resnet9_cifar10_zeros_0_published"
    mine, theirs = invariance.untrained(one, 10), recipes.network(one, 10)
    assert mine.recipe == recipes.recipe(one)
    own = {k: v for k, v in recipes.settings(one).items() if k != "size"}
    assert {k: v for k, v in invariance.settings(one).items() if k != "size"} == own
    blurred = invariance.untrained({**one, "variant": "blurpool"}, 10).model
    for net in (mine.model, blurred):
        assert all(torch.equal(a, b) for a, b in zip(net.parameters(), theirs.parameters(), strict=True))
    assert isinstance(invariance.untrained({**one, "variant": "augshift"}, 10), channels.AugShift)


@pytest.fixture
def tiny(monkeypatch):
    """The quick profile, made smaller still."""
    small = {"images": 32, "validation": 24, "epochs": 2, "n": 2, "width": 0.0625}
    monkeypatch.setitem(recipes.PROFILES, "quick", recipes.PROFILES["quick"] | small)
    monkeypatch.setitem(recipes.FAMILIES, "vgg19_bn", recipes.FAMILIES["vgg19_bn"] | {"batch": 16})


@pytest.mark.parametrize("variant", invariance.VARIANTS)
def test_a_trial_ends_in_rows(tmp_path, tiny, variant):
    one = trial(variant, profile="quick")
    experiment = replace(invariance.EXPERIMENT, here=True)
    rows = experiment.run(tmp_path / "first", [one], progress=False)
    assert rows["fill"].tolist() == ["zeros", "circular"] and (rows["gate"] == 85).all()
    assert rows[["top1", "consistency", "top1 shifted"]].stack().between(0, 100).all()
    assert (rows["passed"] == (rows["top1"] >= 85)).all()
    assert (rows["snr_ppp"] > 0).all() and (rows["images"] == 32).all() and (rows["test"] == 24).all()
    expected = {"augshift": (1, 8)}.get(variant, (2, 16))
    assert (rows["epochs"].iloc[0], rows["batch"].iloc[0]) == expected
    assert not list((tmp_path / "first" / "checkpoints").glob("*"))
    assert (tmp_path / "first" / "weights" / f"{invariance.name(one)}.pt").is_file()


def test_stored_weights_are_not_trained_again(tmp_path, tiny, monkeypatch):
    one = trial("blurpool", profile="quick")
    first = invariance.measure(one, Context(tmp_path))
    monkeypatch.setattr(invariance, "fit", lambda *args, **kwargs: pytest.fail("trained again"))
    again = invariance.measure(one, Context(tmp_path))
    assert first.equals(again)


def test_verification_trains_again_beside_stored_weights(tmp_path, tiny, monkeypatch):
    one, trained = trial("blurpool", profile="quick"), []
    monkeypatch.setattr(invariance, "learn", lambda module, *args: trained.append(module))
    file = tmp_path / "published" / "weights" / f"{invariance.name(one)}.pt"
    models.save(invariance.untrained(one, 8).model, file)
    invariance.measure(one, Context(tmp_path / "mine", inputs=tmp_path / "published"))
    assert len(trained) == 1
