import pytest
import torch
import torchvision
from torch import nn
from torch.optim.swa_utils import AveragedModel

from pppkit import models
from pppkit.alignment import features
from pppkit.models import LAYERS_OF_INTEREST, PAPER_MODELS, build, default_layers


@pytest.mark.parametrize("name", PAPER_MODELS)
@pytest.mark.parametrize("width", [1, 0.25])
def test_networks_classify_at_any_width(name, width):
    model = build(name, width=width, num_classes=7)
    assert not model.training and model(torch.rand(2, 3, 64, 64)).shape == (2, 7)
    found = features(model, LAYERS_OF_INTEREST[name], torch.rand(1, 3, 64, 64))
    strides = {"vgg19": [2, 4, 8, 16]}.get(name, [4, 8, 16, 32])
    assert [64 // f.shape[-1] for f in found.values()] == strides


def test_vgg19_is_torchvisions_up_to_the_last_pooling():
    ours, theirs = build("vgg19"), torchvision.models.vgg19().eval()
    ours.features.load_state_dict(
        {k.removeprefix("features."): v for k, v in theirs.state_dict().items() if k.startswith("features.")}
    )
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(ours.features(x), theirs.features[:36](x))


def test_efficientnet_is_torchvisions():
    ours, theirs = build("efficientnet_b0"), torchvision.models.efficientnet_b0().eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(ours(x), theirs(x))


def test_resnet50_differs_from_torchvisions_in_its_stem_only():
    ours, theirs = build("resnet50"), torchvision.models.resnet50()
    assert {k: v.shape for k, v in ours.state_dict().items() if k != "conv1.weight"} == {
        k: v.shape for k, v in theirs.state_dict().items() if k != "conv1.weight"
    }
    assert repr(ours.conv1) == "Conv2d(3, 64, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)"
    assert ours.maxpool.kernel_size == 2 and ours.maxpool.stride == 2


def test_seeds_decide_the_weights_and_nothing_else():
    torch.manual_seed(123)
    state = torch.get_rng_state()
    a, b, c = (
        build("resnet50", width=0.125, seed=1),
        build("resnet50", width=0.125, seed=1),
        build("resnet50", width=0.125, seed=2),
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(a.conv1.weight, b.conv1.weight) and not torch.equal(a.conv1.weight, c.conv1.weight)


def test_initialisations():
    default, kaiming = (build("vgg19", init=init).features[2].weight for init in ("default", "kaiming"))
    assert abs(default.std() - (1 / (3 * 64 * 9)) ** 0.5) < 1e-3  # uniform in +-1/sqrt(fan_in)
    assert abs(kaiming.std() - (2 / (64 * 9)) ** 0.5) < 1e-3


def test_the_papers_name_for_efficientnet():
    assert LAYERS_OF_INTEREST["efficientnet"] == LAYERS_OF_INTEREST["efficientnet_b0"]
    assert type(build("efficientnet", width=0.25)) is type(build("efficientnet_b0", width=0.25))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": {f"module.{k}": v for k, v in s.items()}},
    ],
)
def test_weights_from_a_file(tmp_path, wrap):
    saved = build("resnet18", num_classes=3, seed=5)
    torch.save(wrap(saved.state_dict()), tmp_path / "w.pt")
    loaded = build("torchvision/resnet18", num_classes=3, weights=tmp_path / "w.pt")
    assert torch.equal(saved.fc.weight, loaded.fc.weight)


class Payload:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    "content, words",
    [
        ({"x": Payload()}, "tensors only"),
        ([1, 2], "no state_dict"),
        ({"conv1.weight": torch.zeros(1)}, "does not fit resnet18"),
    ],
)
def test_checkpoints_that_cannot_be_used(tmp_path, capsys, content, words):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=words):
        build("resnet18", weights=tmp_path / "w.pt")
    assert "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, words",
    [
        (dict(name="vgg"), "name='vgg' is not a model; choose one of .*vgg19, resnet50"),
        (dict(name="resnet18", weights="IMAGENET21K"), "torchvision's weights IMAGENET1K_V1"),
        (dict(name="resnet50", weights="IMAGENET1K_V1"), "none is published for the paper's resnet50"),
        (dict(name="resnet18", width=0.5), "width=0.5"),
        (dict(name="vgg19", width=0), "width=0"),
        (dict(name="vgg19", init="xavier"), "init='xavier'"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        build(**arguments)


def test_default_layers():
    assert default_layers(build("resnet50", width=0.125)) == ("layer1", "layer2", "layer3", "layer4")
    assert default_layers(build("resnet18", num_classes=2)) == ("layer1", "layer2", "layer3", "layer4")
    assert default_layers(build("densenet121", num_classes=2), 64)[0] == "features.denseblock1"
    small = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()).train()
    assert default_layers(small, 16) == ("1", "2") and small.training
    assert not any(m._forward_hooks for m in small.modules())
    with pytest.raises(ValueError, match="name the layers yourself"):
        default_layers(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), 4)


def test_published_weights_load_by_name(monkeypatch):
    state = build("resnet18", seed=9).state_dict()
    enum = torchvision.models.get_model_weights("resnet18")
    monkeypatch.setattr(enum, "get_state_dict", lambda self, **kwargs: state)
    for name in ("IMAGENET1K_V1", "DEFAULT"):
        assert torch.equal(models.build("resnet18", weights=name).fc.weight, state["fc.weight"])


def test_a_saved_network_is_built_again(tmp_path):
    net = build("resnet50", width=0.125, num_classes=5, seed=3)
    models.save(net, tmp_path / "sub" / "net.pt")
    again = models.load(tmp_path / "sub" / "net.pt")
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(net(x), again(x)) and not again.training and models.saved(tmp_path / "sub" / "net.pt")
    models.save(net, tmp_path / "half.pt", torch.float16)
    assert (tmp_path / "half.pt").stat().st_size < 0.6 * (tmp_path / "sub" / "net.pt").stat().st_size
    assert (
        torch.allclose(models.load(tmp_path / "half.pt")(x), net(x), atol=1e-2)
        and models.load(tmp_path / "half.pt").fc.weight.dtype == torch.float32
    )
    torch.save(net.state_dict(), tmp_path / "bare.pt")
    assert not models.saved(tmp_path / "bare.pt") and not models.saved(tmp_path / "nothing.pt")
    for path in ("bare.pt", "nothing.pt"):
        with pytest.raises(ValueError, match=rf"{path}' was not written by pppkit.models.save"):
            models.load(tmp_path / path)
    with pytest.raises(ValueError, match="not made by pppkit.models.build"):
        models.save(torch.nn.Linear(1, 1), tmp_path / "x.pt")


def test_names_that_are_valid_include_every_network():
    with pytest.raises(ValueError, match=r"choose one of cifar_resnet20.*vgg16_sod, vgg_fcn, efficientnet,"):
        build("vgg20")


def test_a_registered_network_is_built_and_measured_by_name():
    layers = ("0",)

    @models.register("tiny_for_a_test", title="Tiny", layers=layers)
    def tiny(width, num_classes):
        return nn.Sequential(nn.Conv2d(3, num_classes, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    try:
        model = build("tiny_for_a_test", num_classes=5)
        assert model(torch.rand(1, 3, 8, 8)).shape == (1, 5) and default_layers(model) == layers
        assert models.TITLES["tiny_for_a_test"] == "Tiny"
    finally:
        for table in (models.MODELS, models.TITLES, LAYERS_OF_INTEREST):
            del table["tiny_for_a_test"]


def test_squeezenet_has_layers_of_its_own_under_both_its_names():
    layers = ("features.2", "features.5", "features.8", "features.12")
    for name in ("squeezenet1_0", "torchvision/squeezenet1_0"):
        model = build(name, num_classes=3)
        assert models.default_layers(model, 64) == layers
        with pytest.raises(ValueError, match="torchvision's weights IMAGENET1K_V1"):
            build(name, weights="nowhere.pt")
    assert models.default_layers(build("torchvision/vgg19", num_classes=3), 64) != layers


@pytest.mark.parametrize("wrap", [nn.DataParallel, AveragedModel])
def test_layers_of_a_wrapped_network_are_its_own(wrap):
    known = build("resnet50", width=0.0625, num_classes=2)
    unknown = nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3, padding=1))
    for model in (known, unknown):
        names = default_layers(wrap(model), 32)
        assert names == tuple(f"module.{name}" for name in default_layers(model, 32))
        x = torch.rand(1, 3, 32, 32)
        inner = features(model, default_layers(model, 32), x)
        for name, found in features(wrap(model), names, x).items():
            assert torch.equal(found, inner[name.removeprefix("module.")])


def test_weights_are_no_mapping(tmp_path):
    model = build("resnet9", width=0.125)
    with pytest.raises(ValueError, match="weights is a OrderedDict, but must be a file or .*load_state_dict"):
        build("resnet9", width=0.125, weights=model.state_dict())
    with pytest.raises(
        ValueError, match="weights is a int, but must be a file or the name of published weights$"
    ):
        build("resnet9", width=0.125, weights=3)


def test_saving_touches_no_other_file(tmp_path, monkeypatch):
    model = build("resnet9", width=0.125)
    (tmp_path / "net.part").write_text("mine")
    models.save(model, tmp_path / "net.pt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.part", "net.pt"]
    assert (tmp_path / "net.part").read_text() == "mine"
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "net.pt").stat().st_mode == (tmp_path / "plain").stat().st_mode  # as any other file's
    before = (tmp_path / "net.pt").read_bytes()

    def fail(state, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        models.save(model, tmp_path / "net.pt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.part", "net.pt", "plain"]
    assert (tmp_path / "net.pt").read_bytes() == before
