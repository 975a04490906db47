import numpy as np
import pytest
import torch
from torch import nn

from pppkit import models
from pppkit.models.hooks import blank, eager_model, features, input_channels, layer_names, watching


def frozen():
    """A network in train mode, but for a frozen normalisation."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)).train()
    net[1].eval()
    return net


def modes(net):
    return [m.training for m in net.modules()]


@pytest.mark.parametrize(
    "look", [lambda n: features(n, ["3"], torch.rand(1, 3, 8, 8)), lambda n: models.default_layers(n, 8)]
)
def test_frozen_normalisation_stays_frozen(look):
    net = frozen()
    before = modes(net)
    look(net)
    assert modes(net) == before and not any(m._forward_hooks for m in net.modules())


def test_modes_and_hooks_come_back_after_an_error():
    net = frozen()
    before = modes(net)
    with pytest.raises(ZeroDivisionError), watching(net, {"0": lambda *_: None}):
        assert not any(modes(net)) and net[0]._forward_hooks
        raise ZeroDivisionError
    assert modes(net) == before and not net[0]._forward_hooks


def test_input_channels():
    assert input_channels(nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 3, 3))) == 1
    assert input_channels(nn.Sequential(nn.Conv2d(5, 8, 3))) == 5
    assert input_channels(nn.Sequential(nn.Flatten(), nn.Linear(4, 2))) == 3
    decoder_first = nn.ModuleDict({"decoder": nn.Conv2d(64, 8, 3), "encoder": nn.Conv2d(3, 64, 3)})
    assert input_channels(decoder_first) == 3
    decoder_first.in_channels = 4
    assert input_channels(decoder_first) == input_channels(nn.DataParallel(decoder_first)) == 4
    assert blank(nn.Conv2d(1, 2, 1).double(), 3, 5).shape == (1, 1, 3, 5)


def test_compiled_models_are_measured_as_they_were_written():
    net = frozen()
    assert eager_model(torch.compile(net)) is net


UNWATCHABLE = {
    r"model=<function frozen .* must be a torch.nn.Module; call it": lambda: frozen,
    r"model=array of shape \(4, 5\) must be a torch.nn.Module": lambda: np.zeros((4, 5)),
    "scripted or traced.*give the torch.nn.Module": lambda: torch.jit.script(nn.Conv2d(3, 1, 1)),
    "its part '0' is compiled.*as a whole": lambda: nn.Sequential(torch.compile(nn.Conv2d(3, 1, 1))),
    "model: 'weight' is on the meta device.*without torch.device": lambda: nn.Conv2d(3, 1, 1, device="meta"),
    "model: '0.weight' has no shape yet.*run the model once": lambda: nn.Sequential(nn.LazyConv2d(4, 1)),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch.jit is on its way out
@pytest.mark.parametrize("words", UNWATCHABLE)
def test_what_cannot_be_watched_is_refused(words):
    with pytest.raises(ValueError, match=words):
        eager_model(UNWATCHABLE[words]())


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_traced_models_are_refused():
    traced = torch.jit.trace(nn.Conv2d(3, 1, 1), torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match="model is scripted or traced"):
        eager_model(traced)


@pytest.mark.parametrize("where", ["weight", "running_var"])
def test_weights_that_are_not_finite(where):
    net = frozen()
    getattr(net[1], where).data[2] = float("nan")
    with pytest.raises(ValueError, match=f"model: the weights '1.{where}' are not finite"):
        eager_model(net)


@pytest.mark.parametrize(
    "layers, words",
    [
        ("layer1", r"layers='layer1' must be a sequence of module paths; write layers=\['layer1'\]"),
        ([], "layers=.. names no layer; name at least one, or pass None"),
        (["0", "2", "0"], "layers names '0' more than once"),
        ([nn.ReLU()], "layers holds ReLU, which is no module path"),
        (7, "layers=7 must be a sequence of module paths"),
        (["9"], "layers: the model has no module '9'; it has 0, 1, 2, 3"),
    ],
)
def test_layers_that_are_not_layers(layers, words):
    with pytest.raises(ValueError, match=words):
        layer_names(frozen(), layers)
    with pytest.raises(ValueError, match=words):
        features(frozen(), layers, torch.zeros(1, 3, 8, 8))


def test_features_leave_the_model_as_it_was():
    model = models.build("resnet18", num_classes=2).train()
    model.layer1.eval()
    modes = {n: m.training for n, m in model.named_modules()}
    running = model.bn1.running_mean.clone()
    features(model, ["layer2"], torch.rand(1, 3, 32, 32))
    with pytest.raises(ValueError, match="no module 'layer9'.*layer1"):
        features(model, ["layer9"], torch.rand(1, 3, 32, 32))
    with pytest.raises(RuntimeError):
        features(model, ["layer2"], torch.rand(1, 5, 32, 32))
    assert modes == {n: m.training for n, m in model.named_modules()}
    assert not any(m._forward_hooks for m in model.modules()) and torch.equal(running, model.bn1.running_mean)


def test_features_are_those_of_a_plain_forward_pass():
    model, x, seen = models.build("resnet18", num_classes=2), torch.rand(1, 3, 32, 32), {}
    model.layer2.register_forward_hook(lambda m, i, o: seen.update(o=o.clone()))
    model(x)
    assert torch.equal(features(model, ["layer1", "layer2"], x)["layer2"], seen["o"])
