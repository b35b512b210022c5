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
from promptreg.stats.limits import merge_means, standing_of
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
    """The evidence on a threshold, whose verdict waits for the adjustment over all metrics.

    Named as in `Judgement`, but for these.

    Attributes:
        p_harm: The p before the adjustment, where no effect is there to be asked.
        effect: What tells that p.
        share: The part of its metric's error rate.
        beyond: Whether the estimate reaches the threshold.
        only_fails: Whether it is told only when it fails.
    """

    threshold: Threshold
    n_base: int = 0
    n_head: int = 0
    relative: bool = False
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: Interval | None = None
    p_harm: float = 1.0
    p_within: float = 1.0
    needed: int | None = None
    note: str = ""
    effect: Effect | None = None
    share: float = 1.0
    beyond: bool = False
    only_fails: bool = False


def judge(
    data: Mapping[str, Sequence[Stratum]],
    thresholds: Sequence[Threshold],
    *,
    brief: bool = False,
) -> tuple[Judgement, ...]:
    """Judge every threshold; a default one without any data on either side is left out.

    Args:
        data: Metric name to its strata, one per model.
        thresholds: What is allowed; sums per period are left to the monitor.
        brief: Leave every `p_harm` at 1 where no estimate reaches its threshold, so that nothing
            can fail: the verdicts are the same, and a report that shows no p saves a tenth.

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
        else:
            family = [_change_candidate(strata, threshold)]
            if not explicit_tail and (guard := _tail_guard(strata, threshold)) is not None:
                family = [family[0]._replace(share=_MEAN_SHARE), guard]
            families.append(family)
    return tuple(_settle(families, brief=brief))


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


def _settle(families: Sequence[Sequence[_Candidate]], *, brief: bool) -> list[Judgement]:
    count = len(families)
    if brief and not any(c.beyond for family in families for c in family):
        return [_decide(c, 1.0, 1.0, count) for f in families for c in f if not c.only_fails]
    harms = [[_p_harm(candidate) for candidate in family] for family in families]
    scaled = [
        min([1.0, *[p / c.share for p, c in zip(own, family, strict=True)]])
        for own, family in zip(harms, families, strict=True)
    ]
    result = []
    for family, own, p, p_family in zip(families, harms, scaled, holm(scaled), strict=True):
        for candidate, p_harm in zip(family, own, strict=True):
            p_own = _adjusted(min(1.0, p_harm / candidate.share), p, p_family, count)
            judgement = _decide(candidate, p_harm, p_own, count)
            if not candidate.only_fails or judgement.verdict is Verdict.FAIL:
                result.append(judgement)
    return result


def _p_harm(candidate: _Candidate) -> float:
    effect = candidate.effect
    if effect is None:
        return candidate.p_harm
    return effect.p_increase() if candidate.threshold.metric.harm > 0 else effect.p_decrease()


def _adjusted(own: float, p: float, p_family: float, count: int) -> float:
    """Return a candidate's p from its family's before and after Holm's adjustment."""
    if own <= p:
        return p_family
    # The family's factor, so that the less certain half of a latency is not carried along; a p too
    # small for a float leaves only its bound, the number of families.
    return min(1.0, max(p_family, p_family * own / p if p else own * count))


def _decide(candidate: _Candidate, raw: float, p_harm: float, metrics: int) -> Judgement:
    verdict, needed = Verdict.INCONCLUSIVE, candidate.needed
    if not candidate.note and candidate.head is not None:
        if p_harm <= FAIL_LEVEL and candidate.beyond:
            verdict = Verdict.FAIL
        elif candidate.p_within < PASS_LEVEL:
            verdict = Verdict.PASS
        else:
            needed = _needed(candidate, raw, metrics)
    return Judgement(
        candidate.threshold,
        verdict,
        candidate.base,
        candidate.head,
        candidate.change,
        candidate.interval,
        candidate.relative,
        candidate.n_base,
        candidate.n_head,
        p_harm,
        candidate.p_within,
        needed,
        candidate.note,
    )


def _needed(candidate: _Candidate, p_harm: float, metrics: int) -> int | None:
    """Return how many more observations a side would settle it if the estimate is the truth."""
    if candidate.beyond:
        score, level = -normal_ppf(p_harm), FAIL_LEVEL * candidate.share / metrics
    else:
        score, level = -normal_ppf(candidate.p_within), PASS_LEVEL
    n_head = candidate.n_head
    n_base = candidate.n_base or n_head
    effective = 2.0 * n_base * n_head / (n_base + n_head)
    target = effective * growth_needed(score, level)
    if not target <= _MOST_NEEDED:
        return None
    return max(1, math.ceil(target) - min(n_base, n_head))


def _change_candidate(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate:
    kept = usable(strata, threshold.metric)
    sizes = sizes_of(kept)
    note = obstacle(strata, kept, sizes, threshold)
    if note:
        return _blocked(strata, sizes, threshold, note)
    if threshold.statistic != "p95":
        return _with_effect(change_effect(kept, threshold), sizes, threshold)
    effect = tail_effect(kept)
    if effect is None:
        needed = max(1, TAIL_MINIMUM - min(sizes))
        note = f"a p95 needs {TAIL_MINIMUM} values a side"
        return _Candidate(threshold, *sizes, relative=True, note=note, needed=needed)
    return _with_effect(effect, sizes, threshold)


def _tail_guard(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate | None:
    """Watch the p95 beside a mean latency: a slow tenth of the calls hides in the mean."""
    if threshold.metric.name != "latency" or threshold.form is not Form.RELATIVE:
        return None
    if all(stratum.base.tail is None or stratum.head.tail is None for stratum in strata):
        return None
    candidate = _change_candidate(strata, threshold._replace(statistic="p95"))
    if not isinstance(candidate.effect, TailEffect):
        return None
    return candidate._replace(share=_TAIL_SHARE, only_fails=True)


def _with_effect(effect: Effect, sizes: tuple[int, int], threshold: Threshold) -> _Candidate:
    n_base, n_head = sizes
    base, head, relative = effect.base, effect.head, effect.relative
    if relative and base == head == 0.0:
        # Both sides are one and the same zero, of which there are no shares.
        none = Interval(0.0, 0.0)
        return _Candidate(threshold, n_base, n_head, relative, base, head, 0.0, none, p_within=0.0)
    harm, change = threshold.metric.harm, effect.estimate
    allowed = threshold.value * harm
    harmful = change * harm
    return _Candidate(
        threshold,
        n_base,
        n_head,
        relative,
        base,
        head,
        change,
        effect.interval(),
        p_within=effect.p_below(allowed) if harm > 0 else effect.p_above(allowed),
        effect=effect,
        beyond=harmful > 0.0 and harmful >= threshold.value - _TOLERANCE,
    )


def _limit_candidate(strata: Sequence[Stratum], threshold: Threshold) -> _Candidate:
    samples = [stratum.head for stratum in strata]
    n = sum(sample.n for sample in samples)
    least = TAIL_MINIMUM if threshold.statistic == "p95" else MINIMUM
    standing = standing_of(samples, threshold) if n >= least else None
    if standing is None:
        note = f"no {threshold.metric.name}" if not n else f"fewer than {least} values"
        return _Candidate(threshold, n_head=n, note=note, needed=max(1, least - n))
    return _Candidate(
        threshold,
        n_head=standing.n,
        head=standing.value,
        interval=standing.interval,
        p_harm=standing.p_over,
        p_within=standing.p_kept,
        beyond=(standing.value - threshold.value) * threshold.metric.harm > 0.0,
    )


def _blocked(
    strata: Sequence[Stratum], sizes: tuple[int, int], threshold: Threshold, note: str
) -> _Candidate:
    """Return what there is to say of a change that cannot be judged."""
    base, head = _overall([s.base for s in strata]), _overall([s.head for s in strata])
    fewest = min(sizes)
    needed = MINIMUM - fewest if base is not None and fewest < MINIMUM else None
    is_relative = threshold.form is Form.RELATIVE
    return _Candidate(threshold, *sizes, is_relative, base, head, needed=needed, note=note)


def _overall(samples: Sequence[Sample]) -> float | None:
    n, mean = merge_means([sample.linear for sample in samples])
    return mean if n else None
