"""What deltalake says about a damaged commit log, in one line that names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from promptreg.errors import MetricsError

__all__ = ["naming_damage", "refuse_read_only", "unwritable"]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def refuse_read_only(location: str) -> None:
    """Refuse a folder that cannot be written before deltalake tries, which prints a panic then.

    Raises:
        MetricsError: It is there, on this machine, and read-only.
    """
    # What may be written as whom is the kernel's knowledge; a bucket tells by refusing.
    if "://" not in location and os.path.isdir(location) and not os.access(location, os.W_OK):  # noqa: PTH112 - beside os.access
        raise MetricsError(f"cannot write to {location}: it is read-only for this user")


def unwritable(location: str, error: Exception) -> MetricsError:
    """Return what to say when a commit fails for another reason than somebody else's."""
    text = _first_line(error)
    fix = "promptreg metrics doctor" if "version" in text else None
    return MetricsError(f"cannot write to {location}: {text}", fix=fix)


@contextmanager
def naming_damage(location: str) -> Iterator[None]:
    """Turn what a damaged commit log makes deltalake raise into one line that names it.

    Args:
        location: The table.

    Raises:
        MetricsError: The log cannot be read.
    """
    from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError

    try:
        yield
    except TableNotFoundError:
        raise
    except (DeltaError, DeltaProtocolError, ValueError, OSError) as error:
        text = _first_line(error)
        reason = "a commit is missing" if "found gap" in text else text
        raise MetricsError(
            f"the commit log of {location} cannot be read: {reason}",
            fix="promptreg metrics doctor",
        ) from error
