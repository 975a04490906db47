import numpy as np
import pytest

from pppkit.experiments.ppp.likeness import GROUPS, correlation, group_ends, likeness, record_at


def cumulative(images, counts):
    """Means over the first images, as `measure_ppp` records them."""
    return np.stack([np.mean(images[:count], axis=0) for count in counts])


def means_of(optimal, padded, counts):
    distance = np.abs(optimal - padded)
    stacks = {"ppp": distance, "optimal": optimal, "padded": padded}
    return {kind: cumulative(images, counts) for kind, images in stacks.items()}


def drawn(n, strength, seed=0):
    """Images of noise, and the same with a pattern of some strength on them."""
    random = np.random.default_rng(seed)
    images = random.normal(size=(n, 8, 8))
    pattern = random.normal(size=(8, 8))
    return images, images + strength * pattern


def test_groups_lie_one_behind_the_other():
    assert group_ends(7, 2) == [0, 2, 4, 6]
    assert group_ends(480, 1) == list(range(GROUPS + 1))
    assert record_at(5, [2, 5]) == [2, 4, 5]
    assert record_at(3, [2]) == [2, 3]


def test_correlation_is_pearsons():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 6))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert np.isnan(correlation(a, np.ones((5, 6))))


def test_two_images_by_hand():
    optimal, padded = drawn(2, 1.0)
    (one, both) = likeness(means_of(optimal, padded, [1, 2]), [1, 2], [1, 2])
    gaps = padded - optimal
    expected = [correlation(padded[0], gaps[1]), correlation(padded[1], gaps[0])]
    assert one["n"] == 1 and one["likeness_padded"] == pytest.approx(np.mean(expected))
    assert one["likeness_padded_sd"] == pytest.approx(np.std(expected, ddof=1))
    alone = [correlation(optimal[0], gaps[1]), correlation(optimal[1], gaps[0])]
    assert one["likeness_optimal"] == pytest.approx(np.mean(alone))
    assert both["n"] == 2 and np.isnan(both["likeness_padded"])  # no other image is left


def test_a_pattern_comes_out_of_the_noise():
    sizes, n = [1, 4, 16, 64], 128
    counts = record_at(n, sizes)
    rows = likeness(means_of(*drawn(n, 0.5), counts), counts, sizes)
    found = [row["likeness_padded"] for row in rows]
    # of n images: the pattern's share of a mean's spread
    expected = [0.5 / np.sqrt(0.25 + 1 / size) for size in sizes]
    assert found == sorted(found) and np.allclose(found, expected, atol=0.1)
    assert all(abs(row["likeness_optimal"]) < 0.35 for row in rows)


def test_noise_without_a_pattern_is_like_nothing():
    counts = record_at(64, [1, 8])
    optimal, _ = drawn(64, 0.0)
    rows = likeness(means_of(optimal, optimal, counts), counts, [1, 8])
    assert all(np.isnan(row["likeness_padded"]) for row in rows)
    _, other = drawn(64, 0.0, seed=1)  # another image each time: nothing is fixed
    rows = likeness(means_of(optimal, other, counts), counts, [1, 8])
    assert abs(rows[0]["likeness_padded"]) < 0.1
