"""What each metric is: its kind, its direction and its unit; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from promptreg.errors import ConfigError

__all__ = [
    "KNOWN_METRICS",
    "Kind",
    "Metric",
    "Scale",
    "ab_scale",
    "gate_scale",
    "in_currency",
    "metric_named",
]

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"


class Kind(StrEnum):
    """What a metric measures, which decides how its values are compared."""

    SCORE = "score"
    LATENCY = "latency"
    COST = "cost"
    TOKENS = "tokens"
    RATE = "rate"


_LONG_TAILED = (Kind.LATENCY, Kind.COST, Kind.TOKENS)


class Scale(StrEnum):
    """How two means are compared: by themselves or by their logarithms."""

    LINEAR = "linear"
    LOG = "log"


class Metric(NamedTuple):
    """One metric of a call.

    Attributes:
        name: As written in thresholds and reports.
        kind: What it measures.
        higher_is_better: The direction; None for a custom metric that was given none, which then
            gets neither a winner nor a verdict.
        unit: Of its values: ``ms``, ``$`` or another currency's code, ``tokens`` or nothing.
    """

    name: str
    kind: Kind
    higher_is_better: bool | None
    unit: str = ""

    @property
    def harm(self) -> int:
        """+1 when an increase is harm, -1 when a decrease is, 0 when nobody said."""
        if self.higher_is_better is None:
            return 0
        return -1 if self.higher_is_better else 1


KNOWN_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("quality", Kind.SCORE, higher_is_better=True),
        Metric("accuracy", Kind.SCORE, higher_is_better=True),
        Metric("cost", Kind.COST, higher_is_better=False, unit="$"),
        Metric("latency", Kind.LATENCY, higher_is_better=False, unit="ms"),
        Metric("input_tokens", Kind.TOKENS, higher_is_better=False, unit="tokens"),
        Metric("output_tokens", Kind.TOKENS, higher_is_better=False, unit="tokens"),
        Metric("error_rate", Kind.RATE, higher_is_better=False),
        Metric("success_rate", Kind.RATE, higher_is_better=True),
    )
}


def in_currency(metric: Metric, currencies: Sequence[str]) -> Metric:
    """Return a metric with the currency of its values as unit, where it is one and no dollars.

    Args:
        metric: Any metric; only costs have a currency.
        currencies: Codes of ISO 4217 that the costs have, each once.
    """
    if metric.kind is not Kind.COST or len(currencies) != 1 or currencies[0] == "USD":
        return metric
    return metric._replace(unit=currencies[0])


def metric_named(name: str, *, higher_is_better: bool | None = None) -> Metric:
    """Return a known metric, or a custom score with the given direction.

    Args:
        name: A known metric or any key of a row's ``scores``.
        higher_is_better: The direction of a custom metric; known metrics keep their own.

    Raises:
        ConfigError: When the name cannot be a metric's.
    """
    known = KNOWN_METRICS.get(name)
    if known is not None:
        return known
    if not re.fullmatch(_NAME, name):
        raise ConfigError(
            f"{name!r} is no metric name",
            fix=f"use one of {', '.join(KNOWN_METRICS)} or a key of the rows' scores",
        )
    return Metric(name, Kind.SCORE, higher_is_better)


def gate_scale(metric: Metric) -> Scale:
    """Return the scale the gate compares a metric on: budgets are sums, so costs stay linear."""
    return Scale.LOG if metric.kind is Kind.LATENCY else Scale.LINEAR


def ab_scale(metric: Metric) -> Scale:
    """Return the scale an A/B test compares a metric on: logarithms tame the long tails."""
    return Scale.LOG if metric.kind in _LONG_TAILED else Scale.LINEAR
