"""The distribution functions against scipy."""

from __future__ import annotations

import math

import pytest
from scipy import stats as scipy_stats

from promptreg.stats import distributions as own
from promptreg.stats import student

DEGREES = (1.0, 1.5, 2.0, 3.7, 9.0, 19.9, 50.0, 333.3, 1e4, 9.9e4, 1.1e5, 1e6, 1e8)
RELATIVE = 1e-9


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("t", [-40.0, -5.0, -1.0, -0.1, 0.0, 0.01, 0.5, 1.2, 2.0, 5.0, 10.0, 30.0])
def test_t_tail_agrees_with_scipy(df: float, t: float) -> None:
    """Student's upper tail agrees with scipy to a relative 1e-9, far out as well."""
    assert student.t_sf(t, df) == pytest.approx(scipy_stats.t.sf(t, df), rel=RELATIVE, abs=1e-290)


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("p", [1e-12, 1e-6, 0.0025, 0.01, 0.025, 0.05, 0.3, 0.7, 0.999])
def test_t_quantile_agrees_with_scipy(df: float, p: float) -> None:
    """The inverse of the upper tail agrees with scipy."""
    assert student.t_isf(p, df) == pytest.approx(scipy_stats.t.isf(p, df), rel=RELATIVE)


@pytest.mark.parametrize("df", [5.5, 6.0, 9.0, 15.9, 16.1, 40.0, 333.3, 1e5, 1e9, math.inf])
@pytest.mark.parametrize("p", [1e-6, 0.0005, 0.005, 0.025, 0.2, 0.4, 0.9])
def test_critical_t_agrees_with_scipy(df: float, p: float) -> None:
    """What is interpolated for one level is the quantile, by three digits better than asked."""
    assert student.t_critical(p, df) == pytest.approx(scipy_stats.t.isf(p, df), rel=1e-12)


@pytest.mark.parametrize("df", [15.99, 16.0, 16.7, 23.0, 1234.5])
@pytest.mark.parametrize("spread", [1e-9, 0.01, 0.2, 0.99, 0.999999, 1.000001])
def test_the_series_and_the_fraction_meet(df: float, spread: float) -> None:
    """Student's tail has no step where its series gives way to the continued fraction."""
    t = math.sqrt(df * math.expm1(spread))
    assert student.t_sf(t, df) == pytest.approx(scipy_stats.t.sf(t, df), rel=1e-11, abs=1e-290)


def test_t_with_infinite_degrees_is_normal() -> None:
    """Infinite degrees of freedom give the normal distribution."""
    assert student.t_sf(1.3, math.inf) == own.normal_sf(1.3)
    assert student.t_isf(0.025, math.inf) == pytest.approx(1.959963984540054, rel=1e-14)


@pytest.mark.parametrize("z", [-37.0, -8.0, -1.0, 0.0, 0.3, 2.0, 12.0, 37.0])
def test_normal_tails_agree_with_scipy(z: float) -> None:
    """Both normal tails keep their digits."""
    assert own.normal_sf(z) == pytest.approx(scipy_stats.norm.sf(z), rel=RELATIVE)
    assert own.normal_cdf(z) == pytest.approx(scipy_stats.norm.cdf(z), rel=RELATIVE)


@pytest.mark.parametrize("df", [1.0, 2.0, 3.0, 9.0, 100.0])
@pytest.mark.parametrize("x", [0.0, 0.001, 0.5, 1.0, 3.0, 10.0, 50.0, 200.0])
def test_chi_squared_tail_agrees_with_scipy(df: float, x: float) -> None:
    """The chi-squared tail agrees with scipy on both sides of its two formulas."""
    assert own.chi2_sf(x, df) == pytest.approx(scipy_stats.chi2.sf(x, df), rel=RELATIVE)


@pytest.mark.parametrize("a", [0.3, 0.5, 2.0, 17.5, 900.0])
@pytest.mark.parametrize("b", [0.5, 1.0, 40.0, 12_000.0])
@pytest.mark.parametrize("x", [0.0, 1e-5, 0.02, 0.4, 0.93, 0.9999, 1.0])
def test_incomplete_beta_agrees_with_scipy(a: float, b: float, x: float) -> None:
    """The incomplete beta function agrees with scipy's for whole and broken shapes."""
    expected = scipy_stats.beta.cdf(x, a, b)
    assert own.incomplete_beta(a, b, x) == pytest.approx(expected, rel=RELATIVE, abs=1e-290)


@pytest.mark.parametrize(("k", "n", "p"), [(0, 5, 0.5), (3, 5, 0.5), (6, 5, 0.5), (40, 400, 0.05)])
def test_binomial_tail_agrees_with_scipy(k: int, n: int, p: float) -> None:
    """The binomial tail counts its own value."""
    expected = scipy_stats.binom.sf(k - 1, n, p)
    assert own.binomial_upper_tail(k, n, p) == pytest.approx(expected, rel=RELATIVE)
