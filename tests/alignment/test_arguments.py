"""Bad arguments are refused before any work, by their names."""

import pytest
import torch
import torchvision
from torch import nn

from pppkit import alignment
from pppkit.alignment import (
    canvas_margin,
    geometries,
    margins,
    padding_reach,
    prepare_unpadded,
    unpadded_features,
    verify_alignment,
)

FUNCTIONS = (margins, geometries, padding_reach, canvas_margin, prepare_unpadded, verify_alignment)


def net():
    return nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1))


def broken():
    model = net()
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] = float("nan")
    return model


BAD = {
    "a function": ({"model": torchvision.models.resnet18}, r"model=.*torch.nn.Module; call it"),
    "NaN weights": ({"model": broken()}, r"model: the weights '0.weight' are not finite"),
    "scripted": (
        {"model": torch.jit.script(net())},
        r"model is scripted or traced.*torch.nn.Module it was made",
    ),
    "meta": (
        {"model": nn.Sequential(nn.Conv2d(3, 2, 3, device="meta"))},
        r"model: '0.weight' is on the meta device",
    ),
    "layers a string": ({"layers": "2"}, r"layers='2' must be a sequence .*layers=\['2'\]"),
    "no layers": ({"layers": []}, r"layers=\[\] names no layer"),
    "a layer twice": ({"layers": ["2", "2"]}, r"layers names '2' more than once"),
    "an unknown layer": ({"layers": ["9"]}, r"layers: the model has no module '9'; it has 0, 1, 2"),
    "a module": ({"layers": [nn.ReLU()]}, r"layers holds ReLU, .*named_modules"),
    "size 0": ({"size": 0}, r"size=0 must be a whole number of at least 1.*pixels"),
    "size 1.5": ({"size": 1.5}, r"size=1.5 must be a whole number"),
    "size True": ({"size": True}, r"size=True must be a whole number"),
    "size as text": ({"size": "224"}, r"size='224' must be a whole number"),
    "an unknown scheme": ({"padding": "mirror"}, r"padding='mirror' is not one of zeros, reflect"),
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(function, case):
    changes, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        function(**{"model": net(), "layers": ["2"], "size": 16} | changes)


@pytest.mark.parametrize("size", [(16,), (16, 16, 16), (16, 0), (16, 2.5)])
@pytest.mark.parametrize("function", [margins, geometries, prepare_unpadded])
def test_sizes_that_are_no_height_and_width(function, size):
    with pytest.raises(ValueError, match=r"size="):
        function(net(), ["2"], size)


@pytest.mark.parametrize(
    "argument", [{"tolerance": -1}, {"tolerance": float("nan")}, {"seed": -1}, {"seed": 0.5}]
)
def test_bad_arguments_of_the_certificate(argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        verify_alignment(net(), ["2"], 16, **argument)


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (3, 20, 20), (1, 3, 20, 21)])
def test_crops_of_another_size(shape):
    plan = prepare_unpadded(net(), ["2"], 16)
    assert plan.margins == (2, 2, 2, 2) and plan.crop_size == (20, 20)
    with pytest.raises(ValueError, match=r"crop=.*\(N, C, 20, 20\).*margins \(2, 2, 2, 2\)"):
        unpadded_features(net(), plan, torch.rand(shape))


def test_compiled_networks_are_those_they_wrap():
    model = net()
    compiled = torch.compile(model)
    assert margins(compiled, ["2"], 16).equals(margins(model, ["2"], 16))
    assert canvas_margin(compiled, ["2"], 16) == 2
    plan = prepare_unpadded(compiled, ["2"], 16)
    crop = torch.rand(2, 3, *plan.crop_size)
    expected = unpadded_features(model, plan, crop)["2"]
    assert torch.equal(unpadded_features(compiled, plan, crop)["2"], expected)


def test_images_that_are_not_square():
    plan = prepare_unpadded(net(), ["0", "2"], (16, 12))
    found = unpadded_features(net(), plan, torch.rand(2, 3, *plan.crop_size))
    assert plan.size == (16, 12) and {t.shape for t in found.values()} == {(2, 2, 16, 12)}


def test_numbers_of_numpy_are_whole_numbers():
    import numpy as np

    assert margins(net(), ["2"], np.int64(16)).loc["input", "top"] == 2


def test_every_public_name_is_described():
    for name in alignment.__all__:
        assert getattr(alignment, name).__doc__, name
