"""Where rows go besides segments, and the time that is written into them."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta

__all__ = ["now_text", "to_nowhere", "to_stdout"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC is the format of the table
_second: tuple[int, str] = (0, "")


def to_stdout(lines: bytes, _rows: int) -> None:
    """Write lines to standard output, for a collector."""
    # Past sys.stdout's buffer, so that a row is out when this returns; flushed first, to stay
    # in order with what the application printed.
    sys.stdout.flush()
    while lines:
        lines = lines[os.write(1, lines) :]


def to_nowhere(_lines: bytes, _rows: int) -> None:
    """Drop lines that were checked, for tests of applications."""


def now_text() -> str:
    """Return the time as naive UTC text with six digits."""
    global _second  # noqa: PLW0603 - formatting a date costs more than the rest of the clock
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    known, text = _second
    if known != seconds:
        text = (_EPOCH + timedelta(seconds=seconds)).isoformat(" ", "seconds")
        _second = (seconds, text)  # one assignment, so threads see a matching pair
    return f"{text}.{rest // 1000:06}"
