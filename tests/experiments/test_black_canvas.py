"""Black that is computed once a batch: the network's own outputs, gradients and statistics."""

import copy

import pytest
import torch
from torch import nn

from pppkit import Padding, models
from pppkit.experiments import channels
from pppkit.experiments.channels import black


def network(cells, seed=0, name="gapnet"):
    """In float64, with BatchNorms that make black bright."""
    net = models.build(name, width=0.0625, num_classes=cells**2, init="kaiming", seed=seed).double()
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, 0, 0.3)
    return net.train()


def places(cells):
    """Corners, borders and the middle; the last cell twice."""
    last = cells - 1
    return torch.tensor(
        [0, last, cells * last, cells // 2, cells * (cells // 2), cells**2 // 2, *[cells**2 - 1] * 2]
    )


def images(cell, side):
    return torch.rand(
        len(cell), 3, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )


def close(a, b, tolerance=1e-10):
    return ((a - b).norm() <= tolerance * b.norm()).item()


def learn(net, scores, weights):
    """Outputs, and by name gradients and running statistics."""
    (scores * weights).sum().backward()
    state = {name: p.grad for name, p in net.named_parameters()}
    return scores, state | {name: b.double() for name, b in net.named_buffers()}


@pytest.mark.parametrize("most", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("cells, side", [(1, 8), (3, 16), (3, 8), (5, 8), (7, 8), (3, 6), (4, 5), (5, 4)])
def test_training_is_the_networks_own(monkeypatch, cells, side, most):
    """At every place where the maps are put together; sides that a stride of 2, 4 or 8 does not divide."""
    monkeypatch.setattr(black, "MOST", most)
    net, cell = network(cells), places(cells)
    twin, x = copy.deepcopy(net), images(cell, side)
    weights = torch.randn(len(cell), cells**2, dtype=torch.float64)
    expected, state = learn(net, net(channels.paste(x, cell, cells)), weights)
    found, learned = learn(twin, black.scores(twin, x, cell, cells), weights)
    assert close(found, expected)
    assert not [name for name in state if not close(learned[name], state[name])]
    net.eval(), twin.eval()
    assert close(black.scores(twin, x, cell, cells), net(channels.paste(x, cell, cells)))


def test_a_network_that_is_partly_frozen():
    net, cell = network(3), places(3)
    net.layer1[0].bn2.eval()
    twin, x = copy.deepcopy(net), images(cell, 16)
    assert close(black.scores(twin, x, cell, 3), net(channels.paste(x, cell, 3)))
    assert not [n for n, b in net.named_buffers() if not close(twin.get_buffer(n).double(), b.double())]
    assert not net.layer1[0].bn2.num_batches_tracked and net.layer1[0].bn1.num_batches_tracked == 1


def maps(start, side, step=6, cells=3):
    """Random maps with squares at every cell, and what they stand for."""
    cell = torch.arange(cells**2)
    generator = torch.Generator().manual_seed(start + 10)
    black_map = torch.rand(1, 2, cells * step, cells * step, dtype=torch.float64, generator=generator)
    squares = torch.rand(cells**2, 2, side, side, dtype=torch.float64, generator=generator)
    whole = black_map.repeat(cells**2, 1, 1, 1)
    for i, (row, column) in enumerate((r, c) for r in range(cells) for c in range(cells)):
        for y in range(side):
            for x in range(side):
                at = row * step + start + y, column * step + start + x
                if min(at) < 0 or max(at) >= cells * step:
                    squares[i, :, y, x] = 0
                else:
                    whole[i, :, at[0], at[1]] = squares[i, :, y, x]
    return black.Maps(black_map, squares, cell, cells, step, start), whole


@pytest.mark.parametrize("start, side", [(0, 6), (-1, 8), (-2, 9), (-3, 12), (1, 3)])
def test_maps_by_a_loop(start, side):
    made, whole = maps(start, side)
    assert torch.equal(made.whole(), whole)
    seen = made.window(start - 2, side + 5)
    padded = nn.functional.pad(whole, (20, 20, 20, 20))
    for i, window in enumerate(seen):
        y, x = (20 + 6 * at + start - 2 for at in divmod(i, 3))
        assert torch.equal(window, padded[i, :, y : y + side + 5, x : x + side + 5])
    own = made.squares.ne(0).any(1).sum().item()
    assert made.outside().sum() == 9 * 18 * 18 - own


@pytest.mark.parametrize("start, side", [(0, 6), (-1, 8), (-2, 9), (-3, 12), (1, 3)])
@pytest.mark.parametrize("kernel, stride", [(3, 1), (3, 2), (1, 1), (1, 2), (5, 2)])
def test_convolutions_at_both_parities(start, side, kernel, stride):
    made, whole = maps(start, side)
    conv = nn.Conv2d(2, 4, kernel, stride, kernel // 2, bias=False).double()
    found = black.convolved(made, conv)
    assert torch.allclose(found.whole(), conv(whole), rtol=1e-12, atol=1e-12)
    wider = black.convolved(made, conv, (found.start - 1, found.side + 2))
    assert wider.side == found.side + 2 and torch.allclose(wider.whole(), conv(whole), rtol=1e-12, atol=1e-12)


def test_squares_are_as_small_as_what_an_image_changes():
    assert black.reach((0, 16), nn.Conv2d(1, 1, 3, 1, 1)) == (-1, 18)
    assert black.reach((-5, 26), nn.Conv2d(1, 1, 3, 2, 1)) == (-3, 14)  # outputs 2o - 1 to 2o + 1
    assert black.reach((-4, 26), nn.Conv2d(1, 1, 3, 2, 1)) == (-2, 14)
    assert black.reach((-5, 26), nn.Conv2d(1, 1, 1, 2, 0)) == (-2, 13)


def test_bfloat16_to_its_precision():
    """As far from float64 as the network itself is."""
    net, cell = network(3).float(), places(3)
    exact, twin, x = copy.deepcopy(net).double(), copy.deepcopy(net), images(cell, 16)
    right = exact(channels.paste(x, cell, 3))
    with torch.autocast("cpu", torch.bfloat16):
        expected = net(channels.paste(x.float(), cell, 3))
        found = black.scores(twin, x.float(), cell, 3)
    assert found.dtype == expected.dtype
    off, usual = ((scores.double() - right).norm() / right.norm() for scores in (found, expected))
    assert off < 2 * usual < 0.2
    assert twin.bn1.running_mean.dtype == torch.float32
    assert close(twin.bn1.running_var, net.bn1.running_var, 1e-2)


def test_where_it_is_used():
    net = models.build("gapnet", width=0.0625, num_classes=9)
    assert black.replaces(net, "zeros", (0, 0, 0, 0))
    assert not black.replaces(net, "zeros", (0, 0, 1, 0))
    for padding in ("reflect", "circular", "partial", "none", "full-zeros", None):
        assert not black.replaces(net, padding, (0, 0, 0, 0))
    assert not black.replaces(models.build("blurpool_resnet18", width=0.0625), "zeros", (0, 0, 0, 0))
    assert not black.replaces(nn.Conv2d(3, 3, 3), "zeros", (0, 0, 0, 0))


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_a_task_sees_what_it_would_of_canvases(padding):
    """PermuteNet's order included; predictions, too."""
    torch.manual_seed(0)
    x, y = torch.randint(256, (70, 3, 16, 16), dtype=torch.uint8), torch.zeros(70, dtype=torch.long)
    net = models.build("permutenet", width=0.0625, num_classes=9, init="kaiming").train()
    module = channels.CanvasTask(net, padding, "location", 3)
    for _ in range(3):
        module(module.placed(x, y, torch.Generator())[0])  # running statistics
    placed, _ = module.placed(x, y, torch.Generator().manual_seed(0))
    module._restart_orders(0)
    with Padding(padding):
        expected = module.model(placed.canvases() / 255)
    module._restart_orders(0)
    assert close(module(placed), expected, 2e-3)  # float32 in two orders of summation
    module.eval(), module._restart_orders(0)
    generator, wanted = torch.Generator().manual_seed(0), []
    with Padding(padding), torch.no_grad():
        for part in x.split(64):
            canvases = module.placed(part, y[: len(part)], generator)[0].canvases()
            wanted.append(module.model(canvases / 255).argmax(1))
    assert torch.equal(channels.predictions(module, x, y)[0], torch.cat(wanted))
