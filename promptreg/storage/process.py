"""Which process reads: DuckDB's and deltalake's threads do not survive a fork."""

from __future__ import annotations

import os

from promptreg.errors import MetricsError

__all__ = ["check_process", "forked"]

_reader: int | None = None


def forked() -> bool:
    """Tell whether this process was forked from one that had read metrics."""
    return _reader is not None and _reader != os.getpid()


def check_process() -> None:
    """Note that this process reads metrics.

    Raises:
        MetricsError: It was forked from one that did: going on would crash or hang.
    """
    global _reader  # noqa: PLW0603 - the threads belong to the whole process
    if forked():
        raise MetricsError(
            "this process was forked from one that had read metrics, which cannot go on here",
            fix="read in the parent or in spawned workers; forked ones can log",
        )
    _reader = os.getpid()
