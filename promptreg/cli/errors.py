"""The one place that turns an error into a line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from enum import IntEnum

from promptreg.errors import HistoryError, PromptregError

__all__ = ["ExitCode", "report_error"]


class ExitCode(IntEnum):
    """What every command exits with."""

    OK = 0
    FOUND = 1
    USAGE = 2
    UNDECIDED = 3
    BUG = 70
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143


def report_error(error: BaseException, *, debug: bool = False) -> ExitCode:
    """Print one line for an error and return the exit code that belongs to it."""
    from promptreg.cli.output import style

    if debug:
        traceback.print_exception(error)
    label = style("error:", "red", stream=sys.stderr)
    match error:
        case KeyboardInterrupt():
            sys.stderr.write("interrupted\n")
            return ExitCode.INTERRUPTED
        case HistoryError():
            code = ExitCode.UNDECIDED
        case PromptregError():
            code = ExitCode.USAGE
        case OSError():
            sys.stderr.write(f"{label} {error.strerror or error}{_named(error)}\n")
            return ExitCode.USAGE
        case _:
            sys.stderr.write(
                f"{label} a bug in promptreg: {type(error).__name__}: {error}\n"
                "  Please report it with the output of the same command under --debug.\n"
            )
            return ExitCode.BUG
    where = f"{error.location}: " if error.location else ""
    sys.stderr.write(f"{where}{label} {error.message}\n")
    if error.fix:
        sys.stderr.write(f"  fix: {error.fix}\n")
    return code


def _named(error: OSError) -> str:
    return f": {os.fsdecode(error.filename)}" if error.filename is not None else ""
