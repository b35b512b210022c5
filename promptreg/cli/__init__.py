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
from contextlib import ExitStack

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
    from promptreg.cli.errors import ExitCode

    stdout = sys.stdout
    try:
        return _run(words)
    except BrokenPipeError:
        # Typer puts another stream in this place.
        sys.stdout = stdout
        _abandon_stdout()
        return ExitCode.UNREAD


def _run(words: list[str]) -> int:
    from promptreg.cli.errors import report_error

    debug = "--debug" in words or bool(os.environ.get("PROMPTREG_DEBUG"))
    try:
        code = _invoke(words)
        # Somebody may have closed the pager, or the disk be full, before the last words.
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except BaseException as error:  # noqa: BLE001 - the one place that turns errors into exit codes
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:
            _abandon_stdout()
        return report_error(error, debug=debug)
    return code


def _abandon_stdout() -> None:
    """Let nothing fail any more that stdout still holds; Python would complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _invoke(words: list[str]) -> int:
    from promptreg.cli.app import build_app, expand
    from promptreg.cli.errors import ExitCode

    words = expand(words)
    app = build_app(words)
    with ExitStack() as stack:
        if os.environ.get("_PROMPTREG_COMPLETE") == "complete_bash":
            from promptreg.cli.completion import whole_words

            stack.enter_context(whole_words())
        try:
            app(args=words, standalone_mode=True, prog_name=_program())
        except SystemExit as request:
            # Typer, and Rich in help and usage errors, take care of a closed pipe by code 1.
            if isinstance(request.__context__, BrokenPipeError):
                raise request.__context__ from None
            return request.code if isinstance(request.code, int) else ExitCode.USAGE
    return ExitCode.OK


def _program() -> str:
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - pathlib is not loaded here otherwise
    return "git promptreg" if name == "git-promptreg" else "promptreg"
