import pytest
import torch

from pppkit import models
from pppkit.experiments import posenet
from pppkit.experiments.base import measured
from pppkit.experiments.context import Context
from pppkit.experiments.posenet import (
    MatmulConv2d,
    ReadOut,
    ResizedMSE,
    pattern,
    read_features,
    resized,
    score,
    train,
)
from pppkit.experiments.ppp import chronology, learned


def rows_in(trial, folder):
    return measured(posenet.measure, posenet.KEY, Context(folder), trial)


def test_patterns_by_hand():
    assert torch.equal(pattern("horizontal", 3), torch.tensor([[0, 0.5, 1]] * 3))
    assert torch.equal(pattern("vertical", 3), pattern("horizontal", 3).T)
    assert pattern("vertical stripes", 8, periods=2)[:, 0].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    bell = pattern("gaussian", 5, sigma=0.2)
    assert (
        bell[2, 2] == 1 and bell[2, 3].item() == pytest.approx(0.6065, abs=1e-4) and torch.equal(bell, bell.T)
    )
    for name in posenet.PATTERNS:
        lowest = -1 if name in posenet.WAVES else 0
        assert (
            pattern(name).shape == (224, 224) and pattern(name).min() >= lowest and pattern(name).max() <= 1
        )


def test_a_map_without_position_has_the_papers_errors():
    # Islam et al. print .251 for the horizontal gradient of an encoder without padding, Lin et al. .197 for
    # the Gaussian
    assert posenet.null_error(pattern("horizontal")) == pytest.approx(0.251, abs=5e-4)
    assert posenet.null_error(pattern("gaussian")) == pytest.approx(0.197, abs=5e-4)


def test_features_are_resized_and_joined():
    ramp = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    both = resized([ramp, torch.ones(1, 2, 7, 7)])
    assert both.shape == (1, 3, 28, 28)
    assert both[0, 0, 5].tolist() == pytest.approx(
        [3 * i / 27 for i in range(28)], abs=1e-5
    )  # corners stay where they are


@pytest.mark.parametrize("kernel, padding, out", [(3, 0, 1), (3, 1, 5), (1, 0, 2), (5, 2, 3)])
def test_a_convolution_by_products_is_a_convolution(kernel, padding, out):
    generator = torch.Generator().manual_seed(0)
    conv = MatmulConv2d(6, out, kernel, padding=padding)
    x = torch.randn(3, 6, 9, 7, generator=generator)
    expected = torch.nn.functional.conv2d(x, conv.weight, conv.bias, padding=padding)
    factors = torch.randn(expected.shape, generator=generator)
    for given in (x, list(x)):
        found = conv(given)
        assert torch.allclose(found, expected, atol=1e-5)
        for a, b in zip(
            *(
                torch.autograd.grad((y * factors).sum(), conv.parameters(), retain_graph=True)
                for y in (found, expected)
            )
        ):
            assert torch.allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("shape", [(26, 26), (5, 9), (1, 3)])
def test_the_error_of_resized_maps_is_the_error_of_resized_maps(shape):
    target = pattern("gaussian", 32)[:, :24]
    maps = torch.rand(3, 2, *shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    large = torch.nn.functional.interpolate(maps, target.shape, mode="bilinear", align_corners=True)
    direct, ours = (large - target).square().mean((0, 2, 3)), ResizedMSE(target, shape)(maps)
    assert torch.allclose(ours, direct, atol=1e-6)
    (expected,), (found,) = (torch.autograd.grad(e.sum(), maps, retain_graph=True) for e in (direct, ours))
    assert torch.allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("depth, kernel, padding", [(1, 3, 0), (2, 3, 1), (3, 1, 0)])
def test_trials_side_by_side_are_trials_alone(depth, kernel, padding):
    x = torch.randn(24, 4, 12, 12, generator=torch.Generator().manual_seed(0))
    target = pattern("horizontal", 16)
    together = ReadOut(4, [5, 6], depth, kernel, padding, side=16)
    train(together, x, target, epochs=3, batch=8, seed=1)
    for i, seed in enumerate((5, 6)):
        alone = ReadOut(4, [seed], depth, kernel, padding, side=16)
        train(alone, x, target, epochs=3, batch=8, seed=1)
        assert torch.allclose(alone(x)[:, 0], together(x)[:, i], atol=1e-4)
        assert score(alone, x, target)[0]["spc"] == pytest.approx(
            score(together, x, target)[i]["spc"], abs=2e-3
        )
    assert not torch.allclose(together(x)[:, 0], together(x)[:, 1], atol=1e-2)


def test_position_that_is_there_is_found_and_what_is_not_is_not():
    target = pattern("vertical", 32)
    ramp = torch.linspace(-1, 1, 12).view(1, 1, 12, 1).expand(64, 1, 12, 12)
    noise = torch.randn(64, 2, 12, 12, generator=torch.Generator().manual_seed(0))
    found = {}
    for name, x in {"position": torch.cat([ramp, noise], 1), "noise": noise}.items():
        readout = ReadOut(x.shape[1], [0], side=32)
        losses = train(readout, x, target, epochs=15, seed=0)
        assert losses[-1] < losses[0] and not readout.training
        found[name] = score(readout, x, target)[0]
    assert found["position"]["spc"] > 0.95 and found["position"]["mae"] < 0.12
    assert abs(found["noise"]["spc"]) < 0.1 and found["noise"]["mae"] == pytest.approx(
        posenet.null_error(target), abs=0.03
    )


def test_constant_predictions_are_counted():
    readout = ReadOut(1, [0], side=8)
    torch.nn.init.zeros_(readout.layers[0].weight)
    readout.eval()
    (found,) = score(readout, torch.rand(5, 1, 4, 4), pattern("gaussian", 8))
    assert found["nan"] == found["count"] == 5


def test_features_are_those_of_the_network_under_its_padding():
    net = models.build("resnet50", width=0.125, num_classes=2)
    x = posenet.images("scenes", "train", 3, 32)
    assert not torch.equal(x, posenet.images("scenes", "test", 3, 32))
    layers = models.LAYERS_OF_INTEREST["resnet50"]
    zeros, reflect = (read_features(net, layers, x, p, batch=2) for p in ("zeros", "reflect"))
    assert zeros.shape == (3, 480 // 8 * 8, 28, 28) and not torch.equal(zeros, reflect)
    assert torch.equal(read_features(net, layers, x, "randn"), read_features(net, layers, x, "randn"))


def test_trials_of_a_trained_network(tmp_path):
    networks = chronology.grid("quick", ["resnet50"], ["circular"])
    trials = posenet.grid("quick", networks, "scenes")
    with pytest.raises(ValueError, match="does not exist; train the network"):
        posenet.EXPERIMENT.run(tmp_path, trials, client=1)
    assert not (tmp_path / "posenet.csv").exists()
    models.save(
        chronology.network(networks[0], 8), tmp_path / "weights" / f"{chronology.name(networks[0])}.pt"
    )
    rows = rows_in(trials[0], tmp_path)
    assert len(rows) == 5 and rows["trial"].tolist() == [0, 1, 2, 3, 4] and rows["spc images"].nunique() == 5
    assert (rows["count noise"] == 16).all() and set(posenet.KEY) <= set(rows)
    same = rows_in(trials[1], tmp_path)  # "trained" weights that are the untrained ones
    assert same["spc images"].tolist() == rows["spc images"].tolist()


def test_bad_input_is_named():
    for call, words in (
        (lambda: pattern("spiral"), "pattern='spiral' is not one of gaussian"),
        (lambda: ReadOut(3, depth=0), "depth=0"),
        (lambda: ReadOut(3, []), "seeds=0"),
        (lambda: posenet.grid(networks=[], pattern="spiral"), "'spiral'"),
        (
            lambda: posenet.images("scenes", "validation", 2, 32),
            "part='validation' is not one of train, test",
        ),
        (lambda: posenet.grid(networks=[], weights="old"), "weights='old' is not one of untrained, trained"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_networks_that_learned_are_read_too_after_their_own_training():
    (trial, *_) = posenet.EXPERIMENT.trials()[-1:]
    assert (trial["model"], trial["data"]) in learned.GATES
    ((training, network),) = posenet.EXPERIMENT.after(trial)
    assert training is learned.EXPERIMENT and network in learned.EXPERIMENT.trials()
    ((training, _),) = posenet.EXPERIMENT.after(posenet.EXPERIMENT.trials()[0])
    assert training is chronology.EXPERIMENT
