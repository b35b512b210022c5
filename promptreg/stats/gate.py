"""The regression gate: a three-way verdict per metric; pure.

- fail: the change is real (Holm-adjusted one-sided p against "no change" at most .01) and at least
  as large as the threshold;
- pass: a change as large as the threshold is ruled out (one-sided p below .05);
- inconclusive: neither, with the number of samples that would settle it.

"Cannot tell" is kept apart from both, because a build that is green for lack of data teaches
nobody anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from promptreg.stats.distributions import normal_ppf
from promptreg.stats.effects import Effect, Interval
from promptreg.stats.evidence import (
    MINIMUM,
    Stratum,
    change_effect,
    obstacle,
    sizes_of,
    tail_effect,
    usable,
)
from promptreg.stats.limits import Standing, merge_means, standing_of
from promptreg.stats.means import TailEffect
from promptreg.stats.power import growth_needed
from promptreg.stats.samples import TAIL_MINIMUM, Sample
from promptreg.stats.thresholds import Form, Threshold

__all__ = ["FAIL_LEVEL", "PASS_LEVEL", "Judgement", "Verdict", "holm", "judge", "worst"]

FAIL_LEVEL = 0.01
PASS_LEVEL = 0.05
_TOLERANCE = 1e-12
_MOST_NEEDED = 1_000_000
# Latency is one hypothesis with two looks, the mean and the p95, which share its error rate: so
# watching the tail costs the other metrics nothing. The tail has the greater share: the mean fails
# only beyond its threshold, which from some 180 calls a side on asks for more than a quarter.
_MEAN_SHARE, _TAIL_SHARE = 0.25, 0.75


class Verdict(StrEnum):
    """What the data says about one metric, or about several together."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Judgement(NamedTuple):
    """The verdict on one threshold with its evidence.

    Attributes:
        threshold: What was allowed.
        verdict: What the data says.
        base: The base's value in the metric's unit; None without data and for limits.
        head: The head's value; None without data.
        change: Relative (.1 is +10 %) or absolute, as `relative` says; None when unknown.
        interval: Of the change at level .95; for limits of the head's value.
        relative: Whether the change is a share of the base.
        n_base: Observations of the base.
        n_head: Observations of the head.
        p_harm: Holm-adjusted one-sided p against "no harm" (for limits: "the limit is kept").
        p_within: One-sided p against "the threshold is reached".
        needed: How many more observations a side would settle it; None when unknown.
        note: Why it cannot be told, or what to know.
    """

    threshold: Threshold
    verdict: Verdict
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: Interval | None = None
    relative: bool = True
    n_base: int = 0
    n_head: int = 0
    p_harm: float = 1.0
    p_within: float = 1.0
    needed: int | None = None
    note: str = ""


class _Candidate(NamedTuple):
    """A judgement whose verdict waits for the adjustment over all metrics."""

    draft: Judgement
    p_harm: float
    share: float = 1.0
    effect: Effect | None = None
    beyond: bool = False
    only_fails: bool = False


def judge(
    data: Mapping[str, Sequence[Stratum]], thresholds: Sequence[Threshold]
) -> tuple[Judgement, ...]:
    """Judge every threshold; a default one without any data on either side is left out.

    Args:
        data: Metric name to its strata, one per model.
        thresholds: What is allowed; sums per period are left to the monitor.

    Returns:
        Judgements in the order of the thresholds; after a latency its p95, when that fails.
    """
    families: list[list[_Candidate]] = []
    explicit_tail = any(t.statistic == "p95" and t.form is Form.RELATIVE for t in thresholds)
    for threshold in thresholds:
        strata = data.get(threshold.metric.name, ())
        if threshold.period is not None or _is_silent(strata, threshold):
            continue
        if threshold.form is Form.LIMIT:
            families.append([_limit_candidate(strata, threshold)])
        elif threshold.statistic == "p95":
            families.append([_tail_candidate(strata, threshold)])
        else:
            family = [_change_candidate(strata, threshold)]
            if not explicit_tail and (guard := _tail_guard(strata, threshold)) is not None:
                family = [family[0]._replace(share=_MEAN_SHARE), guard]
            families.append(family)
    return tuple(_settle(families))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the given order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    greatest = 0.0
    for rank, index in enumerate(order):
        greatest = max(greatest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = greatest
    return adjusted


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of several together: one fail fails, one unknown leaves it open."""
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


def _is_silent(strata: Sequence[Stratum], threshold: Threshold) -> bool:
    return not threshold.explicit and not any(s.base.n or s.head.n for s in strata)


def _settle(families: Sequence[Sequence[_Candidate]]) -> list[Judgement]:
    scaled = [min(1.0, *(c.p_harm / c.share for c in family)) for family in families]
    adjusted = holm(scaled)
    result = []
    for family, p, p_family in zip(families, scaled, adjusted, strict=True):
        for candidate in family:
            own = min(1.0, candidate.p_harm / candidate.share)
            p_own = p_family
            if own > p:
                # The family's factor, so that the less certain half of a latency is not carried
                # along; a p too small for a float leaves only its bound, the number of families.
                factored = p_family * own / p if p else own * len(families)
                p_own = min(1.0, max(p_family, factored))
            judgement = _decide(candidate, p_own, len(families))
            if not candidate.only_fails or judgement.verdict is Verdict.FAIL:
                result.append(judgement)
    return result


def _decide(candidate: _Candidate, p_harm: float, metrics: int) -> Judgement:
    draft = candidate.draft
    verdict, needed = draft.verdict, draft.needed
    if not draft.note and draft.head is not None:
        if p_harm <= FAIL_LEVEL and candidate.beyond:
            verdict = Verdict.FAIL
        elif draft.p_within < PASS_LEVEL:
            verdict = Verdict.PASS
        else:
            needed = _needed(candidate, metrics)
    return draft._replace(verdict=verdict, p_harm=p_harm, needed=needed)


def _needed(candidate: _Candidate, metrics: int) -> int | None:
    """Return how many more observations a side would settle it if the estimate is the truth."""
    draft = candidate.draft
    if candidate.beyond:
        score, level = -normal_ppf(candidate.p_harm), FAIL_LEVEL * candidate.share / metrics
    else:
        score, level = -normal_ppf(draft.p_within), PASS_LEVEL
    n_base = draft.n_base or draft.n_head
    effective = 2.0 * n_base * draft.n_head / (n_base + draft.n_head)
    target = effective * growth_needed(score, level)
    if not target <= _MOST_NEEDED:
        return None
    return max(1, math.ceil(target) - min(n_base, draft.n_head))


def _change_candidate(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate:
    kept = usable(strata, threshold.metric)
    draft = _draft(strata, kept, threshold)
    if draft.note:
        return _Candidate(draft, 1.0)
    return _with_effect(draft, change_effect(kept, threshold), threshold)


def _tail_candidate(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate:
    kept = usable(strata, threshold.metric)
    draft = _draft(strata, kept, threshold)
    if draft.note:
        return _Candidate(draft, 1.0)
    effect = tail_effect(kept)
    if effect is None:
        missing = TAIL_MINIMUM - min(draft.n_base, draft.n_head)
        note = f"a p95 needs {TAIL_MINIMUM} values a side"
        return _Candidate(draft._replace(note=note, needed=max(1, missing)), 1.0)
    return _with_effect(draft, effect, threshold)


def _tail_guard(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate | None:
    """Watch the p95 beside a mean latency: a slow tenth of the calls hides in the mean."""
    if threshold.metric.name != "latency" or threshold.form is not Form.RELATIVE:
        return None
    if all(stratum.base.tail is None or stratum.head.tail is None for stratum in strata):
        return None
    candidate = _tail_candidate(strata, threshold._replace(statistic="p95"))
    if not isinstance(candidate.effect, TailEffect):
        return None
    return candidate._replace(share=_TAIL_SHARE, only_fails=True)


def _with_effect(draft: Judgement, effect: Effect, threshold: Threshold) -> _Candidate:
    allowed = threshold.value * threshold.metric.harm
    if _is_equal(effect):
        same = draft._replace(
            base=effect.base,
            head=effect.head,
            change=0.0,
            interval=Interval(0.0, 0.0),
            relative=effect.relative,
            p_within=0.0,
        )
        return _Candidate(same, 1.0, effect=effect)
    if allowed > 0 or (allowed == 0 and threshold.metric.harm > 0):
        p_harm, p_within = effect.p_increase(), effect.p_below(allowed)
    else:
        p_harm, p_within = effect.p_decrease(), effect.p_above(allowed)
    judged = draft._replace(
        base=effect.base,
        head=effect.head,
        change=effect.estimate,
        interval=effect.interval(),
        relative=effect.relative,
        p_within=p_within,
    )
    harm = effect.estimate * threshold.metric.harm
    beyond = harm > 0.0 and harm >= threshold.value - _TOLERANCE
    return _Candidate(judged, p_harm, effect=effect, beyond=beyond)


def _is_equal(effect: Effect) -> bool:
    """Tell whether both sides are one and the same zero, of which there are no shares."""
    return effect.relative and effect.base == effect.head == 0.0


def _limit_candidate(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate:
    samples = [stratum.head for stratum in strata]
    n = sum(sample.n for sample in samples)
    draft = Judgement(threshold, Verdict.INCONCLUSIVE, n_head=n, relative=False)
    least = TAIL_MINIMUM if threshold.statistic == "p95" else MINIMUM
    standing = standing_of(samples, threshold) if n >= least else None
    if standing is None:
        note = f"no {threshold.metric.name}" if not n else f"fewer than {least} values"
        return _Candidate(draft._replace(note=note, needed=max(1, least - n)), 1.0)
    return _limit_judged(draft, standing, threshold)


def _limit_judged(draft: Judgement, standing: Standing, threshold: Threshold) -> _Candidate:
    judged = draft._replace(
        head=standing.value,
        interval=standing.interval,
        n_head=standing.n,
        p_within=standing.p_kept,
    )
    beyond = (standing.value - threshold.value) * threshold.metric.harm > 0.0
    return _Candidate(judged, standing.p_over, beyond=beyond)


def _draft(strata: Sequence[Stratum], kept: Sequence[Stratum], threshold: Threshold) -> Judgement:
    n_base, n_head = sizes = sizes_of(kept)
    note = obstacle(strata, kept, sizes, threshold)
    bare = Judgement(
        threshold,
        Verdict.INCONCLUSIVE,
        relative=threshold.form is Form.RELATIVE,
        n_base=n_base,
        n_head=n_head,
        note=note,
    )
    if not note:
        return bare
    means = [_overall([s.base for s in strata]), _overall([s.head for s in strata])]
    fewest = min(n_base, n_head)
    needed = MINIMUM - fewest if means[0] is not None and fewest < MINIMUM else None
    return bare._replace(base=means[0], head=means[1], needed=needed)


def _overall(samples: Sequence[Sample]) -> float | None:
    n, mean = merge_means([sample.linear for sample in samples])
    return mean if n else None
