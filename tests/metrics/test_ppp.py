import math

import numpy as np
import pytest
import torch

from pppkit.metrics import (
    MAE_READINGS,
    PPP,
    SNR_READINGS,
    mae_ppp,
    ppp_map,
    snr_ppp,
)
from pppkit.metrics.ppp import _sigma, scene_scalars


def pair(n=5, c=3, h=4, w=6, seed=0, offset=0.0):
    g = torch.Generator().manual_seed(seed)
    padded = torch.randn(n, c, h, w, generator=g)
    return padded + 0.3 * torch.rand(n, c, h, w, generator=g) + offset, padded


def test_by_hand():
    optimal, padded = (
        torch.tensor([[[[1.0, 2.0]], [[0.0, 0.0]]]]),
        torch.tensor([[[[1.0, 0.0]], [[0.0, 4.0]]]]),
    )
    assert ppp_map(optimal, padded).tolist() == [[0.0, 3.0]]
    # padded values 1, 0, 0, 4: mean 1.25, variance 17/4 - 1.25^2
    assert snr_ppp(optimal, padded).value == pytest.approx(1.5 / math.sqrt(17 / 4 - 1.25**2))
    assert snr_ppp(optimal, padded, "sum-channel").value == pytest.approx(3 / ((0.5 + 2) / 2))
    assert snr_ppp(optimal, padded, "mean-map").value == pytest.approx(1.5 / 0.75)  # channel means .5 and 2
    assert mae_ppp(optimal, padded, "raw").value == 1.5 and mae_ppp(optimal, padded).value == 1.5 / 4
    assert math.isnan(snr_ppp(optimal, padded).ci95)


@pytest.mark.parametrize("reading", SNR_READINGS)
def test_snr_readings_against_numpy(reading):
    optimal, padded = pair()
    o, p = optimal.double().numpy(), padded.double().numpy()
    channels, sigma = reading.split("-")
    reduce = {"mean": np.mean, "sum": np.sum}[channels]
    signal = reduce(abs(o - p), axis=1).mean(0).mean()
    noise = {
        "volume": np.mean([x.std() for x in p]),
        "channel": np.mean([c.std() for x in p for c in x]),
        "map": np.mean([reduce(x, axis=0).std() for x in p]),
        "expected": reduce(p.mean(0), axis=0).std(),
    }[sigma]
    assert snr_ppp(optimal, padded, reading).value == pytest.approx(signal / noise, rel=1e-5)


@pytest.mark.parametrize("reading", MAE_READINGS)
def test_mae_readings_against_numpy(reading):
    optimal, padded = pair()
    o, p = optimal.double().numpy(), padded.double().numpy()
    expected = [abs(a - b).mean() / (np.ptp(b) if reading == "range" else 1) for a, b in zip(o, p)]
    assert mae_ppp(optimal, padded, reading).value == pytest.approx(np.mean(expected), rel=1e-5)


def test_identity_is_zero_and_flat_identity_is_undefined():
    _, padded = pair()
    assert ppp_map(padded, padded).sum() == 0
    assert (
        all(snr_ppp(padded, padded, r).value == 0 for r in SNR_READINGS)
        and mae_ppp(padded, padded).value == 0
    )
    flat = torch.ones(2, 1, 3, 3)
    assert math.isnan(snr_ppp(flat, flat).value) and snr_ppp(flat + 1, flat).value == math.inf


def test_invariances():
    optimal, padded = pair()
    for metric, reading in [(snr_ppp, r) for r in SNR_READINGS] + [(mae_ppp, "range")]:
        assert metric(7 * optimal, 7 * padded, reading).value == pytest.approx(
            metric(optimal, padded, reading).value, rel=1e-5
        )
    assert mae_ppp(7 * optimal, 7 * padded, "raw").value == pytest.approx(
        7 * mae_ppp(optimal, padded, "raw").value, rel=1e-5
    )
    assert snr_ppp(padded + 2, padded).value == pytest.approx(
        2 * snr_ppp(padded + 1, padded).value, rel=1e-5
    )  # monotone in the difference


def test_batches_processes_and_one_go_agree():
    optimal, padded = pair(n=12)
    whole, batches, left, right = (PPP(4, 6) for _ in range(4))
    whole.update(optimal, padded)
    for i in range(0, 12, 5):
        batches.update(optimal[i : i + 5], padded[i : i + 5])
    left.update(optimal[:7], padded[:7])
    right.update(optimal[7:], padded[7:])
    left.merge_state(right)
    for metric in (batches, left):
        for a, b in zip(metric.sums(), whole.sums()):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
        assert metric.compute()["snr"]["mean-volume"].ci95 == pytest.approx(
            whole.compute()["snr"]["mean-volume"].ci95
        )
    assert whole.compute()["snr"]["mean-volume"].value == snr_ppp(optimal, padded).value


def test_the_state_does_not_grow():
    metric = PPP(4, 6)
    sizes = []
    for i in range(3):
        metric.update(*pair(seed=i))
        sizes.append(sum(t.numel() for t in metric.sums()))
    assert len(set(sizes)) == 1


def test_intervals_cover_the_truth():
    hits, scene = 0, torch.Generator().manual_seed(0)
    for _ in range(300):
        scale = 0.5 + torch.rand(40, 1, 1, 1, generator=scene, dtype=torch.double)
        padded = torch.randn(40, 2, 5, 5, generator=scene, dtype=torch.double)
        estimate = mae_ppp(padded + scale, padded, "raw")  # the distance of each image is its scale: mean 1
        hits += abs(estimate.value - 1) <= estimate.ci95
    assert 0.91 < hits / 300 < 0.985


def test_ratio_interval_equals_the_bootstrap():
    optimal, padded = pair(n=200)
    weights = 0.2 + torch.rand(200, 1, 1, 1, generator=torch.Generator().manual_seed(2))
    optimal, padded = padded + (optimal - padded) * weights, padded * weights.sqrt()
    a, b = (optimal - padded).abs().mean((1, 2, 3)).numpy(), padded.flatten(1).std(1, correction=0).numpy()
    draw = np.random.default_rng(0).integers(0, 200, (4000, 200))
    spread = (a[draw].mean(1) / b[draw].mean(1)).std()
    assert snr_ppp(optimal, padded).ci95 == pytest.approx(1.96 * spread, rel=0.06)


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: snr_ppp(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 3)),
            r"\(1, 1, 2, 2\).*\(1, 1, 2, 3\)",
        ),
        (lambda: snr_ppp(*pair(), reading="best"), "'best' is not one of mean-volume"),
        (lambda: mae_ppp(*pair(), reading="best"), "'best' is not one of range"),
        (lambda: PPP(2, 2).update(*pair()), r"\(4, 6\) do not fit.*\(2, 2\)"),
        (lambda: PPP(2, 2).compute(), "n=0"),
    ],
)
@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_sigma_is_the_standard_deviation_and_exactly_0_for_constants():
    x = torch.randn(3, 7, 50, generator=torch.Generator().manual_seed(0)) * 0.01 + 5
    expected = x.double().std(-1, correction=0)
    torch.testing.assert_close(_sigma(x).double(), expected, rtol=1e-5, atol=0)
    assert (_sigma(torch.full((2, 49), 0.1)) == 0).all()
    flat = torch.full((1, 2, 7, 7), 0.1)
    assert math.isnan(snr_ppp(flat, flat).value) and snr_ppp(flat + 1, flat).value == math.inf


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    """Squares above 65504 are beyond float16; the same numbers in float32 are not."""
    optimal, padded = (300 * x.to(dtype) for x in pair())
    for reading in SNR_READINGS:
        assert snr_ppp(optimal, padded, reading) == snr_ppp(optimal.float(), padded.float(), reading)
    assert mae_ppp(optimal, padded) == mae_ppp(optimal.float(), padded.float())
    assert torch.isfinite(scene_scalars(optimal, padded)).all()
    assert torch.equal(scene_scalars(optimal, padded), scene_scalars(optimal.float(), padded.float()))
