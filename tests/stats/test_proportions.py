"""Comparisons of counts against scipy, statsmodels and brute force."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats
from statsmodels.stats import proportion as oracle

from promptreg.stats.proportions import (
    Table,
    increase_mid_p,
    mcnemar_mid_p,
    paired_contrast,
    score_contrast_difference,
    score_contrast_ratio,
)
from promptreg.stats.samples import PairCounts
from promptreg.stats.shares import BinaryEffect, PairedBinaryEffect

TABLES = [
    Table(4, 200, 19, 200),
    Table(0, 20, 3, 25),
    Table(20, 20, 14, 20),
    Table(7, 1000, 2, 20),
    Table(0, 30, 0, 30),
    Table(499, 500, 500, 500),
]


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    n_a, n_b = draw(st.integers(2, 300)), draw(st.integers(2, 300))
    return Table(draw(st.integers(0, n_a)), n_a, draw(st.integers(0, n_b)), n_b)


@given(_tables())
def test_fishers_mid_p_agrees_with_scipy(table: Table) -> None:
    """The mid-p is the hypergeometric tail with half the observed table."""
    total, ones = table.n_a + table.n_b, table.ones_a + table.ones_b
    law = scipy_stats.hypergeom(total, ones, table.n_b)
    expected = law.sf(table.ones_b) + 0.5 * law.pmf(table.ones_b)
    assert increase_mid_p([table]) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_strata_are_the_convolution() -> None:
    """Over two strata the mid-p sums over all pairs of tables."""
    first, second = Table(3, 12, 6, 10), Table(2, 9, 5, 14)
    laws = [
        scipy_stats.hypergeom(t.n_a + t.n_b, t.ones_a + t.ones_b, t.n_b) for t in (first, second)
    ]
    expected = 0.0
    for x in range(20):
        for y in range(20):
            mass = laws[0].pmf(x) * laws[1].pmf(y)
            expected += mass * (1.0 if x + y > 11 else 0.5 if x + y == 11 else 0.0)
    assert increase_mid_p([first, second]) == pytest.approx(expected, rel=1e-9)


def test_huge_tables_take_the_score_test() -> None:
    """Half a million values are judged at once, close to the exact probability."""
    table = Table(5000, 250_000, 5300, 250_000)
    law = scipy_stats.hypergeom(500_000, 10_300, 250_000)
    exact = law.sf(5300) + 0.5 * law.pmf(5300)
    assert increase_mid_p([table]) == pytest.approx(exact, rel=0.01)


def _restricted(table: Table, rate_b_of: object) -> float:
    """Return the base's most likely rate under a hypothesis, by brute force."""
    assert callable(rate_b_of)

    def loss(rate: float) -> float:
        value = 0.0
        for ones, n, p in (
            (table.ones_a, table.n_a, rate),
            (table.ones_b, table.n_b, rate_b_of(rate)),
        ):
            for count, chance in ((ones, p), (n - ones, 1.0 - p)):
                if count:
                    value -= count * math.log(chance) if chance > 0.0 else -math.inf
        return value

    tried = [*(i / 4000 for i in range(4001)), *(i / 3 for i in range(4))]
    grid = sorted(rate for rate in tried if 0.0 <= rate_b_of(rate) <= 1.0)
    best = min(grid, key=loss)
    bounds = (max(grid[0], best - 1 / 2000), min(grid[-1], best + 1 / 2000))
    found = optimize.minimize_scalar(
        loss, bounds=bounds, method="bounded", options={"xatol": 1e-13}
    )
    return min((found.x, *bounds), key=loss)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("difference", [-0.1, -0.01, 0.0, 0.05, 0.2])
def test_difference_error_agrees_with_brute_force(table: Table, difference: float) -> None:
    """The cubic's root is the restricted maximum of the likelihood (statsmodels' is not)."""
    rate = _restricted(table, lambda a: a + difference)
    other, n = rate + difference, table.n_a + table.n_b
    variance = rate * (1 - rate) / table.n_a + other * (1 - other) / table.n_b
    contrast = score_contrast_difference(table, difference)
    assert contrast.error == pytest.approx(math.sqrt(variance * n / (n - 1)), abs=1e-7)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.0, 1.5])
def test_ratio_error_agrees_with_brute_force(table: Table, ratio: float) -> None:
    """The quadratic's root is the restricted maximum of the likelihood."""
    rate = _restricted(table, lambda a: a * ratio)
    other, n = rate * ratio, table.n_a + table.n_b
    variance = ratio**2 * rate * (1 - rate) / table.n_a + other * (1 - other) / table.n_b
    contrast = score_contrast_ratio(table, ratio)
    assert contrast.error == pytest.approx(math.sqrt(variance * n / (n - 1)), abs=1e-7)


@given(_tables(), st.floats(-0.6, 0.6))
@example(Table(299, 299, 299, 299), 1e-12)
@example(Table(2, 2, 2, 2), -2.220446049250313e-16)
def test_the_restricted_rate_solves_the_likelihood_equation(
    table: Table, difference: float
) -> None:
    """Where the maximum is inside the allowed range, the likelihood's slope there is zero."""
    from promptreg.stats.proportions import _restricted_by_difference

    rate = _restricted_by_difference(table, difference)
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    assert low <= rate <= high
    if low + 1e-6 < rate < high - 1e-6:
        other = rate + difference
        slope = (table.ones_a - table.n_a * rate) / (rate * (1 - rate)) + (
            table.ones_b - table.n_b * other
        ) / (other * (1 - other))
        curve = table.n_a / (rate * (1 - rate)) + table.n_b / (other * (1 - other))
        assert abs(slope / curve) < 1e-9


@pytest.mark.parametrize("table", [TABLES[0], TABLES[2], TABLES[3]])
def test_score_tests_agree_with_statsmodels_at_no_change(table: Table) -> None:
    """At the only value where statsmodels' score test is right, ours is the same."""
    args = (table.ones_b, table.n_b, table.ones_a, table.n_a)
    expected = oracle.test_proportions_2indep(
        *args, value=0, method="score", compare="diff", alternative="larger", correction=True
    )
    for contrast in (score_contrast_difference(table, 0.0), score_contrast_ratio(table, 1.0)):
        assert contrast.p_above() == pytest.approx(expected.pvalue, rel=1e-9)


@given(_tables())
@example(Table(0, 83, 175, 175))
@example(Table(0, 83, 47, 47))
def test_share_interval_and_test_never_disagree(table: Table) -> None:
    """At each inner end of a difference's interval the one-sided p is half the level."""
    effect = BinaryEffect.of([table], relative=False)
    interval = effect.interval()
    assert -1.0 <= interval.low <= effect.estimate <= interval.high <= 1.0
    if interval.low > -1.0:
        assert effect.p_above(interval.low) == pytest.approx(0.025, rel=1e-5)
    if interval.high < 1.0:
        assert effect.p_below(interval.high) == pytest.approx(0.025, rel=1e-5)


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (0, 5), (3, 9), (9, 3), (40, 41)])
def test_mcnemars_mid_p_agrees_with_the_binomial(lost: int, gained: int) -> None:
    """The mid-p is the binomial tail of the discordant pairs with half the observed count."""
    counts = PairCounts(10, lost, gained, 10)
    law = scipy_stats.binom(lost + gained, 0.5)
    expected = law.sf(gained) + 0.5 * law.pmf(gained) if lost + gained else 1.0
    assert mcnemar_mid_p([counts]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("counts", [PairCounts(30, 3, 9, 8), PairCounts(50, 0, 0, 0)])
def test_pairs_give_bonett_and_prices_interval(counts: PairCounts) -> None:
    """At ratio 1 the paired contrast is their adjusted Wald interval."""
    n = counts.n
    p12, p21 = (counts.gained + 1) / (n + 2), (counts.lost + 1) / (n + 2)
    error = math.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n + 2))
    contrast = paired_contrast(counts)
    assert contrast.difference == pytest.approx(p12 - p21, rel=1e-12)
    assert contrast.error == pytest.approx(error, rel=1e-12)
    interval = PairedBinaryEffect.of([counts], relative=False).interval()
    z = scipy_stats.norm.isf(0.025)
    assert interval.low == pytest.approx(p12 - p21 - z * error, abs=1e-7)
    assert interval.high == pytest.approx(p12 - p21 + z * error, abs=1e-7)
