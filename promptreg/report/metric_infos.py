"""What the metrics of a report are called, and which way is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from promptreg.errors import ConfigError
from promptreg.gate import gate_thresholds
from promptreg.report.model import DEFAULT_METRICS, MetricInfo
from promptreg.stats.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Collection

    from promptreg.config import Config

__all__ = ["BETTER", "metric_infos"]

BETTER: dict[int, Literal["lower", "higher"]] = {1: "lower", -1: "higher"}
"""Which way is better, by `promptreg.stats.metrics.Metric.harm`."""


def metric_infos(config: Config, names: Collection[str]) -> tuple[MetricInfo, ...]:
    """Return the metrics that every report has, then scores of its own, sorted.

    Args:
        config: Its thresholds may say which way a score is better.
        names: All metrics there are.
    """
    thresholds = {t.metric.name: t.metric for t in gate_thresholds(config, "")}
    infos = list(DEFAULT_METRICS)
    for name in sorted({*names} - {metric.name for metric in DEFAULT_METRICS}):
        try:
            harm = thresholds[name].harm if name in thresholds else metric_named(name).harm
        except ConfigError:
            harm = 0
        title = name.replace("_", " ").capitalize()
        infos.append(MetricInfo(name, title, "", BETTER.get(harm), zero=False))
    return tuple(infos)
