"""Networks with one thing changed, by hand; SNR-PPP's parts beside `measure_ppp`."""

import pytest
import torch
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from pppkit import InfiniteScene, measure_ppp, models
from pppkit.experiments.ppp.border_taps import border_factors, share_inside
from pppkit.experiments.ppp.interventions import (
    with_open_gates,
    with_reflecting_strides,
    with_statistics_of,
)
from pppkit.experiments.ppp.snr_parts import ChannelSums, snr_parts


def test_statistics_are_those_of_the_images():
    norm = nn.BatchNorm2d(2, momentum=0.1)
    images = torch.randn(6, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * 3 + 5
    found = with_statistics_of(nn.Sequential(norm), images, batch=2)[0]
    batches = images.split(2)
    assert torch.allclose(found.running_mean, torch.stack([b.mean((0, 2, 3)) for b in batches]).mean(0))
    variances = torch.stack([b.var((0, 2, 3)) for b in batches]).mean(0)
    assert torch.allclose(found.running_var, variances, atol=1e-5)
    assert norm.running_var.tolist() == [1, 1] and not found.training  # the network itself is as it was


def test_statistics_depend_on_the_padding():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False), nn.BatchNorm2d(1))
    nn.init.ones_(net[0].weight)
    ones = torch.ones(2, 1, 2, 2)  # each of the kernel's places meets 4 ones and 5 zeros, or 9 ones
    means = {p: with_statistics_of(net, ones, p)[1].running_mean.item() for p in ("zeros", "replicate")}
    assert means == {"zeros": 4, "replicate": 9}


def test_open_gates_let_everything_pass():
    gated = nn.Sequential(SqueezeExcitation(4, 1))
    x = torch.rand(1, 4, 3, 3)
    assert torch.equal(with_open_gates(gated)(x), x) and not torch.equal(gated(x), x)
    net = models.build("efficientnet_b0", width=0.125, num_classes=2)
    assert not any(isinstance(m, SqueezeExcitation) for m in with_open_gates(net).modules())
    assert sum(isinstance(m, SqueezeExcitation) for m in net.modules()) == 16


def test_only_strides_reflect():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, 1, 1), nn.Conv2d(1, 1, 3, 2, 1))
    found = with_reflecting_strides(net)
    x = torch.rand(1, 1, 6, 6)
    expected = nn.functional.conv2d(
        nn.functional.pad(net[0](x), (1, 1, 1, 1), mode="reflect"), net[1].weight, net[1].bias, 2
    )
    assert torch.allclose(found(x), expected) and net[1].padding_mode == "zeros"


def test_channels_by_hand():
    sums = ChannelSums()
    padded = torch.tensor([[[[1.0, 3.0]], [[5.0, 5.0]]]])  # means 2 and 5; variances 1 and 0
    sums.add(padded + torch.tensor([3.0, 1.0]).view(1, 2, 1, 1), padded)
    found = sums.compute()
    # between: the variance of 2 and 5 is 2.25, within 0.5 in the mean
    assert found["between"] == pytest.approx(2.25 / 2.75) and found["still"] == 0.5
    assert found["loudest"] == pytest.approx(3 / 4)  # one channel of two
    sums.add(padded, padded)
    assert sums.compute()["between"] == pytest.approx(2.25 / 2.75)


def test_parts_make_the_measures():
    net = models.build("cifar_resnet20", width=0.25, num_classes=2, init="kaiming")
    layers, asked = models.LAYERS_OF_INTEREST["cifar_resnet20"], {"size": 32, "n": 6}
    found = snr_parts(net, InfiniteScene(0), layers, "zeros", **asked)
    rows = measure_ppp(net, InfiniteScene(0), padding="zeros", progress=False, batch_size=4, **asked).rows
    for column, other in (("snr_ppp", "snr_ppp"), ("mae_ppp", "mae_ppp"), ("distance", "mae raw")):
        assert found[column].tolist() == pytest.approx(rows[other].tolist(), rel=1e-6)
    assert (found["distance"] / found["sigma"]).tolist() == pytest.approx(rows["snr_ppp"].tolist())
    within = rows["mae raw"] / rows["snr mean-channel"]
    assert found["sigma_within"].tolist() == pytest.approx(within.tolist(), rel=1e-5)
    assert found["side"].tolist() == [32, 16, 8] and found["level"].tolist() == [1, 2, 3]


def test_taps_are_counted_by_hand():
    assert share_inside(2, 5, padding=2) == pytest.approx((2 / 5) ** 2)
    # outputs at -2 and 0: 3 and 4 of 5 taps
    assert share_inside(4, 5, stride=2, padding=2) == pytest.approx((3.5 / 5) ** 2)
    wide, narrow = (nn.Conv2d(4, 4, k, padding=k // 2, groups=4) for k in (5, 3))
    net = nn.Sequential(nn.Conv2d(3, 4, 1), wide, nn.ReLU(), narrow)
    found = border_factors(net, ["2", "3"], 2)
    assert found["factor"].tolist() == pytest.approx([5 / 2, 5 / 2 * 3 / 2])
    assert found["inside"].tolist() == pytest.approx([0.16, 4 / 9]) and found["side"].tolist() == [2, 2]
