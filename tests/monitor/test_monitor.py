"""The monitor over the real store; the time of a look is a parameter."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from promptreg.config import Config
from promptreg.errors import ConfigError, MetricsError, NotFoundError
from promptreg.metrics.facade import Metrics
from promptreg.monitor import Alert, AlertState, AlertType, PerformanceMonitor, Severity
from promptreg.monitor.settings import MonitorSettings, parse_duration, settings_from
from promptreg.stats.thresholds import parse_threshold
from tests.gate.worlds import BASE, HEAD, calls, store_of

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def _at(rows: list[dict[str, Any]], end: datetime, over: timedelta) -> list[dict[str, Any]]:
    """Spread rows evenly over the time before `end`."""
    step = over / len(rows)
    for number, row in enumerate(rows):
        row["ts"] = (end - step * (number + 0.5)).isoformat()
    return rows


def _history(n: int = 400, **now: float) -> list[dict[str, Any]]:
    """Return a week of usual calls and a day of calls with these factors."""
    past = _at(calls(BASE, 4 * n, seed=1), NOW - timedelta(days=1), timedelta(days=7))
    return [*past, *_at(calls(BASE, n, seed=2, **now), NOW, timedelta(days=1))]


def _regressed(folder: Path) -> Metrics:
    return store_of(folder, calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2, quality=0.8))


def test_a_regression_of_the_latest_version_alerts(tmp_path: Path) -> None:
    """The latest version is compared with the one before, and the alert has its evidence."""
    (alert,) = PerformanceMonitor(_regressed(tmp_path)).check_regression("summarizer", now=NOW)
    assert (alert.type, alert.metric) == (AlertType.REGRESSION, "quality")
    assert (alert.base_version, alert.version) == ("1.2.0", "1.3.0")
    assert alert.interval is not None
    assert alert.change is not None
    assert alert.interval[0] < alert.change < alert.interval[1] < -0.1
    assert (alert.n, alert.n_base, alert.at, alert.threshold) == (300, 300, NOW, "-10%")
    assert "summarizer 1.2.0 -> 1.3.0: quality" in alert.message


def test_versions_are_ordered_by_precedence(tmp_path: Path) -> None:
    """1.10.0 is later than 1.9.0, pseudo-versions and junk are no versions to compare."""
    groups = []
    for version, quality in (("1.9.0", 1.0), ("1.10.0", 0.8), ("1.10.1-0.20261122-abc", 0.1)):
        rows = calls(HEAD, 200, seed=len(version), quality=quality)
        groups.append([{**row, "version": version} for row in rows])
    monitor = PerformanceMonitor(store_of(tmp_path, *groups))
    (alert,) = monitor.check_regression("summarizer", now=NOW)
    assert (alert.base_version, alert.version) == ("1.9.0", "1.10.0")


def test_a_baseline_may_be_named(tmp_path: Path) -> None:
    """Version and baseline can be given; a version without calls is an error."""
    monitor = PerformanceMonitor(_regressed(tmp_path))
    assert monitor.check_regression("summarizer", "1.2.0", baseline="1.3.0") == []
    with pytest.raises(NotFoundError, match=r"summarizer 9\.0\.0 has no calls"):
        monitor.check_regression("summarizer", "9.0.0")


def test_no_change_is_quiet(tmp_path: Path) -> None:
    """Two like versions, one like week and no rows at all give no alert."""
    like = store_of(tmp_path / "a", calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2))
    assert PerformanceMonitor(like).check_regression("summarizer") == []
    week = store_of(tmp_path / "b", _history())
    assert PerformanceMonitor(week).check("summarizer", now=NOW) == []
    assert PerformanceMonitor(store_of(tmp_path / "c")).watch(now=NOW) == []


@pytest.mark.parametrize(
    ("factors", "metric"),
    [({"cost": 1.8}, "cost"), ({"latency": 2.0}, "latency"), ({"errors": 0.2}, "error_rate")],
)
def test_an_anomaly_within_one_version_alerts(
    tmp_path: Path, factors: dict[str, float], metric: str
) -> None:
    """A version that gets worse without a change of its text is told."""
    monitor = PerformanceMonitor(store_of(tmp_path, _history(**factors)))
    alerts = monitor.check_anomalies("summarizer", now=NOW)
    assert metric in {alert.metric for alert in alerts}
    assert {alert.type for alert in alerts} == {AlertType.ANOMALY}
    assert "since 2026-11-21 18:00 UTC" in alerts[0].message


def test_limits_and_budgets(tmp_path: Path) -> None:
    """A share below its limit alerts, and a sum over its budget; what no call can cost does not."""
    limits = ("success_rate:>=95%", "latency.p95:<=60s", "cost:<=1/day", "cost:<=1000/week")
    settings = MonitorSettings(limits=tuple(map(parse_threshold, limits)))
    rows = _history(errors=0.2)
    rows[-1]["cost"] = 1e150
    store = store_of(tmp_path, rows)
    alerts = PerformanceMonitor(store, settings=settings).check_limits("summarizer", now=NOW)
    assert [(alert.metric, alert.threshold) for alert in alerts] == [
        ("success_rate", ">=95%"),
        ("cost", "<=1/day"),
    ]
    assert all(alert.severity is Severity.CRITICAL for alert in alerts)
    assert alerts[1].current is not None
    assert 1.0 < alerts[1].current < 1000.0


def test_costs_of_two_currencies_are_never_compared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither between versions, nor with the past, nor as a sum; it is told once."""
    rows = _history()
    for row in rows[-400::2]:
        row |= {"currency": "SEK", "cost": row["cost"] * 11.0}
    earlier = _at(calls(BASE, 300, seed=5), NOW - timedelta(days=8), timedelta(days=1))
    earlier = [{**row, "version": "1.1.0"} for row in earlier]
    config = Config(gate={"": {"cost": "+20%"}, "summarizer": {"quality": ">=0.1"}})
    limits = tuple(map(parse_threshold, ("cost:<=0.001", "cost:<=1/week", "latency:<=60s")))
    settings = replace(settings_from({}), limits=limits)
    mixed = store_of(tmp_path / "a", rows, earlier)
    monitor = PerformanceMonitor(mixed, config, settings=settings)
    with caplog.at_level(logging.WARNING, logger="promptreg"):
        assert monitor.check("summarizer", now=NOW) == []
        assert monitor.check("summarizer", now=NOW) == []
    left_out = "costs in SEK and USD are not compared"
    subjects = ("summarizer 1.1.0 -> 1.2.0", "summarizer 1.2.0", "summarizer")
    assert [record.getMessage() for record in caplog.records] == [
        f"{subject}: {left_out}" for subject in subjects
    ]
    other = [{**row, "currency": "SEK"} for row in rows]
    alone = PerformanceMonitor(store_of(tmp_path / "b", other), config, settings=settings)
    alerts = {alert.threshold: alert for alert in alone.check("summarizer", now=NOW)}
    assert set(alerts) >= {"<=0.001", "<=1/week"}
    assert " SEK in the last week" in alerts["<=1/week"].message


def test_a_clock_that_runs_ahead_hides_nothing(tmp_path: Path) -> None:
    """Rows from the future count as now."""
    rows = _history(errors=0.2)
    for row in rows[-50:]:
        row["ts"] = (NOW + timedelta(hours=3)).isoformat()
    alerts = PerformanceMonitor(store_of(tmp_path, rows)).check_anomalies("summarizer", now=NOW)
    assert [alert.n for alert in alerts if alert.metric == "error_rate"] == [400]


def test_other_environments_and_evaluations_do_not_count(tmp_path: Path) -> None:
    """Only ordinary calls of the watched environment are looked at."""
    bad = {"quality": 0.5, "errors": 0.5}
    groups = [
        calls(BASE, 300, seed=1),
        calls(HEAD, 300, seed=2),
        calls(HEAD, 300, seed=3, environment="staging", **bad),
        calls(HEAD, 300, seed=4, suite="news", **bad),
    ]
    store = store_of(tmp_path, *groups)
    assert PerformanceMonitor(store).watch(now=NOW) == []
    staging = PerformanceMonitor(store, Config(environment="staging"))
    assert staging.check_regression("summarizer") == []


def test_watch_tells_once_until_it_changes(tmp_path: Path) -> None:
    """One regression is told once over restarts, and again after a day without it."""
    path = tmp_path / "state" / "monitor.json"
    store = _regressed(tmp_path)
    told: list[Alert] = []

    def look(hours: float, source: Metrics = store) -> int:
        monitor = PerformanceMonitor(source, state=AlertState(path))
        monitor.add_alert_handler(told.append)
        before = len(told)
        monitor.watch(now=NOW + timedelta(hours=hours))
        return len(told) - before

    empty = store_of(tmp_path / "empty")
    assert [look(0), look(1)] == [1, 0]
    assert [look(2, empty), look(3)] == [0, 0]
    assert [look(40, empty), look(41)] == [0, 1]


def test_a_worse_alert_is_told_again(tmp_path: Path) -> None:
    """When a warning becomes critical it is news."""
    alert = PerformanceMonitor(_regressed(tmp_path)).check_regression("summarizer", now=NOW)[0]
    state = AlertState()
    mild = Alert(**{**_fields(alert), "severity": Severity.WARNING})
    severe = Alert(**{**_fields(alert), "severity": Severity.CRITICAL})
    state.remember([mild], [mild], NOW)
    assert state.unseen([mild]) == []
    assert state.unseen([severe]) == [severe]


def test_a_failing_handler_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The other handlers are told, the failure is logged."""
    told: list[Alert] = []

    def broken(_: Alert) -> None:
        raise RuntimeError("the pager is out of order")

    monitor = PerformanceMonitor(_regressed(tmp_path))
    monitor.add_alert_handler(broken)
    monitor.add_alert_handler(told.append)
    with caplog.at_level(logging.ERROR, logger="promptreg"):
        monitor.watch(now=NOW)
    assert len(told) == 1
    assert "the pager is out of order" in caplog.text


def test_an_alert_that_reached_nobody_is_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When every handler fails, the next look tries again."""
    attempts: list[Alert] = []

    def broken(alert: Alert) -> None:
        attempts.append(alert)
        raise RuntimeError("down")

    monitor = PerformanceMonitor(_regressed(tmp_path))
    monitor.add_alert_handler(broken)
    monitor.watch(now=NOW)
    monitor.watch(now=NOW + timedelta(minutes=5))
    assert len(attempts) == 2
    caplog.clear()


def test_looking_all_day_makes_no_alarm(tmp_path: Path) -> None:
    """Looks after every ten new calls of a like version stay quiet."""
    store = store_of(tmp_path, calls(BASE, 200, seed=11))
    rows = calls(HEAD, 200, seed=12)
    monitor = PerformanceMonitor(store)
    alerts: list[Alert] = []
    for start in range(0, 200, 20):
        store.log_many(rows[start : start + 20])
        alerts += monitor.check_regression("summarizer", now=NOW)
    assert alerts == []


def test_a_broken_state_is_an_error_with_a_fix(tmp_path: Path) -> None:
    """A state file that is not ours is not overwritten."""
    path = tmp_path / "monitor.json"
    for text in ("{", "[]", '{"told": {"x": {}}}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(MetricsError, match="no state of the monitor"):
            AlertState(path)
        assert path.read_text(encoding="utf-8") == text


def test_a_state_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    """Without its memory the monitor would tell everything again, so it says what is wrong."""
    (tmp_path / "file").touch()
    state = AlertState(tmp_path / "file" / "monitor.json")
    with pytest.raises(MetricsError, match="the monitor's state, cannot be written") as raised:
        state.remember([], [], NOW)
    assert raised.value.fix == "choose another place with --state"


def test_a_state_that_is_to_be_forgotten() -> None:
    """Who names /dev/null wants nothing remembered, and no fix that removes it."""
    assert AlertState(Path(os.devnull)).unseen([]) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"windw": "1h"}, "unknown key 'windw'"),
        ({"window": "soon"}, "is no duration"),
        ({"window": "0h"}, "is no duration"),
        ({"limits": ["cost:+5%"]}, "is no limit"),
        ({"limits": "cost:<=5"}, "must be a list"),
        ({"anomalies": ["cost:<=5"]}, "is no change"),
        ({"handlers": []}, "must be a table"),
    ],
)
def test_wrong_settings_are_refused(table: dict[str, Any], message: str) -> None:
    """Each wrong value has its own line."""
    with pytest.raises(ConfigError, match=message):
        settings_from(table)


def test_settings_are_read() -> None:
    """Durations, limits of file and command line, and anomalies are taken over."""
    table = {"window": "6h", "history": "2w", "limits": ["cost:<=5/day"], "anomalies": []}
    settings = settings_from(table, ["success_rate:>=99%"])
    assert (settings.window, settings.history) == (timedelta(hours=6), timedelta(weeks=2))
    assert [str(limit) for limit in settings.limits] == ["cost:<=5/day", "success_rate:>=99%"]
    assert settings.anomalies == ()
    assert parse_duration("90s") == timedelta(seconds=90)


def _fields(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in Alert.__dataclass_fields__}
