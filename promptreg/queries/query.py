"""What `search` is asked: texts, fields, and bounds on figures; pure."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError
from promptreg.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from promptreg.metrics.summary import Figures, Summary

__all__ = ["Condition", "Query"]

_CONDITION = re.compile(
    r"(?P<metric>[A-Za-z_][A-Za-z0-9_-]*)(?:\.(?P<statistic>mean|p50|p95|min|max))?\s*"
    r"(?P<sign><=|>=|==?|<|>)\s*\$?(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s)?"
)
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
}
_COLUMNS = ("quality", "accuracy", "cost", "latency", "input_tokens", "output_tokens")
_OTHERS = ("calls", "error_rate", "success_rate")
_STORED = {"quality": "quality_score", "latency": "latency_ms"}
_FACTORS = {None: 1.0, "%": 0.01, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on a figure of a version: ``quality<0.8``, ``latency.p95>=2s``, ``calls>100``.

    Attributes:
        metric: The metric, a key of the rows' scores, or ``calls``.
        statistic: ``mean``, ``p50``, ``p95``, ``min`` or ``max``.
        sign: How it compares.
        value: In the metric's unit: milliseconds, the currency, shares from 0 to 1.
    """

    metric: str
    statistic: str
    sign: str
    value: float

    @classmethod
    def parse(cls, text: str) -> Condition | None:
        """Read a condition; None where the text is none and may be searched for.

        Raises:
            ConfigError: The unit does not fit the metric.
        """
        match = _CONDITION.fullmatch(text.strip())
        if match is None:
            return None
        metric, unit = match["metric"], match["unit"]
        if unit in ("ms", "s") and metric != "latency":
            raise ConfigError(f"{text!r}: only latency is a time")
        if unit == "%" and metric in ("latency", "cost", "calls", "input_tokens", "output_tokens"):
            raise ConfigError(f"{text!r}: {metric} is no share")
        statistic = match["statistic"] or "mean"
        if statistic != "mean" and metric in ("calls", "error_rate", "success_rate"):
            raise ConfigError(f"{text!r}: {metric} is one number and has no {statistic}")
        return cls(metric, statistic, match["sign"], float(match["number"]) * _FACTORS[unit])

    @property
    def name(self) -> str:
        """The metric, with its statistic where it is not the mean."""
        return self.metric if self.statistic == "mean" else f"{self.metric}.{self.statistic}"

    @property
    def is_score(self) -> bool:
        """Whether it is about a key of the rows' scores."""
        return self.metric not in _COLUMNS and self.metric not in _OTHERS

    @property
    def ordered_column(self) -> str:
        """The column whose values have to be put in order for it; empty where none has."""
        if self.statistic not in ("p50", "p95") or self.metric not in _COLUMNS:
            return ""
        return _STORED.get(self.metric, self.metric)

    def figure(self, summary: Summary) -> float | None:
        """Return the figure it is about; None where no row has one."""
        if self.metric == "calls":
            return float(summary.calls)
        if self.metric in _OTHERS:
            rate: float | None = getattr(summary, self.metric)
            return rate
        figures: Figures | None = (
            getattr(summary, self.metric)
            if self.metric in _COLUMNS
            else summary.scores.get(self.metric)
        )
        value = getattr(figures, self.statistic) if figures is not None else None
        return value if value is not None and math.isfinite(value) else None

    def holds(self, figure: float) -> bool:
        """Tell whether a figure is as asked."""
        return _SIGNS[self.sign](figure, self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for; everything must hold.

    Attributes:
        texts: Each must stand in the name or a text of the prompt, in any letter case.
        regex: Whether the texts are regular expressions.
        tags: Tags the prompt must have, as shell patterns.
        models: One of these must be its model, as shell patterns; ``gpt-4o`` also finds
            ``openai/gpt-4o``.
        labels: Labels that must name a version of it.
        metadata: Values its metadata must have, by dotted key; an empty value asks for the key.
        conditions: Bounds on its figures.
        since: The figures' first moment.
    """

    texts: tuple[str, ...] = ()
    regex: bool = False
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    since: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Query(regex=self.regex, since=self.since)

    @property
    def asks_figures_alone(self) -> bool:
        """Whether nothing is asked that stands in a file."""
        return not (self.texts or self.tags or self.models or self.metadata)
