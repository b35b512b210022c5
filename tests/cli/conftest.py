"""A small registry for the tests of the command line."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest

from promptreg.cli import run as run_command
from tests.core.acts import commit_prompt, release
from tests.kit import Repo, Result


class CommandRepo(Repo):
    """A repository whose commands run in this process: the whole command line but the start-up.

    `process` still starts processes, for what only those can show.
    """

    def run(self, *args: str, stdin: str | None = None) -> Result:
        """Run promptreg in the work tree."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        before, before_stdin = dict(os.environ), sys.stdin
        os.environ.update(self.env())
        sys.stdin = io.StringIO(stdin or "")
        try:
            with (
                contextlib.chdir(self.path),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = run_command(list(args))
        finally:
            sys.stdin = before_stdin
            os.environ.clear()
            os.environ.update(before)
        return Result(int(code), *map(_text, (out, err)))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    return CommandRepo.create(tmp_path / "repo")


@pytest.fixture
def history(repo: Repo) -> Repo:
    """Prompt a as 1.0.0 and 1.1.0, team/b as 1.0.0, production on a 1.0.0."""
    commit_prompt(repo, "a", "One.")
    commit_prompt(repo, "a", "Two.")
    commit_prompt(repo, "team/b", "Bee.")
    release(repo)
    repo.write("prompts/labels/production.yaml", "a: 1.0.0\n")
    repo.commit("promote")
    return repo
