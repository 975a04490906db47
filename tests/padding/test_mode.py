import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18
from torchvision.ops import deform_conv2d

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


def seen(image, kernel, dilation):
    """Pixels of the image in each kernel, counted one by one; the image's ones stand in a map of zeros."""
    (height, width), (k, _), d = image.shape, kernel, dilation
    rows, columns = (range(n - d * (k - 1)) for n in (height, width))
    steps = range(0, d * k, d)
    return torch.stack(
        [torch.stack([sum(image[y + i, x + j] for i in steps for j in steps) for x in columns]) for y in rows]
    )


@pytest.mark.parametrize("kernel, padding, dilation", [(1, 1, 1), (3, 4, 1), (2, 8, 8), (3, 2, 2)])
@pytest.mark.parametrize("dims", [3, 4])
def test_partial_is_0_where_a_kernel_lies_in_the_border_alone(kernel, padding, dilation, dims):
    conv, x = nn.Conv2d(2, 3, kernel, 1, padding, dilation).double(), rand(1, 2, 6, 6, dtype=torch.double)
    x.requires_grad_()
    with Padding("partial"):
        got = conv(x if dims == 4 else x[0])
    got.sum().backward()
    inside = seen(F.pad(torch.ones(6, 6), (padding,) * 4), (kernel, kernel), dilation)
    ratio = torch.where(inside > 0, kernel**2 / inside.clamp(min=1), 0)
    bias = conv.bias.view(-1, 1, 1)
    expected = ((conv(x) - bias) * ratio + bias) * (inside > 0)
    torch.testing.assert_close(got, expected if dims == 4 else expected[0])
    assert (inside == 0).any() == (padding > dilation * (kernel - 1) or dilation == 8)
    torch.testing.assert_close(conv.bias.grad, (inside > 0).sum().double().expand(3))
    assert x.grad.isfinite().all() and conv.weight.grad.isfinite().all()


IN_PLACE = {
    "method": (lambda x: x.relu_(), F.relu),
    "of torch": (torch.relu_, F.relu),
    "flag": (lambda x: F.relu(x, inplace=True), F.relu),
    "by name": (lambda x: F.relu(input=x, inplace=True), F.relu),
    "flag by place": (lambda x: F.leaky_relu(x, 0.3, True), lambda x: F.leaky_relu(x, 0.3)),
    "module": (nn.Hardtanh(0, 6, inplace=True), lambda x: F.hardtanh(x, 0, 6)),
    "not monotone": (nn.SiLU(inplace=True), F.silu),
    "sigmoid": (lambda x: x.sigmoid_(), torch.sigmoid),
}


@pytest.mark.parametrize("how", IN_PLACE)
def test_activations_in_place_change_the_tensor(how):
    activation, plain = IN_PLACE[how]
    pre, conv = rand(1, 3, 8, 8), nn.Conv2d(3, 2, 3, padding=1)
    with Padding("randn", generator=generator(5)):
        x = pre.clone()
        other = x.detach()
        activation(x)  # whose result nobody takes
        got = conv(x)
    assert torch.equal(x, plain(pre)) and torch.equal(other, x)
    by_hand = plain(pad2d(pre, 1, "randn", generator=generator(5)))
    torch.testing.assert_close(got, F.conv2d(by_hand, conv.weight, conv.bias))


def test_activations_in_place_have_the_gradients_of_those_out_of_place():
    conv, x = nn.Conv2d(3, 2, 3, padding=1), rand(1, 3, 8, 8).requires_grad_()
    grads = []
    for in_place in (False, True):
        with Padding("randn", generator=generator(5)):
            out = conv(F.max_pool2d(F.leaky_relu(x * 2, 0.1, inplace=in_place), 2))
        grads.append(torch.autograd.grad(out.square().sum(), x)[0])
    assert torch.equal(*grads)


def test_activations_in_place_of_a_part_of_a_map_change_the_map():
    pre = rand(1, 4, 5, 5)
    with Padding("randn"):
        x = pre.clone()
        F.relu_(x[:, :2])
        rows = rand(2, 3).clone()
        F.relu_(rows)  # no feature map
        leaf = torch.zeros(1, 1, 2, 2, requires_grad=True)
        with pytest.raises(RuntimeError, match="leaf"):
            leaf.relu_()
    assert torch.equal(x, torch.cat([F.relu(pre[:, :2]), pre[:, 2:]], 1))
    assert torch.equal(rows, F.relu(rand(2, 3)))


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_none_pools_with_indices_as_without(ceil_mode):
    x = rand(1, 3, 9, 9)
    how = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": ceil_mode}
    with Padding("none"):
        values, indices = F.max_pool2d(x, **how, return_indices=True)
        assert torch.equal(values, F.max_pool2d(x, **how))
    assert values.shape[-1] == 4
    assert torch.equal(x.flatten(2).gather(2, indices.flatten(2)), values.flatten(2))  # in the map as it is


@pytest.mark.parametrize("how", [{"padding": 1}, {"ceil_mode": True}])
def test_a_pooling_whose_border_is_filled_has_no_indices(how):
    x = rand(1, 3, 8, 8)
    with Padding("reflect", pools="scheme"):
        with pytest.raises(ValueError, match="return_indices=True.*padding and ceil_mode"):
            F.max_pool2d(x, 3, 2, **how, return_indices=True)
        values, indices = F.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
    assert torch.equal(x.flatten(2).gather(2, indices.flatten(2)), values.flatten(2))
    with Padding("reflect"):
        kept = F.max_pool2d(x, 3, 2, **how, return_indices=True)
    for ours, theirs in zip(kept, F.max_pool2d(x, 3, 2, **how, return_indices=True)):
        assert torch.equal(ours, theirs)


def test_randn_follows_the_preactivation_through_max_pooling_with_indices():
    pre, conv = rand(1, 3, 8, 8) - 1, nn.Conv2d(3, 2, 3, padding=1)
    outputs = []
    for indices in (False, True):
        with Padding("randn", generator=generator(5)):
            pooled = F.max_pool2d(F.relu(pre), 2, return_indices=indices)
            outputs.append(conv(pooled[0] if indices else pooled))
    assert torch.equal(*outputs)


@pytest.mark.parametrize("scheme", ["reflect", "circular", "randn", "none"])
def test_zeros_for_channels_and_batches_do_not_make_a_border_another(scheme):
    x = rand(2, 3, 6, 7)
    outputs = []
    for more in ((), (0, 0), (0, 0, 0, 0)):
        with Padding(scheme, generator=generator()):
            outputs.append(F.pad(x, (1, 2, 0, 1, *more)))
    for got in outputs:
        assert torch.equal(got, outputs[0])
    assert (outputs[0].shape == x.shape) == (scheme == "none")
    channels = F.pad(x, (1, 2, 0, 1, 1, 0))
    with Padding(scheme):
        assert torch.equal(F.pad(x, (1, 2, 0, 1, 1, 0)), channels)
        assert F.pad(x, (1, 2, 0, 1, 0, 0), value=-1.0)[0, 0, 0, 0] == -1


def test_six_amounts_of_a_volume_stay():
    x = rand(1, 2, 3, 4, 5)
    with Padding("reflect"):
        padded = F.pad(x, (1, 1, 1, 1, 0, 0))
    assert torch.equal(padded, F.pad(x, (1, 1, 1, 1, 0, 0)))
    with Padding("partial"), pytest.raises(ValueError, match="kernel"):
        F.pad(x[0], (1, 1, 1, 1, 0, 0))


def test_randn_fills_a_pooling_from_before_the_activation():
    """And the convolution behind it samples from the pooled map before the activation, border included."""
    x, weight = rand(2, 3, 9, 9), rand(4, 3, 3, 3)
    with Padding("randn", pools="scheme", generator=generator()):
        found = F.conv2d(F.max_pool2d(F.relu(x), 3, 2, 1), weight, padding=1)
    drawn = Padding("randn", generator=generator())
    before = F.max_pool2d(drawn.pad(x, (1, 1, 1, 1), (3, 3)), 3, 2)
    expected = F.conv2d(F.relu(drawn.pad(before, (1, 1, 1, 1), (3, 3))), weight)
    assert torch.equal(found, expected)


def test_deformable_convolutions_keep_their_zeros():
    x, weight, offset = rand(1, 2, 8, 8), rand(3, 2, 3, 3), torch.zeros(1, 18, 8, 8)
    with Padding("zeros"):
        found = deform_conv2d(x, offset, weight, padding=1)
    torch.testing.assert_close(found, F.conv2d(x, weight, padding=1))
    for scheme in ("reflect", "none", "full-zeros"):
        with pytest.raises(ValueError, match=f"scheme='{scheme}' .* deformable"), Padding(scheme):
            deform_conv2d(x, offset, weight, padding=1)
