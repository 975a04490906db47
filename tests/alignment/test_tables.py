from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit import alignment, models
from pppkit.alignment import (
    AlignmentError,
    canvas,
    canvas_margin,
    features,
    geometries,
    margins,
    padding_reach,
    verify_alignment,
)
from pppkit.models import LAYERS_OF_INTEREST, build

REFERENCE = pd.read_csv(Path(__file__).parents[2] / "book" / "reference" / "ppp_alignment.csv")


@pytest.mark.parametrize("name", ["vgg19", "resnet50", "efficientnet"])
def test_the_papers_tables_digit_for_digit(name):
    table = margins(build(name, width=0.125), LAYERS_OF_INTEREST[name], 224)
    printed = REFERENCE[REFERENCE["model"] == name]
    assert list(table["regular_height"]) == list(printed["feature_regular"]) == list(table["regular_width"])
    assert list(table["optimal_height"]) == list(printed["feature_optimal"]) == list(table["optimal_width"])
    assert list(table["top"]) == list(table["left"]) == list(printed["margin_top_left"])
    assert list(table["bottom"]) == list(table["right"]) == list(printed["margin_bottom_right"])
    assert len(printed) == 5 and table.index[0] == "input"


def test_principal_points():
    vgg, resnet = (margins(build(n, width=0.125)) for n in ("vgg19", "resnet50"))
    assert list(vgg["principal_regular_y"]) == [111.5, 55.5, 27.5, 13.5, 6.5]
    assert list(vgg["principal_optimal_x"]) == [229.5, 111.5, 51.5, 21.5, 6.5]
    assert list(resnet["principal_regular_y"]) == [
        97,
        24,
        12,
        6,
        3,
    ]  # the paper rounds the pooling's 48.5 and prints 96
    assert (resnet["principal_optimal_y"] - resnet["principal_regular_y"] == resnet["top"]).all()


def test_margins_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 2, 5, stride=2, padding=2), nn.Conv2d(2, 2, 3, padding=1))
    table = margins(net, ["0", "1"], (16, 13))
    # layer 1 needs a pixel on each side of layer 0: 2 * 1 + 2 before the image; rows end at 2 * 8 + 2 = 18, 3 after row 15
    assert table.loc["input", ["top", "bottom", "left", "right"]].tolist() == [4, 3, 4, 4]
    assert table.loc["0", ["top", "bottom", "left", "right"]].tolist() == [1, 1, 1, 1]
    assert table.loc["1", "regular_width"] == 7 and table.loc["1", "stride"] == 2


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_geometry_equals_the_receptive_field_measured_by_gradient(kernel, stride, padding, dilation):
    if dilation * (kernel - 1) + 1 > 13:
        pytest.skip("wider than the image")
    net = nn.Sequential(
        nn.Conv2d(3, 1, kernel, stride, padding, dilation), nn.MaxPool2d(2, 1), nn.Conv2d(1, 1, 3, 2, 1)
    ).double()
    size, pad = 29, 40
    g = geometries(net, ["2"], size)["2"]
    x = torch.rand(1, 3, size + 2 * pad, size + 2 * pad, dtype=torch.double, requires_grad=True)
    for p in net.parameters():
        nn.init.constant_(p, 1.0)
    unpadded = nn.Sequential(
        nn.Conv2d(3, 1, kernel, stride, 0, dilation), nn.AvgPool2d(2, 1), nn.Conv2d(1, 1, 3, 2, 0)
    ).double()
    for p in unpadded.parameters():
        nn.init.constant_(p, 1.0)
    assert g.regular[0] == net(torch.zeros(1, 3, size, size, dtype=torch.double)).shape[-1]
    (top, bottom), (left, right) = g.sees()
    assert (left, right) == (top, bottom)
    # the first and the last feature pixel, as the unpadded run on a crop that starts there sees them
    crop = x[..., pad + top :, pad + left :]
    out = unpadded(crop)[0, 0]
    last = g.regular[0] - 1
    (grad,) = torch.autograd.grad(out[0, 0] + out[last, last], x)
    rows = grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert rows.min() - pad == top
    assert rows.max() - pad == bottom


@pytest.mark.parametrize("name, margin", [("vgg19", 128), ("resnet50", 224), ("efficientnet_b0", 448)])
def test_canvas_margins_of_the_papers_networks(name, margin):
    assert canvas_margin(build(name, width=0.125)) == margin


def test_reach_by_hand():
    net = nn.Sequential(
        nn.Conv2d(3, 2, 3, padding=1),
        nn.Conv2d(2, 2, 3, stride=2, padding=1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
    )
    table = padding_reach(net, ["0", "1", "2"], 32)
    assert table.loc["0"].tolist() == [1, 1, 1, 1, 1]
    assert table.loc["1"].tolist() == [
        2,
        1,
        1,
        1,
        1,
    ]  # pixel 0 sees the padding and the touched pixel 0; the last sees the touched last
    assert (
        table.loc["2", ["top", "left"]].tolist() == [1, 1] and table.loc["2", "bottom"] >= 1
    )  # ceil_mode hides padding at the bottom
    assert padding_reach(net, ["0"], 32, "none").loc["0"].tolist() == [1, 0, 0, 0, 0]
    assert padding_reach(net, ["0"], 32, "full").loc["0"].tolist() == [1, 2, 2, 2, 2]


NETWORKS = [
    *(
        "vgg19",
        "torchvision/vgg19_bn",
        "resnet18",
        "torchvision/resnet50",
        "resnet50",
        "efficientnet_b0",
        "mobilenet_v2",
        "mobilenet_v3_large",
    ),
    *(
        "mobilenet_v3_small",
        "resnext50_32x4d",
        "regnet_y_400mf",
        "shufflenet_v2_x1_0",
        "googlenet",
        "squeezenet1_1",
        "convnext_tiny",
    ),
]


@pytest.mark.parametrize("name", NETWORKS)
def test_canvas_and_unpadded_run_agree(name):
    width = {"width": 0.25} if name in models.PAPER_MODELS else {}
    model = build(name, init="kaiming", num_classes=2, **width)
    for size in (64, 97):
        table = verify_alignment(model, size=size)
        assert (table["relative"] <= 1e-5).all() and (table["shifted"] > 1e-2).all()


@pytest.mark.parametrize("padding", ["reflect", "full", "full-circular", "partial", "none"])
def test_they_agree_under_other_schemes(padding):
    size = 272 if padding == "none" else 48
    verify_alignment(build("vgg19", width=0.0625, init="kaiming"), size=size, padding=padding)


def test_own_padding_modes_are_followed():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
        nn.ReflectionPad2d(2),
        nn.Conv2d(4, 2, 5, stride=2),
        nn.ReLU(),
    )
    table = verify_alignment(net, ["0", "3"], size=31)
    assert len(table) == 2
    assert margins(net, ["3"], 31).loc["input", "top"] == 3


def test_translation_by_the_stride():
    model = build("resnet50", width=0.125, init="kaiming")
    world = torch.rand(1, 3, 700, 700, generator=torch.Generator().manual_seed(0))

    plan = alignment.prepare_unpadded(model, ["layer4"], 64)
    height, width = plan.crop_size
    here, there = (
        alignment.unpadded_features(model, plan, world[..., dy : dy + height, :width])["layer4"]
        for dy in (0, 32)
    )
    torch.testing.assert_close(here[..., 1:, :], there[..., :-1, :])


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_misalignment_is_found(monkeypatch, wrong):
    monkeypatch.setattr(
        canvas, "centre", lambda x, size: x[..., wrong : wrong + size[-2], wrong : wrong + size[-1]]
    )
    with pytest.raises(AlignmentError, match="disagree"):
        verify_alignment(build("resnet18", num_classes=2), size=64)


def test_features_too_flat_to_verify_are_said_to_be():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    nn.init.zeros_(net[0].weight)
    with pytest.raises(AlignmentError, match="too flat"):
        verify_alignment(net, ["0"], size=16)


class InPlace(nn.Module):
    def __init__(self, rebind):
        super().__init__()
        self.conv, self.last, self.rebind = (
            nn.Conv2d(3, 3, 3, padding=1),
            nn.Conv2d(3, 3, 3, padding=1),
            rebind,
        )

    def forward(self, x):
        y = self.conv(x)
        if self.rebind:
            y += x
        else:
            y.add_(x)  # the result is not rebound
        return self.last(y)


def test_in_place_joins():
    verify_alignment(InPlace(True), ["last"], size=16)
    with pytest.raises(AlignmentError, match="out of place"):
        verify_alignment(InPlace(False), ["last"], size=16)


class Attention(nn.Module):
    def forward(self, x):
        q = x.flatten(2).transpose(1, 2)
        return F.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(x.shape)


@pytest.mark.parametrize("layer", [nn.GroupNorm(1, 3), nn.InstanceNorm2d(3), Attention()])
def test_networks_that_cannot_be_exact_are_refused(layer):
    net = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), layer, nn.Conv2d(3, 3, 3, padding=1))
    with pytest.raises(AlignmentError, match="attention"):
        padding_reach(net, ["2"], 32, limit=64)
    with pytest.raises(AlignmentError, match="every pixel|no position"):
        margins(net, ["2"], 32)


def test_transformers_are_refused():
    for name, layers in (("vit_b_16", ["conv_proj"]), ("swin_t", ["features.1"])):
        with pytest.raises(AlignmentError):
            verify_alignment(build(name, num_classes=2), layers, size=64)


def test_features_leave_the_model_as_it_was():
    model = build("resnet18", num_classes=2).train()
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
    model, x, seen = build("resnet18", num_classes=2), torch.rand(1, 3, 32, 32), {}
    model.layer2.register_forward_hook(lambda m, i, o: seen.update(o=o.clone()))
    model(x)
    assert torch.equal(features(model, ["layer1", "layer2"], x)["layer2"], seen["o"])


def test_layers_that_cannot_be_measured():
    shared = nn.ReLU()
    net = nn.Sequential(nn.Conv2d(3, 2, 3), shared, nn.Conv2d(2, 2, 3), shared, nn.Flatten())
    x = torch.rand(1, 3, 16, 16)
    with pytest.raises(ValueError, match="more than once"):
        features(net, ["1", "4"], x)
    with pytest.raises(ValueError, match=r"no feature map \(N, C, H, W\)"):
        features(net, ["4"], x)
    with pytest.raises(AlignmentError, match="does not run|no position|global"):
        margins(build("resnet18"), ["avgpool"], 64)


def test_batch_statistics_are_refused():
    class Training(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            return F.batch_norm(self.conv(x), None, None, training=True)

    with pytest.raises(AlignmentError, match=r"model.eval\(\)"):
        margins(nn.Sequential(Training(), nn.Conv2d(3, 3, 1)), ["1"], 16)
