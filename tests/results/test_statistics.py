"""Intervals against SciPy's tests and by hand, their coverage, and the rules for verdicts."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pppkit.results.statistics import (
    Interval,
    Verdict,
    all_positive,
    bonferroni,
    lead,
    pooled_intervals,
    prediction_interval,
    rank_correlation,
    share_interval,
    student_interval,
    welch_from_summary,
    welch_interval,
)

ONE, TWO = pd.Series([1.0, 2.0, 3.0]), pd.Series([5.0, 5.0, 8.0])  # their squares sum up to 2 and 6
UP, FLAT, DOWN = (pd.Series([v, v + 0.1, v - 0.1]) for v in (1.0, 0.1, -1.0))
SLIGHTLY = pd.Series([-0.2, -0.3, -0.4])  # below 0 at 95 %, but not at the level for forty cells


def every(cells, family=None):
    """Whether a mean is positive in every cell."""
    return all_positive(lambda level: pooled_intervals(cells, family, level).values())


def leads(cells, name):
    return all_positive(lambda level: [lead(groups, name, level).by for groups in cells.values()])


def of_family(key):
    return key[:2]


def test_student_is_scipys():
    values = pd.Series(np.random.default_rng(0).normal(3, 2, 7))
    found, bounds = student_interval(values, 0.9), stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose([found.value, found.low, found.high], [values.mean(), *bounds])


def test_student_by_hand():
    found = student_interval(ONE)
    assert found.value == 2 and found.half_width == pytest.approx(4.3027 / 3**0.5, rel=1e-4)
    assert student_interval(ONE[:1]) == Interval(1.0, -math.inf, math.inf)
    assert student_interval(pd.Series([4.0, 4.0])) == Interval(4, 4, 4)
    assert math.isnan(student_interval(ONE[:0]).value) and student_interval(ONE[:0]).high == math.inf


def test_missing_values_are_left_out():
    gaps = pd.Series([1.0, np.nan, 2.0, 3.0, np.nan])
    assert student_interval(gaps) == student_interval(ONE)
    assert welch_interval(gaps, TWO) == welch_interval(ONE, TWO)


def test_pooled_intervals_by_hand():
    cells = {("vgg19", "scenes", "zeros"): ONE, ("vgg19", "scenes", "randn"): TWO}
    cells["vgg19", "cifar10", "zeros"] = ONE
    half = 2.7764 * (8 / 4 / 3) ** 0.5  # t with four degrees of freedom
    found = pooled_intervals(cells, of_family)
    assert list(found) == list(cells)
    assert [v.value for v in found.values()] == [2, 6, 2]
    assert found["vgg19", "scenes", "zeros"].half_width == pytest.approx(half, rel=1e-4)
    assert found["vgg19", "scenes", "randn"].half_width == pytest.approx(half, rel=1e-4)
    assert found["vgg19", "cifar10", "zeros"] == student_interval(ONE)  # a family of one cell
    assert pooled_intervals(cells)["vgg19", "scenes", "randn"] == student_interval(TWO)


def test_a_cell_of_one_network_takes_its_neighbours_spread():
    cells = {("vgg19", "scenes", "zeros"): ONE, ("vgg19", "scenes", "randn"): TWO[:1]}
    found = pooled_intervals(cells, of_family)["vgg19", "scenes", "randn"]
    assert found.value == 5 and found.half_width == pytest.approx(4.3027, rel=1e-4)


def test_pooled_spread_is_that_of_an_analysis_of_variance():
    random = np.random.default_rng(1)
    groups = [pd.Series(random.normal(mean, 1, n)) for mean, n in ((0, 4), (1, 6), (5, 3))]
    found = pooled_intervals(dict(enumerate(groups)), family=lambda key: "all")
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (13 - 3)
    everything = pd.concat(groups)
    between = sum(len(g) * (g.mean() - everything.mean()) ** 2 for g in groups) / (3 - 1)
    assert stats.f_oneway(*groups).statistic == pytest.approx(between / within)
    bounds = stats.t.interval(0.95, 10, groups[1].mean(), (within / 6) ** 0.5)
    np.testing.assert_allclose([found[1].low, found[1].high], bounds)


@pytest.mark.parametrize("n, m", [(10, 10), (5, 10), (2, 3)])
def test_welch_from_values_and_from_summaries_are_scipys(n, m):
    random = np.random.default_rng(n)
    a, b = pd.Series(random.normal(90, 3, n)), pd.Series(random.normal(88, 1, m))
    bounds = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.9)
    summary = welch_from_summary(a.mean(), a.std(), n, b.mean(), b.std(), m, level=0.9)
    for found in (welch_interval(a, b, 0.9), summary):
        np.testing.assert_allclose([found.value, found.low, found.high], [a.mean() - b.mean(), *bounds])


@pytest.mark.filterwarnings("error")
def test_welch_without_spread_or_without_trials():
    same = pd.Series([3.0] * 10)
    assert (
        welch_from_summary(3.0, 0.0, 10, 2.0, 0.0, 10) == welch_interval(same, same - 1) == Interval(1, 1, 1)
    )
    boundless = Interval(1.0, -math.inf, math.inf)
    assert welch_from_summary(3.0, float("nan"), 1, 2.0, 1.0, 10) == boundless
    assert welch_interval(same[:1], same - 1) == boundless


@pytest.mark.filterwarnings("error")
def test_welch_where_one_group_does_not_vary_is_students():
    found, alone = welch_interval(ONE, pd.Series([0.5] * 9)), student_interval(ONE)
    assert found.value == 1.5 and found.half_width == pytest.approx(alone.half_width)


@pytest.mark.filterwarnings("error")
def test_rank_correlation_by_fisher():
    a, b = pd.Series([1.0, 5, 2, 9, 7, 100]), pd.Series([2.0, 3, 1, 8, 9, 4])
    found = rank_correlation(a, b)
    assert found.value == pytest.approx(stats.spearmanr(a, b).statistic)
    half = stats.norm.ppf(0.975) / (6 - 3) ** 0.5
    bounds = np.tanh(np.arctanh(found.value) + np.array([-half, half]))
    np.testing.assert_allclose([found.low, found.high], bounds)
    assert rank_correlation(a, a**3).value == pytest.approx(1)
    few, flat = rank_correlation(a[:3], b[:3]), rank_correlation(a, b * 0)
    assert (few.low, few.high) == (flat.low, flat.high) == (-1, 1) and math.isnan(flat.value)


def test_share_interval_by_hand():
    found = share_interval(10, 10)
    assert found.value == found.high == 1 and found.low == pytest.approx(0.025**0.1)
    assert share_interval(6, 10).low < 0.5 < share_interval(6, 10).high


def test_bonferroni():
    assert bonferroni(0.95, 1) == pytest.approx(0.95) and bonferroni(0.9, 5) == pytest.approx(0.98)


def test_intervals_shift_with_their_estimate():
    assert Interval.around(2.0, 0.5).minus(0.5) == Interval(1.5, 1.0, 2.0)
    assert Interval(0.8, 0.1, 0.9).half_width == pytest.approx(0.1)


@pytest.mark.parametrize("shared", [True, False])
def test_intervals_cover_the_truth_as_often_as_they_say(shared):
    random, hits, count = np.random.default_rng(2), 0, 400
    for _ in range(count):
        cells = {i: pd.Series(random.normal(i, 1, 3)) for i in range(4)}
        found = pooled_intervals(cells, (lambda key: 0) if shared else None, level=0.9)
        hits += sum(v.low <= i <= v.high for i, v in found.items())
    share = hits / (4 * count)
    assert abs(share - 0.9) < 4 * (0.9 * 0.1 / (4 * count)) ** 0.5 * (2 if shared else 1)


def test_every_by_hand():
    assert every({1: UP, 2: UP}) == "holds"
    assert every({1: UP, 2: FLAT}) == every({}) == every({1: UP[:1]}) == "cannot be told yet"
    assert every({1: UP, 2: DOWN}) is Verdict.FAILS


def test_among_many_cells_one_lies_below_by_chance():
    many = dict.fromkeys(range(2, 40), UP)
    assert every({1: SLIGHTLY}) == "fails" and every({1: SLIGHTLY, **many}) == "cannot be told yet"
    family = {("vgg19", "scenes", k): v for k, v in enumerate([SLIGHTLY, *many.values()])}
    assert every(family, of_family) == "fails"  # with the spread of all of them it is told
    assert every(family) == "cannot be told yet"


def test_no_verdict_depends_on_the_order_of_cells():
    for order in itertools.permutations([UP, FLAT, DOWN]):
        assert every(dict(enumerate(order))) == "fails"


def test_asymmetric_intervals_are_judged_by_their_ends():
    assert all_positive(lambda level: [Interval(0.5, 0.1, 0.6)]) == "holds"
    assert all_positive(lambda level: [Interval(0.5, -0.1, 0.6)]) == "cannot be told yet"
    assert all_positive(lambda level: [Interval(math.nan, -1, 1)]) == "cannot be told yet"


def test_lead_by_hand():
    zeros, near, far = (pd.Series([v, v + 0.1, v - 0.1]) for v in (1.0, 0.95, 0.0))
    found = lead({"zeros": zeros, "randn": far}, "zeros")
    assert found.by.value == pytest.approx(1.0) and found.rival == "randn"
    assert found.by.half_width == pytest.approx(2.7764 * 0.1 * (2 / 3) ** 0.5, rel=1e-4)
    assert lead({"zeros": zeros, "randn": far, "reflect": near}, "zeros").rival == "reflect"
    assert leads({"a": {"zeros": zeros, "randn": far}}, "zeros") == "holds"
    assert leads({"a": {"zeros": zeros, "reflect": near}}, "zeros") == "cannot be told yet"
    both = {"a": {"zeros": zeros, "randn": far}, "b": {"zeros": far, "randn": zeros}}
    assert leads(both, "zeros") == "fails"


def test_a_group_without_values_is_no_rival():
    groups = {"zeros": UP, "randn": UP * np.nan, "reflect": DOWN}
    assert lead(groups, "zeros").rival == "reflect"


@pytest.mark.parametrize("groups", [{}, {"zeros": UP}, {"randn": UP, "reflect": UP}])
def test_nobody_leads_alone(groups):
    with pytest.raises(ValueError, match="name='zeros'"):
        lead(groups, "zeros")


def test_a_prediction_interval_covers_the_next_value():
    # mean 2, standard deviation 1, three values: t(0.975, 2) = 4.303, times the root of 1 + 1/3
    assert prediction_interval(ONE).high == pytest.approx(2 + 4.3027 * (4 / 3) ** 0.5, abs=1e-3)
    assert prediction_interval(ONE[:1]).low == -math.inf
    draws = np.random.default_rng(0).normal(size=(4000, 6))
    found = [prediction_interval(pd.Series(row[:5])) for row in draws]
    inside = [i.low < row[5] < i.high for i, row in zip(found, draws)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)
