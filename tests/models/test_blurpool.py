"""Antialiased downsampling: by hand, against another implementation, and in whole networks."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit import Padding, alignment, models
from pppkit.models import BlurPool, blur, blurred


@pytest.mark.parametrize("size", [7, 8])
def test_blurpool_by_hand(size):
    x = torch.rand(2, 3, size, size)
    taps = torch.tensor([1.0, 2, 1])
    wide, out = F.pad(x, (1, 1, 1, 1)), torch.zeros(2, 3, (size + 1) // 2, (size + 1) // 2)
    for i, j in itertools.product(range(out.shape[2]), repeat=2):
        window = wide[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        out[:, :, i, j] = (window * torch.outer(taps, taps) / 16).sum((2, 3))
    torch.testing.assert_close(BlurPool(3)(x), out)
    inside = BlurPool(3)(torch.ones(1, 3, 8, 8))[..., 1:, 1:]
    torch.testing.assert_close(inside, torch.ones_like(inside))  # nothing is lost on the way
    with Padding("reflect"):
        torch.testing.assert_close(BlurPool(3)(torch.ones(1, 3, 8, 8)), torch.ones(1, 3, 4, 4))


def test_a_blur_is_two_averages_of_pairs():
    """(1, 2, 1) is (1, 1) twice."""
    x = torch.rand(2, 5, 9, 6)
    pairs = F.avg_pool2d(F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 2, 1), 2, (2, 3))
    torch.testing.assert_close(blur(x, (2, 3)), pairs)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_types_stay(dtype):
    x = torch.rand(2, 3, 6, 6).to(dtype)
    assert blur(x).dtype == dtype
    torch.testing.assert_close(blur(x).double(), blur(x.double()), rtol=1e-2, atol=1e-2)
    with torch.autocast("cpu", torch.bfloat16):
        assert blur(x.float()).dtype == torch.float32


def test_a_max_pooling_by_hand():
    """Largest of neighbours (1, 3), then (3, 3, 0) and its blur: every second of (1 3 3 0) * (1 2 1) / 4."""
    row = torch.tensor([1.0, 0, 3, 0, 0])
    net = blurred(nn.Sequential(nn.MaxPool2d((1, 2), (1, 2))))
    found = net(row.expand(1, 1, 3, 5))[0, 0, 1]
    largest = torch.tensor([0.0, 1, 3, 3, 0, 0])  # with a zero on both sides
    by_hand = [(largest[i : i + 3] * torch.tensor([1.0, 2, 1])).sum() / 4 for i in (0, 2)]
    assert found.tolist() == [float(v) for v in by_hand] == [1.25, 2.25]


def test_a_strided_convolution_by_hand():
    conv = nn.Conv2d(2, 3, 3, 2, 1)
    x = torch.rand(1, 2, 7, 8)
    torch.testing.assert_close(blurred(conv)(x), blur(F.conv2d(x, conv.weight, conv.bias, 1, 1)))
    points = nn.Conv2d(2, 3, 1, 2, bias=False)
    after = blur(F.conv2d(x, points.weight))
    torch.testing.assert_close(blurred(points)(x), after)  # before or after: the same


NETWORKS = ("vgg19_bn", "resnet9", "gapnet", "resnet50", "efficientnet_b0", "torchvision/resnet18")


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_and_weights_stay_and_no_stride_is_left(name):
    small = {} if name.startswith("torchvision") else {"width": 0.125}
    plain = models.build(name, num_classes=5, init="kaiming", **small)
    before = [type(m) for m in plain.modules()]
    after = blurred(plain)
    assert [type(m) for m in plain.modules()] == before  # a copy
    after.load_state_dict(plain.state_dict())
    layers = models.default_layers(plain, 64)
    x = torch.rand(2, 3, 64, 64)
    one, two = (alignment.features(net, layers, x) for net in (plain, after))
    assert [m.shape for m in one.values()] == [m.shape for m in two.values()]
    assert not torch.equal(one[layers[-1]], two[layers[-1]])
    pools = (nn.Conv2d, nn.MaxPool2d)
    assert all(m.stride in (1, (1, 1)) for m in after.modules() if isinstance(m, pools))


@pytest.mark.parametrize("name", ["vgg19_bn", "resnet9", "gapnet"])
def test_pattern_of_a_blurred_network_is_exact(name):
    net = blurred(models.build(name, width=0.125, num_classes=5, init="kaiming"))
    alignment.verify_alignment(net, size=64)


@pytest.mark.parametrize("padding", ["circular", "reflect"])
def test_a_blur_pads_as_the_network_does(padding):
    x = torch.rand(1, 3, 8, 8)
    mode = {"circular": "circular", "reflect": "reflect"}[padding]
    wide = F.pad(x, (1, 1, 1, 1), mode=mode)
    with Padding(padding):
        found = blur(x)
    torch.testing.assert_close(found, blur(wide, 1)[..., 1:-1, 1:-1][..., ::2, ::2])


def test_a_shift_of_one_pixel_matters_less():
    """The reason for it: a pattern of one pixel comes and goes with a max pooling, and not with its blur."""
    x = torch.zeros(1, 1, 16, 16)
    x[..., ::2] = 1
    plain, net = nn.MaxPool2d(1, 2), blurred(nn.MaxPool2d(1, 2))
    assert (plain(x) - plain(x.roll(1, -1))).abs().max() == 1
    assert (net(x) - net(x.roll(1, -1)))[..., 1:-1, 1:-1].abs().max() == 0


def test_a_blurred_network_in_a_file(tmp_path):
    net = blurred(models.build("resnet9", width=0.125, num_classes=5))
    models.save(net, tmp_path / "net.pt")
    again, x = models.load(tmp_path / "net.pt"), torch.rand(1, 3, 32, 32)
    assert torch.equal(again(x), net(x)) and models.saved(tmp_path / "net.pt")


def test_what_cannot_be_blurred():
    for net, words in (
        (nn.MaxPool2d(3, 2, ceil_mode=True), "max pooling with ceil_mode"),
        (nn.Sequential(nn.Conv2d(3, 3, 3)), "no strided convolution or max pooling"),
    ):
        with pytest.raises(ValueError, match=words):
            blurred(net)


@pytest.mark.parametrize("bad", [{"channels": 0}, {"channels": 2, "stride": 0}])
def test_bad_blurs(bad):
    with pytest.raises(ValueError, match="must be a whole number"):
        BlurPool(**bad)
