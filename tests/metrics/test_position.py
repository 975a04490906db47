import numpy as np
import pytest
import scipy.stats
import torch

from pppkit.metrics import PatternScore, WeightedF, mean_absolute_error, spearman, weighted_f


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


@pytest.mark.parametrize(
    "metric, target", [(PatternScore, torch.eye(4)), (WeightedF, torch.eye(4).expand(2, 4, 4))]
)
def test_metrics_go_on_after_inference_mode(metric, target):
    maps, scored = torch.rand(2, 4, 4), metric()
    with torch.inference_mode():
        scored.update(maps, target)
        scored.reset()
    scored.update(maps, target)
    assert scored.count == 2


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


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_spearman_of_half_precision_is_that_of_the_same_numbers(dtype):
    prediction, target = torch.rand(3, 6, 7).to(dtype), torch.rand(6, 7).to(dtype)
    assert torch.equal(spearman(prediction, target), spearman(prediction.float(), target.float()))
    assert torch.isnan(spearman(torch.full((1, 6, 7), 0.3, dtype=dtype), target)).all()
