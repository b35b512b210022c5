"""Which version or model wins, as the A/B tests say, in the report's words; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptreg.errors import ConfigError
from promptreg.report.model import ModelTest
from promptreg.stats.abtest import LEAST_PER_ARM, decide, decide_between
from promptreg.stats.limits import merge_moments
from promptreg.stats.metrics import Scale, ab_scale, metric_named

if TYPE_CHECKING:
    from promptreg.report.measures import VersionMeasures
    from promptreg.stats.evidence import Stratum

__all__ = ["Tested", "best_models", "tested", "tested_by_model"]

_BADGES = {
    "latency": "fastest",
    "cost": "cheapest",
    "quality": "best quality",
    "error_rate": "most reliable",
}
StateName = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]


class Tested(NamedTuple):
    """What an A/B test says; the effect is its estimate, with both ends."""

    effect: float | None
    low: float | None
    high: float | None
    state: StateName
    winner: str | None
    confidence: float | None
    note: str = ""


def tested(name: str, strata: Sequence[Stratum], base: str, head: str) -> Tested:
    """Run the A/B test within each model, so that a better mix of models wins nothing.

    Args:
        name: The metric.
        strata: Its values, one stratum per model.
        base: The baseline's version.
        head: The other version.
    """
    nothing: tuple[None, None, None] = (None, None, None)
    try:
        metric = metric_named(name)
    except ConfigError:
        return Tested(*nothing, "none", None, None, "this name cannot be judged")
    if ab_scale(metric) is Scale.LOG:
        values = [(stratum.base.log, stratum.head.log) for stratum in strata]
    else:
        values = [(stratum.base.linear, stratum.head.linear) for stratum in strata]
    decision = decide_between((base, head), values, metric)
    state: StateName = decision.state.value
    if not decision.comparisons:
        has_rows = any(a.n or b.n for a, b in values)
        note = f"an A/B test needs {LEAST_PER_ARM} rows a side" if has_rows else ""
        return Tested(*nothing, state, None, None, decision.note or note)
    pair = decision.comparisons[0]
    ends = (pair.change, pair.low, pair.high)
    effect, low, high = [value if math.isfinite(value) else None for value in ends]
    return Tested(effect, low, high, state, decision.winner, decision.confidence, decision.note)


def tested_by_model(
    name: str, strata: Sequence[Stratum], base: str, head: str
) -> tuple[ModelTest, ...]:
    """Return the A/B test of each model; see `tested`."""
    return tuple(
        ModelTest(
            s.label,
            s.base.mean if s.base.n else None,
            s.head.mean if s.head.n else None,
            s.base.n,
            s.head.n,
            *tested(name, [s], base, head)[:6],
        )
        for s in strata
    )


def best_models(measures: VersionMeasures) -> dict[str, tuple[str, ...]]:
    """Return the badges of each model: only where it beats every other one significantly."""
    badges: dict[str, list[str]] = {}
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
