"""How far padding reaches, and how large a canvas must be."""

import pytest
import torch.nn.functional as F
from torch import nn

from pppkit.alignment import (
    AlignmentError,
    canvas_margin,
    margins,
    padding_reach,
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
