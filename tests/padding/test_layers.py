import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit.padding import Pad2d, Padding, conv2d, pad2d


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(1), dtype=dtype)


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


def test_partial_keeps_a_constant_image_constant():
    out = conv2d(
        torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3), torch.tensor([0.5]), padding=1, scheme="partial"
    )
    torch.testing.assert_close(out, torch.full((1, 1, 5, 5), 9.5))
    x, conv = rand(2, 3, 7, 7), nn.Conv2d(3, 4, 3, padding=1)
    with Padding("partial"):
        torch.testing.assert_close(conv(x)[..., 1:-1, 1:-1], F.conv2d(x, conv.weight, conv.bias))
        torch.testing.assert_close(conv(x[0]), conv(x)[0])


MAP, KERNEL = torch.zeros(1, 2, 4, 4), torch.zeros(3, 2, 3, 3)


@pytest.mark.parametrize(
    "padding", [(1, 2, 3), (), (1,), 1.5, float("nan"), True, (1, False), "same", None, [1, 0.5], MAP]
)
def test_amounts_that_are_no_pixels_are_refused(padding):
    for call in (lambda: pad2d(MAP, padding), lambda: Pad2d(padding)):
        with pytest.raises(ValueError, match="^padding=.*give a whole number of pixels"):
            call()


@pytest.mark.parametrize("padding", [(1, 2, 3), (1, 1, 1, 1), 1.5, True, -1, "full", float("nan")])
def test_a_convolutions_amounts_too(padding):
    with pytest.raises(ValueError, match="^padding=.*give a whole number of pixels"):
        conv2d(MAP, KERNEL, padding=padding, scheme="reflect")


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: pad2d(MAP, -1), ["padding=-1 is negative", "crop"]),
        (lambda: pad2d(MAP.int(), 1, "randn"), ["x is of torch.int32", "x.float()"]),
        (lambda: pad2d(MAP, 1, "full", kernel_size=0), ["kernel_size=0", "at least 1"]),
        (lambda: pad2d(MAP, 1, "full", dilation=1.5), ["dilation=1.5", "whole number"]),
        (lambda: pad2d(MAP, 1, "randn", generator=3), ["generator is a int", "manual_seed"]),
        (lambda: Padding("randn", generator="cpu"), ["generator is a str", "torch.Generator"]),
        (lambda: Padding(3), ["scheme=3", "reflect"]),
        (lambda: pad2d([[1.0]], 1), ["x is a list", "(N, C, H, W)"]),
        (lambda: conv2d(MAP[0, 0], KERNEL), ["x has the shape (4, 4)", "(N, C, H, W)"]),
        (lambda: conv2d(MAP, KERNEL[0]), ["weight", "(2, 3, 3)", "(C_out, C / groups, kH, kW)"]),
        (lambda: conv2d(MAP, KERNEL, groups=2), ["weight", "4 channels", "x has 2"]),
        (lambda: conv2d(MAP, KERNEL, groups=0), ["groups=0", "at least 1"]),
        (lambda: conv2d(MAP, KERNEL, stride=0), ["stride=0", "at least 1"]),
        (lambda: conv2d(MAP, KERNEL, dilation=(1, 1, 1)), ["dilation=(1, 1, 1)", "(vertical, horizontal)"]),
    ],
)
def test_other_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words), error.value


def test_numbers_of_numpy_are_numbers():
    assert pad2d(MAP, (np.int64(1), np.int32(2)), "reflect").shape == (1, 2, 6, 8)
