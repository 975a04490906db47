import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18

from pppkit.padding import FILLS, SCHEMES, Padding, conv2d, pad2d

MODES = ("zeros", "reflect", "replicate", "circular")
CONVOLUTIONS = [
    (3, 1, 1, 1),
    (3, 2, 1, 1),
    (5, 2, 2, 1),
    (3, 1, 2, 2),
    (3, 1, "same", 2),
    (4, 1, "same", 1),
    ((3, 5), (1, 2), (0, 2), 1),
    (1, 2, 0, 1),
]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(1), dtype=dtype)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel, stride, padding, dilation", CONVOLUTIONS)
def test_bitwise_equal_to_padding_mode(mode, kernel, stride, padding, dilation):
    theirs = nn.Conv2d(4, 6, kernel, stride, padding, dilation, padding_mode=mode)
    ours = nn.Conv2d(4, 6, kernel, stride, padding, dilation)
    ours.load_state_dict(theirs.state_dict())
    x = rand(2, 4, 13, 17)
    with Padding(mode):
        assert torch.equal(ours(x), theirs(x))  # and a model that has the mode already stays as it is
    assert torch.equal(
        theirs(x[0]), conv2d(x[0], ours.weight, ours.bias, stride, padding, dilation, scheme=mode)
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_model_equals_one_built_with_the_mode(mode):
    model, twin = resnet18(num_classes=5).eval(), resnet18(num_classes=5).eval()
    twin.load_state_dict(model.state_dict())
    for module in twin.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = mode
            module._reversed_padding_repeated_twice = [p for p in reversed(module.padding) for _ in range(2)]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = rand(1, 3, 64, 48)
    with Padding(mode):
        got = model(x)
    assert torch.equal(got, twin(x))
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s != "none"])
def test_gradients(scheme):
    conv, x = (
        nn.Conv2d(2, 3, 3, padding=1, stride=2).double(),
        rand(1, 2, 5, 6, dtype=torch.double).requires_grad_(),
    )

    def run(x, weight, bias):
        with Padding(scheme, generator=generator()):
            return conv2d_of(conv, F.leaky_relu(x, 0.1), weight, bias)

    assert torch.autograd.gradcheck(run, (x, conv.weight, conv.bias))


def conv2d_of(conv, x, weight, bias):
    return F.conv2d(x, weight, bias, conv.stride, conv.padding)


def test_circular_is_shift_equivariant():
    conv, x = nn.Conv2d(2, 3, 3, padding=1).double(), rand(1, 2, 8, 8, dtype=torch.double)
    with Padding("circular"):
        torch.testing.assert_close(
            conv(x.roll((3, 5), (2, 3))), conv(x).roll((3, 5), (2, 3)), rtol=0, atol=1e-14
        )


def test_randn_is_sampled_before_the_activation():
    pre = rand(1, 3, 8, 8)
    conv = nn.Conv2d(3, 2, 3, padding=1)
    for activation in (nn.ReLU(inplace=True), nn.ReLU(), nn.SiLU(), nn.Hardtanh(0, 6)):
        with Padding("randn", generator=generator(5)):
            got = conv(activation(pre.clone()))
        with torch.no_grad():
            by_hand = activation(pad2d(pre, 1, "randn", generator=generator(5)))
        torch.testing.assert_close(got, F.conv2d(by_hand, conv.weight, conv.bias))


def test_randn_follows_the_preactivation_through_max_pooling():
    pre, conv = rand(1, 3, 8, 8) - 3, nn.Conv2d(3, 2, 3, padding=1)
    with Padding("randn", generator=generator(5)):
        got = conv(F.max_pool2d(F.relu(pre), 2))
    by_hand = F.relu(pad2d(F.max_pool2d(pre, 2), 1, "randn", generator=generator(5)))
    torch.testing.assert_close(got, F.conv2d(by_hand, conv.weight, conv.bias))


@pytest.mark.parametrize("how", ["operator", "method", "item"])
def test_randn_forgets_an_activation_that_was_changed_in_place(how):
    pre, conv = rand(1, 3, 8, 8), nn.Conv2d(3, 2, 3, padding=1)
    with Padding("randn", generator=generator(5)):
        x = F.relu(pre)
        if how == "operator":
            x += 1
        elif how == "method":
            x.add_(1)
        else:
            x[:, :] = F.relu(pre) + 1
        got = conv(x)
    by_hand = pad2d(F.relu(pre) + 1, 1, "randn", generator=generator(5))
    torch.testing.assert_close(got, F.conv2d(by_hand, conv.weight, conv.bias))


def test_none_removes_padding_everywhere():
    x, conv = rand(1, 3, 9, 9), nn.Conv2d(3, 2, 3, padding=1)
    with Padding("none"):
        assert torch.equal(conv(x), F.conv2d(x, conv.weight, conv.bias))
        assert torch.equal(F.max_pool2d(x, 3, 2, 1), F.max_pool2d(x.clone(), 3, 2))
        assert F.max_pool2d(x, 2, 2, ceil_mode=True).shape[-1] == 4
        assert torch.equal(nn.ReflectionPad2d(2)(x), x)
    assert F.max_pool2d(x, 2, 2, ceil_mode=True).shape[-1] == 5


@pytest.mark.parametrize("fill", [f for f in FILLS if f != "randn"])
def test_full_pads_kernel_minus_one(fill):
    x, conv = rand(1, 3, 9, 9), nn.Conv2d(3, 2, 3, padding=1, dilation=2)
    with Padding(f"full-{fill}"):
        got = conv(x)
    wide = x if fill == "none" else F.pad(x, (4,) * 4, "constant" if fill == "zeros" else fill)
    torch.testing.assert_close(got, F.conv2d(wide, conv.weight, conv.bias, dilation=2))
    with Padding("full"):
        assert conv(x).shape == got.shape
        assert nn.Conv2d(3, 2, 3)(x).shape[-1] == 7  # no padding stays no padding


def test_pools_keep_their_padding_unless_asked():
    x = -torch.ones(1, 1, 4, 4)
    with Padding("zeros"):
        assert (F.max_pool2d(x, 3, 1, 1) == -1).all()
    with Padding("zeros", pools="scheme"):
        assert F.max_pool2d(x, 3, 1, 1)[0, 0, 0, 0] == 0
    x = rand(1, 1, 7, 7)
    with Padding("replicate", pools="scheme"):
        got = F.max_pool2d(x, 2, 2, ceil_mode=True)
    torch.testing.assert_close(got, F.max_pool2d(F.pad(x, (0, 1, 0, 1), "replicate"), 2))


def test_explicit_padding_layers_follow_the_scheme():
    x = rand(1, 2, 5, 5)
    with Padding("zeros"):
        assert torch.equal(nn.ReflectionPad2d(1)(x), F.pad(x.clone(), (1,) * 4))
        assert torch.equal(
            F.pad(x, (0, 0, 0, 0, 0, 2)).sum((2, 3))[:, 2:], torch.zeros(1, 2)
        )  # channels are no border
        assert F.pad(x, (1, 1), value=-1.0)[0, 0, 0, 0] == -1
    with Padding("full"), pytest.raises(ValueError, match="kernel"):
        nn.ReflectionPad2d(1)(x)


def test_training_under_a_scheme():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 1, 3, padding=1)
    )
    before = model[0].weight.detach().clone()
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    with Padding("randn", generator=generator()):
        model(rand(2, 3, 8, 8)).square().mean().backward()
    optimiser.step()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert not torch.equal(before, model[0].weight)
