"""What the monitor watches for: the `[alerts]` table; pure.

::

    [alerts]
    window = "24h"                     # what counts as now
    history = "7d"                     # what an anomaly is compared with
    limits = ["success_rate:>=95%", "cost:<=50/day"]
    anomalies = ["cost:+50%", "latency:+50%", "error_rate:+5pp"]

    [alerts.handlers]
    console = true
    jsonl = "alerts.jsonl"
    webhook = {url-env = "ALERT_URL", secret-env = "ALERT_SECRET"}
    slack = {url-env = "SLACK_URL"}
    email = {host = "localhost", sender = "a@example.org", to = ["b@example.org"]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from promptreg.errors import ConfigError
from promptreg.stats.thresholds import Form, Threshold, parse_threshold
from promptreg.values import dataclass, field

__all__ = ["MonitorSettings", "parse_duration", "settings_from"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ANOMALIES = (
    "cost:+50%",
    "latency:+50%",
    "error_rate:+5pp",
    "input_tokens:+50%",
    "output_tokens:+50%",
)
_KEYS = {"window", "history", "limits", "anomalies", "handlers"}


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """How the monitor looks.

    Attributes:
        window: The latest rows: what counts as now.
        history: The rows before them that an anomaly is compared with.
        anomalies: How much a version may move against its own past.
        limits: Absolute limits.
        handlers: The `[alerts.handlers]` table.
    """

    window: timedelta = timedelta(hours=24)
    history: timedelta = timedelta(days=7)
    anomalies: tuple[Threshold, ...] = tuple(parse_threshold(text) for text in _ANOMALIES)
    limits: tuple[Threshold, ...] = ()
    handlers: Mapping[str, Any] = field(default_factory=_nothing)


def settings_from(table: Mapping[str, Any], limits: Sequence[str] = ()) -> MonitorSettings:
    """Read the `[alerts]` table.

    Args:
        table: As configured.
        limits: More limits, from the command line.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
    """
    if unknown := set(table) - _KEYS:
        raise ConfigError(
            f"alerts: unknown key {min(unknown)!r}", fix=f"use one of {', '.join(sorted(_KEYS))}"
        )
    usual = MonitorSettings()
    chosen = [parse_threshold(text) for text in (*_texts(table, "limits"), *limits)]
    if wrong := [threshold for threshold in chosen if threshold.form is not Form.LIMIT]:
        raise ConfigError(f"{wrong[0]} is no limit", fix="write success_rate:>=95%")
    anomalies = usual.anomalies
    if "anomalies" in table:
        anomalies = tuple(parse_threshold(text) for text in _texts(table, "anomalies"))
    if wrong := [threshold for threshold in anomalies if threshold.form is Form.LIMIT]:
        raise ConfigError(f"{wrong[0]} is no change", fix="write cost:+50%")
    handlers = table.get("handlers", {})
    if not isinstance(handlers, Mapping):
        raise ConfigError("alerts.handlers must be a table")
    return MonitorSettings(
        window=parse_duration(str(table.get("window", "24h"))),
        history=parse_duration(str(table.get("history", "7d"))),
        anomalies=anomalies,
        limits=tuple(chosen),
        handlers=handlers,
    )


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``30s``, ``5m``, ``24h`` or ``7d``.

    Raises:
        ConfigError: It is not one, or it is zero.
    """
    found = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip())
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"{text!r} is no duration", fix="write it as 30s, 5m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _texts(table: Mapping[str, Any], key: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ConfigError(f"alerts.{key} must be a list of thresholds")
    return value
