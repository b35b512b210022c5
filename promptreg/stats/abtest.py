"""Winners among two or more arms, and none that the statistics do not carry; pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import chi2_sf, normal_sf, t_isf
from promptreg.stats.gate import holm
from promptreg.stats.kernel import compare_means
from promptreg.stats.metrics import Metric, Scale, ab_scale
from promptreg.stats.samples import Moments
from promptreg.stats.sequential import Boundaries, Look, anytime, normal_score, planned

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast
    from promptreg.stats.samples import PairMoments

__all__ = [
    "FRACTIONS",
    "LEAST_PER_ARM",
    "ArmComparison",
    "Decision",
    "State",
    "covariate_adjusted",
    "decide",
    "sample_ratio_p",
]

LEAST_PER_ARM = 20
"""Below this many values an arm takes part in no decision."""

FRACTIONS = tuple(i / 10 for i in range(1, 11))
"""The checkpoints of a planned test, as shares of its greatest number of samples."""


class State(StrEnum):
    """Where an A/B test stands; the last three are final."""

    COLLECTING = "collecting"
    RUNNING = "running"
    WINNER = "winner"
    EQUIVALENT = "equivalent"
    EXHAUSTED = "exhausted"

    @property
    def is_ready(self) -> bool:
        """Whether there is an answer."""
        return self in {State.WINNER, State.EQUIVALENT, State.EXHAUSTED}


class ArmComparison(NamedTuple):
    """One arm against another; changes are shares of the first one's mean.

    Attributes:
        base: The arm it is compared with.
        arm: The arm.
        change: Relative change of the mean (of the geometric mean on the log scale).
        low: Lower end of its interval, valid however often one looks.
        high: Upper end.
        p: Two-sided p-value, valid however often one looks.
        p_adjusted: The same after Holm's adjustment over the pairs it was compared among.
    """

    base: str
    arm: str
    change: float
    low: float
    high: float
    p: float
    p_adjusted: float

    @property
    def confidence(self) -> float:
        """1 - p, adjusted."""
        return 1.0 - self.p_adjusted


class Decision(NamedTuple):
    """What the data of all arms say.

    Attributes:
        state: Where the test stands.
        winner: The arm that beats every other one; None when there is none.
        confidence: 1 - p of the weakest comparison that the winner wins, or of the strongest
            comparison when nobody does.
        comparisons: Every arm against the control, adjusted over these.
        note: Why there can be no winner.
    """

    state: State
    winner: str | None
    confidence: float
    comparisons: tuple[ArmComparison, ...]
    note: str = ""


def decide(
    arms: Mapping[str, Moments],
    metric: Metric,
    *,
    alpha: float = 0.05,
    mde: float | None = None,
    look: int | None = None,
) -> Decision:
    """Decide among arms, the first of which is the control.

    Args:
        arms: Moments of each arm, of logarithms where `ab_scale(metric)` is LOG.
        metric: What is measured; without a direction nobody wins.
        alpha: Two-sided error rate over all looks and all pairs.
        mde: The relative difference that would matter: when all intervals lie within it, the
            arms are equivalent.
        look: Number of the planned checkpoint, from 0; None for a test without a plan.
    """
    if len(arms) < 2 or min(arm.n for arm in arms.values()) < LEAST_PER_ARM:  # noqa: PLR2004
        return Decision(State.COLLECTING, None, 0.0, ())
    pairs = {
        (base, arm): _compare(arms, base, arm, metric, alpha / _pairs(len(arms)), look)
        for base, arm in itertools.combinations(arms, 2)
    }
    pairs = dict(zip(pairs, _adjusted(list(pairs.values())), strict=True))
    control = next(iter(arms))
    against = _adjusted([pair for (base, _), pair in pairs.items() if base == control])
    winner = _winner(list(arms), pairs, metric, alpha)
    if winner is not None:
        weakest = max(p.p_adjusted for (a, b), p in pairs.items() if winner in {a, b})
        return Decision(State.WINNER, winner, 1.0 - weakest, tuple(against))
    strongest = max(pair.confidence for pair in pairs.values())
    note = "" if metric.harm else f"nobody said whether a higher {metric.name} is better"
    return Decision(_open_state(pairs, mde, look), None, strongest, tuple(against), note)


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


def covariate_adjusted(arms: Mapping[str, PairMoments]) -> dict[str, Moments]:
    """Return each arm's moments without what a covariate explains (analysis of covariance).

    Deng et al., WSDM 2013. Input tokens explain nearly half of a cost's variance, and no version
    changes them.

    Args:
        arms: For each arm the joint moments of (covariate, outcome).
    """
    present = [arm for arm in arms.values() if arm.n > 1]
    spread = math.fsum((arm.n - 1) * arm.var_a for arm in present)
    slope = math.fsum((arm.n - 1) * arm.cov for arm in present) / spread if spread else 0.0
    total = sum(arm.n for arm in arms.values())
    centre = math.fsum(arm.n * arm.mean_a for arm in arms.values()) / total if total else 0.0
    return {
        name: Moments(
            arm.n,
            arm.mean_b - slope * (arm.mean_a - centre),
            max(0.0, arm.var_b - 2.0 * slope * arm.cov + slope * slope * arm.var_a),
        )
        for name, arm in arms.items()
    }


def _pairs(arms: int) -> int:
    return arms * (arms - 1) // 2


def _compare(
    arms: Mapping[str, Moments], base: str, arm: str, metric: Metric, alpha: float, look: int | None
) -> ArmComparison:
    a, b = arms[base], arms[arm]
    contrast = compare_means(a, b)
    seen = anytime(contrast, a.n, b.n, alpha) if look is None else _planned(contrast, look, alpha)
    low, high = contrast.difference - seen.half_width, contrast.difference + seen.half_width
    change = _share(contrast.difference, a, metric)
    bounds = _share(low, a, metric), _share(high, a, metric)
    return ArmComparison(base, arm, change, *bounds, p=seen.p, p_adjusted=seen.p)


def _planned(contrast: Contrast, look: int, alpha: float) -> Look:
    if contrast.is_exact:
        return Look(min(contrast.p_above(), contrast.p_below()), 0.0)
    score = normal_score(contrast)
    boundary = Boundaries(alpha, FRACTIONS).scores[look]
    tail = normal_sf(boundary)
    half = t_isf(tail, contrast.df) * contrast.error if tail > 0.0 else math.inf
    return Look(planned(score, look, FRACTIONS), half)


def _share(difference: float, base: Moments, metric: Metric) -> float:
    """Return a difference as a share of the base's mean."""
    if ab_scale(metric) is Scale.LOG:
        # The greatest double is about exp(709.78).
        return math.expm1(difference) if difference < 709.0 else math.inf  # noqa: PLR2004
    if base.mean == 0.0:
        return math.copysign(math.inf, difference) if difference else 0.0
    return difference / abs(base.mean)


def _adjusted(comparisons: Sequence[ArmComparison]) -> list[ArmComparison]:
    adjusted = holm([comparison.p for comparison in comparisons])
    return [c._replace(p_adjusted=p) for c, p in zip(comparisons, adjusted, strict=True)]


def _winner(
    names: Sequence[str],
    pairs: Mapping[tuple[str, str], ArmComparison],
    metric: Metric,
    alpha: float,
) -> str | None:
    def beats(one: str, other: str) -> bool:
        pair = pairs.get((other, one)) or pairs[one, other]
        gain = pair.change if pair.arm == one else -pair.change
        return pair.p_adjusted <= alpha and gain * metric.harm < 0.0

    for name in names:
        if all(beats(name, other) for other in names if other != name):
            return name
    return None


def _open_state(
    pairs: Mapping[tuple[str, str], ArmComparison], mde: float | None, look: int | None
) -> State:
    within = mde is not None and all(
        -mde <= pair.low and pair.high <= mde for pair in pairs.values()
    )
    if within:
        return State.EQUIVALENT
    return State.EXHAUSTED if look == len(FRACTIONS) - 1 else State.RUNNING
