"""The comparison of means against scipy."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from promptreg.stats.kernel import combine, compare_means, compare_pairs
from promptreg.stats.means import LinearEffect, LogEffect
from promptreg.stats.samples import Moments, PairMoments


def _draw(seed: int, n: int, mean: float, spread: float) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(mean, spread) for _ in range(n)]


@pytest.mark.parametrize("n", [2, 5, 40, 300])
@pytest.mark.parametrize("ratio", [1.0, 0.9, 1.3])
def test_equal_sizes_are_welchs_test(n: int, ratio: float) -> None:
    """With equal sizes the greater of the two errors is Welch's, at any margin."""
    a, b = _draw(1, n, 5.0, 1.0), _draw(2, n, 5.5, 2.5)
    oracle = scipy_stats.ttest_ind(b, [ratio * x for x in a], equal_var=False)
    contrast = compare_means(Moments.of(a), Moments.of(b), ratio)
    assert contrast.difference / contrast.error == pytest.approx(oracle.statistic, rel=1e-9)
    assert contrast.df == pytest.approx(oracle.df, rel=1e-9)
    two_sided = 2.0 * min(contrast.p_above(), contrast.p_below())
    assert two_sided == pytest.approx(oracle.pvalue, rel=1e-9)


@pytest.mark.parametrize(("n_a", "n_b"), [(90, 10), (10, 90), (1000, 20)])
def test_the_error_is_the_greater_of_welch_and_pooled(n_a: int, n_b: int) -> None:
    """With unequal sizes neither Welch nor the pooled error alone is trusted."""
    a, b = _draw(3, n_a, 0.0, 1.0), _draw(4, n_b, 0.0, 2.0)
    contrast = compare_means(Moments.of(a), Moments.of(b))
    errors = []
    for equal in (False, True):
        oracle = scipy_stats.ttest_ind(b, a, equal_var=equal)
        errors.append(contrast.difference / oracle.statistic)
    assert contrast.error == pytest.approx(max(errors), rel=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 0.9])
def test_pairs_are_the_paired_t_test(ratio: float) -> None:
    """Pairs are scipy's related-samples test of b against the scaled a."""
    a = _draw(5, 30, 4.0, 1.0)
    b = [x + noise for x, noise in zip(a, _draw(6, 30, 0.2, 0.5), strict=True)]
    oracle = scipy_stats.ttest_rel(b, [ratio * x for x in a], alternative="greater")
    contrast = compare_pairs(PairMoments.of(a, b), ratio)
    assert contrast.p_above() == pytest.approx(oracle.pvalue, rel=1e-9)


def test_difference_interval_is_scipys() -> None:
    """The interval of a difference of means is the one scipy gives."""
    a, b = _draw(7, 25, 1.0, 1.0), _draw(8, 25, 1.4, 2.0)
    effect = LinearEffect.of([(Moments.of(a), Moments.of(b))], relative=False)
    oracle = scipy_stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    interval = effect.interval()
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), rel=1e-9)


def test_log_interval_is_the_exponential_of_scipys() -> None:
    """The interval of a ratio of geometric means comes from the t interval of the logarithms."""
    a, b = _draw(9, 40, 6.0, 0.7), _draw(10, 40, 6.2, 0.9)
    effect = LogEffect.of([(Moments.of(a), Moments.of(b))])
    oracle = scipy_stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    interval = effect.interval()
    assert interval.low == pytest.approx(math.expm1(oracle.low), rel=1e-9)
    assert interval.high == pytest.approx(math.expm1(oracle.high), rel=1e-9)


@given(
    st.integers(2, 200),
    st.integers(2, 200),
    st.floats(0.1, 100.0),
    st.floats(0.5, 2.0),
    st.floats(0.001, 0.3),
)
def test_ratio_interval_and_test_never_disagree(
    n_a: int, n_b: int, mean: float, ratio: float, spread: float
) -> None:
    """At each end of the interval the one-sided p is exactly half the level."""
    a = Moments(n_a, mean, (spread * mean) ** 2)
    b = Moments(n_b, mean * ratio, (spread * mean) ** 2)
    effect = LinearEffect.of([(a, b)], relative=True)
    interval = effect.interval()
    assert interval.low <= effect.estimate <= interval.high
    if interval.low > -1.0:
        assert effect.p_above(interval.low) == pytest.approx(0.025, rel=1e-6)
    if math.isfinite(interval.high):
        assert effect.p_below(interval.high) == pytest.approx(0.025, rel=1e-6)


def test_a_base_that_may_be_zero_has_no_upper_bound() -> None:
    """When the base's mean is not told from zero, the ratio's interval is unbounded."""
    effect = LinearEffect.of([(Moments(10, 0.1, 4.0), Moments(10, 1.0, 4.0))], relative=True)
    assert math.isinf(effect.interval().high)


def test_constants_are_compared_exactly() -> None:
    """Without variance a difference is certain, and rounding errors are none."""
    equal = compare_means(Moments(20, 0.1, 1e-34), Moments(20, 0.1 + 1e-17, 0.0))
    assert equal.is_exact
    assert equal.p_above() == 1.0
    more = compare_means(Moments(20, 0.1, 0.0), Moments(20, 0.2, 0.0))
    assert (more.p_above(), more.p_below()) == (0.0, 1.0)


def test_one_stratum_is_itself() -> None:
    """A single stratum is not changed by combining."""
    single = compare_means(Moments(20, 1.0, 1.0), Moments(30, 2.0, 1.0))
    assert combine([(5.0, single)]) is single


def test_two_like_strata_halve_the_variance() -> None:
    """Two equal strata keep the estimate and have half the variance and twice the freedom."""
    part = compare_means(Moments(20, 1.0, 1.0), Moments(20, 2.0, 1.0))
    both = combine([(3.0, part), (3.0, part)])
    assert both.difference == pytest.approx(part.difference)
    assert both.error == pytest.approx(part.error / math.sqrt(2.0))
    assert both.df == pytest.approx(2.0 * part.df)
