import numpy as np
import py_sod_metrics
import pytest
import scipy.stats
import torch

from pppkit.metrics.scores import PatternScore, WeightedF, mean_absolute_error, spearman, weighted_f


@pytest.mark.parametrize("levels", [3, 10, 10**6])
def test_spearman_equals_scipy_with_ties(levels):
    random = np.random.default_rng(0)
    prediction, target = random.integers(0, levels, (4, 7, 9)), random.integers(0, levels, (7, 9))
    got = spearman(torch.tensor(prediction).float(), torch.tensor(target).float())
    expected = [scipy.stats.spearmanr(p.ravel(), target.ravel()).statistic for p in prediction]
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12)


def test_a_constant_up_to_rounding_is_constant():
    axis = torch.linspace(-1, 1, 32)
    bell = torch.exp(-3 * (axis**2 + axis[:, None] ** 2))
    value = torch.full((1, 32, 32), 0.2134)
    rounded = torch.where(
        bell > bell.median(), value.nextafter(torch.tensor(1.0)), value
    )  # as resizing a constant may leave it
    assert scipy.stats.spearmanr(rounded.ravel(), bell.ravel()).statistic > 0.8
    assert torch.isnan(spearman(rounded, bell)).all()
    assert spearman(value + 1e-5 * bell, bell) > 0.99  # little is not nothing


def test_pattern_score_counts_what_has_no_correlation():
    target = torch.arange(12.0).view(3, 4) / 11
    metric = PatternScore()
    metric.update(torch.stack([target, 1 - target]), target)
    metric.update(torch.zeros(1, 3, 4), target)
    found = metric.compute()
    assert found["spc"] == 0 and found["nan"] == 1 and found["count"] == 3
    errors = [0, (1 - 2 * target).abs().mean(), target.mean()]
    assert found["mae"].item() == pytest.approx(np.mean(errors))
    assert torch.isnan(spearman(torch.zeros(1, 3, 4), target)).all()
    assert mean_absolute_error(target[None], target).item() == 0


def blobs(n, size=40, seed=0):
    """Masks of random ellipses, and predictions that are blurred, shifted, noisy versions of them."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    masks, predictions = [], []
    for _ in range(n):
        cy, cx = random.uniform(10, size - 10, 2)
        ry, rx = random.uniform(3, 12, 2)
        distance = np.hypot((y - cy) / ry, (x - cx) / rx)
        masks.append(distance < 1)
        predictions.append(
            np.clip(
                1.5
                - np.roll(distance, random.integers(-3, 4, 2), (0, 1))
                + 0.2 * random.normal(size=y.shape),
                0,
                1,
            )
        )
    return torch.tensor(np.array(predictions)), torch.tensor(np.array(masks)).float()


def test_weighted_f_equals_pysodmetrics():
    prediction, mask = blobs(12)
    theirs = py_sod_metrics.WeightedFmeasure()
    for p, m in zip(prediction.numpy(), mask.numpy()):
        theirs.step((255 * p).round().astype(np.uint8), (255 * m).astype(np.uint8), normalize=True)
    # theirs stretches each prediction to [0, 1] first
    seen = (255 * prediction).round() / 255
    low, high = seen.amin((1, 2), keepdim=True), seen.amax((1, 2), keepdim=True)
    ours = weighted_f((seen - low) / (high - low), mask)
    np.testing.assert_allclose(ours.numpy(), theirs.weighted_fms, atol=1e-9)
    metric = WeightedF()
    for i in (0, 5):
        metric.update(((seen - low) / (high - low))[i : i + 5 + 2 * (i > 0)], mask[i : i + 5 + 2 * (i > 0)])
    assert metric.compute().item() == pytest.approx(ours.mean().item())


def test_weighted_f_by_hand():
    mask = torch.zeros(1, 30, 30)
    mask[:, 10:20, 10:20] = 1
    assert weighted_f(mask, mask).item() == 1
    assert weighted_f(torch.zeros_like(mask), mask).item() == pytest.approx(0, abs=1e-12)
    # one false pixel at distance d costs 2 - 0.5 ** (d / 5); recall stays 1
    extra = mask.clone()
    extra[0, 10, 24] = 1  # five pixels from the object's edge at column 19
    precision = 100 / (100 + 1.5)
    assert weighted_f(extra, mask).item() == pytest.approx(2 * precision / (1 + precision))
    assert weighted_f(torch.ones_like(mask), torch.zeros_like(mask)).item() == 0


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: PatternScore().compute(), "n=0"),
        (lambda: WeightedF().compute(), "n=0"),
        (lambda: spearman(torch.zeros(2, 3, 4), torch.zeros(3, 5)), r"\(2, 3, 4\)"),
        (
            lambda: weighted_f(torch.full((1, 4, 4), 2.0), torch.ones(1, 4, 4)),
            r"prediction lies in \[2, 2\].*sigmoid",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
