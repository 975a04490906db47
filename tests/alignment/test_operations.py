"""What operations read, by hand and measured by gradients, and that both ways agree through each of them."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pppkit.alignment import AlignmentError, geometries, margins, padding_reach, verify_alignment
from pppkit.alignment.geometry import (
    Geometry,
    Side,
    Taps,
    attach,
    computable,
    geometry,
    has_geometry,
    join,
    seen,
)
from pppkit.alignment.unpadded import UnpaddedRun


def test_taps_by_hand():
    conv = Taps(2, -1, 1)  # stride 2, padding 1, kernel 3
    assert conv.read(0, 3) == (-1, 7) and conv.given(-1, 7) == (0, 3)
    assert conv.given(0, 6) == (1, 2)  # pixel 0 lacks -1, pixel 3 lacks 7
    nearest = Taps(1, 0, 0, 2)
    assert nearest.read(-1, 4) == (-1, 2) and nearest.given(-1, 2) == (-2, 5)
    smooth = Taps(2, -1, 2, 4)  # bilinear by 2: pixels 0, 1, 2 lie at -1/4, 1/4, 3/4
    assert [smooth.read(j, j) for j in (0, 1, 2)] == [(-1, 0), (0, 1), (0, 1)]
    assert smooth.given(0, 3) == (1, 6)


def test_what_is_computable_reads_only_what_is_there():
    for step, low, high, per in itertools.product((1, 2, 3), range(-3, 2), range(0, 4), (1, 2, 4)):
        taps = Taps(step, low, max(low, high), per)
        first, last = taps.given(-7, 19)
        assert taps.read(first, last)[0] >= -7 and taps.read(first, last)[1] <= 19
        assert taps.read(first - 1, last)[0] < -7 and taps.read(first, last + 1)[1] > 19


def test_two_paths_of_different_reach():
    """A skip past a pooling and an upsampling, by hand: the join needs what the deeper path needs."""
    image = Side(8)
    pooled = Side(4, image.stride * 2, sources=((image, Taps(2, 0, 1)),))
    convolved = Side(4, pooled.stride, sources=((pooled, Taps(1, -1, 1)),))
    upsampled = Side(8, image.stride, sources=((convolved, Taps(1, 0, 0, 2)),))
    g = join([Geometry((image, image)), Geometry((upsampled, upsampled))])
    assert seen([(g.sides[0], (0, 7))]) == (-2, 9)
    assert seen([(g.sides[0], (2, 3))]) == (0, 5)  # one pooled pixel and its neighbours
    assert computable(g.sides[0], (-2, 9)) == (0, 7) and computable(g.sides[0], (-3, 10)) == (0, 7)
    assert computable(g.sides[0], (-4, 11)) == (-2, 9)


def taps_of(layer, size):
    """Taps of a layer on an image, as the geometry has them."""
    x = attach(torch.zeros(1, 4, size, size, dtype=torch.double), Geometry.image((size, size)))
    with torch.no_grad(), UnpaddedRun(valid=False):
        g = geometry(layer(x))
    return g.sides[0].sources[0][1], g


def pixels_read(layer, size):
    """Rows of the input that each output row depends on, from gradients; the middle of the map only."""
    x = torch.rand(1, 4, size, size, dtype=torch.double, requires_grad=True)
    out = layer(x).abs().sum((0, 1, 3))
    for j in range(len(out) // 3, 2 * len(out) // 3):
        (grad,) = torch.autograd.grad(out[j], x, retain_graph=True)
        yield j, grad.abs().sum((0, 1, 3)).nonzero()[:, 0].tolist()


RESIZES = [
    *(("nearest", f, None) for f in (2, 3, 4, 1 / 2, 1 / 3)),
    *(("nearest-exact", f, None) for f in (2, 3, 1 / 2, 1 / 3)),
    *(("bilinear", f, False) for f in (2, 3, 4, 1 / 2, 1 / 3)),
    *(("bicubic", f, False) for f in (2, 3)),
    *(("area", f, None) for f in (2, 1 / 3)),
]


@pytest.mark.parametrize("mode, factor, corners", RESIZES)
def test_resizing_reads_what_its_taps_say(mode, factor, corners):
    layer = nn.Upsample(scale_factor=factor, mode=mode, align_corners=corners)
    taps, g = taps_of(layer, 24)
    assert g.stride[0] == pytest.approx(1 / factor) and g.regular[0] == round(24 * factor)
    widths = []
    for j, rows in pixels_read(layer, 24):
        low, high = taps.read(j, j)
        assert low <= rows[0] and rows[-1] <= high
        widths.append(high - low - (rows[-1] - rows[0]))
    exact = mode in ("nearest", "nearest-exact", "bilinear", "area") and factor > 1
    assert min(widths) == 0 or factor < 1
    assert not exact or max(widths) == 0


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("few, many", [(13, 25), (13, 37), (25, 13)])
def test_resizing_with_aligned_corners(mode, few, many):
    layer = nn.Upsample(size=many, mode=mode, align_corners=True)
    if mode == "bicubic" and many < few:
        with pytest.raises(AlignmentError, match="only where it enlarges"):
            taps_of(layer, few)
        return
    taps, g = taps_of(layer, few)
    assert g.stride[0] * (many - 1) == few - 1
    for j, rows in pixels_read(layer, few):
        assert taps.read(j, j)[0] <= rows[0] and rows[-1] <= taps.read(j, j)[1]


TRANSPOSED = [
    (k, s, p, d, m)
    for k, s, p, d, m in itertools.product((1, 2, 3, 4), (1, 2, 3), (0, 1), (1, 2), (0, 1))
    if m < max(s, d) and 2 * p <= d * (k - 1) + m
]


@pytest.mark.parametrize("kernel, stride, padding, dilation, more", TRANSPOSED)
def test_transposed_convolutions_read_what_their_taps_say(kernel, stride, padding, dilation, more):
    layer = nn.ConvTranspose2d(4, 1, kernel, stride, padding, more, dilation=dilation).double()
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    taps, g = taps_of(layer, 12)
    assert g.regular[0] == layer(torch.zeros(1, 4, 12, 12, dtype=torch.double)).shape[-1]
    reached = []
    for j, rows in pixels_read(layer, 12):
        low, high = taps.read(j, j)
        assert not rows or (low <= rows[0] and rows[-1] <= high)
        reached += [rows[0] == low, rows[-1] == high] if rows else []
    assert any(reached)


class Between(nn.Module):
    """An operation between two convolutions that are padded."""

    def __init__(self, operation, channels=4):
        super().__init__()
        self.before, self.after = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(channels, 4, 3, padding=1)
        self.operation = operation

    def forward(self, x):
        return self.after(self.operation(torch.tanh(self.before(x))))


def resize(**given):
    return lambda x: F.interpolate(x, **given)


def middle(x):
    top, left = x.shape[2] // 4, x.size(3) // 4
    return x[..., top : top + x.shape[2] // 2, left : left + x.size()[3] // 2]


OPERATIONS = {
    "nearest 2": (resize(scale_factor=2), 4, 16),
    "nearest 3": (resize(scale_factor=3.0, mode="nearest-exact"), 4, 16),
    "nearest 1/2": (resize(scale_factor=0.5), 4, 17),
    "bilinear 2": (resize(scale_factor=2, mode="bilinear"), 4, 16),
    "bilinear 4, 2": (resize(scale_factor=(4, 2), mode="bilinear"), 4, 16),
    "bilinear 1/2": (resize(scale_factor=0.5, mode="bilinear"), 4, 17),
    "bilinear 1/4": (resize(scale_factor=0.25, mode="bilinear", recompute_scale_factor=True), 4, 16),
    "bicubic 2": (resize(scale_factor=2, mode="bicubic"), 4, 16),
    "area 1/2": (resize(scale_factor=0.5, mode="area"), 4, 16),
    "shuffle": (nn.PixelShuffle(2), 1, 16),
    "unshuffle": (nn.PixelUnshuffle(2), 16, 16),
    "transposed 2": (nn.ConvTranspose2d(4, 4, 2, 2), 4, 16),
    "transposed 3": (nn.ConvTranspose2d(4, 4, 3, 2, 1, 1), 4, 16),
    "transposed 4": (nn.ConvTranspose2d(4, 4, 4, 2, 1), 4, 16),
    "transposed gaps": (nn.ConvTranspose2d(4, 4, 1, 2, output_padding=1), 4, 16),
    "transposed dilated": (nn.ConvTranspose2d(4, 4, 3, 2, 2, 1, dilation=2), 4, 16),
    "slice": (lambda x: x[:, :, 1:-2, 3:], 4, 16),
    "every other": (lambda x: x[:, :, ::2, 1::2], 4, 16),
    "narrow": (lambda x: x.narrow(2, 1, x.size(2) - 3).narrow(-1, 0, x.size(-1) - 1), 4, 16),
    "negative padding": (lambda x: F.pad(x, (-1, 2, -2, 0)), 4, 16),
    "channels too": (lambda x: F.pad(x[:, :, ::2, ::2], (1, 1, 1, 1, 1, 1)), 6, 16),
    "gate": (lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(), 4, 16),
    "gate by view": (lambda x: x * x.mean((2, 3)).view(x.size(0), -1, 1, 1).expand_as(x), 4, 16),
    "pooled branch": (
        lambda x: torch.cat([x, F.interpolate(F.adaptive_avg_pool2d(x, 1), x.shape[2:], mode="bilinear")], 1),
        8,
        16,
    ),
    "channel attention": (lambda x: x.softmax(1) * x.max(1, keepdim=True)[0], 4, 16),
    "channel statistics": (lambda x: x + torch.stack([x.mean(1), x.amax(1)], 1).sum(1, keepdim=True), 4, 16),
    "channels one by one": (lambda x: torch.stack([k * c for k, c in enumerate(x.unbind(1), 1)], 1), 4, 16),
    "unit length": (lambda x: F.normalize(x, dim=1).masked_fill(x < 0, 0.1), 4, 16),
    "their sum": (lambda x: x + x.logsumexp(1, keepdim=True), 4, 16),
    "shuffled channels": (
        lambda x: x.view(len(x), 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape),
        4,
        16,
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_ways_agree_through(name):
    operation, channels, size = OPERATIONS[name]
    net = Between(operation, channels)
    table = verify_alignment(net, ["after"], size=size)
    assert table.loc["after", "relative"] <= 1e-5 < 1e-2 < table.loc["after", "shifted"]


def test_aligned_corners_agree_at_sizes_of_one_more():
    for mode in ("bilinear", "bicubic"):
        net = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Upsample(9, mode=mode, align_corners=True)
        )
        with pytest.raises(AlignmentError, match="one more"):
            padding_reach(net, ["1"], 17)  # to 9 pixels, whatever the image

    class ToImage(nn.Module):
        def __init__(self, mode):
            super().__init__()
            self.mode, self.conv = mode, nn.Conv2d(3, 4, 3, stride=2, padding=1)
            self.last = nn.Conv2d(4, 2, 3, padding=1)

        def forward(self, x):
            return self.last(F.interpolate(self.conv(x), x.shape[2:], mode=self.mode, align_corners=True))

    for mode in ("bilinear", "bicubic"):
        verify_alignment(ToImage(mode), ["last"], size=17)
        for check in (verify_alignment, margins):
            with pytest.raises(AlignmentError, match="one more"):
                check(ToImage(mode), ["last"], size=16)


def test_clamping_is_a_border_effect():
    """Bilinear resizing repeats the outermost pixels: without padding it touches one pixel on each side."""
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Upsample(scale_factor=2, mode="bilinear"))
    assert padding_reach(net, ["0", "1"], 16).values.tolist() == [[1, 0, 0, 0, 0], [0.5, 1, 1, 1, 1]]
    table = margins(net, ["0", "1"], 16)
    assert table["top"].tolist() == [1, 1, 1] and table["regular_height"].tolist() == [16, 16, 32]
    assert table["stride"].tolist() == [1, 1, 0.5]
    sharp = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Upsample(scale_factor=2))
    assert padding_reach(sharp, ["1"], 16).loc["1"].tolist() == [0.5, 0, 0, 0, 0]
    assert margins(sharp, ["1"], 16).loc["input", "top"] == 0


def test_transposed_convolutions_by_hand():
    """Kernel 4, stride 2, padding 1: output pixel 0 sums over input pixels -1 and 0."""
    net = nn.Sequential(nn.ConvTranspose2d(3, 4, 4, 2, 1))
    assert padding_reach(net, ["0"], 8).loc["0"].tolist() == [0.5, 1, 1, 1, 1]
    table = margins(net, ["0"], 8)
    assert table.loc["input", ["top", "bottom"]].tolist() == [1, 1]
    # ten pixels make 22; the outer two on each side miss a pixel, so 18 are left: 16 and one on each side
    assert table.loc["0", ["regular_height", "optimal_height", "top", "bottom"]].tolist() == [16, 18, 1, 1]
    without = nn.Sequential(nn.ConvTranspose2d(3, 4, 2, 2))
    assert margins(without, ["0"], 8).loc["input", "top"] == 0


def test_the_network_is_told_the_regular_sizes():
    told = []

    class Curious(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Conv2d(3, 2, 5, padding=2), nn.Conv2d(2, 2, 3, padding=1)

        def forward(self, x):
            x = self.conv(x)
            told.append((tuple(x.shape), x.size(2), tuple(x.size()), x.numel(), len(x), x[:, :, 3:].shape[2]))
            return self.last(x)

    verify_alignment(Curious(), ["last"], size=20)
    shapes = {t[0] for t in told}
    assert told[-1] == ((1, 2, 20, 20), 20, (1, 2, 20, 20), 800, 1, 17)
    assert len(shapes) > 1, "the canvas is told its own"


def no_position(x):
    return x + torch.arange(x.shape[-1], dtype=x.dtype)[None, None, None]


REFUSED = {
    "no change by a whole factor": resize(scale_factor=1.5, mode="bilinear"),
    "from .16, 16. to .10, 10.": resize(size=(10, 10)),
    "antialias": resize(scale_factor=2, mode="bilinear", antialias=True),
    "only where it enlarges": resize(scale_factor=0.5, mode="bicubic"),
    "fixed to positions": no_position,
    "along an image axis": lambda x: torch.cat([x, x], 2),
    "picks one line": lambda x: x[:, :, 0],
    "through max_pool2d_with_indices": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "does not follow through roll": lambda x: x.roll(1, 2),
    "does not follow through flip": lambda x: x.flip(3),
    "one image axis only": lambda x: x - x.mean(2, keepdim=True),
    "every pixel": lambda x: x.softmax(-1),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused_with_the_reason(why):
    with pytest.raises(AlignmentError, match=why):
        geometries(Between(REFUSED[why]), ["after"], 16)


def test_networks_that_do_not_run_are_refused_with_their_words():
    net = Between(lambda x: x.view(1, 4, 8, 8))
    for check in (margins, padding_reach, verify_alignment):
        with pytest.raises(AlignmentError, match=r"does not run on 16x16 images \(.*invalid"):
            check(net, ["after"], 16)


def test_channels_in_last_place():
    """Padding, a normalisation and a linear layer, on `(N, H, W, C)`."""
    norm, linear = nn.LayerNorm(4), nn.Linear(4, 4)

    def last(x):
        x = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        return linear(norm(x)).permute(0, 3, 1, 2)

    table = margins(Between(last), ["after"], 16)
    assert table.loc["after", ["regular_height", "regular_width"]].tolist() == [18, 18]
    verify_alignment(Between(last), ["after"], size=16)


# Operations with their arguments by name, torch's and numpy's, and the same by place.
BY_NAME = {
    "mean": (lambda x: torch.mean(input=x, dim=1), lambda x: x.mean(1)),
    "mean, as numpy": (lambda x: x.mean(axis=1, keepdims=True), lambda x: x.mean(1, True)),
    "sum": (lambda x: torch.sum(input=x, dim=(2, 3)), lambda x: x.sum((2, 3))),
    "max": (lambda x: torch.max(input=x, dim=1)[0], lambda x: x.max(1)[0]),
    "std": (lambda x: torch.std(input=x, dim=1, unbiased=False), lambda x: x.std(1, False)),
    "chunk": (lambda x: torch.chunk(x, chunks=2, dim=1), lambda x: x.chunk(2, 1)),
    "split": (lambda x: torch.split(tensor=x, split_size_or_sections=1, dim=1), lambda x: x.split(1, 1)),
    "split, method": (lambda x: x.split(split_size=(1, 3), dim=1), lambda x: x.split((1, 3), 1)),
    "tensor_split": (lambda x: torch.tensor_split(x, sections=3, dim=1), lambda x: x.tensor_split(3, 1)),
    "at indices": (lambda x: torch.tensor_split(x, indices=(1,), dim=1), lambda x: x.tensor_split((1,), 1)),
    "unbind": (lambda x: torch.unbind(input=x, dim=1), lambda x: x.unbind(1)),
    "stack": (lambda x: torch.stack(tensors=[x, x], axis=1), lambda x: torch.stack([x, x], 1)),
    "squeeze": (lambda x: torch.squeeze(input=x, dim=0), lambda x: x.squeeze(0)),
    "unsqueeze": (lambda x: torch.unsqueeze(input=x, dim=1), lambda x: x.unsqueeze(1)),
    "flatten": (lambda x: torch.flatten(input=x, start_dim=0, end_dim=1), lambda x: x.flatten(0, 1)),
    "reshape": (lambda x: torch.reshape(input=x, shape=(2, 2, 6, 6)), lambda x: x.reshape(2, 2, 6, 6)),
    "permute": (lambda x: torch.permute(input=x, dims=(1, 2, 3, 0)), lambda x: x.permute(1, 2, 3, 0)),
    "transpose": (lambda x: torch.transpose(input=x, dim0=0, dim1=1), lambda x: x.transpose(0, 1)),
    "swapaxes": (lambda x: torch.swapaxes(input=x, axis0=0, axis1=1), lambda x: x.swapaxes(0, 1)),
    "narrow": (lambda x: torch.narrow(input=x, dim=2, start=1, length=3), lambda x: x.narrow(2, 1, 3)),
    "softmax": (lambda x: torch.softmax(input=x, dim=1), lambda x: x.softmax(1, torch.float32)),
    "logsumexp": (lambda x: torch.logsumexp(input=x, dim=1), lambda x: x.logsumexp(1)),
    "numel": (lambda x: torch.tensor(torch.numel(input=x)), lambda x: torch.tensor(144)),
    "linear": (
        lambda x: F.linear(input=x.permute(0, 2, 3, 1), weight=torch.ones(2, 4)),
        lambda x: F.linear(x.permute(0, 2, 3, 1), torch.ones(2, 4)),
    ),
}


def cropped():
    """A map of 6 x 6 pixels with two more on each side, and all of it without a position."""
    plain = torch.randn(1, 4, 10, 10, generator=torch.Generator().manual_seed(0))
    return attach(plain.clone(), Geometry.image((6, 6), (2, 2))), plain


@pytest.mark.parametrize("name", BY_NAME)
def test_arguments_may_be_named(name):
    results = []
    for operation in BY_NAME[name]:
        with UnpaddedRun():
            out = operation(cropped()[0])
        results.append(out if isinstance(out, tuple) else (out,))
    assert len(results[0]) == len(results[1])
    for named, by_place in zip(*results):
        assert torch.equal(named, by_place) and has_geometry(named) == has_geometry(by_place)
        if has_geometry(named):
            assert geometry(named).axes == geometry(by_place).axes
            assert geometry(named).regular == geometry(by_place).regular


DEVIATIONS = {
    "by place": lambda x, dim: (x.std(dim, False), x.var(dim, False)),
    "by name": lambda x, dim: (x.std(dim=dim, unbiased=False), torch.var(input=x, dim=dim, unbiased=False)),
    "correction": lambda x, dim: (x.std(dim, correction=0), x.var(axis=dim, correction=0)),
    "unbiased": lambda x, dim: (x.std(dim), x.var(dim, True)),
    "kept": lambda x, dim: (x.std(dim, False, True), x.var(dim, False, keepdim=True)),
}


@pytest.mark.parametrize("how", DEVIATIONS)
@pytest.mark.parametrize("dim", [1, (2, 3)])
def test_deviations_are_as_biased_as_torch_says(how, dim):
    x, plain = cropped()
    with UnpaddedRun():
        got = DEVIATIONS[how](x, dim)
    what = plain if dim == 1 else plain[:, :, 2:8, 2:8]
    for ours, theirs in zip(got, DEVIATIONS[how](what, dim)):
        torch.testing.assert_close(ours, theirs)
        assert has_geometry(ours) == (dim == 1)


def test_deviations_of_everything():
    x, plain = cropped()
    with UnpaddedRun():
        got = x.std(False), torch.var(input=x, unbiased=False), x.std()
    middle = plain[:, :, 2:8, 2:8]
    for ours, theirs in zip(got, (middle.std(correction=0), middle.var(correction=0), middle.std())):
        torch.testing.assert_close(ours, theirs)


def test_maxima_of_two_maps_are_refused_by_name_too():
    x, _ = cropped()
    for of_two in (lambda: torch.max(x, x), lambda: torch.max(input=x, other=x)):
        with UnpaddedRun(), pytest.raises(AlignmentError, match=r"say torch\.maximum"):
            of_two()


def test_six_amounts_are_no_padding_under_none():
    x, _ = cropped()
    with UnpaddedRun("none"):
        few, many = F.pad(x, (1, 1, 1, 1)), F.pad(x, (1, 1, 1, 1, 0, 0))
    assert geometry(few).regular == geometry(many).regular == (6, 6)
    assert torch.equal(few, many)
