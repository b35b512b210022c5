"""Which alerts were told already, so that one regression alerts once until it changes."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.monitor.alerts import Alert, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AlertState"]

_SCHEMA = 1
_RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}


class AlertState:
    """What was told, in a JSON file that is replaced as a whole.

    Args:
        path: The file; None or a device such as ``/dev/null`` keeps it in memory.
        quiet: An alert that was not seen for so long is over, and is told again when it returns.
            Shorter absences are the wavering of a value near its threshold.

    Raises:
        MetricsError: The file is not one of ours.
    """

    def __init__(self, path: Path | None = None, *, quiet: timedelta = timedelta(hours=24)) -> None:
        # Nothing that is written to /dev/null can be read again, and it must stay what it is.
        self._path = None if path is not None and path.is_char_device() else path
        self._quiet = quiet
        self._told: dict[str, dict[str, str]] = self._load()

    def unseen(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Return the alerts that are new, or that became more severe."""
        return [alert for alert in alerts if self._is_news(alert)]

    def remember(self, told: Sequence[Alert], present: Sequence[Alert], now: datetime) -> None:
        """Write down what was told and what is still there.

        Args:
            told: The alerts that reached somebody.
            present: All alerts of this look.
            now: The time of the look, aware.
        """
        for alert in told:
            self._told[alert.key] = {"severity": alert.severity.value, "seen": now.isoformat()}
        for alert in present:
            if (entry := self._told.get(alert.key)) is not None:
                entry["seen"] = now.isoformat()
        self._told = {
            key: entry
            for key, entry in self._told.items()
            if now - datetime.fromisoformat(entry["seen"]) <= self._quiet
        }
        self._save()

    def _is_news(self, alert: Alert) -> bool:
        entry = self._told.get(alert.key)
        return entry is None or _RANKS[alert.severity.value] > _RANKS.get(entry["severity"], 0)

    def _load(self) -> dict[str, dict[str, str]]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            value: Any = json.loads(self._path.read_text(encoding="utf-8"))
            told: dict[str, dict[str, str]] = value["told"]
            for entry in told.values():
                datetime.fromisoformat(entry["seen"])
                _ = entry["severity"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MetricsError(
                f"{self._path} is no state of the monitor",
                fix=f"remove {self._path}; every alert is then told once more",
            ) from error
        return told

    def _save(self) -> None:
        if self._path is None:
            return
        text = json.dumps({"schema": _SCHEMA, "told": self._told}, indent=2, sort_keys=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".monitor-")
        except OSError as error:
            raise MetricsError(
                f"{self._path}, the monitor's state, cannot be written: {error.strerror}",
                fix="choose another place with --state",
            ) from error
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                # Or a power cut could leave the new name with nothing in it.
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
