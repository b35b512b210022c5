"""The grammar of thresholds: ``latency:+30%``, ``error_rate:+5pp``, ``cost:<=50/day``; pure.

::

    threshold = metric ["." statistic] ":" ( change | limit )
    change    = ("+" | "-") ["$"] number ["%" | "pp" | unit]        against the base
    limit     = ("<=" | ">=" | "<" | ">") ["$"] number ["%" | unit] ["/" period]
    statistic = "mean" | "p95"
    unit      = "ms" | "s" | "m" | "$" | "usd" | "tokens"
    period    = "hour" | "day" | "week" | "month"

A sign says in which direction harm lies, so a custom metric with a threshold has a direction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from promptreg.errors import ConfigError
from promptreg.stats.metrics import Kind, Metric, metric_named

__all__ = [
    "DEFAULT_THRESHOLDS",
    "Form",
    "Threshold",
    "merge_thresholds",
    "parse_threshold",
    "thresholds_from",
]

_METRIC = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?:\.(?P<statistic>[a-z0-9]+))?")
_CHANGE = re.compile(
    r"(?P<sign>[+-])\s*\$?(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>%|pp|[a-zA-Z$]*)"
)
_LIMIT = re.compile(
    r"(?P<sign><=|>=|<|>)\s*\$?(?P<number>-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?P<unit>%|[a-zA-Z$]*)"
    r"(?:/(?P<period>[a-z]+))?"
)
_STATISTICS = ("mean", "p95")
_UNITS: dict[Kind, dict[str, float]] = {
    Kind.LATENCY: {"": 1.0, "ms": 1.0, "s": 1000.0, "m": 60_000.0},
    Kind.COST: {"": 1.0, "$": 1.0, "usd": 1.0},
    Kind.TOKENS: {"": 1.0, "tokens": 1.0},
    Kind.SCORE: {"": 1.0, "%": 0.01, "pp": 0.01},
    Kind.RATE: {"": 1.0, "%": 0.01, "pp": 0.01},
}
_PERIODS = ("hour", "day", "week", "month")
_GRAMMAR = "write it like latency:+30%, error_rate:+5pp, success_rate:>=95% or latency.p95:<=2s"


class Form(StrEnum):
    """How a threshold bounds its metric."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    LIMIT = "limit"


class Threshold(NamedTuple):
    """How much harm is allowed to one statistic of one metric.

    Attributes:
        metric: The metric; its direction is the one the sign says.
        form: Change relative to the base, absolute change, or absolute limit.
        value: At least 0 for changes (0.3 is 30 %); in the metric's unit otherwise.
        statistic: ``mean`` or ``p95``.
        text: What to show: ``+30%`` or ``<=2s``.
        period: For limits of a sum: ``day`` and the like; else None.
        explicit: Whether somebody configured it, so that missing data must be told.
    """

    metric: Metric
    form: Form
    value: float
    statistic: str = "mean"
    text: str = ""
    period: str | None = None
    explicit: bool = True

    @property
    def name(self) -> str:
        """The metric with its statistic, as written in configuration."""
        return self.metric.name if self.statistic == "mean" else f"{self.metric.name}.p95"

    @property
    def key(self) -> tuple[str, bool, str | None]:
        """What a later threshold replaces: one change and one limit per name."""
        return self.name, self.form is Form.LIMIT, self.period

    def __str__(self) -> str:
        return f"{self.name}:{self.text}"


def parse_threshold(text: str) -> Threshold:
    """Parse one threshold.

    Raises:
        ConfigError: When it does not follow the grammar, or its sign allows an improvement only.
    """
    name, colon, value = text.partition(":")
    found = _METRIC.fullmatch(name.strip())
    if not colon or found is None:
        raise ConfigError(f"{text!r} is no threshold", fix=_GRAMMAR)
    statistic = found["statistic"] or "mean"
    if statistic not in _STATISTICS:
        raise ConfigError(
            f"{text!r} has an unknown statistic {statistic!r}",
            fix=f"use one of {', '.join(_STATISTICS)}",
        )
    value = value.strip()
    if change := _CHANGE.fullmatch(value):
        return _change(text, found["name"], statistic, change)
    if limit := _LIMIT.fullmatch(value):
        return _limit(text, found["name"], statistic, limit)
    raise ConfigError(f"{text!r} is no threshold", fix=_GRAMMAR)


def thresholds_from(table: Mapping[str, str]) -> dict[str, tuple[Threshold, ...]]:
    """Read a ``[gate]`` table: metric to one or several thresholds, or ``off``.

    Args:
        table: Such as ``{"latency": "+30%, <=2s", "cost": "off"}``.

    Returns:
        Metric name to its thresholds; empty where it is switched off.

    Raises:
        ConfigError: When a value does not follow the grammar.
    """
    result: dict[str, tuple[Threshold, ...]] = {}
    for name, value in table.items():
        if str(value).strip().lower() == "off":
            result[name] = ()
        else:
            parts = [part.strip() for part in str(value).split(",")]
            result[name] = tuple(parse_threshold(f"{name}:{part}") for part in parts)
    return result


def merge_thresholds(*layers: Iterable[tuple[str, tuple[Threshold, ...]]]) -> tuple[Threshold, ...]:
    """Merge layers of rising priority: a later one replaces the same name, ``off`` removes it."""
    merged: dict[tuple[str, bool, str | None], Threshold] = {}
    for layer in layers:
        for name, thresholds in layer:
            if not thresholds:
                merged = {key: kept for key, kept in merged.items() if key[0] != name}
            for threshold in thresholds:
                merged[threshold.key] = threshold
    return tuple(merged.values())


def _change(text: str, name: str, statistic: str, found: re.Match[str]) -> Threshold:
    metric = metric_named(name, higher_is_better=found["sign"] == "-")
    _check_statistic(text, metric, statistic)
    sign = 1 if found["sign"] == "+" else -1
    if metric.harm != sign:
        better = "higher" if metric.higher_is_better else "lower"
        turned = "-" if sign > 0 else "+"
        raise ConfigError(
            f"{text!r} would bound an improvement: {better} {name} is better",
            fix=f"write {name}:{turned}{found['number']}{found['unit']}",
        )
    number, unit = float(found["number"]), found["unit"]
    form = Form.RELATIVE if unit == "%" else Form.ABSOLUTE
    value = number / 100.0 if unit == "%" else number * _factor(text, metric, unit)
    if form is Form.RELATIVE and sign < 0 and value >= 1.0:
        raise ConfigError(f"{text!r} allows everything to be lost", fix="use less than 100%")
    if form is Form.ABSOLUTE and statistic == "p95":
        raise ConfigError(f"{text!r}: a p95 changes in percent", fix="write latency.p95:+30%")
    shown = f"{found['sign']}{found['number']}{unit}"
    return Threshold(metric, form, value, statistic, shown)


def _limit(text: str, name: str, statistic: str, found: re.Match[str]) -> Threshold:
    metric = metric_named(name, higher_is_better=found["sign"].startswith(">"))
    _check_statistic(text, metric, statistic)
    if metric.higher_is_better != found["sign"].startswith(">"):
        better, turned = ("higher", ">=") if metric.higher_is_better else ("lower", "<=")
        raise ConfigError(
            f"{text!r} would bound an improvement: {better} {name} is better",
            fix=f"write {name}:{turned}{found['number']}{found['unit']}",
        )
    period = found["period"]
    if period is not None and (period not in _PERIODS or metric.kind is not Kind.COST):
        raise ConfigError(
            f"{text!r}: only a cost has a sum per period",
            fix=f"write cost:<=50/ and one of {', '.join(_PERIODS)}",
        )
    value = float(found["number"]) * _factor(text, metric, found["unit"])
    shown = f"{found['sign']}{found['number']}{found['unit']}" + (f"/{period}" if period else "")
    if not math.isfinite(value):
        raise ConfigError(f"{text!r} is out of range", fix=_GRAMMAR)
    return Threshold(metric, Form.LIMIT, value, statistic, shown, period)


def _check_statistic(text: str, metric: Metric, statistic: str) -> None:
    if statistic == "p95" and metric.kind is not Kind.LATENCY:
        raise ConfigError(f"{text!r}: only latency has a p95 limit", fix="write latency.p95:+30%")


def _factor(text: str, metric: Metric, unit: str) -> float:
    units = _UNITS[metric.kind]
    factor = units.get(unit.lower())
    if factor is None:
        known = ", ".join(repr(name) for name in units if name)
        raise ConfigError(
            f"{text!r}: {metric.name} is not measured in {unit!r}", fix=f"use {known} or no unit"
        )
    return factor


def _default(text: str) -> Threshold:
    parsed = parse_threshold(text)
    return Threshold(
        parsed.metric, parsed.form, parsed.value, parsed.statistic, parsed.text, explicit=False
    )


DEFAULT_THRESHOLDS: tuple[Threshold, ...] = tuple(
    _default(text) for text in ("quality:-10%", "cost:+20%", "latency:+30%", "error_rate:+5pp")
)
"""What the gate allows when nothing is configured."""
