"""Winners among two or more arms, and none that the statistics do not carry; pure.

Arms are compared within strata, which are models: a version that happened to be called with a
better model more often is not a better version (Simpson's paradox).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from promptreg.stats.decision import ArmComparison, Decision, State
from promptreg.stats.distributions import chi2_sf, normal_sf
from promptreg.stats.gate import holm
from promptreg.stats.kernel import Contrast, StratifiedMeans
from promptreg.stats.limits import merge_moments
from promptreg.stats.metrics import Metric, Scale, ab_scale
from promptreg.stats.samples import Moments
from promptreg.stats.sequential import Boundaries, Look, anytime, normal_score, planned
from promptreg.stats.student import t_isf

__all__ = [
    "FRACTIONS",
    "LEAST_PER_ARM",
    "decide",
    "decide_between",
    "decide_within",
    "sample_ratio_p",
    "standardized",
]

LEAST_PER_ARM = 20
"""Below this many values an arm takes part in no decision."""

Strata = Sequence[Mapping[str, Moments]]
"""For each model the moments of each arm."""

FRACTIONS = tuple(i / 10 for i in range(1, 11))
"""The checkpoints of a planned test, as shares of its greatest number of samples."""

_EMPTY = Moments(0, 0.0, 0.0)
_COLLECTING = Decision(State.COLLECTING, None, 0.0, ())


def decide(
    arms: Mapping[str, Moments],
    metric: Metric,
    *,
    alpha: float = 0.05,
    mde: float | None = None,
    look: int | None = None,
) -> Decision:
    """Decide among arms whose values all come from one model, the first arm being the control.

    Args:
        arms: Moments of each arm, of logarithms where `ab_scale(metric)` is LOG.
        metric: See `decide_within`.
        alpha: See `decide_within`.
        mde: See `decide_within`.
        look: See `decide_within`.
    """
    if len(arms) == 2 and look is None:  # noqa: PLR2004 - a pair
        (one, a), (other, b) = arms.items()
        return decide_between((one, other), [(a, b)], metric, alpha=alpha, mde=mde)
    return decide_within([arms], metric, alpha=alpha, mde=mde, look=look)


def decide_within(
    strata: Strata,
    metric: Metric,
    *,
    alpha: float = 0.05,
    mde: float | None = None,
    look: int | None = None,
    earlier: Sequence[Strata] = (),
    brief: bool = False,
) -> Decision:
    """Decide among arms that are compared within each stratum, the first being the control.

    The strata's differences are weighted by ``n_a n_b / (n_a + n_b)``: the least-squares estimate
    in a linear model with a level for each stratum. See `anytime` and `Boundaries` for why one may
    still look again and again.

    Args:
        strata: For each model the moments of every arm, of logarithms where `ab_scale(metric)` is
            LOG; empty moments where an arm has no values of a model.
        metric: What is measured; without a direction nobody wins.
        alpha: Two-sided error rate over all looks and all pairs.
        mde: The relative difference that would matter: when all intervals lie within it, the
            arms are equivalent.
        look: Number of the planned checkpoint, from 0; None for a test without a plan.
        earlier: The strata at the checkpoints before; each stood for a tenth when none are given.
        brief: Take the fixed test's p, the least it can be, wherever that is above `alpha`: the
            winner is the same, and a planned look costs a tenth.
    """
    arms = list(dict.fromkeys([arm for stratum in strata for arm in stratum]))
    if len(arms) == 2 and look is None:  # noqa: PLR2004 - a pair
        one, other = arms
        values = [(s.get(one, _EMPTY), s.get(other, _EMPTY)) for s in strata]
        return decide_between((one, other), values, metric, alpha=alpha, mde=mde)
    both = {
        (base, arm): _shared(strata, base, arm) for base, arm in itertools.combinations(arms, 2)
    }
    if not both or min(map(_fewest, both.values())) < LEAST_PER_ARM:
        return _COLLECTING
    level = alpha / len(both)
    compared = []
    for (base, arm), values in both.items():
        means = StratifiedMeans(values)
        contrast = means.unscaled
        information = [_information(_shared(past, base, arm)) for past in earlier]
        information.append(means.information)
        seen = _look(contrast, look, level, information, enough=alpha if brief else 1.0)
        compared.append(_comparison((base, arm), contrast.difference, means.base, metric, seen))
    compared = _adjusted(compared)
    control = arms[0]
    against = tuple(_adjusted([pair for pair in compared if pair.base == control]))
    pairs = {(pair.base, pair.arm): pair for pair in compared}
    winner = _winner(arms, pairs, metric, alpha)
    if winner is not None:
        weakest = max(p.p_adjusted for p in compared if winner in {p.base, p.arm})
        return Decision(State.WINNER, winner, 1.0 - weakest, against)
    return _undecided(pairs, against, metric, mde, look)


def decide_between(
    arms: tuple[str, str],
    values: Iterable[tuple[Moments, Moments]],
    metric: Metric,
    *,
    alpha: float = 0.05,
    mde: float | None = None,
) -> Decision:
    """Decide between two arms without a plan, which is what a report asks a million times.

    Args:
        arms: The control, and the other one.
        values: For each model the moments of both; see `decide_within`.
        metric: See `decide_within`.
        alpha: See `decide_within`.
        mde: See `decide_within`.
    """
    both = []
    n_base = n_arm = 0
    for a, b in values:
        if a.n > 1 and b.n > 1:
            both.append((a, b))
            n_base += a.n
            n_arm += b.n
    if n_base < LEAST_PER_ARM or n_arm < LEAST_PER_ARM:
        return _COLLECTING
    means = StratifiedMeans(both)
    contrast = means.unscaled
    seen = anytime(contrast, means.information, alpha)
    pair = _comparison(arms, contrast.difference, means.base, metric, seen)
    gain = -pair.change * metric.harm
    # Not `if gain`: an endless change of what has no direction makes it NaN.
    if pair.p <= alpha and (gain > 0.0 or gain < 0.0):
        return Decision(State.WINNER, arms[gain > 0.0], 1.0 - pair.p, (pair,))
    is_within = mde is not None and -mde <= pair.low and pair.high <= mde
    state = State.EQUIVALENT if is_within else State.RUNNING
    return Decision(state, None, 1.0 - pair.p, (pair,), _directionless(metric))


def standardized(strata: Strata) -> dict[str, Moments]:
    """Return each arm's moments as if all arms had been called with the same mix of models.

    Args:
        strata: For each model the moments of every arm.

    Returns:
        Number, mean at the common mix, and the variance within models. Only models that every arm
        has at least two values of count; without any, the moments of all values together.
    """
    arms = list(dict.fromkeys(arm for stratum in strata for arm in stratum))
    shared = [s for s in strata if all(arm in s and s[arm].n > 1 for arm in arms)]
    if not shared:
        return {arm: merge_moments([s[arm] for s in strata if arm in s]) for arm in arms}
    # For two arms these are the weights of the comparison.
    weights = [1.0 / math.fsum(1.0 / s[arm].n for arm in arms) for s in shared]
    total = math.fsum(weights)
    result = {}
    for arm in arms:
        own = [s[arm] for s in shared]
        n = sum(moments.n for moments in own)
        mean = math.fsum(w * m.mean for w, m in zip(weights, own, strict=True)) / total
        var = math.fsum((m.n - 1) * m.var for m in own) / (n - len(own))
        result[arm] = Moments(n, mean, var)
    return result


def sample_ratio_p(counts: Sequence[int], weights: Sequence[float] | None = None) -> float:
    """Return the chi-squared p of the arms' sizes against how they were meant to be split.

    Args:
        counts: Units assigned to each arm.
        weights: Their intended shares, equal by default; need not add up to 1.
    """
    shares = list(weights) if weights is not None else [1.0] * len(counts)
    total, whole = sum(counts), math.fsum(shares)
    if total == 0 or len(counts) < 2:  # noqa: PLR2004 - one arm has no ratio
        return 1.0
    expected = [total * share / whole for share in shares]
    statistic = math.fsum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True))
    return chi2_sf(statistic, len(counts) - 1)


def _shared(strata: Strata, base: str, arm: str) -> list[tuple[Moments, Moments]]:
    """Return both arms within the strata that have two values of both."""
    both = [(s.get(base, _EMPTY), s.get(arm, _EMPTY)) for s in strata]
    return [(a, b) for a, b in both if a.n > 1 and b.n > 1]


def _fewest(both: Sequence[tuple[Moments, Moments]]) -> int:
    """Return how many values the smaller arm has."""
    return min(sum([a.n for a, _ in both]), sum([b.n for _, b in both]))


def _information(both: Sequence[tuple[Moments, Moments]]) -> float:
    return sum([a.n * b.n / (a.n + b.n) for a, b in both])


def _look(
    contrast: Contrast, look: int | None, alpha: float, grown: Sequence[float], *, enough: float
) -> Look:
    if look is None:
        return anytime(contrast, grown[-1], alpha)
    if contrast.is_exact:
        return Look(min(contrast.p_above(), contrast.p_below()), 0.0)
    information = tuple(grown) if len(grown) > 1 else FRACTIONS[: look + 1]
    boundary = Boundaries(alpha, FRACTIONS, information).at(look)
    tail = normal_sf(boundary)
    half = t_isf(tail, contrast.df) * contrast.error if tail > 0.0 else math.inf
    score = normal_score(contrast)
    fixed = 2.0 * normal_sf(abs(score))
    return Look(
        fixed if fixed > enough else planned(score, look, FRACTIONS, information),
        half,
    )


def _comparison(
    arms: tuple[str, str], difference: float, base_mean: float, metric: Metric, seen: Look
) -> ArmComparison:
    (base, arm), (p, half) = arms, seen
    low, high = difference - half, difference + half
    if ab_scale(metric) is Scale.LOG:
        change, low, high = _growth(difference), _growth(low), _growth(high)
        return ArmComparison(base, arm, change, low, high, p, p)
    if base_mean == 0.0:
        moved = (difference, low, high)
        change, low, high = [math.copysign(math.inf, end) if end else 0.0 for end in moved]
        return ArmComparison(base, arm, change, low, high, p, p, moved)
    unit = abs(base_mean)
    return ArmComparison(base, arm, difference / unit, low / unit, high / unit, p, p)


def _growth(difference: float) -> float:
    """Return the relative change that a difference of logarithms is."""
    # The greatest double is about exp(709.78).
    return math.expm1(difference) if difference < 709.0 else math.inf  # noqa: PLR2004


def _adjusted(comparisons: Sequence[ArmComparison]) -> list[ArmComparison]:
    if len(comparisons) == 1:
        return [*comparisons]
    adjusted = holm([comparison.p for comparison in comparisons])
    return [c._replace(p_adjusted=p) for c, p in zip(comparisons, adjusted, strict=True)]


def _winner(
    names: Sequence[str],
    pairs: Mapping[tuple[str, str], ArmComparison],
    metric: Metric,
    alpha: float,
) -> str | None:
    if min([pair.p_adjusted for pair in pairs.values()]) > alpha:
        return None

    def beats(one: str, other: str) -> bool:
        pair = pairs.get((other, one)) or pairs[one, other]
        gain = pair.change if pair.arm == one else -pair.change
        return pair.p_adjusted <= alpha and gain * metric.harm < 0.0

    for name in names:
        if all(beats(name, other) for other in names if other != name):
            return name
    return None


def _undecided(
    pairs: Mapping[tuple[str, str], ArmComparison],
    against: tuple[ArmComparison, ...],
    metric: Metric,
    mde: float | None,
    look: int | None,
) -> Decision:
    strongest = 1.0 - min([pair.p_adjusted for pair in pairs.values()])
    return Decision(_open_state(pairs, mde, look), None, strongest, against, _directionless(metric))


def _directionless(metric: Metric) -> str:
    """Say why there can be no winner, where that is so."""
    return "" if metric.harm else f"nobody said whether a higher {metric.name} is better"


def _open_state(
    pairs: Mapping[tuple[str, str], ArmComparison], mde: float | None, look: int | None
) -> State:
    within = mde is not None and all(
        -mde <= pair.low and pair.high <= mde for pair in pairs.values()
    )
    if within:
        return State.EQUIVALENT
    return State.EXHAUSTED if look == len(FRACTIONS) - 1 else State.RUNNING
