"""Networks that resize maps: U-Nets and torchvision's segmentation networks."""

import itertools

import pytest
import torch
import torchvision
from torch import nn

from pppkit.alignment import (
    AlignmentError,
    canvas,
    canvas_margin,
    margins,
    padding_reach,
    prepare_unpadded,
    unpadded_features,
    verify_alignment,
)

from .networks import UNET_LAYERS, UPSAMPLINGS, Output, UNet, ValidUNet

SIDES = ["top", "left", "bottom", "right"]


@pytest.mark.parametrize("kind", UPSAMPLINGS)
def test_u_nets_have_a_certificate(kind):
    net = UNet(kind)
    table = verify_alignment(net, UNET_LAYERS, size=32)
    assert (table["relative"] <= 1e-5).all() and (table["shifted"] > 1e-2).all()


def test_margins_of_a_u_net_by_hand():
    """Every pair of 3x3 convolutions sees 2 pixels more on each side; nearest upsampling rounds down.

    Rows 0 to 31 of the head need -2 to 33 of the upsampled map, so -1 to 16 of up1, -3 to 18 of the map
    before, -2 to 9 of bottom, -4 to 11 of its pooled input, -8 to 23 of down1, -10 to 25 of what it pools,
    -20 to 51 of down0, -22 to 53.
    """
    table = margins(UNet("nearest"), UNET_LAYERS, 32)
    assert table.loc["input", SIDES].tolist() == [22, 22, 22, 22]
    assert table["regular_height"].tolist() == [32, 32, 8, 16, 32, 32]
    assert table["stride"].tolist() == [1, 1, 4, 2, 1, 1]
    # from -22 to 53: down0 -20 to 51, bottom -2 to 9, up1 -2 to 17 (of -4 to 19), up0 -2 to 33 (of -4 to 35)
    assert table["top"].tolist() == [22, 20, 2, 2, 2, 2] == table["bottom"].tolist()
    assert table["optimal_width"].tolist() == [76, 72, 12, 20, 36, 36]


def test_margins_of_a_bilinear_u_net_by_hand():
    """Bilinear pixel j lies at j / 2 - 1 / 4, between two pixels.

    Rows -2 to 33 need -2 to 17 of up1 (-5/4 and 65/4), -4 to 19 of the map before, -3 to 10 of bottom (-9/4
    and 37/4), -5 to 12 of its pooled input, -10 to 25, -12 to 27, -24 to 55, -26 to 57.
    """
    table = margins(UNet("bilinear"), UNET_LAYERS, 32)
    assert table.loc["input", SIDES].tolist() == [26, 26, 26, 26]
    assert table["top"].tolist() == [26, 24, 3, 3, 3, 3]


@pytest.mark.parametrize("kind", ["nearest", "bilinear", "transposed 3"])
def test_the_unpadded_run_has_the_sizes_of_the_table(kind):
    net = UNet(kind)
    plan = prepare_unpadded(net, UNET_LAYERS, 32)
    assert plan.crop_size == tuple(
        margins(net, UNET_LAYERS, 32).loc["input", ["optimal_height", "optimal_width"]]
    )
    top, left, bottom, right = plan.margins
    world = noise(32 + top + bottom + 2, 32 + left + right + 2)
    whole = unpadded_features(net, plan, world[..., 1:-1, 1:-1])
    assert {name: t.shape[-1] for name, t in whole.items()} == dict(
        zip(UNET_LAYERS, margins(net, UNET_LAYERS, 32)["regular_width"][1:])
    )


def noise(height, width):
    return torch.rand(1, 3, height, width)


def test_the_canvas_shifts_by_the_coarsest_stride():
    """The head of a U-Net has stride 1, but a shift must be one by whole pixels of the bottom."""
    net = UNet("nearest")
    assert padding_reach(net, ["head"], 32).loc["head"].tolist() == [1, 22, 22, 22, 22]
    assert canvas_margin(net, ["head"], 32) == 24
    assert canvas_margin(net, ["head"], 32, at_least=25) == 28


@pytest.mark.parametrize("kind", ["nearest", "bilinear", "transposed 2"])
def test_a_shift_by_a_pixel_is_found(monkeypatch, kind):
    monkeypatch.setattr(canvas, "centre", lambda x, size: x[..., 1 : 1 + size[-2], 1 : 1 + size[-1]])
    with pytest.raises(AlignmentError, match="disagree"):
        verify_alignment(UNet(kind), ["up0"], size=32)


@pytest.mark.parametrize("kind", ["nearest", "bilinear"])
def test_odd_sizes_are_refused_where_the_factor_is_not_whole(kind):
    for check in (margins, canvas_margin, verify_alignment):
        with pytest.raises(AlignmentError, match="choose"):
            check(UNet(kind), ["head"], size=35)


@pytest.mark.parametrize("kind", ["upsample", "transposed 2", "shuffle"])
def test_odd_sizes_are_followed_where_the_network_pads_to_them(kind):
    """Where the network pads a map to the size of a skip, the unpadded run has real pixels."""
    verify_alignment(UNet(kind), ["up1", "head"], size=35)


def test_skips_cropped_to_the_middle():
    net = ValidUNet()
    table = margins(net, ["up"], 32)
    # fine 30, pooled 15, bottom 13, deep 26, fine cropped from 2 on, up 24
    assert table.loc["up", "regular_height"] == 24
    verify_alignment(net, ["up"], size=32)


@pytest.mark.parametrize("padding", ["reflect", "randn", "circular"])
def test_u_nets_under_other_schemes(padding):
    verify_alignment(UNet("bilinear"), UNET_LAYERS, size=32, padding=padding)


def test_grey_images():
    verify_alignment(UNet("bilinear", images=1), ["head"], size=32)
    verify_alignment(UNet("nearest", images=6), ["head"], size=32)


def he(net):
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return Output(net.eval())


def test_lraspp():
    """Its global pooling sees the regular window; its last step resizes to the image."""
    make = torchvision.models.segmentation.lraspp_mobilenet_v3_large
    net = he(make(weights=None, weights_backbone=None, num_classes=3))
    table = verify_alignment(net, ["model.classifier", "out"], size=64)
    assert (table["relative"] <= 1e-5).all() and (table["shifted"] > 1e-2).all()
    for check in (margins, canvas_margin):
        with pytest.raises(AlignmentError, match="choose"):
            check(net, ["out"], size=72)


class Backbone(nn.Module):
    """Stride 8 and a dilated block, in the form of torchvision's backbones: a dict of maps."""

    def __init__(self):
        super().__init__()
        widths = (3, 8, 8, 16)
        steps = [nn.Conv2d(c, w, 3, 2, 1) for c, w in itertools.pairwise(widths)]
        layers = [layer for step in steps for layer in (step, nn.ReLU())]
        self.layers = nn.Sequential(*layers, nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.ReLU())

    def forward(self, x):
        return {"out": self.layers(x)}


@pytest.mark.parametrize("image_pooling", [True, False])
def test_deeplab(image_pooling):
    """torchvision's DeepLabV3, with and without its branch of one pooled pixel that is resized to the map."""
    parts = torchvision.models.segmentation.deeplabv3
    head = parts.DeepLabHead(16, 3, atrous_rates=(2, 4, 6))
    if not image_pooling:
        pyramid = head[0]
        del pyramid.convs[-1]
        pyramid.project[0] = nn.Conv2d(256 * len(pyramid.convs), 256, 1)
    net = he(parts.DeepLabV3(Backbone(), head))
    table = verify_alignment(net, ["model.backbone.layers", "model.classifier", "out"], size=64)
    assert (table["relative"] <= 1e-5).all() and (table["shifted"] > 1e-2).all()
