"""How a command that runs for ever is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["stopped_by_termination"]


@contextmanager
def stopped_by_termination() -> Iterator[threading.Event]:
    """Set an event on SIGTERM, which is how containers and systemd end a service."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
