import numpy as np
import py_sod_metrics
import pytest
import torch

from pppkit.metrics import MaxF, WeightedF, f_curve, weighted_f


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


def test_weighted_f_does_not_change_when_the_picture_is_turned_or_mirrored():
    prediction, mask = blobs(4)
    plain = weighted_f(prediction, mask)
    for change in (lambda t: t.flip(-1), lambda t: t.flip(-2), lambda t: t.rot90(1, (1, 2)), lambda t: t.mT):
        # which of two equally near object pixels is nearest may change
        np.testing.assert_allclose(weighted_f(change(prediction), change(mask)), plain, rtol=0.02)


def test_weighted_f_falls_as_more_is_missed():
    mask = torch.zeros(1, 20, 20)
    mask[:, 5:15, 5:15] = 1
    scores = [weighted_f(mask * (torch.arange(20) >= 5 + cut), mask).item() for cut in range(6)]
    assert scores == sorted(scores, reverse=True) and scores[0] == 1


def test_the_f_measure_s_curve_is_that_of_pysodmetrics():
    generator = torch.Generator().manual_seed(3)
    masks = (torch.rand(4, 12, 15, generator=generator) < 0.3).float()
    masks[3] = 0  # nothing is salient
    maps = (0.5 * masks + torch.rand(4, 12, 15, generator=generator)).clamp(0, 1)
    maps[:, 0, 0], maps[:, 0, 1] = 0, 1  # theirs stretches each map to [0, 1]
    with pytest.warns(UserWarning, match="FmeasureV2"):
        theirs = py_sod_metrics.Fmeasure()
    for one, mask in zip(maps, masks):
        theirs.step(one.double().numpy(), mask.numpy() > 0.5, normalize=False)
    curve = theirs.get_results()["fm"]["curve"]
    assert np.allclose(f_curve(maps, masks).mean(0).numpy(), curve, atol=1e-12)
    metric = MaxF()
    metric.update(maps[:1], masks[:1])
    metric.update(maps[1:], masks[1:])
    assert metric.compute().item() == pytest.approx(curve.max(), abs=1e-12)


def test_the_f_measure_by_hand():
    mask = torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])
    found = f_curve(torch.tensor([[[1.0, 0.0, 1.0, 0.0]]]), mask)[0]
    assert found[0].item() == pytest.approx(0.5)  # precision and recall are a half
    assert found[-1].item() == pytest.approx(1.3 * 0.5 / (0.3 * 0.5 + 1))  # everything is called salient
    with pytest.raises(ValueError, match=r"prediction lies in \[0, 2\]"):
        f_curve(2 * mask, mask)
    with pytest.raises(ValueError, match="MaxF needs at least one image"):
        MaxF().compute()


def test_f_curve_refuses_nan():
    with pytest.raises(ValueError, match="prediction holds NaN"):
        f_curve(torch.tensor([[[0.5, float("nan")]]]), torch.ones(1, 1, 2))
