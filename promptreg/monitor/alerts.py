"""Alerts as frozen values; pure."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptreg.formats import figures
from promptreg.stats.thresholds import Form
from promptreg.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from promptreg.stats.gate import Judgement

__all__ = ["Alert", "AlertType", "Severity"]

_CRITICAL_AT = 2.0


class AlertType(StrEnum):
    """What kind of trouble it is."""

    REGRESSION = "regression"
    ANOMALY = "anomaly"
    LIMIT = "limit"


class Severity(StrEnum):
    """How bad it is: critical from twice the threshold on, and for every broken limit."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong in production, with its evidence.

    Attributes:
        type: Regression against another version, anomaly within one, or a broken limit.
        severity: Warning or critical.
        message: One line for people.
        prompt: The prompt's name.
        version: The version that misbehaves; empty for a budget over all versions.
        metric: The metric with its statistic, such as ``latency.p95``.
        at: When it was found, aware.
        threshold: What was allowed, such as ``+30%``.
        base_version: The version it is compared with; the same one for an anomaly, empty for a
            limit.
        baseline: The value it is compared with; None for a limit.
        current: The value now.
        change: Relative or absolute, as the threshold is; None for a limit.
        interval: Of the change at level .95, or of a limit's value; None for a plain sum.
        n: Observations now.
        n_base: Observations of the baseline.
        p: One-sided, adjusted over the metrics; None for a plain sum.
    """

    type: AlertType
    severity: Severity
    message: str
    prompt: str
    version: str
    metric: str
    at: datetime
    threshold: str
    base_version: str = ""
    baseline: float | None = None
    current: float | None = None
    change: float | None = None
    interval: tuple[float, float] | None = None
    n: int = 0
    n_base: int = 0
    p: float | None = None

    @property
    def verdict(self) -> str:
        """Always ``fail``: what cannot be told is no alert."""
        return "fail"

    @property
    def key(self) -> str:
        """What makes it the same alert at the next look."""
        parts = (self.type, self.prompt, self.version, self.base_version, self.metric)
        return "|".join((*parts, self.threshold))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        interval = None
        if self.interval is not None:
            interval = [bound if math.isfinite(bound) else None for bound in self.interval]
        return {
            "type": self.type.value,
            "severity": self.severity.value,
            "message": self.message,
            "prompt": self.prompt,
            "version": self.version,
            "base_version": self.base_version,
            "metric": self.metric,
            "threshold": self.threshold,
            "baseline": self.baseline,
            "current": self.current,
            "change": self.change,
            "interval": interval,
            "n": self.n,
            "n_base": self.n_base,
            "p": self.p,
            "verdict": self.verdict,
            "at": self.at.isoformat(),
        }


def alert_of(
    judgement: Judgement,
    kind: AlertType,
    prompt: str,
    version: str,
    base_version: str,
    at: datetime,
    since: str = "",
) -> Alert:
    """Make an alert of a failed judgement.

    Args:
        judgement: With verdict FAIL.
        kind: What kind of alert.
        prompt: The prompt's name.
        version: The version that misbehaves.
        base_version: The version it is compared with.
        at: When it was found.
        since: In words, the time it concerns, for an anomaly.
    """
    threshold = judgement.threshold
    is_limit = threshold.form is Form.LIMIT
    subject = f"{prompt} {version}"
    if kind is AlertType.REGRESSION:
        subject = f"{prompt} {base_version} -> {version}"
    figure = " ".join(
        part
        for part in (
            figures.values(judgement),
            figures.change(judgement),
            figures.interval(judgement),
        )
        if part
    )
    when = f" {since}" if since else ""
    return Alert(
        type=kind,
        severity=_severity(judgement),
        message=f"{subject}: {threshold.name} {figure}{when}, {figures.limit(judgement)}",
        prompt=prompt,
        version=version,
        metric=threshold.name,
        at=at,
        threshold=threshold.text,
        base_version=base_version,
        baseline=None if is_limit else judgement.base,
        current=judgement.head,
        change=judgement.change,
        interval=(judgement.interval.low, judgement.interval.high) if judgement.interval else None,
        n=judgement.n_head,
        n_base=judgement.n_base,
        p=judgement.p_harm,
    )


def _severity(judgement: Judgement) -> Severity:
    threshold = judgement.threshold
    if threshold.form is Form.LIMIT or judgement.change is None:
        return Severity.CRITICAL
    harm = judgement.change * threshold.metric.harm
    return Severity.CRITICAL if harm >= _CRITICAL_AT * threshold.value else Severity.WARNING
