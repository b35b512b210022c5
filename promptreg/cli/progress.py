"""How far a long work is, on a terminal's stderr only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from promptreg.cli.output import is_quiet

__all__ = ["growing_bar", "progress_bar"]

_PATIENCE_SECONDS = 0.5


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far a long work is, on a terminal only, and not under --quiet.

    Args:
        what: What is being done.
        total: How much there is to do; None when nobody knows.

    Yields:
        A function that takes how much is done.
    """
    if not _is_shown():
        yield lambda _: None
        return
    with ExitStack() as stack:
        show = _start(stack, what)
        show(0, total)
        yield lambda done: show(done, total)


@contextmanager
def growing_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a work is once it has taken half a second.

    Args:
        what: What is being done.

    Yields:
        A function that takes how much is done, and how much there is to do.
    """
    if not _is_shown():
        yield lambda _done, _total: None
        return
    start = time.monotonic()
    bars: list[Callable[[int, int | None], None]] = []
    with ExitStack() as stack:

        def show(done: int, total: int) -> None:
            if not bars and time.monotonic() - start > _PATIENCE_SECONDS:
                bars.append(_start(stack, what))
            for bar in bars:
                bar(done, total)

        yield show


def _is_shown() -> bool:
    return sys.stderr.isatty() and not is_quiet()


def _start(stack: ExitStack, what: str) -> Callable[[int, int | None], None]:
    from rich.console import Console
    from rich.progress import Progress

    progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
    task: Any = progress.add_task(what, total=None)
    return lambda done, total: progress.update(task, completed=done, total=total)
