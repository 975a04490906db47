import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18

from pppkit.padding import FILLS, SCHEMES, Pad2d, Padding, conv2d, pad2d
from pppkit.padding.borders import ceil_amounts

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


@pytest.mark.parametrize("padding", [(1, 2, 3, 4), (7, 9, 5, 11), (0, 0, 1, 0)])
@pytest.mark.parametrize(
    "scheme, mode",
    [("zeros", "constant"), ("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")],
)
@pytest.mark.parametrize("size", [(4, 5), (1, 3), (2, 2)])
def test_pad2d_equals_numpy_however_wide(padding, scheme, mode, size):
    x = rand(2, 3, *size)
    left, right, top, bottom = padding
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (top, bottom), (left, right)), mode=mode)
    np.testing.assert_array_equal(pad2d(x, padding, scheme).numpy(), expected)


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


@pytest.mark.parametrize("scheme", ["reflect", "replicate", "circular", "randn"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_of_borders_wider_than_the_map(scheme, layout):
    x = rand(2, 2, 3, 4, dtype=torch.double).contiguous(memory_format=layout).requires_grad_()
    padded = pad2d(x, (5, 2, 0, 4), scheme, generator=generator())
    assert padded.is_contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(lambda x: pad2d(x, (5, 2, 0, 4), scheme, generator=generator()), x)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_gradients_equal_torchs(mode):
    grads = []
    for pad in (lambda x: pad2d(x, (2, 1, 3, 2), mode), lambda x: F.pad(x, (2, 1, 3, 2), mode)):
        x = rand(2, 3, 5, 6, dtype=torch.double).requires_grad_()
        (pad(x) * torch.arange(2 * 3 * 10 * 9.0).view(2, 3, 10, 9)).sum().backward()
        grads.append(x.grad)
    torch.testing.assert_close(*grads)


def conv2d_of(conv, x, weight, bias):
    return F.conv2d(x, weight, bias, conv.stride, conv.padding)


def test_circular_is_shift_equivariant():
    conv, x = nn.Conv2d(2, 3, 3, padding=1).double(), rand(1, 2, 8, 8, dtype=torch.double)
    with Padding("circular"):
        torch.testing.assert_close(
            conv(x.roll((3, 5), (2, 3))), conv(x).roll((3, 5), (2, 3)), rtol=0, atol=1e-14
        )


def test_randn_repeats_a_flat_area_exactly():
    out = pad2d(torch.full((1, 2, 4, 4), 0.7), 2, "randn", generator=generator())
    torch.testing.assert_close(out, torch.full((1, 2, 8, 8), 0.7))


def test_randn_follows_the_nearest_window():
    x = torch.zeros(1, 1, 6, 6)
    x[..., 4:, 4:] = 10.0  # only windows near the bottom right corner vary
    x[..., 5, 5] = 20.0
    draws = torch.cat([pad2d(x, 1, "randn", generator=generator(i)) for i in range(4000)])
    mean, std = draws.mean(0)[0], draws.std(0)[0]
    assert (mean[0, :6] == 0).all() and (std[:6, 0] == 0).all()
    # the corner's window is x[3:6, 3:6]: minimum 0, maximum 20, so N(10, 10^2); it may leave [0, 20]
    assert abs(mean[7, 7] - 10) < 0.6 and abs(std[7, 7] - 10) < 0.5
    assert draws[..., 7, 7].max() > 20 and draws[..., 7, 7].min() < 0
    # right of row 3 the nearest window is x[2:5, 3:6]: 0 to 10, N(5, 5^2)
    assert abs(mean[4, 7] - 5) < 0.3 and abs(std[4, 7] - 5) < 0.25
    torch.testing.assert_close(draws[:, :, 1:-1, 1:-1], x.expand(4000, 1, 6, 6))


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


def test_randn_forgets_an_activation_that_was_changed_in_place():
    pre, conv = rand(1, 3, 8, 8), nn.Conv2d(3, 2, 3, padding=1)
    with Padding("randn", generator=generator(5)):
        x = F.relu(pre)
        x += 1
        got = conv(x)
    by_hand = pad2d(F.relu(pre) + 1, 1, "randn", generator=generator(5))
    torch.testing.assert_close(got, F.conv2d(by_hand, conv.weight, conv.bias))


def test_randn_same_seed_same_numbers_and_no_global_state():
    x = rand(1, 2, 5, 5)
    state = torch.get_rng_state()
    assert torch.equal(
        pad2d(x, 2, "randn", generator=generator(3)), pad2d(x, 2, "randn", generator=generator(3))
    )
    assert not torch.equal(
        pad2d(x, 2, "randn", generator=generator(3)), pad2d(x, 2, "randn", generator=generator(4))
    )
    assert torch.equal(state, torch.get_rng_state())


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


def test_partial_keeps_a_constant_image_constant():
    out = conv2d(
        torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3), torch.tensor([0.5]), padding=1, scheme="partial"
    )
    torch.testing.assert_close(out, torch.full((1, 1, 5, 5), 9.5))
    x, conv = rand(2, 3, 7, 7), nn.Conv2d(3, 4, 3, padding=1)
    with Padding("partial"):
        torch.testing.assert_close(conv(x)[..., 1:-1, 1:-1], F.conv2d(x, conv.weight, conv.bias))
        torch.testing.assert_close(conv(x[0]), conv(x)[0])


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


@pytest.mark.parametrize(
    "n, k, s, p", [(7, 2, 2, 0), (7, 3, 2, 0), (112, 3, 2, 0), (5, 2, 3, 1), (6, 3, 2, 1), (8, 3, 3, 1)]
)
def test_ceil_amounts_predict_torch(n, k, s, p):
    extra = ceil_amounts((n, n), (k, k), (s, s), (p, p), (1, 1))[0]
    assert (n + 2 * p + extra - k) // s + 1 == F.max_pool2d(
        torch.zeros(1, 1, n, n), k, s, p, ceil_mode=True
    ).shape[-1]


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


def test_layer_says_what_it_is():
    assert repr(Pad2d(1, "reflect")) == "Pad2d(1, 'reflect', kernel_size=3)"
    assert torch.equal(
        Pad2d((0, 2), "circular")(rand(1, 1, 3, 4)), pad2d(rand(1, 1, 3, 4), (2, 2, 0, 0), "circular")
    )
    assert not Pad2d(1).state_dict()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Padding("mirror"), ["'mirror'", "reflect", "full-randn"]),
        (lambda: Padding("zeros", pools="yes"), ["pools='yes'", "keep"]),
        (lambda: Pad2d(1, "mirror"), ["'mirror'"]),
        (lambda: Pad2d(-1), ["-1", "negative"]),
        (lambda: pad2d(torch.zeros(3, 3), 1), ["(3, 3)", "(N, C, H, W)"]),
        (lambda: pad2d(torch.zeros(1, 1, 3, 3), 1, "partial"), ["partial", "conv2d"]),
        (lambda: pad2d(torch.zeros(1, 1, 0, 3), 1, "reflect"), ["no pixels"]),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words)
