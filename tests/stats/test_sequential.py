"""Tests that may be looked at while the data grows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy import stats as scipy_stats

from promptreg.stats.kernel import Contrast
from promptreg.stats.sequential import Boundaries, anytime, normal_score, planned

TENTHS = tuple(i / 10 for i in range(1, 11))


def test_boundaries_are_the_published_ones() -> None:
    """Five looks at 5 % have the boundaries of Lan and DeMets that gsDesign prints."""
    scores = Boundaries(0.05, (0.2, 0.4, 0.6, 0.8, 1.0)).scores
    assert scores == pytest.approx((4.8769, 3.3570, 2.6803, 2.2898, 2.0310), abs=5e-5)


def test_one_look_is_the_fixed_test() -> None:
    """A single look at all the data is the ordinary two-sided test."""
    assert Boundaries(0.05, (1.0,)).scores[0] == pytest.approx(1.959963984540054, rel=1e-9)


def test_two_looks_spend_what_they_should() -> None:
    """The chance to cross either of two boundaries, integrated by scipy, is the level."""
    fractions = (0.5, 1.0)
    first, second = Boundaries(0.05, fractions).scores
    law = scipy_stats.multivariate_normal([0, 0], [[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    inside = law.cdf([first, second]) - law.cdf([-first, second])
    inside -= law.cdf([first, -second]) - law.cdf([-first, -second])
    # One-sided crossings: what goes up first and what comes back down later is negligible here.
    assert 1.0 - inside == pytest.approx(0.05, abs=2e-5)


def _e_value(t: float, df: float, precision: float, phi: float) -> float:
    """Return the mixture of likelihood ratios by numerical integration over the effect."""

    def integrand(delta: float) -> float:
        prior = scipy_stats.norm.pdf(delta, scale=1.0 / math.sqrt(phi))
        return prior * scipy_stats.nct.pdf(t, df, delta * math.sqrt(precision))

    value, _ = integrate.quad(integrand, -3, 3, limit=200, points=[0.0])
    return value / scipy_stats.t.pdf(t, df)


@pytest.mark.parametrize("t", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("n", [20, 60])
def test_anytime_p_is_the_inverse_of_a_mixture_of_likelihood_ratios(t: float, n: int) -> None:
    """The closed form is the integral of the t likelihood ratio over a normal prior."""
    from promptreg.stats.sequential import _mixture

    df = 2 * n - 2
    look = anytime(Contrast(t, 1.0, df), n / 2)
    expected = min(1.0, 1.0 / _e_value(t, df, n / 2, _mixture(0.05)))
    assert look.p == pytest.approx(expected, rel=1e-6)


def test_the_mixture_is_narrowest_at_its_size() -> None:
    """No other size has a boundary nearer to the fixed test's than about 100 an arm."""
    widths = {}
    for n in (25, 50, 100, 200, 400):
        half = anytime(Contrast(0.0, 1.0, 2 * n - 2), n / 2).half_width
        widths[n] = half
    assert min(widths, key=widths.__getitem__) == 100


@given(st.floats(-8, 8), st.integers(20, 3000), st.integers(20, 3000), st.floats(0.001, 0.2))
def test_anytime_interval_and_p_never_disagree(t: float, n_a: int, n_b: int, alpha: float) -> None:
    """Zero lies outside the interval exactly when p is below the level."""
    look = anytime(Contrast(t, 1.0, n_a + n_b - 2), n_a * n_b / (n_a + n_b), alpha)
    if abs(abs(t) - look.half_width) > 1e-9:
        assert (abs(t) > look.half_width) is (look.p < alpha)


@pytest.mark.parametrize("look", [3, 6, 9])
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.001])
def test_the_repeated_p_at_a_boundary_is_the_level(look: int, alpha: float) -> None:
    """A score on the boundary of a level has that level as its repeated p-value."""
    score = Boundaries(alpha, TENTHS).scores[look]
    assert planned(score, look, TENTHS) == pytest.approx(alpha, rel=1e-4)


def test_constants_are_certain() -> None:
    """Without variance equal means are equal and unequal ones differ."""
    equal, unequal = Contrast(0.0, 0.0, 10.0), Contrast(0.2, 0.0, 10.0)
    assert (anytime(equal, 25).p, anytime(unequal, 25).p) == (1.0, 0.0)
    assert (normal_score(equal), normal_score(unequal)) == (0.0, math.inf)
    assert normal_score(Contrast(-0.2, 0.0, 10.0)) == -math.inf


def test_information_may_grow_unevenly() -> None:
    """Whatever the information of the looks, the chance to cross any boundary is the level."""
    import numpy as np

    information = (0.02, 0.05, 0.05, 0.4, 0.45, 0.5, 0.9, 0.92, 0.96, 1.0)
    scores = Boundaries(0.05, TENTHS, information).scores
    assert scores[2] == math.inf
    steps = np.diff([0.0, *information])
    rng = np.random.default_rng(11)
    walk = np.cumsum(rng.standard_normal((200_000, len(steps))) * np.sqrt(steps), axis=1)
    crossed = (np.abs(walk / np.sqrt(information)) >= np.array(scores)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.002)


def test_information_has_no_unit() -> None:
    """Only the ratios of the information count, and those of later looks do not."""
    at_once = Boundaries(0.05, TENTHS).scores
    assert Boundaries(0.05, TENTHS, tuple(37.0 * i for i in TENTHS)).scores == pytest.approx(
        at_once
    )
    assert Boundaries(0.05, TENTHS, TENTHS[:4]).at(3) == pytest.approx(at_once[3])
