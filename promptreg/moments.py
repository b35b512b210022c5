"""Moments as people write them: a day, a time, an age such as ``7d``; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from promptreg.errors import ConfigError

__all__ = ["parse_moment"]

_AGE = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_moment(text: str, now: datetime | None = None) -> datetime:
    """Read a moment or an age, as an aware time; without a zone it is UTC.

    Args:
        text: Such as ``2026-01-31``, ``2026-01-31T12:00+01:00``, ``90m`` or ``7d``.
        now: What an age counts from; the current time by default.

    Raises:
        ConfigError: It is neither.
    """
    if match := _AGE.fullmatch(text.strip()):
        return (now or datetime.now(UTC)) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"{text!r} is no time", fix="write it as 2026-01-31, 2026-01-31T12:00 or 7d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
