"""What A/B tests take of each version, so that the page can test the pairs nobody judged; pure.

A hundred versions have five thousand pairs. The gate judges some of them, see `pairs_of` in
`promptreg.report.assembly`; a test needs no more than numbers, means and deviations, and the page
runs it itself (``assets/abtest.js``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from promptreg.report.metric_infos import BETTER
from promptreg.report.model import Arm, ArmContext, ArmMetric, Arms, MetricScale
from promptreg.report.verdicts import in_order
from promptreg.report.winners import metric_or_none
from promptreg.stats.metrics import Scale, ab_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.gate.pairing import Side
    from promptreg.report.measures import VersionMeasures
    from promptreg.stats.metrics import Metric
    from promptreg.stats.samples import Sample
    from promptreg.stats.thresholds import Threshold

__all__ = ["arms_of"]


def arms_of(measures: Mapping[str, VersionMeasures], thresholds: Sequence[Threshold]) -> Arms:
    """Return the arms of a prompt's versions.

    Args:
        measures: Those of each version that has rows, lowest first.
        thresholds: What the gate allows; they may say which way a score is better.
    """
    found = {context for version in measures.values() for context in version.sides}
    contexts = sorted(found, key=lambda each: (each.suite is not None, repr(each)))
    places = {context: place for place, context in enumerate(contexts)}
    named = {threshold.metric.name: threshold.metric for threshold in reversed(thresholds)}
    sides = [side for version in measures.values() for side in version.sides.values()]
    # What is limited has its place in the order also where it has no values.
    names = in_order(frozenset([*named, *(name for side in sides for _, name in side.samples)]))
    metrics = {name: named.get(name) or metric_or_none(name) for name in names}
    return Arms(
        tuple([ArmContext(str(each), each.suite is not None) for each in contexts]),
        tuple([_scale(name, metric) for name, metric in metrics.items()]),
        tuple(
            [
                Arm(
                    version,
                    places[context],
                    model,
                    side.calls[model],
                    _metrics(side, model, metrics),
                )
                for version, one in measures.items()
                for context, side in one.sides.items()
                for model in sorted(side.calls)
            ]
        ),
    )


def _scale(name: str, metric: Metric | None) -> MetricScale:
    if metric is None:
        return MetricScale(name, None, "linear")
    scale: Literal["linear", "log"] = "log" if ab_scale(metric) is Scale.LOG else "linear"
    return MetricScale(name, BETTER.get(metric.harm), scale)


def _metrics(side: Side, model: str, metrics: Mapping[str, Metric | None]) -> tuple[ArmMetric, ...]:
    found = []
    for name, metric in metrics.items():
        # Of success and errors one is kept, and either may be limited.
        sample = side.samples.get((model, name)) or side.sample(model, name)
        if sample.n:
            found.append(_metric(name, metric, sample))
    return tuple(found)


def _metric(name: str, metric: Metric | None, sample: Sample) -> ArmMetric:
    n, mean, _ = sample.linear
    if metric is None:
        return ArmMetric(name, n, mean, 0, 0.0, 0.0)
    tested = sample.log if ab_scale(metric) is Scale.LOG else sample.linear
    return ArmMetric(name, n, mean, tested.n, tested.mean, math.sqrt(tested.var))
