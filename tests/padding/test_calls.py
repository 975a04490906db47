"""What a scheme means for calls other than conv2d."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit.models.picanet import LocalAttention
from pppkit.padding import FILLS, SCHEMES, Padding, pad2d

OVERLAPPING = [
    {"kernel_size": 4, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
    {"kernel_size": 3, "stride": 1},
    {"kernel_size": (5, 3), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
]
WHOLE = [
    {"kernel_size": 2, "stride": 2},
    {"kernel_size": 1, "stride": 2, "output_padding": 1},
    {"kernel_size": 3, "stride": 1, "padding": 2},
]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rand(*shape):
    return torch.randn(*shape, generator=generator(1))


@pytest.mark.parametrize("how", OVERLAPPING)
@pytest.mark.parametrize("fill", ["reflect", "replicate", "circular"])
def test_a_transposed_convolution_sees_the_input_go_on(how, fill):
    conv, x = nn.ConvTranspose2d(3, 2, **how), rand(2, 3, 8, 9)
    with Padding(fill):
        got = conv(x)
    wide = conv(pad2d(x, 7, fill))  # its own border is too far away to matter
    v, h = (7 * s for s in conv.stride)
    torch.testing.assert_close(got, wide[..., v : v + got.shape[-2], h : h + got.shape[-1]])
    assert got.shape == conv(x).shape
    assert not torch.allclose(got, conv(x))


@pytest.mark.parametrize("how", WHOLE)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_transposed_convolution_without_overlap_has_no_border(how, scheme):
    conv, x = nn.ConvTranspose2d(3, 2, **how), rand(2, 3, 8, 9)
    with Padding(scheme, generator=generator()):
        assert torch.equal(conv(x), F.conv_transpose2d(x, conv.weight, conv.bias, *_arguments(conv)))


def _arguments(conv):
    return conv.stride, conv.padding, conv.output_padding, conv.groups, conv.dilation


@pytest.mark.parametrize("scheme", ["full", "full-reflect", "partial", "none"])
def test_schemes_without_a_meaning_for_transposed_convolutions_are_refused(scheme):
    with Padding(scheme), pytest.raises(ValueError, match=f"{scheme}.*transposed.*choose"):
        nn.ConvTranspose2d(3, 2, 4, 2, 1)(rand(1, 3, 8, 8))


@pytest.mark.parametrize(
    "layer, shape",
    [
        (nn.Conv1d(3, 2, 3, padding=1), (1, 3, 8)),
        (nn.Conv1d(3, 2, 3, padding="same"), (1, 3, 8)),
        (nn.Conv3d(3, 2, 3, padding=1), (1, 3, 8, 8, 8)),
        (nn.ConvTranspose1d(3, 2, 4, 2, 1), (1, 3, 8)),
        (nn.ConvTranspose3d(3, 2, 4, 2, 1), (1, 3, 4, 4, 4)),
    ],
)
def test_convolutions_over_one_and_three_axes_are_refused_where_they_pad(layer, shape):
    x = rand(*shape)
    with Padding("zeros"):
        same = layer(x)
    assert torch.equal(same, layer(x))
    for scheme in [s for s in SCHEMES if s != "zeros"]:
        with Padding(scheme), pytest.raises(ValueError, match=f"'{scheme}'.*conv.*choose 'zeros'"):
            layer(x)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (nn.Conv1d(3, 2, 3), (1, 3, 8)),
        (nn.Conv1d(3, 2, 1, padding="same"), (1, 3, 8)),
        (nn.Conv3d(3, 2, 3, padding="valid"), (1, 3, 8, 8, 8)),
        (nn.ConvTranspose3d(3, 2, 2, 2), (1, 3, 4, 4, 4)),
    ],
)
def test_those_that_do_not_pad_run(layer, shape):
    x = rand(*shape)
    with Padding("reflect"):
        got = layer(x)
    assert torch.equal(got, layer(x))


def test_explicit_padding_in_three_dimensions_is_refused():
    with Padding("reflect"), pytest.raises(ValueError, match="circular in three dimensions"):
        nn.Conv3d(1, 1, 3, padding=1, padding_mode="circular")(rand(1, 1, 4, 4, 4))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_unfold_keeps_its_zeros(scheme):
    x, attention = rand(1, 4, 16, 16), LocalAttention(4, 8).eval()
    with Padding(scheme, generator=generator()):
        assert torch.equal(F.unfold(x, 3, padding=1), F.unfold(x.clone(), 3, padding=1))
        got = attention(x)
    assert got.shape == x.shape


@pytest.mark.parametrize("fill", ["reflect", "replicate", "circular"])
def test_unfold_is_filled_where_pools_are(fill):
    x = rand(2, 3, 7, 8)
    with Padding(fill, pools="scheme"):
        got = F.unfold(x, (3, 5), dilation=2, padding=(2, 4), stride=2)
    assert torch.equal(got, F.unfold(pad2d(x, (2, 4), fill), (3, 5), dilation=2, stride=2))
    with Padding("none", pools="scheme"):
        assert F.unfold(x, 3, padding=1).shape[-1] == 56  # attention needs a neighbourhood for every pixel


class BlurPool(nn.Module):
    """Blurs and halves, as Zhang (2019): reflects its own border before it blurs."""

    def forward(self, x):
        weights = torch.tensor([1.0, 2.0, 1.0])
        kernel = (weights[:, None] * weights / 16).expand(x.shape[1], 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), kernel, stride=2, groups=x.shape[1])


@pytest.mark.parametrize("fill", FILLS)
def test_the_border_that_a_blur_pools_reflects_is_the_schemes(fill):
    x, blur = rand(1, 3, 8, 8), BlurPool()
    with Padding(fill, generator=generator(3)):
        got = blur(x)
    padded = pad2d(x, 1, fill, generator=generator(3))
    kernel = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])) / 16
    expected = F.conv2d(padded.reshape(3, 1, 10, 10), kernel.view(1, 1, 3, 3), stride=2).view(1, 3, 4, 4)
    torch.testing.assert_close(got, expected)
    assert torch.equal(blur(x), BlurPool()(x))
    with Padding("partial"), pytest.raises(ValueError, match="partial.*on its own"):
        blur(x)


def test_padding_that_crops_too_is_refused():
    x = rand(1, 3, 8, 8)
    shifted = F.pad(x, (1, -1, 0, 0))
    with Padding("zeros"):
        assert torch.equal(F.pad(x, (1, -1, 0, 0)), shifted)
    with Padding("reflect"), pytest.raises(ValueError, match="crops and pads"):
        F.pad(x, (1, -1, 0, 0))
    with Padding("reflect"):
        assert torch.equal(F.pad(x, (-1, -1, 0, 0)), x[..., 1:-1])
