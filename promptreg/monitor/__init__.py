"""`PerformanceMonitor`: watches what production does, and tells once what is wrong.

It finds regressions of a version against the one before, anomalies of a version against its own
recent past, and broken limits. What cannot be told is no alert.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from promptreg.errors import NotFoundError
from promptreg.monitor.alerts import Alert, AlertType, Severity, alert_of
from promptreg.monitor.handlers import (
    AlertHandler,
    ConsoleHandler,
    EmailHandler,
    JsonLinesHandler,
    SlackHandler,
    WebhookHandler,
)
from promptreg.monitor.looking import (
    PERIODS,
    Judged,
    confirmed,
    cost_since,
    judge_versions,
    judge_windows,
    prompts_with_rows,
    versions_with_rows,
)
from promptreg.monitor.settings import MonitorSettings, settings_from
from promptreg.monitor.state import AlertState
from promptreg.stats.thresholds import DEFAULT_THRESHOLDS, Form, Threshold, parse_threshold
from promptreg.versioning import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.config import Config
    from promptreg.gate.collect import Rows
    from promptreg.stats.gate import Judgement

__all__ = [
    "Alert",
    "AlertHandler",
    "AlertState",
    "AlertType",
    "ConsoleHandler",
    "EmailHandler",
    "JsonLinesHandler",
    "MonitorSettings",
    "PerformanceMonitor",
    "Severity",
    "SlackHandler",
    "WebhookHandler",
]

_log = logging.getLogger("promptreg")


class PerformanceMonitor:
    """Watches the calls of one environment.

    Args:
        store: Answers SQL on the table `calls`, such as `registry.metrics`.
        config: `[gate]` gives the thresholds of regressions, `[alerts]` the rest; the defaults
            without one.
        environment: Only rows of this environment; the configured one by default.
        settings: What to watch for; from the configuration by default.
        state: Which alerts were told already; kept in memory by default.

    Raises:
        ConfigError: The configuration is wrong.
    """

    def __init__(
        self,
        store: Rows,
        config: Config | None = None,
        *,
        environment: str | None = None,
        settings: MonitorSettings | None = None,
        state: AlertState | None = None,
    ) -> None:
        configured = config.alerts if config is not None else _nothing()
        self._store = store
        self._config = config
        self._environment = environment or (config.environment if config else "production")
        self._settings = settings or settings_from(configured)
        self._state = state or AlertState()
        self._handlers: list[AlertHandler] = []
        self._noted: set[str] = set()

    def add_alert_handler(self, handler: AlertHandler) -> None:
        """Add something that is called with every alert `watch` tells."""
        self._handlers.append(handler)

    def check_regression(
        self,
        prompt: str,
        version: str | None = None,
        *,
        baseline: str | None = None,
        thresholds: Sequence[Threshold | str] | None = None,
        now: datetime | None = None,
    ) -> list[Alert]:
        """Compare a version's calls with another's.

        Args:
            prompt: The prompt's name.
            version: The version to judge; the greatest one with calls by default.
            baseline: The version to compare with; the one before by semver by default.
            thresholds: What is allowed, such as ``latency:+30%``; the configured gate's by
                default.
            now: The time the alerts carry.

        Returns:
            One alert for each metric that regressed; none where there is nothing to compare with.

        Raises:
            NotFoundError: A version that was named has no calls.
        """
        known = versions_with_rows(self._store, prompt, self._environment)
        head = self._named(prompt, version, known) if version else max(known, default=None)
        if head is None:
            return []
        before = [other for other in known if other < head]
        base = self._named(prompt, baseline, known) if baseline else max(before, default=None)
        if base is None:
            return []
        allowed = self._thresholds(prompt)
        if thresholds is not None:
            allowed = [parse_threshold(t) if isinstance(t, str) else t for t in thresholds]
        pair = (str(base), str(head))
        changes = [threshold for threshold in allowed if threshold.form is not Form.LIMIT]
        judged = judge_versions(self._store, prompt, pair, self._environment, changes)
        at = now or datetime.now(UTC)
        return [
            alert_of(judgement, AlertType.REGRESSION, prompt, str(head), str(base), at)
            for judgement in self._confirmed(f"{prompt} {base} -> {head}", judged)
        ]

    def check_anomalies(self, prompt: str, *, now: datetime | None = None) -> list[Alert]:
        """Compare each version's latest calls with its own recent past.

        Args:
            prompt: The prompt's name.
            now: The end of the latest calls; the current time by default.
        """
        at = now or datetime.now(UTC)
        split = at - self._settings.window
        alerts = []
        for version in versions_with_rows(self._store, prompt, self._environment, since=split):
            judged = judge_windows(
                self._store,
                prompt,
                str(version),
                self._environment,
                self._settings.anomalies,
                start=split - self._settings.history,
                split=split,
            )
            since = f"since {split:%Y-%m-%d %H:%M} UTC"
            alerts += [
                alert_of(
                    judgement, AlertType.ANOMALY, prompt, str(version), str(version), at, since
                )
                for judgement in self._confirmed(f"{prompt} {version}", judged)
            ]
        return alerts

    def check_limits(self, prompt: str, *, now: datetime | None = None) -> list[Alert]:
        """Hold the latest calls to the absolute limits, and sums to their budgets.

        Args:
            prompt: The prompt's name.
            now: The end of the latest calls; the current time by default.
        """
        at = now or datetime.now(UTC)
        own = [threshold for threshold in self._thresholds(prompt) if threshold.form is Form.LIMIT]
        limits = [*self._settings.limits, *own]
        split = at - self._settings.window
        rates = [limit for limit in limits if limit.period is None]
        alerts = []
        for version in versions_with_rows(self._store, prompt, self._environment, since=split):
            judged = judge_windows(
                self._store,
                prompt,
                str(version),
                self._environment,
                rates,
                start=split,
                split=split,
            )
            alerts += [
                alert_of(judgement, AlertType.LIMIT, prompt, str(version), "", at)
                for judgement in self._confirmed(f"{prompt} {version}", judged)
            ]
        budgets = [limit for limit in limits if limit.period is not None]
        return alerts + [a for limit in budgets if (a := self._over_budget(prompt, limit, at))]

    def check(self, prompt: str, *, now: datetime | None = None) -> list[Alert]:
        """Return all alerts of one prompt."""
        at = now or datetime.now(UTC)
        return [
            *self.check_regression(prompt, now=at),
            *self.check_anomalies(prompt, now=at),
            *self.check_limits(prompt, now=at),
        ]

    @property
    def environment(self) -> str:
        """The environment whose calls are watched."""
        return self._environment

    def called(self) -> list[str]:
        """Return the prompts that were called in the environment, sorted."""
        return prompts_with_rows(self._store, self._environment)

    def watch(
        self, prompts: Sequence[str] | None = None, *, now: datetime | None = None
    ) -> list[Alert]:
        """Look at all prompts once, and tell the handlers what is new.

        A handler that fails is logged and stops nobody; an alert that reached no handler is told
        again at the next look.

        Args:
            prompts: Only these; all that were called by default.
            now: The time of the look.

        Returns:
            All alerts, those told before included.
        """
        at = now or datetime.now(UTC)
        chosen = self.called() if prompts is None else prompts
        alerts = [alert for prompt in chosen for alert in self.check(prompt, now=at)]
        for alert in self._state.unseen(alerts):
            if self._tell(alert):
                # At once: whoever is killed now must not tell it again.
                self._state.remember([alert], [], at)
        self._state.remember([], alerts, at)
        return alerts

    def _tell(self, alert: Alert) -> bool:
        """Give an alert to all handlers; return whether it reached one, or there is none."""
        reached = not self._handlers
        for handler in self._handlers:
            try:
                handler(alert)
            except Exception:  # noqa: BLE001 - somebody else's code must stop nobody
                name = type(handler).__name__
                _log.exception("alert handler %s failed for %s", name, alert.key)
            else:
                reached = True
        return reached

    def _confirmed(self, subject: str, judged: Judged) -> list[Judgement]:
        self._note(subject, judged.notes)
        return confirmed(judged.judgements)

    def _note(self, subject: str, notes: Sequence[str]) -> None:
        """Log what is not looked at; once, however often it is met."""
        for text in (f"{subject}: {note}" for note in notes):
            if text not in self._noted:
                self._noted.add(text)
                _log.warning("%s", text)

    def _thresholds(self, prompt: str) -> Sequence[Threshold]:
        if self._config is None:
            return DEFAULT_THRESHOLDS
        from promptreg.gate import gate_thresholds

        return gate_thresholds(self._config, prompt)

    def _over_budget(self, prompt: str, limit: Threshold, at: datetime) -> Alert | None:
        assert limit.period is not None
        spent = cost_since(self._store, prompt, self._environment, at - PERIODS[limit.period])
        self._note(prompt, spent.notes)
        if spent.notes or spent.total <= limit.value:
            return None
        amount = f"{spent.total:.2f}"
        money = f"${amount}" if spent.currency in {None, "USD"} else f"{amount} {spent.currency}"
        return Alert(
            type=AlertType.LIMIT,
            severity=Severity.CRITICAL,
            message=f"{prompt}: cost {money} in the last {limit.period}, limit {limit.text}",
            prompt=prompt,
            version="",
            metric=limit.name,
            at=at,
            threshold=limit.text,
            current=spent.total,
            n=spent.calls,
        )

    def _named(self, prompt: str, text: str, known: Sequence[Version]) -> Version:
        version = Version.parse(text)
        if version not in known:
            has = ", ".join(map(str, known)) or "none"
            raise NotFoundError(
                f"{prompt} {version} has no calls in {self._environment}", fix=f"it has: {has}"
            )
        return version


def _nothing() -> Mapping[str, Any]:
    return {}
