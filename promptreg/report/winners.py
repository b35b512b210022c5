"""Which version or model wins, as the A/B tests say, in the report's words; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptreg.errors import ConfigError
from promptreg.report.model import ModelTest
from promptreg.stats.abtest import LEAST_PER_ARM, decide, decide_between
from promptreg.stats.limits import merge_means, merge_moments
from promptreg.stats.metrics import Scale, ab_scale, metric_named

if TYPE_CHECKING:
    from promptreg.report.measures import VersionMeasures
    from promptreg.stats.evidence import Stratum
    from promptreg.stats.metrics import Metric

__all__ = ["Tested", "best_models", "tested", "tested_by_model"]

_BADGES = {
    "latency": "fastest",
    "cost": "cheapest",
    "quality": "best quality",
    "error_rate": "most reliable",
}
StateName = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]


class Tested(NamedTuple):
    """What two versions came to, and what an A/B test says of them.

    Named as in `ModelTest`; the effect is the test's estimate, with both ends of its interval.
    """

    base: float | None
    head: float | None
    base_n: int
    head_n: int
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    state: StateName = "none"
    winner: str | None = None
    confidence: float | None = None
    note: str = ""


def tested(name: str, strata: Sequence[Stratum], base: str, head: str) -> Tested:
    """Run the A/B test within each model, so that a better mix of models wins nothing.

    Args:
        name: The metric.
        strata: Its values, one stratum per model.
        base: The baseline's version.
        head: The other version.
    """
    values = [(a.linear, b.linear) for _, a, b, _ in strata]
    base_n, base_mean = merge_means([a for a, _ in values])
    head_n, head_mean = merge_means([b for _, b in values])
    means = (base_mean if base_n else None, head_mean if head_n else None, base_n, head_n)
    metric = _known(name)
    if metric is None:
        return Tested(*means, note="this name cannot be judged")
    if ab_scale(metric) is Scale.LOG:
        values = [(a.log, b.log) for _, a, b, _ in strata]
    state, winner, confidence, pairs, note = decide_between((base, head), values, metric)
    if not pairs:
        has_rows = any(a.n or b.n for a, b in values)
        note = note or (f"an A/B test needs {LEAST_PER_ARM} rows a side" if has_rows else "")
        return Tested(*means, state=state.value, note=note)
    effect, low, high = [end if math.isfinite(end) else None for end in pairs[0].ends]
    return Tested(*means, effect, low, high, state.value, winner, confidence, note)


def tested_by_model(
    name: str, strata: Sequence[Stratum], base: str, head: str
) -> tuple[ModelTest, ...]:
    """Return the A/B test of each model; see `tested`."""
    return tuple([ModelTest(s.label, *tested(name, [s], base, head)[:-1]) for s in strata])


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


@cache
def _known(name: str) -> Metric | None:
    try:
        return metric_named(name)
    except ConfigError:
        return None
