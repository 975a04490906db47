"""How far padding reaches, and how large a canvas must be."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import DeformConv2d

from pppkit import InfiniteScene, measure_ppp
from pppkit.alignment import (
    AlignmentError,
    canvas_margin,
    margins,
    padding_reach,
    verify_alignment,
)
from pppkit.models import build


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


class Coordinates(nn.Module):
    """CoordConv (Liu et al. 2018): a map of rows and one of columns beside the image."""

    in_channels = 3

    def forward(self, x):
        rows, columns = (torch.linspace(-1, 1, side, dtype=x.dtype) for side in x.shape[-2:])
        shape = (len(x), 1, *x.shape[-2:])
        return torch.cat([x, rows[:, None].expand(shape), columns.expand(shape)], dim=1)


class Scaled(nn.Module):
    """Squeeze and excitation without a network in between, its mean over the image by any function."""

    def __init__(self, mean):
        super().__init__()
        self.mean = mean

    def forward(self, x):
        return x * self.mean(x)


NO_PADDING_REACHES = {
    "GroupNorm": nn.GroupNorm(1, 3),
    "InstanceNorm": nn.InstanceNorm2d(3),
    "coordinates": nn.Sequential(Coordinates(), nn.Conv2d(5, 3, 1)),
    "pooling of the map's size": Scaled(lambda x: F.avg_pool2d(x, x.shape[2:])),
    "means of means": Scaled(lambda x: x.mean(-1, keepdim=True).mean(-2, keepdim=True)),
}


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("name", NO_PADDING_REACHES)
def test_what_sees_the_whole_image_is_refused_where_no_padding_was_seen(name, padding):
    """No NaN of padding comes through the first layer, but the image does, or its size."""
    net = nn.Sequential(NO_PADDING_REACHES[name], nn.Conv2d(3, 3, 3, padding=padding))
    with pytest.raises(AlignmentError, match="no canvas is exact"):
        canvas_margin(net, ["1"], 32)
    for optimal, words in (("canvas", "no canvas is exact"), ("auto", "Nor can it run without padding")):
        with pytest.raises(AlignmentError, match=words):
            measure_ppp(net, InfiniteScene(0), ["1"], size=32, n=1, optimal=optimal, progress=False)


@pytest.mark.parametrize("mean", [lambda x: F.adaptive_avg_pool2d(x, 1), lambda x: x.mean((2, 3), True)])
def test_known_global_poolings_are_not_refused(mean):
    net = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), Scaled(mean), nn.Conv2d(3, 3, 3, padding=1))
    assert canvas_margin(net, ["2"], 32) == 2


@pytest.mark.parametrize("stride", [(4, 1), (1, 4), (2, 1)])
def test_axes_of_different_strides(stride):
    """The margin is a multiple of both strides, and beyond what padding reaches along either axis."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
    table = padding_reach(net, ["2"], 32)
    assert table.loc["2", "stride"] == stride
    assert (verify_alignment(net, ["2"], 32)["relative"] <= 1e-5).all()
    ways = {
        way: measure_ppp(net, InfiniteScene(0), ["2"], size=32, n=2, optimal=way, progress=False)
        for way in ("unpadded", "canvas")
    }
    snr = {way: result.rows["snr_ppp"].item() for way, result in ways.items()}
    assert snr["canvas"] == pytest.approx(snr["unpadded"], rel=1e-5)


class Deformed(nn.Module):
    """Looks where a convolution says, half a pixel beside by its bias."""

    def __init__(self):
        super().__init__()
        self.first, self.offsets = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 18, 3, padding=1)
        self.deformed = DeformConv2d(4, 4, 3, padding=1)

    def forward(self, x):
        x = self.first(x)
        return self.deformed(x, self.offsets(x))


def test_deformable_convolutions_are_refused_before_they_look_at_nan():
    """Their kernel would read beyond its memory."""
    with pytest.raises(AlignmentError, match="deform_conv2d is not followed: where this operation reads"):
        canvas_margin(Deformed(), ["deformed"], 32)
