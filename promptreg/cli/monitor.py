"""`promptreg monitor`: watch production from cron or a container."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.completion import complete_paths
from promptreg.cli.context import given_path, open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import data, message, print_json, style, warning
from promptreg.errors import ConfigError, MetricsError

if TYPE_CHECKING:
    from promptreg.monitor import Alert, PerformanceMonitor
    from promptreg.registry import Registry

__all__ = ["monitor"]


class MonitorFormat(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


def monitor(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Only these prompts; all that were called by default."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and exit; the default.")] = False,
    every: Annotated[
        str | None, typer.Option(help="Look again and again, such as every 5m.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="A limit such as success_rate:>=95% or cost:<=50/day; repeatable."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="The environment to watch; the configured one by default.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="Where told alerts are remembered; .promptreg/monitor.json by default.",
            autocompletion=complete_paths,
        ),
    ] = None,
    output: Annotated[
        MonitorFormat, typer.Option("--format", help="How to answer.")
    ] = MonitorFormat.TEXT,
) -> None:
    """Tell what is wrong in production: regressions, anomalies, broken limits.

    Each alert goes once to the configured alerts.handlers, until it changes. With --once all
    present alerts are printed and the exit code is 1 when there are any. With --every it runs
    until SIGTERM, which lets it end its look and exit with 0.
    """
    if once and every is not None:
        raise ConfigError("--once and --every exclude each other")
    from promptreg.cli.stopping import stopped_by_signals
    from promptreg.monitor import AlertState, PerformanceMonitor
    from promptreg.monitor.configured import configured_handlers
    from promptreg.monitor.loop import look_every
    from promptreg.monitor.settings import parse_duration, settings_from

    pause = parse_duration(every).total_seconds() if every is not None else None
    with open_registry(fast_start=True) as registry:
        settings = settings_from(registry.config.alerts, limit or ())
        watcher = PerformanceMonitor(
            registry.metrics,
            registry.config,
            environment=environment,
            settings=settings,
            state=AlertState(
                given_path(state) if state else registry.root / ".promptreg" / "monitor.json"
            ),
        )
        # The console is the answer itself when looking once.
        table = dict(settings.handlers)
        if pause is None:
            table.pop("console", None)
        if table or pause is not None:
            for handler in configured_handlers(table, registry.root):
                watcher.add_alert_handler(handler)
        _mention_uncalled(registry, watcher, names)
        if pause is None:
            alerts = watcher.watch(names or None)
            _write(alerts, output)
            if alerts:
                raise typer.Exit(ExitCode.FOUND)
            return
        with stopped_by_signals() as stop:
            look_every(lambda: _look(watcher, names), pause, stop.wait)
        message("stopped")


def _mention_uncalled(
    registry: Registry, watcher: PerformanceMonitor, names: list[str] | None
) -> None:
    """Tell of what nobody called: silence about a slip of the pen would look like health."""
    try:
        called = watcher.called()
    except (MetricsError, OSError):
        return  # which the look itself tells
    if not names and not called:
        warning(f"there are no calls in {watcher.environment}")
    for name in names or ():
        if name not in called:
            registry.releases(name)  # refuses what no prompt is called
            warning(f"{name} has no calls in {watcher.environment}")


def _look(watcher: PerformanceMonitor, names: list[str] | None) -> None:
    """Look once; a store that cannot be read now may be readable at the next look."""
    try:
        watcher.watch(names or None)
    except (MetricsError, OSError) as error:
        warning(str(error))


def _write(alerts: list[Alert], output: MonitorFormat) -> None:
    if output is MonitorFormat.JSON:
        print_json([alert.to_dict() for alert in alerts])
        return
    for alert in alerts:
        tone = "red" if alert.severity == "critical" else "yellow"
        data(f"{style(alert.severity, tone)} {alert.type}: {alert.message}")
    if not alerts:
        message("nothing to report")
