"""Sizes, margins and principal points of feature maps."""

from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit.alignment import (
    AlignmentError,
    features,
    geometries,
    margins,
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
    # layer 1 needs a pixel on each side of layer 0: 2 * 1 + 2 before the image; rows end at 2 * 8 + 2 = 18
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
