"""Intervals against a plain, slow inversion of the test; tails by scipy, contrasts one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from random import Random
from typing import NamedTuple

import pytest
from scipy import special

from promptreg.stats.effects import Effect
from promptreg.stats.kernel import (
    Contrast,
    StratifiedMeans,
    combine,
    compare_means,
    compare_pairs,
)
from promptreg.stats.means import LinearEffect, LogEffect
from promptreg.stats.proportions import (
    Table,
    paired_contrast,
    score_contrast_difference,
    score_contrast_ratio,
    score_variance_ratio,
)
from promptreg.stats.samples import Moments, PairCounts, PairMoments
from promptreg.stats.shares import BinaryEffect, PairedBinaryEffect

CASES = 40
RELATIVE = 1e-9
SIZES = (2, 3, 5, 10, 17, 50, 200, 100_000)


class Case(NamedTuple):
    """An effect, and what its contrast is at a change, put together without any short cut."""

    effect: Effect
    contrast: Callable[[float], tuple[Contrast, float]]


def _moments(rng: Random, scale: float) -> Moments:
    spread = rng.choice([0.0, 1.0, 1.0, 1.0]) * 10.0 ** rng.uniform(-4.0, 0.3)
    mean = scale * rng.choice([1.0, 1.0, 1.2, rng.uniform(0.0, 3.0), 40.0])
    return Moments(rng.choice(SIZES), mean, (scale * spread) ** 2)


def _weight(a: Moments, b: Moments) -> float:
    return a.n * b.n / (a.n + b.n)


def _means(rng: Random, *, relative: bool) -> Case:
    scale = 10.0 ** rng.uniform(-6.0, 6.0)
    strata = [(_moments(rng, scale), _moments(rng, scale)) for _ in range(rng.choice([1, 1, 2, 4]))]

    def contrast(change: float) -> tuple[Contrast, float]:
        ratio, shift = (1.0 + change, 0.0) if relative else (1.0, change)
        return combine([(_weight(a, b), compare_means(a, b, ratio)) for a, b in strata]), shift

    return Case(LinearEffect.of(strata, relative=relative), contrast)


def _logarithms(rng: Random) -> Case:
    strata = [(_moments(rng, 0.2), _moments(rng, 0.2)) for _ in range(rng.choice([1, 2]))]
    strata = [(a._replace(n=a.n + 8), b._replace(n=b.n + 8)) for a, b in strata]

    def contrast(change: float) -> tuple[Contrast, float]:
        parts = [(_weight(a, b), compare_means(a, b)) for a, b in strata]
        return combine(parts), math.log1p(change) if change > -1.0 else -math.inf

    return Case(LogEffect.of(strata), contrast)


def _pairs(rng: Random) -> Case:
    strata = []
    for _ in range(rng.choice([1, 1, 3])):
        var_a, var_b = 10.0 ** rng.uniform(-3.0, 0.3), 10.0 ** rng.uniform(-3.0, 0.3)
        cov = rng.choice([0.0, 0.5, 0.9]) * math.sqrt(var_a * var_b)
        mean = rng.uniform(0.7, 1.6)
        strata.append(PairMoments(rng.choice(SIZES[3:]), 1.0, mean, var_a, var_b, cov))

    def contrast(change: float) -> tuple[Contrast, float]:
        return combine([(p.n, compare_pairs(p, 1.0 + change)) for p in strata]), 0.0

    return Case(LinearEffect.of(strata, relative=True), contrast)


def _shares(rng: Random, *, relative: bool) -> Case:
    tables = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        n_a, n_b = rng.choice(SIZES[3:]), rng.choice(SIZES[3:])
        rates = [rng.choice([0.0, 1.0, 0.02, 0.5, rng.random()]) for _ in range(2)]
        tables.append(Table(round(n_a * rates[0]), n_a, round(n_b * rates[1]), n_b))
    if relative and not any(table.ones_a for table in tables):
        tables[0] = tables[0]._replace(ones_a=1)
    score = score_contrast_ratio if relative else score_contrast_difference

    def contrast(change: float) -> tuple[Contrast, float]:
        at = 1.0 + change if relative else change
        # Mantel and Haenszel's weights.
        parts = [(t.n_a * t.n_b / (t.n_a + t.n_b), score(t, at)) for t in tables]
        return combine(parts), 0.0 if relative else change

    return Case(BinaryEffect.of(tables, relative=relative), contrast)


def _paired_shares(rng: Random, *, relative: bool) -> Case:
    cells = [[rng.choice([0, 2, 12, 40]) for _ in range(3)] for _ in range(rng.choice([1, 2]))]
    counts = [PairCounts(both + 5, lost, gained, lost) for both, lost, gained in cells]

    def contrast(change: float) -> tuple[Contrast, float]:
        ratio, shift = (1.0 + change, 0.0) if relative else (1.0, change)
        return combine([(float(c.n), paired_contrast(c, ratio)) for c in counts]), shift

    return Case(PairedBinaryEffect.of(counts, relative=relative), contrast)


KINDS: dict[str, Callable[[Random], Case]] = {
    "ratio of means": lambda rng: _means(rng, relative=True),
    "difference of means": lambda rng: _means(rng, relative=False),
    "ratio of geometric means": _logarithms,
    "ratio over pairs": _pairs,
    "ratio of shares": lambda rng: _shares(rng, relative=True),
    "difference of shares": lambda rng: _shares(rng, relative=False),
    "ratio of shares over pairs": lambda rng: _paired_shares(rng, relative=True),
    "difference of shares over pairs": lambda rng: _paired_shares(rng, relative=False),
}


def _tail(contrast: Contrast, shift: float, sign: float) -> float:
    beyond = sign * (contrast.difference - shift)
    if contrast.is_exact:
        return 0.0 if beyond > 1e-12 * contrast.scale else 1.0
    t = beyond / contrast.error
    return float(special.ndtr(-t) if math.isinf(contrast.df) else special.stdtr(contrast.df, -t))


def _slow_end(case: Case, sign: float, bound: float) -> float:
    """Walk outwards in small steps to the first change the test rejects, then halve the step."""
    kept = case.effect.estimate
    here, _ = case.contrast(kept)
    error = here.error / (abs(case.effect.base) if case.effect.relative else 1.0) or 1e-3
    step = -sign * 0.1 * error
    if _tail(*case.contrast(kept), sign) <= 0.025:
        return kept
    while not case.effect.relative or abs(kept) < 1e6:
        step *= 1.05
        tried = kept + step
        tried = max(bound, tried) if sign > 0.0 else min(bound, tried)
        if _tail(*case.contrast(tried), sign) <= 0.025:
            break
        kept = tried
        if kept == bound:
            return bound
    else:
        return math.copysign(math.inf, step)
    for _ in range(100):
        middle = 0.5 * (kept + tried)
        if _tail(*case.contrast(middle), sign) <= 0.025:
            tried = middle
        else:
            kept = middle
    return kept


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_and_p_values_are_those_of_a_slow_inversion(kind: str) -> None:
    """Whatever the strata, both ends and every p agree with the plain test to a relative 1e-9."""
    rng = Random(kind)
    for _ in range(CASES):
        case = KINDS[kind](rng)
        effect = case.effect
        for change in (0.3, effect.estimate):
            at = case.contrast(change)
            found = effect.p_above(change), effect.p_below(change)
            expected = _tail(*at, 1.0), _tail(*at, -1.0)
            assert found == pytest.approx(expected, rel=RELATIVE, abs=1e-200)
        if effect.exact_when_constant and case.contrast(effect.estimate)[0].is_exact:
            continue
        floor, ceiling = effect.bounds()
        slow = _slow_end(case, 1.0, floor), _slow_end(case, -1.0, ceiling)
        width = min(slow[1] - slow[0], 1.0 + abs(effect.estimate))
        assert effect.interval() == pytest.approx(slow, rel=RELATIVE, abs=RELATIVE * width)


def test_an_interval_ends_at_the_first_change_that_is_rejected() -> None:
    """Where a table without ones makes the test reject 0 it ends there, whatever is kept beyond."""
    tables = [Table(0, 50_000, 0, 1000), Table(1, 10, 0, 100)]
    effect = BinaryEffect.of(tables, relative=False)
    assert effect.p_below(0.0) < 0.025 < effect.p_below(0.001)
    high = effect.interval().high
    assert high < 0.0
    assert effect.p_below(high) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize("paired", [False, True])
def test_an_interval_too_narrow_for_floats_is_its_estimate(paired: bool) -> None:  # noqa: FBT001
    """A mean that all but vanished is a change of -100 %, found without an endless search."""
    base, head = [1.0, 2.0, 3.0, 2.5], [1e-18, 3e-18, 2e-18, 1.5e-18]
    parts = PairMoments.of(base, head) if paired else (Moments.of(base), Moments.of(head))
    assert LinearEffect.of([parts], relative=True).interval() == (-1.0, -1.0)


def test_a_mean_of_next_to_nothing_has_an_interval() -> None:
    """A ratio whose square is no float is no error: its interval begins far above every change."""
    parts = Moments(50, 1e-200, 0.0), Moments(60, 1.0, 0.1)
    interval = LinearEffect.of([parts], relative=True).interval()
    assert interval.low > 1e6
    assert interval.high == math.inf


@pytest.mark.parametrize(
    ("parts", "contrast"),
    [
        ((Moments(60, 0.5, 0.04), Moments(60, -0.3, 0.04)), compare_means),
        (PairMoments(60, 0.5, -0.3, 0.04, 0.04, 0.01), compare_pairs),
    ],
)
def test_an_interval_lies_around_a_mean_that_fell_below_zero(
    parts: tuple[Moments, Moments] | PairMoments, contrast: Callable[..., Contrast]
) -> None:
    """A score that may be negative loses more than 100 %, and the interval is no shorter for it."""
    effect = LinearEffect.of([parts], relative=True)
    assert effect.estimate == pytest.approx(-1.6)
    low, high = effect.interval()
    given = (parts,) if isinstance(parts, PairMoments) else parts
    assert [contrast(*given, 1.0 + end).p_above() for end in (low, high)] == [
        pytest.approx(0.025),
        pytest.approx(0.975),
    ]


def test_a_variance_that_is_no_float_once_divided_is_none() -> None:
    """The variance of a mean of tiny values may be 0 where that of the values is not."""
    parts = Moments(1_000_000, 3e-161, 2.4e-319), Moments(20, -3e-161, 0.0)
    assert LinearEffect.of([parts], relative=True).interval() == (-2.0, -2.0)


@pytest.mark.parametrize("ratio", [0.0, 1e-3, 0.9, 1.0, 1.3, 1e3])
def test_stratified_means_are_the_combined_contrasts(ratio: float) -> None:
    """One loop over all strata says what the contrasts of each say together, tiny values too."""
    rng = Random(7)
    for scale in (1e-150, 1e-6, 1.0, 1e9):
        for n in (1, 2, 5):
            strata = [(_moments(rng, scale), _moments(rng, scale)) for _ in range(n)]
            expected = combine([(_weight(a, b), compare_means(a, b, ratio)) for a, b in strata])
            found = StratifiedMeans(strata).contrast(ratio)
            close = pytest.approx(expected.difference, rel=1e-12, abs=1e-12 * expected.scale)
            assert found.difference == close
            assert (found.error, found.scale) == pytest.approx(
                (expected.error, expected.scale), rel=1e-12, abs=0.0
            )
            assert found.df == pytest.approx(expected.df, rel=1e-9)


@pytest.mark.parametrize("over", [-0.2, -1e-6, 0.0, 1e-9, 3e-5, 0.4, 9.0])
@pytest.mark.parametrize(
    "table",
    [
        Table(3, 3, 10, 10),
        Table(10**5, 10**5, 10**5, 10**5),
        Table(0, 200, 7, 10),
        Table(9, 9, 2, 5),
    ],
)
def test_the_variance_of_a_ratio_keeps_its_digits(table: Table, over: float) -> None:
    """Near ratio 1 and near shares of 1 the variance is that of sixty digits."""
    with localcontext() as context:
        context.prec = 60
        ones_a, n_a, ones_b, n_b = map(Decimal, table)
        ratio, n = Decimal(1.0 + over), n_a + n_b
        a, c = n * ratio, ones_a + ones_b
        b = -(ratio * n_b + ones_b + n_a + ratio * ones_a)
        rate_a = min(Decimal(1), 2 * c / ((b * b - 4 * a * c).sqrt() - b))
        rate_b = min(Decimal(1), ratio * rate_a)
        variance = ratio * ratio * rate_a * (1 - rate_a) / n_a + rate_b * (1 - rate_b) / n_b
        expected = float(variance * n / (n - 1))
    assert score_variance_ratio(table, 1.0 + over) == pytest.approx(expected, rel=1e-9, abs=1e-20)
