"""Reading git objects, by pygit2 or by one ``git cat-file --batch`` process.

An application that loads many prompts wants pygit2: 0.02 ms a read. A command that reads three
objects wants the process: it starts in 3 ms, where importing pygit2 takes 90.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from promptreg.errors import RepositoryError
from promptreg.git.process import git_environment, try_git
from promptreg.values import dataclass

__all__ = ["GitObject", "ObjectReader", "ProcessReader", "Pygit2Reader"]

_OID = re.compile(r"[0-9a-f]{40}")
# As libgit2 numbers them.
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
# How many objects one process is asked for, and from how many on it is worth starting.
_PART = 20_000
_FEW = 40


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object as git stores it: its id, its kind (blob, tree, commit, tag) and its bytes."""

    oid: str
    kind: str
    data: bytes


class ObjectReader(Protocol):
    """Reads objects by id or by ``COMMIT:PATH``."""

    def read(self, spec: str) -> GitObject | None:
        """Return the object, or None where the repository does not have it."""
        ...

    def read_many(self, oids: Sequence[str]) -> Iterator[GitObject]:
        """Yield those of many objects that the repository has, in the order asked."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        ...

    def close(self) -> None:
        """Give back what the reader holds."""
        ...


class Pygit2Reader:
    """Reads objects through libgit2; the repository is opened on the first read."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir

    @cached_property
    def repository(self) -> Any:
        """The pygit2 repository."""
        import pygit2

        try:
            return pygit2.Repository(str(self._git_dir))
        except pygit2.GitError as error:
            unsafe = re.search("path '(.*)' is not owned by", str(error))
            raise RepositoryError(
                f"libgit2 cannot open the repository: {error}",
                fix=f"git config --global --add safe.directory '{unsafe[1]}'" if unsafe else None,
            ) from error

    @cached_property
    def _database(self) -> Any:
        return self.repository.odb

    def read(self, spec: str) -> GitObject | None:
        """Return the object, or None where the repository does not have it."""
        try:
            if _OID.fullmatch(spec):
                # Without taking the object apart, which libgit2 would do for a revision.
                kind, data = self._database.read(spec)
                return GitObject(spec, _KINDS[kind], data)
            found = self.repository.revparse_single(spec)
        except (KeyError, ValueError):
            return None
        return GitObject(str(found.id), found.type_str, found.read_raw())

    def read_many(self, oids: Sequence[str]) -> Iterator[GitObject]:
        """Yield those of many objects that the repository has, in the order asked."""
        return (found for oid in oids if (found := self.read(oid)) is not None)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        import pygit2

        try:
            found = self.repository.merge_base(one, other)
        except (pygit2.GitError, KeyError, ValueError):
            return None
        return str(found) if found is not None else None

    def close(self) -> None:
        """Do nothing: libgit2 frees itself."""


class ProcessReader:
    """Reads objects through one git process that stays open; thread-safe and fork-safe."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, spec: str) -> GitObject | None:
        """Return the object, or None where the repository does not have it."""
        if "\n" in spec:
            return None
        with self._lock:
            process = self._running()
            stdin, stdout = process.stdin, process.stdout
            assert stdin is not None
            assert stdout is not None
            try:
                stdin.write(spec.encode() + b"\n")
                stdin.flush()
                header = stdout.readline().decode("utf-8", "replace")
            except BrokenPipeError:
                header = ""
            if not header:
                self._bury(process)
                return None
            if header.rstrip().endswith((" missing", " ambiguous")):
                return None
            oid, kind, size = header.split()
            data = stdout.read(int(size))
            stdout.read(1)
        return GitObject(oid, kind, data)

    def read_many(self, oids: Sequence[str]) -> Iterator[GitObject]:
        """Yield those of many objects that the repository has, in the order asked.

        Git answers ten times as fast when it need not hand over each object by itself, so many are
        asked of a process of their own, a part at a time to bound the memory.
        """
        for start in range(0, len(oids), _PART):
            part = oids[start : start + _PART]
            if len(part) < _FEW:
                yield from (found for oid in part if (found := self.read(oid)) is not None)
                continue
            answers = list(_answers(self._ask(part)))
            yield from (found for found in answers if found is not None)
            # Git dies for want of a promised object; reading on one by one tells which it is.
            rest = part[len(answers) :]
            yield from (found for oid in rest if (found := self.read(oid)) is not None)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        # In a hook GIT_DIR may be set, relative to the folder that the hook runs in.
        answer = try_git(self._git_dir, "--git-dir=.", "merge-base", one, other)
        return answer.stdout.decode("ascii").strip() or None

    def _ask(self, oids: Sequence[str]) -> bytes:
        from tempfile import TemporaryFile

        # Into a file: through a pipe git waits for its reader after every four kilobytes.
        with TemporaryFile() as answers:
            subprocess.run(
                ["git", f"--git-dir={self._git_dir}", "cat-file", "--batch", "--buffer"],
                input="\n".join((*oids, "")).encode(),
                stdout=answers,
                stderr=subprocess.DEVNULL,
                env=git_environment(),
                check=False,
            )
            answers.seek(0)
            return answers.read()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            for pipe in (process.stdin, process.stdout, process.stderr):
                # What git did not live to read is written once more by closing.
                with contextlib.suppress(BrokenPipeError):
                    if pipe is not None:
                        pipe.close()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        # A forked child must not talk to its parent's process.
        if self._process is None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                ["git", f"--git-dir={self._git_dir}", "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=git_environment(),
            )
        return self._process

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        """Raise unless git died for want of a promised object that it could not fetch."""
        assert process.stderr is not None
        text = process.stderr.read().decode("utf-8", "replace").strip()
        self.close()
        if "promisor remote" in text:
            return
        first = text.splitlines()[0] if text else "no reason"
        raise RepositoryError(f"git cannot read the repository: {first}")


def _answers(output: bytes) -> Iterator[GitObject | None]:
    """Yield what ``git cat-file --batch`` answered; None for an object it does not have."""
    position = 0
    while (end := output.find(b"\n", position)) >= 0:
        header = output[position:end].decode("utf-8", "replace")
        position = end + 1
        if header.endswith((" missing", " ambiguous")):
            yield None
            continue
        oid, kind, size = header.split()
        data = output[position : position + int(size)]
        if len(data) < int(size):
            return  # git died in the middle of it
        position += int(size) + 1
        yield GitObject(oid, kind, data)
