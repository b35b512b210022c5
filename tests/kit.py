"""Real git repositories for tests, built by the commands a person would type."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptreg.cli import run as run_command

__all__ = ["PROMPT", "CommandRepo", "Repo", "Result", "forked", "prompt_text", "running"]

PROMPT = """\
# A comment that must stay.
description: Two-sentence news summaries.
model: openai/gpt-4o
modelParameters: {temperature: 0.2}
variables:
  article: {type: string, description: Full text}
messages:
  - role: system
    content: |
      You are a news summarizer.
  - role: user
    content: "Summarize:\\n{{article}}"
"""


def prompt_text(system: str = "You are a news summarizer.") -> str:
    """Return a prompt file without version whose system message is the given line."""
    return PROMPT.replace("You are a news summarizer.", system)


@contextlib.contextmanager
def running(*commands: Sequence[str], **options: Any) -> Iterator[list[subprocess.Popen[str]]]:
    """Start processes whose stdout is read, and end them with the block, whatever comes of it.

    What one test leaves behind, running or unread, is told as the fault of another one.

    Args:
        commands: What is started.
        options: More of what `subprocess.Popen` takes.
    """
    with contextlib.ExitStack() as stack:
        started = []
        for command in commands:
            process = subprocess.Popen(
                command, **{"stdout": subprocess.PIPE, "text": True, **options}
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        yield started


@contextlib.contextmanager
def forked(work: Callable[[], bool]) -> Iterator[None]:
    """Do work in a forked child beside the block; it must be able to, and say that all was right.

    Whatever it raises, the child never comes back as a second run of the tests.
    """
    with warnings.catch_warnings():
        # As Python 3.12 and later warn where there are threads, which is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        status = 1
        try:
            # Waiting for a lock of a thread that was not forked would be for ever.
            signal.alarm(60)
            status = 0 if work() else 2
        except BaseException:  # noqa: BLE001 - it ends here in any case
            traceback.print_exc()
        finally:
            os._exit(status)
    try:
        yield
    finally:
        status = os.waitpid(child, 0)[1]
    assert status == 0, f"the forked child ended with {status}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished process left."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Repo:
    """One repository with a clock of its own: each commit is one minute after the last.

    Attributes:
        path: The top of the work tree.
    """

    path: Path
    clock: int = 1_700_000_000
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, path: Path, *, branch: str = "main") -> Repo:
        """Make an empty repository."""
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "-q", "-b", branch)
        return repo

    def env(self) -> dict[str, str]:
        """Return the environment of commands: identity, date, no colour."""
        date = f"{self.clock} +0000"
        binaries = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            "NO_COLOR": "1",
            **self.environment,
        }

    def process(self, *words: str, stdin: str | None = None) -> Result:
        """Run a program in the work tree."""
        done = subprocess.run(
            words,
            cwd=self.path,
            env=self.env(),
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def try_git(self, *args: str) -> Result:
        """Run git, whatever comes of it."""
        return self.process("git", *args)

    def git(self, *args: str) -> str:
        """Run git and return its stdout without the last line end; it must succeed."""
        result = self.try_git(*args)
        assert result.code == 0, f"git {' '.join(args)}: {result.err}{result.out}"
        return result.out.rstrip("\n")

    def run(self, *args: str, stdin: str | None = None) -> Result:
        """Run promptreg as a process of its own."""
        return self.process(sys.executable, "-m", "promptreg", *args, stdin=stdin)

    def ok(self, *args: str, code: int = 0) -> str:
        """Run promptreg, which must exit with a code, and return its stdout."""
        result = self.run(*args)
        assert result.code == code, f"promptreg {' '.join(args)} gave {result}"
        return result.out

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file, folders included."""
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def read(self, path: str) -> str:
        """Read a file; line ends stay as they are."""
        return (self.path / path).read_bytes().decode()

    def commit(self, message: str = "change", *args: str) -> str:
        """Commit everything and return the commit's id."""
        self.clock += 60
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *args)
        return self.head()

    def head(self) -> str:
        """Return the commit that is checked out, as its files say it right after a commit."""
        folder = self.path / ".git"
        if not folder.is_dir():  # a linked work tree
            return self.git("rev-parse", "HEAD")
        said = (folder / "HEAD").read_text().strip()
        kind, _, name = said.rpartition(": ")
        return (folder / name).read_text().strip() if kind else said

    def bump_and_commit(self, message: str = "change") -> str:
        """Bump all prompts, as the hook would, and commit."""
        assert self.run("bump", "--all").code in (0, 1)
        return self.commit(message)

    def tags(self) -> list[str]:
        """Return all tags, sorted by git."""
        return self.git("tag", "-l").split()

    def clone(self, path: Path, *args: str) -> Repo:
        """Clone this repository."""
        self.git("clone", "-q", *args, f"file://{self.path}", str(path))
        return type(self)(path, self.clock)


class CommandRepo(Repo):
    """A repository whose commands run in this process: the whole command line but the start-up.

    `process` still starts processes, for what only those can show.
    """

    def run(self, *args: str, stdin: str | None = None) -> Result:
        """Run promptreg in the work tree."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        before, before_stdin = dict(os.environ), sys.stdin
        os.environ.update(self.env())
        sys.stdin = io.TextIOWrapper(io.BytesIO((stdin or "").encode()), encoding="utf-8")
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
