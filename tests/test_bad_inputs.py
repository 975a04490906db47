"""Bad arguments of the library's public functions: a ValueError that names the argument and how to mend it,
before any work."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import TensorDataset

import pppkit
from pppkit import alignment, metrics, models, scenes, training
from pppkit.experiments.posenet import pattern
from pppkit.experiments.ppp import chronology
from pppkit.padding import Pad2d, Padding, conv2d, pad2d
from pppkit.results.store import Store
from pppkit.results.sweeps import connect, sweep

X = torch.zeros(1, 2, 6, 6)
WEIGHT = torch.zeros(2, 2, 3, 3)


class Untouched:
    """A scene that must not be looked at."""

    shape = None

    def crop(self, y, x, height, width):
        pytest.fail("work was begun")


@dataclass
class Given:
    """What the cases are built from: a small network, and a folder with a picture and some broken files."""

    net: nn.Module
    folder: Path

    def measure(self, model: Any = None, scene: Any = None, **arguments):
        model, scene = (self.net if model is None else model), (Untouched() if scene is None else scene)
        return pppkit.measure_ppp(model, scene, **{"size": 32, "n": 1, "progress": False} | arguments)

    def photo(self):
        return scenes.Photo(self.folder / "photo.png")

    def store(self):
        return Store(self.folder / "rows.csv", ["a", "b"])


@pytest.fixture
def given(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "photo.png").read_bytes()[:40])
    (tmp_path / "empty").mkdir()
    torch.save({"weights": [1, 2]}, tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no checkpoint")
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2, padding=1)
    ).eval()
    return Given(net, tmp_path)


def spoilt(value):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    net[0].weight.data[0] = value
    return net


def shapes_of(*shapes):
    return [torch.zeros(shape) for shape in shapes]


# For each function: the argument and a part of the remedy (a pattern), and the call.
PADDING = {
    ("padding", "give"): lambda g: pad2d(X, (1, 2, 3)),
    ("padding", "pixels|whole"): lambda g: pad2d(X, 1.5),
    ("padding", "crop"): lambda g: pad2d(X, -1),
    ("padding", "pixels|give"): lambda g: pad2d(X, "same"),
    ("scheme", "choose one of zeros"): lambda g: pad2d(X, 1, "mirror"),
    ("scheme", "use pppkit.padding.conv2d"): lambda g: pad2d(X, 1, "partial"),
    ("x", "floating point"): lambda g: pad2d(torch.zeros(1, 1, 4, 4, dtype=torch.int32), 1, "randn"),
    ("x", r"give \(N, C, H, W\)"): lambda g: pad2d(torch.zeros(4), 1),
    ("x", "give a tensor"): lambda g: pad2d([[1.0]], 1),
    ("kernel_size", "give|whole"): lambda g: pad2d(X, 1, "randn", kernel_size=0),
    ("dilation", "give|whole"): lambda g: pad2d(X, 1, "full-zeros", dilation=0),
    ("generator", "torch.Generator"): lambda g: pad2d(X, 1, "randn", generator=3),
    ("padding", "pixels|whole|give"): lambda g: Pad2d("one"),
    ("scheme", "choose one of"): lambda g: Pad2d(1, "Zeros"),
    ("scheme", "choose one of zeros, "): lambda g: Padding("mirror"),
    ("scheme", "choose one of|a scheme"): lambda g: Padding(None),
    ("pools", "choose 'keep' or 'scheme'"): lambda g: Padding("zeros", pools="all"),
    ("generator", "give torch.Generator"): lambda g: Padding("randn", generator="cpu"),
    ("weight", "give a weight"): lambda g: conv2d(X, torch.zeros(2, 5, 3, 3)),
    ("groups", "give|whole"): lambda g: conv2d(X, WEIGHT, groups=0),
    ("stride", "give|whole"): lambda g: conv2d(X, WEIGHT, stride=0),
    ("scheme", "choose one of zeros, r"): lambda g: conv2d(X, WEIGHT, scheme="mirrored"),
}
MEASURE = {
    ("layers", r"write layers=\['0'\]"): lambda g: g.measure(layers="0"),
    ("layers", "name at least one"): lambda g: g.measure(layers=[]),
    ("layers", "it has 0, 1, 2"): lambda g: g.measure(layers=["conv"]),
    ("layers", "name each layer once"): lambda g: g.measure(layers=["0", "0"]),
    ("layers", "write its name"): lambda g: g.measure(layers=[g.net[0]]),
    ("model", r"call it, as in model\(\)"): lambda g: g.measure(torchvision.models.resnet18),
    ("model", "must be a torch.nn.Module"): lambda g: g.measure("resnet50"),
    ("model", "train it anew"): lambda g: g.measure(spoilt(float("nan"))),
    ("model", "load another checkpoint"): lambda g: g.measure(spoilt(float("inf"))),
    ("model", "without torch.device"): lambda g: g.measure(nn.Conv2d(3, 1, 1, device="meta")),
    ("model", "put a layer in front"): lambda g: g.measure(nn.Sequential(nn.Conv2d(5, 1, 1)), layers=["0"]),
    ("model", "move it to one device"): lambda g: g.measure(nn.Sequential(nn.ReLU()), layers=["0"]),
    ("scenes", "InfiniteScene, PhotoFolder"): lambda g: g.measure(scene=torch.zeros(3, 50, 50)),
    ("scenes", "make one with"): lambda g: g.measure(scene=[]),
    ("scenes", "or anything with shape and crop"): lambda g: g.measure(scene="photographs"),
    ("size", "smaller size=|of at least"): lambda g: g.measure(scene=g.photo()),
    ("size", "whole number of at least 1"): lambda g: g.measure(size=0),
    ("size", "whole number"): lambda g: g.measure(size=32.0),
    ("size", "a whole number of at least 1"): lambda g: g.measure(size=(32, 32)),
    ("n", "must be a whole number"): lambda g: g.measure(n=True),
    ("n", "whole number of at least 1"): lambda g: g.measure(n=-2),
    ("batch_size", "whole number of at least 1"): lambda g: g.measure(batch_size="4"),
    ("seed", "whole number of at least 0"): lambda g: g.measure(seed=-1),
    ("padding", "choose one of zeros"): lambda g: g.measure(padding="mirror"),
    ("padding", "name at least one"): lambda g: g.measure(padding=[]),
    ("padding", "each only once"): lambda g: g.measure(padding=["zeros", "zeros"]),
    ("padding", "a scheme's name"): lambda g: g.measure(padding=7),
    ("padding", "say 'zeros', or None"): lambda g: g.measure(padding=["zeros", 1]),
    ("normalize", "a mean and a standard deviation"): lambda g: g.measure(normalize=0.5),
    ("normalize", "for each of 3 channels"): lambda g: g.measure(normalize=((0.5,), (0.5,))),
    ("normalize", "each above 0"): lambda g: g.measure(normalize=((0.5,) * 3, (0.2, 0.2, 0.0))),
    ("normalize", "finite number"): lambda g: g.measure(normalize=((0.5, 0.5, "a"), (0.2,) * 3)),
    ("optimal", "is not one of auto, canvas, unpadded"): lambda g: g.measure(optimal="twin"),
    ("margin", "give an even number"): lambda g: g.measure(margin=0),
    ("margin", "must be even"): lambda g: g.measure(margin=33),
    ("margin", "or None"): lambda g: g.measure(margin="wide"),
    ("counts", "a sequence of numbers of images"): lambda g: g.measure(counts=3),
    ("counts", "give numbers of images"): lambda g: g.measure(counts=[0, 1]),
    ("device", r"move it there with model.to\('cuda'\)"): lambda g: g.measure(device="cuda"),
    ("device", "say 'cpu', 'cuda'"): lambda g: g.measure(device="gpu"),
    ("generator", "make it with torch.Generator"): lambda g: g.measure(generator=3),
}
ALIGNMENT = {
    ("size", "whole number of at least 1"): lambda g: pppkit.margins(g.net, ["0"], 0),
    ("size", r"or \(height, width\)"): lambda g: pppkit.margins(g.net, ["0"], (8, 8, 8)),
    ("layers", r"write layers=\['0'\]"): lambda g: pppkit.margins(g.net, "0", 8),
    ("model", "train it anew"): lambda g: pppkit.margins(spoilt(float("nan")), ["0"], 8),
    ("padding", "is not one of zeros"): lambda g: pppkit.margins(g.net, ["0"], 8, "mirror"),
    ("size", "the side of the image in pixels"): lambda g: pppkit.verify_alignment(g.net, ["0"], 8.5),
    ("model", "call it"): lambda g: pppkit.verify_alignment(torchvision.models.resnet18),
    ("layers", "it has 0, 1, 2"): lambda g: alignment.padding_reach(g.net, ["9"], 8),
    ("padding", "not one of zeros, "): lambda g: alignment.canvas_margin(g.net, ["0"], 8, "none?"),
    ("layers", "name at least one, or pass None"): lambda g: alignment.padding_reach(g.net, [], 8),
}
MODELS = {
    ("name", "choose one of .*vgg19, resnet50"): lambda g: models.build("vgg"),
    ("name", "choose one of .*torchvision/"): lambda g: models.build(50),
    ("width", "positive"): lambda g: models.build("resnet50", width=0),
    ("width", "must be a finite number"): lambda g: models.build("resnet50", width="half"),
    ("width", "it multiplies every number"): lambda g: models.build("resnet50", width=float("nan")),
    ("num_classes", "at least 1"): lambda g: models.build("resnet50", width=0.1, num_classes=0),
    ("num_classes", "whole number"): lambda g: models.build("resnet50", width=0.1, num_classes=2.5),
    ("init", "default.* kaiming"): lambda g: models.build("resnet50", width=0.1, init="he"),
    ("seed", "whole number"): lambda g: models.build("resnet50", width=0.1, seed="one"),
    ("weights", "none is published"): lambda g: models.build("resnet50", width=0.1, weights="IMAGENET"),
    ("weights", "holds no state_dict"): lambda g: models.build(
        "vgg19", width=0.1, weights=g.folder / "other.pt"
    ),
    ("weights", "save model.state_dict"): lambda g: models.build(
        "vgg19", width=0.1, weights=g.folder / "text.pt"
    ),
    ("path", "pppkit.models.save"): lambda g: models.load(g.folder / "other.pt"),
    ("path", "not written by pppkit.models.save"): lambda g: models.load(g.folder / "absent.pt"),
    ("model", "save its state_dict with torch.save"): lambda g: models.save(g.net, g.folder / "x.pt"),
    ("size", "whole number of at least 1"): lambda g: models.default_layers(g.net, 0),
    ("layers", "name the layers yourself"): lambda g: models.default_layers(nn.Sequential(nn.Flatten()), 8),
}
SCENES = {
    ("seed", "whole number"): lambda g: scenes.InfiniteScene("a"),
    ("radius", "give|must"): lambda g: scenes.InfiniteScene(0, radius=(8.0, 2.0)),
    ("objects", "at least 8"): lambda g: scenes.InfiniteScene(0, objects=2),
    ("y", "whole number"): lambda g: scenes.InfiniteScene(0).crop(0.5, 0, 8, 8),
    ("height", "at least 1"): lambda g: scenes.InfiniteScene(0).crop(0, 0, 0, 8),
    ("x", r"2\*\*40"): lambda g: scenes.InfiniteScene(0).crop(0, 2**41, 8, 8),
    ("y", "20x30 pixels"): lambda g: g.photo().crop(15, 0, 8, 8),
    ("x", "whole number"): lambda g: g.photo().crop(0, "1", 8, 8),
    ("n", "at least 1"): lambda g: scenes.windows(g.photo(), 0, 8),
    ("size", "whole number of at least 1"): lambda g: scenes.windows(g.photo(), 1, 0),
    ("size", "use images of at least"): lambda g: scenes.windows(g.photo(), 1, 25),
    ("scenes", "InfiniteScene, PhotoFolder"): lambda g: scenes.windows([torch.zeros(3, 9, 9)], 1, 8),
    ("root", "is not a folder"): lambda g: scenes.PhotoFolder(g.folder / "absent"),
    ("root", "holds no image"): lambda g: scenes.PhotoFolder(g.folder / "empty"),
    ("torn.png", "mend or remove it"): lambda g: scenes.Photo(g.folder / "torn.png"),
    ("deep.png", "save it as an 8-bit image"): lambda g: scenes.Photo(g.folder / "deep.png"),
    ("grid", "needs 4 files"): lambda g: scenes.TiledPhoto([g.folder / "photo.png"] * 3, (2, 2)),
    ("grid", r"grid is \(rows, columns\)"): lambda g: scenes.TiledPhoto([g.folder / "photo.png"], (0, 1)),
}
METRICS = {
    ("optimal", "equal, non-empty shapes"): lambda g: metrics.ppp_map(*shapes_of((1, 2, 3, 3), (1, 2, 3, 4))),
    ("padded", r"shapes \(N, C, H, W\)"): lambda g: metrics.snr_ppp(*shapes_of((2, 3), (2, 3))),
    ("reading", "is not one of mean-volume"): lambda g: metrics.snr_ppp(
        *shapes_of(*[(1, 1, 2, 2)] * 2), "max"
    ),
    ("reading", "is not one of range, raw"): lambda g: metrics.mae_ppp(*shapes_of(*[(1, 1, 2, 2)] * 2), "l2"),
    ("optimal", "make another one"): lambda g: metrics.PPP(2, 3).update(*shapes_of(*[(1, 1, 2, 2)] * 2)),
    ("n=0", "at least one image"): lambda g: metrics.PPP(2, 2).compute(),
    ("prediction", r"\(N, H, W\)"): lambda g: metrics.spearman(*shapes_of((3,), (3,))),
    ("target", r"\(N, H, W\)"): lambda g: metrics.mean_absolute_error(*shapes_of((1, 3, 3), (1, 4, 4))),
    ("mask", r"\(N, H, W\)"): lambda g: metrics.weighted_f(*shapes_of((1, 3, 3), (1, 3, 4))),
}
RESULTS = {
    ("trials", "of the key"): lambda g: g.store().rows([{"a": 1}]),
    ("trials", "given twice"): lambda g: g.store().check([{"a": 1, "b": 2}] * 2),
    ("rows", "lack the .*columns b of"): lambda g: g.store().append(pd.DataFrame({"a": [1]})),
    ("present", "'raise' or 'skip'"): lambda g: g.store().append(pd.DataFrame(), present="replace"),
    ("trials", "lacks b"): lambda g: sweep(Untouched, [{"a": 1}], g.store(), client=1),
    ("client", "a number of workers"): lambda g: connect(0.5).__enter__(),
    ("client", "or None"): lambda g: connect(0).__enter__(),
}
TRAINING = {
    ("every", "at least 1"): lambda g: training.PPPMonitor(Untouched(), every=0),
    ("model", "no linear layer"): lambda g: training.Classifier(g.net),
    ("padding", "choose one of zeros"): lambda g: training.Classifier(nn.Linear(2, 2), "mirror"),
    ("train", "at least|two"): lambda g: fitted(g, TensorDataset(torch.zeros(1, 2), torch.zeros(1))),
}
EXPERIMENTS = {
    ("profile", "is not one of quick, published"): lambda g: chronology.grid("fast", ["resnet50"], ["zeros"]),
    ("pattern", "is not one of gaussian"): lambda g: pattern("diagonal"),
    ("source", "is not one of scenes, satellite"): lambda g: scenes.sources.open_source("photos"),
    ("source", "the folder of the data set"): lambda g: scenes.sources.open_source("satellite"),
}


def fitted(g, data):
    module = training.Classifier(nn.Linear(2, 2), "zeros")
    return training.fit(module, data, data, epochs=1, folder=g.folder / "run")


GROUPS = {
    "padding": PADDING,
    "measure": MEASURE,
    "alignment": ALIGNMENT,
    "models": MODELS,
    "scenes": SCENES,
    "metrics": METRICS,
    "results": RESULTS,
    "training": TRAINING,
    "experiments": EXPERIMENTS,
}
CASES = [
    pytest.param(argument, remedy, call, id=f"{group} {argument}: {remedy}")
    for group, cases in GROUPS.items()
    for (argument, remedy), call in cases.items()
]


@pytest.mark.parametrize("argument, remedy, call", CASES)
def test_bad_input_names_the_argument_and_the_remedy(given, argument, remedy, call):
    files = sorted(p.name for p in given.folder.rglob("*"))
    with pytest.raises(ValueError) as error:
        call(given)
    message = str(error.value)
    assert argument in message
    assert re.search(remedy, message), message
    assert len(message) < 4000 and "tensor([" not in message
    assert sorted(p.name for p in given.folder.rglob("*")) == files  # nothing was begun


def test_there_are_enough_cases():
    assert len(CASES) >= 60
