"""Optimally padded features by the canvas and by the unpadded run are equal."""

import pytest
import torch
from torch import nn
from torchvision.models import convnext

from pppkit import alignment, models
from pppkit.alignment import AlignmentError, canvas, margins, verify_alignment
from pppkit.models import build

NETWORKS = """vgg19 torchvision/vgg19_bn resnet18 torchvision/resnet50 resnet50 efficientnet_b0 mobilenet_v2
    mobilenet_v3_large mobilenet_v3_small resnext50_32x4d regnet_y_400mf shufflenet_v2_x1_0 googlenet
    squeezenet1_1""".split()


def agree(model):
    for size in (64, 97):
        table = verify_alignment(model, size=size)
        assert (table["relative"] <= 1e-5).all() and (table["shifted"] > 1e-2).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_canvas_and_unpadded_run_agree(name):
    width = {"width": 0.25} if name in models.PAPER_MODELS else {}
    agree(build(name, init="kaiming", num_classes=2, **width))


def test_they_agree_on_a_network_as_deep_as_convnext():
    """An eighth of ConvNeXt-T's width: its margins are the widest of all, and no width changes them."""
    stages = [(12, 24, 3), (24, 48, 3), (48, 96, 9), (96, None, 3)]
    blocks = [convnext.CNBlockConfig(*stage) for stage in stages]
    agree(convnext.ConvNeXt(blocks, num_classes=2).eval())


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


def test_transformers_are_refused():
    for name, layers in (("vit_b_16", ["conv_proj"]), ("swin_t", ["features.1"])):
        with pytest.raises(AlignmentError):
            verify_alignment(build(name, num_classes=2), layers, size=64)
