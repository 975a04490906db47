"""Read-outs of many settings in one pass: each learns what it would learn alone; known controls."""

import math

import pandas as pd
import pytest
import torch
from scipy import stats

from pppkit.experiments.posenet import (
    Bank,
    ReadOut,
    Setting,
    learn,
    mean_maps,
    pattern,
    resized,
    score,
    scores,
    train,
)
from pppkit.experiments.posenet.taps import TapSum
from pppkit.metrics import spearman
from pppkit.results.statistics import student_interval

SETTINGS = [
    Setting("gaussian", 1, 3, 0, None, 5),
    Setting("horizontal", 1, 7, 2, None, 6),
    Setting("vertical waves", 1, 1, 1, (1,), 7),
    Setting("horizontal", 1, 3, 0, (0, 2), 8),
    Setting("vertical", 1, 3, 0, None, 3),
    Setting("horizontal", 2, 3, 1, (0, 2), 9),
    Setting("gaussian", 2, 3, 1, (0, 2), 4),
    Setting("gaussian", 3, 1, 0, None, 1),
]


def drawn(*shapes, n=24, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, *shape, generator=generator) for shape in shapes]


def test_every_setting_learns_what_it_learns_alone():
    features = drawn((4, 28, 28), (6, 13, 13), (5, 7, 7))
    bank = Bank([4, 6, 5], SETTINGS)
    losses = list(learn(bank, features, epochs=3, batch=8, seed=1))
    found, maps = scores(bank, features), mean_maps(bank, features, range(len(SETTINGS)))
    for place, s in enumerate(SETTINGS):
        x = resized([features[i] for i in s.stages or (0, 1, 2)])
        alone = ReadOut(x.shape[1], [s.seed], s.depth, s.kernel, s.padding)
        expected = train(alone, x, pattern(s.pattern), epochs=3, batch=8, seed=1)
        assert [float(loss[place]) for loss in losses] == pytest.approx(expected, abs=1e-6)
        (known,) = score(alone, x, pattern(s.pattern))
        assert found[place] == pytest.approx(known, abs=1e-5)
        assert torch.allclose(maps[place], alone(x).mean(0)[0], atol=1e-5)
    assert not math.isclose(found[0]["spc"], found[4]["spc"], abs_tol=1e-3)


@pytest.mark.parametrize("kernel, padding", [(1, 0), (3, 0), (3, 1), (3, 2), (7, 2), (1, 1), (2, 3)])
def test_shifted_taps_add_up_to_a_convolution(kernel, padding):
    (x,) = drawn((3, 6, 5), n=2)
    weight = torch.randn(4, 3, kernel, kernel, generator=torch.Generator().manual_seed(1))
    rows = weight.flatten(2).transpose(1, 2).flatten(0, 1).requires_grad_()  # a row for each setting and tap
    taps = torch.einsum("rc,nchw->nrhw", rows, x).unflatten(1, (4, kernel * kernel))
    found = TapSum.apply(taps, kernel, padding)
    kept = weight.requires_grad_()
    expected = torch.nn.functional.conv2d(x, kept, padding=padding)
    assert torch.allclose(found, expected, atol=1e-5)
    factors = torch.rand_like(expected)
    (ours,) = torch.autograd.grad((found * factors).sum(), rows)
    (theirs,) = torch.autograd.grad((expected * factors).sum(), kept)
    assert torch.allclose(ours, theirs.flatten(2).transpose(1, 2).flatten(0, 1), atol=1e-4)


def test_bfloat16_of_deep_read_outs_is_nearly_the_same():
    features, settings = drawn((6, 16, 16), n=32), [Setting("vertical", 2, seed=i) for i in (0, 1)]
    features[0][:, :1] += torch.linspace(-2, 2, 16)[:, None]
    found = []
    for mixed in (False, True):
        bank = Bank([6], settings)
        list(learn(bank, features, epochs=5, batch=8, mixed=mixed))
        found.append([row["spc"] for row in scores(bank, features)])
    assert found[1] == pytest.approx(found[0], abs=0.02) and found[0] != found[1]


def coordinate(n, seed):
    """Features with the row's number in a channel, among channels of weaker noise."""
    (noise,) = drawn((3, 14, 14), n=n, seed=seed)
    rows = torch.linspace(-1, 1, 14)[:, None].expand(n, 1, 14, 14)
    return torch.cat([rows, 0.1 * noise], 1)


def shuffled(n, seed):
    """The same with the positions of each image in a new order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(14 * 14, generator=generator) for _ in range(n)])
    return coordinate(n, seed).flatten(2).gather(2, order[:, None].expand(-1, 4, -1)).unflatten(2, (14, 14))


@pytest.mark.parametrize("made", [coordinate, shuffled])
def test_a_coordinate_channel_has_an_spc_of_1_and_shuffled_positions_have_0(made):
    values = []
    for trial in range(5):
        bank = Bank([4], [Setting("vertical", kernel=1, seed=trial)])
        list(learn(bank, [made(32, 2 * trial)], batch=4))
        values.append(scores(bank, [made(16, 2 * trial + 1)])[0]["spc"])
    found = student_interval(pd.Series(values))
    if made is coordinate:
        assert found.value > 0.99
    else:
        assert found.low < 0 < found.high and found.half_width < 0.1


def test_correlations_with_ties_are_scipys():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randint(0, 4, (5, 12, 12), generator=generator).float()  # hardly anything but ties
    maps[1] = 0.25  # constant
    maps[2, 0, 0] = 99.0  # constant but for one pixel
    maps[2].masked_fill_(maps[2] < 99, 1.0)
    for target in (pattern("horizontal stripes", 12, periods=3), pattern("horizontal", 12)):
        found = spearman(maps, target)
        assert found.isnan().tolist() == [False, True, False, False, False]
        for one, expected in zip(found, maps):
            if not one.isnan():
                reference = stats.spearmanr(expected.flatten(), target.flatten()).statistic
                assert float(one) == pytest.approx(reference, abs=1e-12)
    assert spearman(maps[:1], torch.ones(12, 12)).isnan().all()  # a target without ranks


def test_bad_settings_are_named():
    for settings, words in (
        ([], "settings=.. holds no read-out"),
        ([Setting("spiral")], "pattern='spiral' is not one of gaussian"),
        ([Setting(depth=0)], "depth=0 must be at least 1"),
        ([Setting(kernel=0)], "kernel=0 must be at least 1"),
        ([Setting(stages=(2,))], "stages=.2,. must name layers from 0 to 1"),
        ([Setting(stages=())], "stages=.. must name layers"),
    ):
        with pytest.raises(ValueError, match=words):
            Bank([3, 4], settings)
