"""Intervals of means, differences and correlations, and the rules that make verdicts of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.95
Key = TypeVar("Key", bound=Hashable)


class Verdict(StrEnum):
    """What can be said of a sentence."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "cannot be told yet"


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence interval.

    Attributes:
        value: The estimate.
        low: Where the interval begins.
        high: Where it ends.
    """

    value: float
    low: float
    high: float

    @classmethod
    def around(cls, value: float, half_width: float) -> Interval:
        """One that reaches equally far on both sides."""
        return cls(float(value), float(value - half_width), float(value + half_width))

    @property
    def half_width(self) -> float:
        """From the estimate to the upper end; half of the interval where it is symmetrical."""
        return self.high - self.value

    def minus(self, reference: float) -> Interval:
        """That of the difference from a number."""
        return Interval(self.value - reference, self.low - reference, self.high - reference)


UNKNOWN = (-math.inf, math.inf)  # the ends of an interval that nothing bounds


def bonferroni(level: float, count: int) -> float:
    """The level of each of several intervals, so that all of them hold at once with probability `level`.

    Example:
        >>> round(bonferroni(0.95, 10), 4)
        0.995
    """
    return 1 - (1 - level) / count


def student_interval(values: pd.Series, level: float = LEVEL) -> Interval:
    """A mean and its interval (Student 1908); missing values are left out, a single one has no spread.

    Args:
        values: One a network.
        level: Of confidence.
    """
    return pooled_intervals({0: values}, level=level)[0]


def prediction_interval(values: pd.Series, level: float = LEVEL) -> Interval:
    """Where one more value of a kind falls with probability `level` (Student), around the mean.

    Args:
        values: One a network; missing values are left out, fewer than two bound nothing.
        level: Of confidence.

    Example:
        >>> found = prediction_interval(pd.Series([1.0, 2.0, 3.0]))
        >>> round(found.value, 2), round(found.half_width, 2)
        (2.0, 4.97)
    """
    known = values.dropna()
    if len(known) < 2:
        return Interval(float(known.mean()), *UNKNOWN)
    error = float(known.std()) * math.sqrt(1 + 1 / len(known))
    return Interval.around(known.mean(), float(stats.t.ppf(0.5 + level / 2, len(known) - 1)) * error)


def pooled_intervals(
    cells: Mapping[Key, pd.Series],
    family: Callable[[Key], Hashable] | None = None,
    level: float = LEVEL,
) -> dict[Key, Interval]:
    """The mean of each cell and its interval (Student); cells may share a spread, as in analysis of variance.

    Args:
        cells: Values over networks, by key; missing values are left out.
        family: Which family a key belongs to: its cells share a spread. None gives each cell its own.
        level: Of confidence.

    Returns:
        By the cells' keys; boundless intervals where no cell of the family has two values.
    """
    known = {key: values.dropna() for key, values in cells.items()}
    families: dict[Hashable, list[Key]] = {}
    for key in known:
        families.setdefault(family(key) if family else key, []).append(key)
    found: dict[Key, Interval] = {}
    for keys in families.values():
        freedom = sum(max(len(known[k]) - 1, 0) for k in keys)
        squares = sum(float(((known[k] - known[k].mean()) ** 2).sum()) for k in keys)
        for key in keys:
            found[key] = _student(known[key], squares, freedom, level)
    return {key: found[key] for key in known}


def _student(values: pd.Series, squares: float, freedom: int, level: float) -> Interval:
    """`squares` and `freedom` are those of the family's spread."""
    if not len(values) or not freedom:
        return Interval(float(values.mean()), *UNKNOWN)
    error = math.sqrt(squares / freedom / len(values))
    return Interval.around(values.mean(), float(stats.t.ppf(0.5 + level / 2, freedom)) * error)


def welch_interval(a: pd.Series, b: pd.Series, level: float = LEVEL) -> Interval:
    """The difference of two groups' means, `a` minus `b` (Welch 1947: unequal variances), from their values.

    Args:
        a: Missing values are left out; a group of one has no spread, so the interval is boundless.
        b: As `a`.
        level: Of confidence.
    """
    a, b = a.dropna(), b.dropna()
    difference = float(a.mean() - b.mean())
    if min(len(a), len(b)) < 2:
        return Interval(difference, *UNKNOWN)
    if 1 in (a.nunique(), b.nunique()):  # SciPy warns where a group does not vary
        return welch_from_summary(a.mean(), a.std(), len(a), b.mean(), b.std(), len(b), level)
    bounds = stats.ttest_ind(a, b, equal_var=False).confidence_interval(level)
    return Interval(difference, float(bounds.low), float(bounds.high))


def welch_from_summary(
    mean_a: float, std_a: float, n_a: int, mean_b: float, std_b: float, n_b: int, level: float = LEVEL
) -> Interval:
    """As `welch_interval`, from printed means and standard deviations.

    Args:
        mean_a: Of the first group; the standard deviation is the sample's, of `n_a` values.
        std_a: See `mean_a`.
        n_a: See `mean_a`.
        mean_b: Of the second group.
        std_b: See `mean_b`.
        n_b: See `mean_b`.
        level: Of confidence.

    Example:
        >>> found = welch_from_summary(90.0, 1.0, 10, 89.0, 1.0, 10)
        >>> round(found.value, 2), round(found.half_width, 2)
        (1.0, 0.94)
    """
    difference = mean_a - mean_b
    if min(n_a, n_b) < 2:
        return Interval(difference, *UNKNOWN)
    a, b = std_a**2 / n_a, std_b**2 / n_b
    if a + b == 0:
        return Interval.around(difference, 0)
    freedom = (a + b) ** 2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    return Interval.around(difference, float(stats.t.ppf(0.5 + level / 2, freedom)) * math.sqrt(a + b))


def rank_correlation(a: pd.Series, b: pd.Series, level: float = LEVEL) -> Interval:
    """Spearman's rank correlation and its interval (Fisher 1921: its artanh is about normal).

    Args:
        a: Values.
        b: As many.
        level: Of confidence.

    Returns:
        From -1 to 1 for fewer than four pairs, or where one side does not vary (the estimate is NaN then).
    """
    if len(a) < 2 or a.nunique() == 1 or b.nunique() == 1:
        return Interval(math.nan, -1, 1)
    found = stats.pearsonr(a.rank(), b.rank())
    bounds = found.confidence_interval(level)
    return Interval(float(found.statistic), float(bounds.low), float(bounds.high))


def share_interval(count: int, total: int, level: float = LEVEL) -> Interval:
    """A share and its exact interval (Clopper and Pearson 1934); `total` is at least 1."""
    bounds = stats.binomtest(count, total).proportion_ci(level)
    return Interval(count / total, float(bounds.low), float(bounds.high))


def all_positive(intervals_at: Callable[[float], Collection[Interval]], among: int | None = None) -> Verdict:
    """Whether something is positive in every one of several cases.

    Among many cases some would lie below by chance, so those that contradict have to do so at a level that is
    corrected for their number (`bonferroni`).

    Args:
        intervals_at: The cases' intervals at a level of confidence.
        among: How many cases are asked, where these are part of them; None where they are all.

    Returns:
        Holds where every interval lies above 0, fails where at least one lies below, and is open otherwise,
        as without cases.
    """
    usual = intervals_at(LEVEL)
    if not usual:
        return Verdict.OPEN
    if any(case.high < 0 for case in intervals_at(bonferroni(LEVEL, among or len(usual)))):
        return Verdict.FAILS
    return Verdict.HOLDS if all(case.low > 0 for case in usual) else Verdict.OPEN


@dataclass(frozen=True)
class Lead:
    """How far a group's mean lies above the highest of the others.

    Attributes:
        by: The difference.
        rival: The name of the highest other.
    """

    by: Interval
    rival: str


def lead(groups: Mapping[str, pd.Series], name: str, level: float = LEVEL) -> Lead:
    """The lead of a group, with Welch's interval.

    Args:
        groups: Values over networks, by name.
        name: Of the group.
        level: Of confidence.

    Raises:
        ValueError: If the group is missing, or alone.
    """
    if name not in groups or len(groups) < 2:
        raise ValueError(f"groups has {sorted(groups)}; it must have name={name!r} and another")
    rival = max((k for k in groups if k != name), key=lambda k: np.nan_to_num(groups[k].mean(), nan=-np.inf))
    return Lead(welch_interval(groups[name], groups[rival], level), rival)
