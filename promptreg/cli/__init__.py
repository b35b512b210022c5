"""The command line: each command is loaded only when it is called.

Typer reads the signature of every command it knows, so the application is built around the one
command that the arguments name; help and completion build it whole.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code.

    Args:
        arguments: The words behind the program's name; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in another encoding, or a terminal of one, is no reason to break.
            stream.reconfigure(errors="backslashreplace")
    code = run(words)
    # What is alive now stays so until the end, and Python would look through all of it three times
    # on its way out: a tenth of the time of a short command. Only DuckDB's binding would take what
    # was not collected for a leak, and print a page about it.
    if "duckdb" not in sys.modules:
        gc.freeze()
    sys.exit(code)


def _open_closed_streams() -> None:
    """Lead streams that the caller closed nowhere, as git does.

    Otherwise the next file that is opened would be stdout to every program that is started.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


def run(words: list[str]) -> int:
    """Run a command and return its exit code; see `promptreg.cli.errors.ExitCode`."""
    from promptreg.cli.errors import ExitCode, report_error

    debug = "--debug" in words or bool(os.environ.get("PROMPTREG_DEBUG"))
    try:
        return _invoke(words)
    except BrokenPipeError:
        # Somebody closed the pager; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except SystemExit as request:
        return request.code if isinstance(request.code, int) else ExitCode.USAGE
    except BaseException as error:  # noqa: BLE001 - the one place that turns errors into exit codes
        sys.stdout.flush()
        return report_error(error, debug=debug)


def _invoke(words: list[str]) -> int:
    from promptreg.cli.app import build_app, expand

    words = expand(words)
    app = build_app(words)
    if os.environ.get("_PROMPTREG_COMPLETE") == "complete_bash":
        from promptreg.cli.completion import whole_words

        with whole_words():
            app(args=words, standalone_mode=True, prog_name=_program())
    result: Any = app(args=words, standalone_mode=True, prog_name=_program())
    return result if isinstance(result, int) else 0


def _program() -> str:
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - pathlib is not loaded here otherwise
    return "git promptreg" if name == "git-promptreg" else "promptreg"
