"""Decisions among arms."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import tt_ind_solve_power

from promptreg.stats.abtest import State, covariate_adjusted, decide, sample_ratio_p
from promptreg.stats.gate import holm
from promptreg.stats.metrics import metric_named
from promptreg.stats.power import Plan, growth_needed, needed_per_arm
from promptreg.stats.samples import Moments, PairMoments

QUALITY, LATENCY = metric_named("quality"), metric_named("latency")


def test_better_latency_is_lower_latency() -> None:
    """The arm with the smaller mean of logarithms wins on latency, the greater on quality."""
    arms = {"old": Moments(200, 6.0, 0.25), "new": Moments(200, 5.5, 0.25)}
    decision = decide(arms, LATENCY)
    assert (decision.state, decision.winner) == (State.WINNER, "new")
    assert decision.comparisons[0].change == pytest.approx(math.expm1(-0.5))
    assert decide(arms, QUALITY).winner == "old"


@pytest.mark.parametrize("look", [None, 4])
def test_nobody_wins_without_a_direction(look: int | None) -> None:
    """A custom metric without a direction has no winner, and the decision says so."""
    arms = {"a": Moments(200, 0.1, 0.01), "b": Moments(200, 0.9, 0.01)}
    decision = decide(arms, metric_named("charm"), look=look)
    assert decision.winner is None
    assert "charm" in decision.note


def test_nineteen_values_are_too_few() -> None:
    """Below twenty values in the smallest arm the test collects."""
    arms = {"a": Moments(500, 0.1, 0.01), "b": Moments(19, 0.9, 0.01)}
    assert decide(arms, QUALITY).state is State.COLLECTING


def test_equal_arms_are_equivalent_once_the_interval_is_narrow() -> None:
    """Equivalence needs the whole interval inside the difference that would matter."""
    few = {name: Moments(100, 0.8, 0.01) for name in "ab"}
    many = {name: Moments(20_000, 0.8, 0.01) for name in "ab"}
    assert decide(few, QUALITY, mde=0.02).state is State.RUNNING
    assert decide(many, QUALITY, mde=0.02).state is State.EQUIVALENT


def test_a_plan_ends() -> None:
    """The last planned look without a winner is exhausted; an earlier one runs on."""
    arms = {name: Moments(100, 0.8, 0.01) for name in "ab"}
    assert decide(arms, QUALITY, look=8).state is State.RUNNING
    assert decide(arms, QUALITY, look=9).state is State.EXHAUSTED


def test_the_best_of_three_beats_both_others() -> None:
    """Beating the control is not enough to win among three arms."""
    arms = {
        "a": Moments(300, 0.5, 0.02),
        "b": Moments(300, 0.7, 0.02),
        "c": Moments(300, 0.7, 0.02),
    }
    decision = decide(arms, QUALITY)
    assert decision.winner is None
    assert [c.arm for c in decision.comparisons if c.p_adjusted < 0.05] == ["b", "c"]
    arms["c"] = Moments(300, 0.9, 0.02)
    assert decide(arms, QUALITY).winner == "c"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=30)
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    """Holm's adjustment is statsmodels'."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "weights"), [([500, 500], None), ([530, 470], None), ([90, 15], [9, 1])]
)
def test_sample_ratio_agrees_with_scipy(counts: list[int], weights: list[float] | None) -> None:
    """The sample-ratio check is scipy's chi-squared test."""
    shares = weights or [1.0] * len(counts)
    expected = [sum(counts) * share / sum(shares) for share in shares]
    oracle = scipy_stats.chisquare(counts, expected).pvalue
    assert sample_ratio_p(counts, weights) == pytest.approx(oracle, rel=1e-9)
    assert sample_ratio_p([0, 0]) == 1.0


def test_a_covariate_explains_its_share_of_the_variance() -> None:
    """The adjusted variance is that of the residuals of a common slope."""
    source = random.Random(5)
    arms, residuals = {}, {}
    for name, shift in (("a", 0.0), ("b", 0.3)):
        x = [source.gauss(0.0, 1.0) for _ in range(4000)]
        noise = [source.gauss(0.0, 0.7) for _ in x]
        arms[name] = PairMoments.of(x, [u + e + shift for u, e in zip(x, noise, strict=True)])
        residuals[name] = Moments.of(noise)
    adjusted = covariate_adjusted(arms)
    assert adjusted["a"].var == pytest.approx(residuals["a"].var, rel=0.01)
    assert adjusted["b"].mean - adjusted["a"].mean == pytest.approx(0.3, abs=0.04)


def test_needed_samples_agree_with_statsmodels() -> None:
    """The closed form is within one sample of the exact noncentral t."""
    exact = tt_ind_solve_power(effect_size=0.33, alpha=0.05, power=0.9)
    ours = needed_per_arm(1.0, 1.0, 0.33, power=0.9)
    assert ours is not None
    assert abs(ours - exact) < 1.5


def test_looking_costs_samples() -> None:
    """A planned test needs 5 % more, one without a plan 80 % more."""
    fixed, planned, anytime = (needed_per_arm(1.0, 1.0, 0.1, plan=plan) for plan in Plan)
    assert fixed is not None
    assert planned == pytest.approx(fixed * 1.05, abs=1)
    assert anytime == pytest.approx(fixed * 1.8, abs=2)


def test_no_difference_needs_no_number() -> None:
    """For no difference, or one too small for a million samples, there is no number."""
    assert needed_per_arm(1.0, 1.0, 0.0) is None
    assert needed_per_arm(1.0, 1.0, 1e-6) is None
    assert growth_needed(-0.1, 0.05) == math.inf
    assert growth_needed(100.0, 0.05) == 1.0
