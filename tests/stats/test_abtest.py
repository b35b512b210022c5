"""Decisions among arms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import tt_ind_solve_power

from promptreg.stats.abtest import (
    LEAST_PER_ARM,
    decide,
    decide_between,
    decide_within,
    sample_ratio_p,
    standardized,
)
from promptreg.stats.decision import State
from promptreg.stats.gate import holm
from promptreg.stats.kernel import combine, compare_means
from promptreg.stats.metrics import Metric, metric_named
from promptreg.stats.power import Plan, growth_needed, needed_per_arm
from promptreg.stats.samples import Moments
from promptreg.stats.sequential import anytime

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


@pytest.mark.parametrize("look", [None, 4])
def test_nobody_wins_without_a_direction_over_a_mean_of_zero(look: int | None) -> None:
    """A change that is endless because the control's mean is 0 makes no winner either."""
    arms = {"a": Moments(200, 0.0, 0.0), "b": Moments(200, 5.0, 1.0)}
    decision = decide(arms, metric_named("charm"), look=look)
    assert (decision.state, decision.winner) == (State.RUNNING, None)
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


def _mixed(better: dict[str, float], n: dict[str, tuple[int, int]]) -> list[dict[str, Moments]]:
    """Return arms "a" and "b" on models with these means and sizes."""
    return [
        {"a": Moments(n[model][0], mean, 0.01), "b": Moments(n[model][1], mean, 0.01)}
        for model, mean in better.items()
    ]


@pytest.mark.parametrize("look", [None, 9])
def test_a_better_model_makes_no_better_arm(look: int | None) -> None:
    """Equal arms of which one used the better model more often have no winner (Simpson)."""
    strata = _mixed({"weak": 0.5, "strong": 0.9}, {"weak": (900, 300), "strong": (100, 700)})
    together = {
        arm: Moments(1000, sum(s[arm].n * s[arm].mean for s in strata) / 1000, 0.03) for arm in "ab"
    }
    assert decide(together, QUALITY, look=look).winner == "b"
    decision = decide_within(strata, QUALITY, look=look)
    assert decision.winner is None
    assert decision.comparisons[0].change == pytest.approx(0.0, abs=1e-12)
    assert standardized(strata)["a"].mean == pytest.approx(standardized(strata)["b"].mean)


def test_strata_are_weighted_as_by_least_squares() -> None:
    """The combined change is the coefficient of the arm beside a level for each model."""
    import numpy as np

    rng = np.random.default_rng(3)
    sizes = {"x": (40, 90), "y": (70, 30), "z": (25, 25)}
    rows, strata = [], []
    for level, (n_a, n_b) in enumerate(sizes.values()):
        arms = {}
        for arm, n in (("a", n_a), ("b", n_b)):
            values = 0.4 + 0.2 * level + 0.1 * (arm == "b") + 0.05 * rng.standard_normal(n)
            rows += [(level, arm == "b", value) for value in values]
            arms[arm] = Moments.of(values.tolist())
        strata.append(arms)
    design = np.array([[lv == 0, lv == 1, lv == 2, is_b] for lv, is_b, _ in rows], dtype=float)
    oracle = np.linalg.lstsq(design, np.array([value for *_, value in rows]), rcond=None)[0][3]
    comparison = decide_within(strata, QUALITY).comparisons[0]
    common = standardized(strata)
    assert comparison.change * common["a"].mean == pytest.approx(oracle, rel=1e-9)
    assert common["b"].mean - common["a"].mean == pytest.approx(oracle, rel=1e-9)


@given(
    st.lists(
        st.tuples(
            st.integers(2, 90), st.integers(20, 90), st.floats(-1.0, 1.0), st.floats(0.1, 2.0)
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([QUALITY, LATENCY, metric_named("charm")]),
)
def test_two_arms_are_judged_by_the_combined_contrast(
    drawn: list[tuple[int, int, float, float]], metric: Metric
) -> None:
    """Two arms get the anytime-valid test of their combined contrast, in either order."""
    values = [(Moments(n, 3.0, 0.5), Moments(m, 3.0 + d, var)) for n, m, d, var in drawn]
    decision = decide_between(("old", "new"), values, metric)
    if sum(a.n for a, _ in values) < LEAST_PER_ARM:
        assert decision.state is State.COLLECTING
        return
    weights = [a.n * b.n / (a.n + b.n) for a, b in values]
    contrast = combine(list(zip(weights, [compare_means(a, b) for a, b in values], strict=True)))
    look = anytime(contrast, sum(weights))
    (pair,) = decision.comparisons
    assert (pair.base, pair.arm) == ("old", "new")
    assert pair.p == pytest.approx(look.p, rel=1e-9)
    ends = [contrast.difference + each for each in (-look.half_width, look.half_width)]
    expected = map(math.expm1, ends) if metric is LATENCY else (each / 3.0 for each in ends)
    assert (pair.low, pair.high) == pytest.approx(tuple(expected), rel=1e-9, abs=1e-12)
    better = contrast.difference * metric.harm
    winner = None if look.p > 0.05 or not better else "new" if better < 0.0 else "old"
    assert decision.winner == winner
    swapped = [(b, a) for a, b in values]
    assert decide_between(("new", "old"), swapped, metric).winner == winner


def test_one_model_is_no_stratum() -> None:
    """A single model, and one that only one arm used, change nothing."""
    arms = {"a": Moments(200, 0.80, 0.01), "b": Moments(200, 0.82, 0.01)}
    lonely = {"a": Moments(0, 0.0, 0.0), "b": Moments(500, 0.1, 0.01)}
    assert decide_within([arms, lonely], QUALITY) == decide(arms, QUALITY)


def test_arms_on_different_models_are_never_compared() -> None:
    """Where no model has rows of both arms nobody wins, however much there is."""
    empty = Moments(0, 0.0, 0.0)
    strata = [
        {"a": Moments(900, 0.5, 0.01), "b": empty},
        {"a": empty, "b": Moments(900, 0.9, 0.01)},
    ]
    assert decide_within(strata, QUALITY).state is State.COLLECTING
    assert standardized(strata)["b"].mean == pytest.approx(0.9)


@given(st.floats(-0.06, 0.06), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_brief_look_has_the_same_winner(gain: float, look: int) -> None:
    """Sparing the exact p changes neither winner nor interval, and never understates a winner."""
    arms = {"a": Moments(100, 0.80, 0.01), "b": Moments(100, 0.80 + gain, 0.01)}
    exact = decide_within([arms], QUALITY, look=look)
    brief = decide_within([arms], QUALITY, look=look, brief=True)
    assert (brief.state, brief.winner) == (exact.state, exact.winner)
    assert brief.comparisons[0].low == exact.comparisons[0].low
    if exact.winner is not None:
        assert brief == exact
