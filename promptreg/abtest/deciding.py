"""From the observations of each arm, in time order, to a decision; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from promptreg.stats.abtest import FRACTIONS, Strata, decide_within, standardized
from promptreg.stats.decision import Decision, State
from promptreg.stats.metrics import Metric, Scale, ab_scale
from promptreg.stats.power import Plan, needed_per_arm
from promptreg.stats.samples import Moments, Sample
from promptreg.values import dataclass

__all__ = [
    "PILOT_PER_ARM",
    "Observation",
    "Settings",
    "moments_of",
    "more_needed",
    "planned_decision",
    "planned_size",
    "scaled",
    "strata_of",
]

PILOT_PER_ARM = 50
"""How many first observations an arm set the size of a test that was planned by its MDE."""

_UNEVEN = (
    "the plan's rows, the first in time, hold too few of one arm on the same model: "
    "run both arms at the same time"
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one arm, in the metric's unit; the model it came from may be unknown."""

    arm: str
    value: float
    model: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a test decides.

    Attributes:
        alpha: Two-sided error rate over all looks and arms.
        mde: The relative difference that would matter.
        max_samples: The greatest number per arm; makes it a planned test.
    """

    alpha: float = 0.05
    mde: float | None = None
    max_samples: int | None = None


def scaled(values: Sequence[float], metric: Metric) -> list[float]:
    """Return values as they are compared: logarithms for latency, cost and tokens."""
    if ab_scale(metric) is Scale.LOG:
        return [math.log(value) for value in values if value > 0.0]
    return list(values)


def moments_of(sample: Sample, metric: Metric) -> Moments:
    """Return the moments of a sample on the scale its metric is compared on."""
    return sample.log if ab_scale(metric) is Scale.LOG else sample.linear


def planned_size(
    arms: Sequence[str], rows: Sequence[Observation], metric: Metric, mde: float, alpha: float
) -> int | None:
    """Return the size per arm that finds `mde`, from the first observations alone.

    A fixed prefix sets it, so that it does not move while the test runs.

    Args:
        arms: The arms' names.
        rows: Observations in time order.
        metric: What is measured.
        mde: The relative difference to find, with a chance of 80 %.
        alpha: Two-sided error rate.

    Returns:
        None while an arm has no 50 observations yet, or when no practical number would do.
    """
    pilot = []
    for arm in arms:
        own = [row for row in rows if row.arm == arm and scaled([row.value], metric)]
        if len(own) < PILOT_PER_ARM:
            return None
        ((_, moments),) = standardized(strata_of([arm], own[:PILOT_PER_ARM], metric)).items()
        pilot.append(moments)
    difference = _difference(pilot[0], metric, mde)
    variance = max(moments.var for moments in pilot)
    size = needed_per_arm(variance, variance, difference, alpha=alpha, plan=Plan.SEQUENTIAL)
    return max(size, PILOT_PER_ARM) if size is not None else None


def planned_decision(
    arms: Sequence[str], rows: Sequence[Observation], metric: Metric, settings: Settings
) -> Decision:
    """Decide at fixed prefixes of the rows, so that looking is free.

    Args:
        arms: The arms' names, the control first.
        rows: Observations of all arms in time order.
        metric: What is measured.
        settings: With `max_samples`.
    """
    assert settings.max_samples is not None
    total = settings.max_samples * len(arms)
    decision = Decision(State.COLLECTING, None, 0.0, ())
    earlier: list[Strata] = []
    prefixes = [math.ceil(total * fraction - 1e-9) for fraction in FRACTIONS]
    reached = [prefix for prefix in prefixes if prefix <= len(rows)]
    for look, prefix in enumerate(reached):
        strata = strata_of(arms, rows[:prefix], metric)
        decide = partial(
            decide_within,
            strata,
            metric,
            alpha=settings.alpha,
            mde=settings.mde,
            look=look,
            earlier=earlier,
        )
        is_last = prefix == reached[-1]
        decision = decide(brief=not is_last)
        if decision.state.is_ready:
            return decision if is_last else decide()
        earlier.append(strata)
    if decision.state is State.COLLECTING and len(rows) >= total:
        return decision._replace(state=State.EXHAUSTED, note=_UNEVEN)
    return decision


def strata_of(arms: Sequence[str], rows: Sequence[Observation], metric: Metric) -> Strata:
    """Return the moments of each arm for each model, on the scale the metric is compared on."""
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        values.setdefault(row.model, {arm: [] for arm in arms})[row.arm].append(row.value)
    return [
        {arm: Moments.of(scaled(own, metric)) for arm, own in by_arm.items()}
        for by_arm in values.values()
    ] or [{arm: Moments.of(()) for arm in arms}]


def more_needed(strata: Strata, metric: Metric, settings: Settings) -> int | None:
    """Return how many more observations an arm would settle an open test.

    For the difference that would matter, or else for the one that is seen now.
    """
    arms = standardized(strata)
    if min(moments.n for moments in arms.values()) < 2:  # noqa: PLR2004 - no variance yet
        return None
    control, *others = arms.values()
    fewest = min(moments.n for moments in arms.values())
    if settings.max_samples is not None:
        return max(0, settings.max_samples - fewest)
    other = max(others, key=lambda moments: abs(moments.mean - control.mean))
    difference = other.mean - control.mean
    if settings.mde is not None:
        difference = _difference(control, metric, settings.mde)
    plan, alpha = Plan.ANYTIME, settings.alpha
    size = needed_per_arm(control.var, other.var, difference, alpha=alpha, plan=plan)
    return max(0, size - fewest) if size is not None else None


def _difference(control: Moments, metric: Metric, mde: float) -> float:
    if ab_scale(metric) is Scale.LOG:
        return math.log1p(mde)
    return mde * abs(control.mean)
