"""ResNet-18 of the Global Pooling paper: its parts by hand, and against libraries that have them."""

import itertools

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

from pppkit import Padding, alignment, models
from pppkit.models import BlurPool
from pppkit.models.gapnet import PermuteChannels


def net(name, **kwargs):
    return models.build(name, **{"width": 0.25, "num_classes": 5} | kwargs)


def test_gapnet_is_torchvisions_resnet18_with_another_stem():
    theirs = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=5)
    theirs.conv1, theirs.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    theirs.eval()
    ours = net("gapnet", width=1)
    names = {
        n.replace("shortcut", "downsample").replace("linear", "fc"): v for n, v in ours.state_dict().items()
    }
    theirs.load_state_dict(names)
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


def test_width_and_maps():
    for name in ("gapnet", "permutenet", "blurpool_resnet18"):
        made = net(name)
        x = torch.rand(1, 3, 32, 32)
        maps = alignment.features(made, models.LAYERS_OF_INTEREST[name], x)
        assert [tuple(m.shape[1:]) for m in maps.values()] == [
            (16, 32, 32),
            (32, 16, 16),
            (64, 8, 8),
            (128, 4, 4),
        ]
        assert made(x).shape == (1, 5)


def test_only_strides_are_blurred_and_weights_fit():
    plain, blurred = net("gapnet"), net("blurpool_resnet18")
    assert sum(isinstance(m, BlurPool) for m in blurred.modules()) == 6
    assert all(m.stride == (1, 1) for m in blurred.modules() if isinstance(m, nn.Conv2d))
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in blurred.parameters())


@pytest.mark.parametrize("name", ["gapnet", "blurpool_resnet18"])
def test_without_padding_shortcuts_stay_beside_their_convolutions(name):
    """What the network computes on a wide image without padding is what padding would have been the world."""
    made, layers = net(name), models.LAYERS_OF_INTEREST[name][-1:]
    reach = alignment.margins(made, layers, 32).iloc[0]
    top, bottom = int(reach["top"]), int(reach["bottom"])
    world = torch.rand(1, 3, 32 + 2 * 128, 32 + 2 * 128)
    first = 128 - top
    wide = world[..., first : 128 + 32 + bottom, first : 128 + 32 + bottom]
    own = alignment.features(made, layers, wide, Padding("none"))[layers[0]]
    assert own.shape[-1] == 4
    far = alignment.features(made, layers, world)[layers[0]]  # its padding is too far away to matter
    torch.testing.assert_close(own, far[..., 16:20, 16:20], rtol=1e-4, atol=1e-5)


def test_channels_are_permuted_anew_in_every_pass():
    made, x = net("permutenet"), torch.rand(3, 3, 16, 16)
    made.order.generator = torch.Generator().manual_seed(0)
    seen = []
    made.order.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0], output)))
    for train in (True, True, False, False):
        made.train(train)
        made(x)
    for before, after in seen:
        assert not torch.equal(before, after) and torch.equal(before.sort(1).values, after.sort(1).values)
    pooled = torch.rand(6, 9)
    after = made.order(pooled)
    order = [(pooled[0] == v).nonzero()[0].item() for v in after[0]]
    assert torch.equal(after, pooled[:, order])  # one order for the whole batch
    assert torch.equal(seen[2][0], seen[3][0]) and not torch.equal(seen[2][1], seen[3][1])
    made.order.generator.manual_seed(0)
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first = made(x)
    assert torch.equal(torch.random.get_rng_state(), state)
    made.order.generator.manual_seed(0)
    assert torch.equal(made(x), first)


def every_order(channels):
    return [torch.tensor(order) for order in itertools.permutations(range(channels))]


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_place_that_only_the_order_tells_is_lost_exactly(channels, monkeypatch):
    """Cell k lights up channel k. On average one channel of a random order stays: chance, 1 / C."""
    pooled, layer = torch.eye(channels), PermuteChannels()
    right = []
    for order in every_order(channels):
        monkeypatch.setattr(torch, "randperm", lambda n, generator=None, order=order: order)
        right.append((layer(pooled).argmax(1) == torch.arange(channels)).double().mean().item())
    assert sum(right) / len(right) == pytest.approx(1 / channels)


def test_a_place_that_counts_tell_is_kept_exactly(monkeypatch):
    """Cell k lights up k + 1 of four channels: their number is the same in every order."""
    pooled, layer = torch.ones(4, 4).tril(), PermuteChannels()
    for order in every_order(4):
        monkeypatch.setattr(torch, "randperm", lambda n, generator=None, order=order: order)
        assert layer(pooled).sum(1).tolist() == [1, 2, 3, 4]
