"""How a command that runs for long, or for ever, is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["ended_by_sigterm", "stopped_by_signals"]


@contextmanager
def ended_by_sigterm(code: int) -> Iterator[None]:
    """Let SIGTERM, which ends services, containers and cancelled jobs, clean up like Ctrl-C does.

    A second one ends at once.

    Args:
        code: What to exit with.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(code)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Set an event on SIGTERM, which ends services and containers, and on the first SIGINT.

    What has begun is ended in both cases; a second SIGINT interrupts at once.

    Raises:
        KeyboardInterrupt: At the end, when it was SIGINT that set the event.
    """
    stop = threading.Event()
    received: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    if signal.SIGINT in received:
        raise KeyboardInterrupt
