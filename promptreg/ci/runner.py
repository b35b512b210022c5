"""GitHub's runner: output files, workflow commands, and other programs' output made harmless.

The runner obeys every line of a step's output that looks like a command. What a program prints
about files of a pull request stands therefore between two stop-commands lines with a random word.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

__all__ = [
    "clip",
    "fail",
    "guarded",
    "notice",
    "promptreg",
    "warn",
    "write_outputs",
    "write_summary",
]

_SUMMARY_BYTES = 1_000_000  # a step may write one MiB


def write_outputs(values: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Write a step's outputs; the delimiter is random, so that no value can end itself."""
    path = environment.get("GITHUB_OUTPUT")
    if not path:
        return
    with Path(path).open("a", encoding="utf-8", newline="\n") as file:
        for name, value in values.items():
            delimiter = f"promptreg_{secrets.token_hex(16)}"
            file.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def write_summary(markdown: str, environment: Mapping[str, str]) -> None:
    """Append markdown to the step's summary, as much of it as a step may write."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    with Path(path).open("a", encoding="utf-8", newline="\n") as file:
        file.write(clip(markdown, _SUMMARY_BYTES) + "\n")


def clip(markdown: str, limit: int) -> str:
    """Cut markdown between two blocks so that it has at most a number of bytes."""
    if len(markdown.encode("utf-8", "replace")) <= limit:
        return markdown
    rest = "\n\nThe rest did not fit; the log of the run has all of it.\n"
    room = limit - len(rest)
    head = markdown.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    whole = head.rpartition("\n\n")[0]
    return (whole or head) + rest


def notice(text: str) -> None:
    """Show a notice on the page of the run."""
    _command("notice", text)


def warn(text: str) -> None:
    """Show a warning on the page of the run."""
    _command("warning", text)


def fail(text: str) -> None:
    """Show an error on the page of the run; the step's exit code is another matter."""
    _command("error", text)


def _command(name: str, text: str) -> None:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::{name} title=promptreg::{escaped}\n")
    sys.stdout.flush()


@contextmanager
def guarded() -> Iterator[None]:
    """Let the runner take everything printed within as plain text."""
    word = secrets.token_hex(16)
    sys.stdout.write(f"::stop-commands::{word}\n")
    sys.stdout.flush()
    try:
        # The runner reads the two streams apart: what goes to the other one may leave the guard.
        with redirect_stderr(sys.stdout):
            yield
    finally:
        sys.stdout.write(f"\n::{word}::\n")
        sys.stdout.flush()


def promptreg(
    directory: Path, words: Sequence[str], variables: Mapping[str, str] | None = None
) -> int:
    """Run a promptreg command in a folder, its output guarded, and return its exit code."""
    # -P keeps the repository's own folders off the module path.
    program = [sys.executable, "-P", "-m", "promptreg", "-C", os.fspath(directory), *words]
    with guarded():
        return subprocess.run(
            program,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
