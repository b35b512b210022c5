"""Look again and again until somebody says stop; pure."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["look_every"]


def look_every(look: Callable[[], None], pause: float, wait: Callable[[float], bool]) -> None:
    """Look, wait, and look again.

    Args:
        look: What to do each time; a look that has begun is ended.
        pause: Seconds from the end of a look to the next.
        wait: Waits so many seconds, or less, and returns whether to stop.
    """
    while True:
        look()
        if wait(pause):
            return
