"""Git as CI needs it: fetching what a check lacks, with a token that no process list shows."""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from promptreg.errors import HistoryError, RepositoryError

__all__ = ["Git", "fetch_history", "with_fetches"]

_Answer = TypeVar("_Answer")
_MOST_FETCHES = 200


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one folder.

    Attributes:
        directory: Where it runs.
        environment: Variables beside those of this process.
    """

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def authorized(cls, directory: Path, server: str, token: str) -> Git:
        """Return git that shows a token to one server.

        Args:
            directory: Where it runs.
            server: The server's web address.
            token: The token; empty leaves git's own credentials alone.
        """
        if not token:
            return cls(directory)
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        key = f"http.{server}/.extraheader"
        # The empty value drops the header that a checkout left behind; two are refused.
        return cls(
            directory,
            {
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": key,
                "GIT_CONFIG_VALUE_0": "",
                "GIT_CONFIG_KEY_1": key,
                "GIT_CONFIG_VALUE_1": f"AUTHORIZATION: basic {secret}",
            },
        )

    def within(self, directory: Path, **variables: str) -> Git:
        """Return git in another folder, with more variables."""
        return Git(directory, {**self.environment, **variables})

    def attempt(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run git, whatever comes of it."""
        fixed = {"GIT_LITERAL_PATHSPECS": "1", "GIT_TERMINAL_PROMPT": "0"}
        return subprocess.run(
            ["git", *words],
            cwd=self.directory,
            env={**os.environ, **fixed, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def __call__(self, *words: str) -> str:
        """Run git and return what it says.

        Raises:
            RepositoryError: It failed.
        """
        done = self.attempt(*words)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise RepositoryError(f"git {words[0]} failed: {''.join(last)}")
        return done.stdout.strip()


def with_fetches(git: Git, question: Callable[[], _Answer], *, base_branch: str = "") -> _Answer:
    """Answer a question about history, and bring what the clone lacks for it.

    An error about missing history names the fetch that mends it; that fetch is made, and the
    question asked again, until nothing is missing or the fetch does not help.

    Args:
        git: Git in the repository.
        question: What to answer; it opens the repository anew each time.
        base_branch: The branch a pull request goes to; single-branch clones lack it.

    Raises:
        HistoryError: Something is missing that cannot be fetched.
    """
    if base_branch:
        _fetch_branch(git, base_branch)
    tried: set[str] = set()
    while True:
        try:
            return question()
        except HistoryError as error:
            command = error.fix or ""
            words = shlex.split(command) if command.startswith("git fetch ") else []
            if not words or command in tried or len(tried) >= _MOST_FETCHES:
                raise
            tried.add(command)
            if git.attempt(*words[1:]).returncode:
                raise


def fetch_history(git: Git) -> bool:
    """Bring all history and tags of what is checked out; tell whether that worked.

    A check can do without; a report shows every version, and since when a label names its own.

    Args:
        git: Git in the repository.
    """
    shallow = git("rev-parse", "--is-shallow-repository") == "true"
    depth = ["--unshallow"] if shallow else []
    # By its id: no branch of the remote holds the merge that a pull request's job checks out.
    found = git.attempt("fetch", "--quiet", "--tags", *depth, "origin", git("rev-parse", "HEAD"))
    return found.returncode == 0


def _fetch_branch(git: Git, branch: str) -> None:
    ref = f"refs/remotes/origin/{branch}"
    if git.attempt("rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}").returncode == 0:
        return
    shallow = git("rev-parse", "--is-shallow-repository") == "true"
    depth = ["--depth=1"] if shallow else []
    git.attempt("fetch", "--quiet", "--no-tags", *depth, "origin", f"+refs/heads/{branch}:{ref}")
