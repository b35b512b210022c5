"""Running the git program, with errors a person can act on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from promptreg.errors import RepositoryError

__all__ = ["GitResult", "complaint", "has_git", "remote_fix", "run_git", "try_git"]

_ENVIRONMENT = {
    # A question on the terminal would hang a hook or a CI job for ever.
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    # libgit2 knows no `git replace`: what one clone replaced is no content of a version.
    "GIT_NO_REPLACE_OBJECTS": "1",
}

GitResult = subprocess.CompletedProcess[bytes]


@cache
def has_git() -> bool:
    """Tell whether there is a git program on PATH."""
    return shutil.which("git") is not None


def git_environment() -> dict[str, str]:
    """Return the environment git runs in."""
    return {**os.environ, **_ENVIRONMENT}


def try_git(
    folder: Path, *args: str, stdin: bytes | None = None, index: Path | None = None
) -> GitResult:
    """Run git and return what came back, whatever its exit code.

    Args:
        folder: Where it runs.
        args: What it is asked.
        stdin: What it reads.
        index: A file in the place of the repository's own index.

    Raises:
        RepositoryError: There is no git program.
    """
    given = {} if index is None else {"GIT_INDEX_FILE": str(index)}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *args],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            env={**git_environment(), **given},
            check=False,
        )
    except FileNotFoundError as error:
        raise RepositoryError("git is not on PATH", fix="install git") from error


def run_git(folder: Path, *args: str, stdin: bytes | None = None) -> bytes:
    """Run git and return its stdout.

    Raises:
        RepositoryError: Git failed; the message is its first line of complaint.
    """
    result = try_git(folder, *args, stdin=stdin)
    if result.returncode != 0:
        command = next(word for word in args if not word.startswith("-"))
        raise RepositoryError(f"git {command} failed: {complaint(result)}", fix=remote_fix(result))
    return result.stdout


def remote_fix(result: GitResult) -> str | None:
    """Return what to do where git was asked about a remote that there is not; None otherwise."""
    text = result.stderr.decode("utf-8", "replace")
    found = re.search("'(.*)' does not appear to be a git repository", text)
    if found is None:
        return None
    return f"git remote add {found[1]} URL; git remote -v lists those there are"


def complaint(result: GitResult) -> str:
    """Return the line of git's stderr that says what is wrong."""
    lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
    telling = [line for line in lines if line.startswith(("fatal:", "error:", " ! ", "remote:"))]
    chosen: Sequence[str] = telling or lines or ["no reason given"]
    return chosen[0].removeprefix("fatal: ").removeprefix("error: ").strip()
