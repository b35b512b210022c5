"""Which version or model wins, as the A/B tests say, in the report's words; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptreg.errors import ConfigError
from promptreg.report.model import ModelTest
from promptreg.stats.abtest import LEAST_PER_ARM, decide, decide_between
from promptreg.stats.decision import State
from promptreg.stats.limits import merge_moments
from promptreg.stats.metrics import Scale, ab_scale, metric_named

if TYPE_CHECKING:
    from promptreg.report.measures import VersionMeasures
    from promptreg.stats.evidence import Stratum
    from promptreg.stats.metrics import Metric

__all__ = ["UNTESTED", "Tested", "best_models", "metric_or_none", "tested", "tested_by_model"]

_BADGES = {
    "latency": "fastest",
    "cost": "cheapest",
    "quality": "best quality",
    "error_rate": "most reliable",
}
StateName = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]
_STATES: dict[State, StateName] = {state: state.value for state in State}


class Tested(NamedTuple):
    """What an A/B test says; the effect is its estimate, with both ends."""

    effect: float | None
    low: float | None
    high: float | None
    state: StateName
    winner: str | None = None
    confidence: float | None = None
    note: str = ""


UNTESTED = Tested(None, None, None, "none")


def tested(metric: Metric | None, strata: Sequence[Stratum], base: str, head: str) -> Tested:
    """Run the A/B test within each model, so that a better mix of models wins nothing.

    Args:
        metric: The metric; None where its name is none.
        strata: Its values, one stratum per model.
        base: The baseline's version.
        head: The other version.
    """
    if metric is None:
        return Tested(None, None, None, "none", note="this name cannot be judged")
    if ab_scale(metric) is Scale.LOG:
        values = [(a.log, b.log) for _, a, b, _ in strata]
    else:
        values = [(a.linear, b.linear) for _, a, b, _ in strata]
    state, winner, confidence, pairs, note = decide_between((base, head), values, metric)
    if not pairs:
        has_rows = any(a.n or b.n for a, b in values)
        note = note or (f"an A/B test needs {LEAST_PER_ARM} rows a side" if has_rows else "")
        return Tested(None, None, None, _STATES[state], note=note)
    _, _, effect, low, high, *_ = pairs[0]
    return Tested(
        effect if math.isfinite(effect) else None,
        low if math.isfinite(low) else None,
        high if math.isfinite(high) else None,
        _STATES[state],
        winner,
        confidence,
        note,
    )


def tested_by_model(
    metric: Metric | None, strata: Sequence[Stratum], base: str, head: str
) -> tuple[ModelTest, ...]:
    """Return the A/B test of each model; see `tested`."""
    return tuple(
        ModelTest(
            s.label,
            s.base.mean if s.base.n else None,
            s.head.mean if s.head.n else None,
            s.base.n,
            s.head.n,
            *tested(metric, [s], base, head)[:6],
        )
        for s in strata
    )


def best_models(measures: VersionMeasures) -> dict[str, tuple[str, ...]]:
    """Return the badges of each model: only where it beats every other one significantly."""
    badges: dict[str, list[str]] = {}
    if len(measures.models) == 1:
        return {}
    sides = measures.sides.values()
    for name, badge in _BADGES.items():
        metric = metric_named(name)
        logged = ab_scale(metric) is Scale.LOG
        arms = {}
        for model in measures.models:
            samples = [s for side in sides if (s := side.samples.get((model, name))) is not None]
            moments = merge_moments([s.log if logged else s.linear for s in samples])
            if moments.n >= LEAST_PER_ARM:
                arms[model] = moments
        if len(arms) > 1 and (winner := decide(arms, metric).winner) is not None:
            badges.setdefault(winner, []).append(badge)
    return {model: tuple(found) for model, found in badges.items()}


@cache
def metric_or_none(name: str) -> Metric | None:
    """Return a known metric or a custom score; None where the name cannot be a metric's."""
    try:
        return metric_named(name)
    except ConfigError:
        return None
