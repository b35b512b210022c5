"""What a command will do to a clone, as a value: shown under --dry-run, or carried out.

An operation looks, decides and returns its steps; only `carry_out` changes anything. So the plan
that a person saw is the plan that runs: there is no second way through the code.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from promptreg.errors import ConflictError, RepositoryError
from promptreg.operations.addable import require_addable
from promptreg.operations.replacing import alone, put_file, read_file
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = [
    "MoveFile",
    "RemoveTag",
    "RunGit",
    "Step",
    "WriteFile",
    "carry_out",
    "rehearse",
]


class Step(Protocol):
    """One thing that is done, and can be undone where a later one fails."""

    @property
    def action(self) -> str:
        """What is done, in a word: create, change, move, remove, run."""
        ...

    @property
    def target(self) -> str:
        """What it is done to."""
        ...

    @property
    def note(self) -> str:
        """What a person should know of it; may be empty."""
        ...

    @property
    def files(self) -> tuple[str, ...]:
        """The files below the top of the work tree that it writes or removes, for git to add."""
        ...

    def carry_out(self, repository: Repository) -> Callable[[], object] | None:
        """Do it, and return what takes it back; None where nothing can."""
        ...


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file is written or removed.

    Attributes:
        path: The file, below the top of the work tree; hooks may lie elsewhere.
        before: Its bytes when the plan was made; None where there was none.
        after: Its bytes then; None removes it.
        note: What a person should know.
        executable: Whether it is made a program.
        addable: Whether it is for git to add, as hooks are not.
    """

    path: str
    before: bytes | None
    after: bytes | None
    note: str = ""
    executable: bool = False
    addable: bool = True

    @property
    def action(self) -> str:
        """What is done."""
        if self.after is None:
            return "remove"
        return "create" if self.before is None else "change"

    @property
    def target(self) -> str:
        """The file."""
        return self.path

    @property
    def files(self) -> tuple[str, ...]:
        """The file."""
        return (self.path,) if self.addable else ()

    def carry_out(self, repository: Repository) -> Callable[[], object]:
        """Write the file at once, or remove it.

        Raises:
            ConflictError: Somebody wrote it since the plan was made.
        """
        target = _top(repository) / self.path
        with alone(repository.paths.git_dir):
            if read_file(target) != self.before:
                raise ConflictError(f"{self.path} was changed by somebody else", fix="run it again")
            mode = target.stat().st_mode if self.before is not None else None
            put_file(target, self.after, mode, executable=self.executable)
        return lambda: put_file(target, self.before, mode)


@dataclass(frozen=True, slots=True)
class MoveFile:
    """A file gets another path; what lies there already is never overwritten.

    Attributes:
        path: Where it is.
        destination: Where it goes.
        note: What a person should know.
        addable: Whether it is for git to add, as hooks are not.
    """

    path: str
    destination: str
    note: str = ""
    addable: bool = True

    @property
    def action(self) -> str:
        """What is done."""
        return "move"

    @property
    def target(self) -> str:
        """Both paths."""
        return f"{self.path} to {self.destination}"

    @property
    def files(self) -> tuple[str, ...]:
        """Both paths."""
        return (self.path, self.destination) if self.addable else ()

    def carry_out(self, repository: Repository) -> Callable[[], object]:
        """Move the file.

        Raises:
            ConflictError: Something lies there.
        """
        top = _top(repository)
        old, new = top / self.path, top / self.destination
        with alone(repository.paths.git_dir):
            if os.path.lexists(new):
                raise ConflictError(f"{self.destination} is there already", fix="run it again")
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)
        return lambda: new.rename(old)


@dataclass(frozen=True, slots=True)
class RunGit:
    """Git is run; what it does is not taken back.

    Attributes:
        words: Its arguments.
        note: What a person should know.
        refusal: What it means when git refuses, before git's own words.
        fix: What to do then.
        tolerated: A text in git's complaint that is as good as success.
    """

    words: tuple[str, ...]
    note: str = ""
    refusal: str = ""
    fix: str | None = None
    tolerated: str = ""

    @property
    def action(self) -> str:
        """What is done."""
        return "run"

    @property
    def target(self) -> str:
        """The command line."""
        import shlex

        return f"git {shlex.join(self.words)}"

    @property
    def files(self) -> tuple[str, ...]:
        """None that git itself does not answer for."""
        return ()

    def carry_out(self, repository: Repository) -> None:
        """Run git.

        Raises:
            RepositoryError: It refused.
        """
        from promptreg.git.process import complaint, remote_fix, try_git

        # Only git's own folder is right for the relative URL of a remote, see `remote_folder`.
        asks = self.words[0] == "push"
        folder = repository.paths.remote_folder if asks else _top(repository)
        answer = try_git(folder, *self.words)
        text = answer.stderr.decode("utf-8", "replace")
        if answer.returncode != 0 and not (self.tolerated and self.tolerated in text):
            refusal = self.refusal or f"git {self.words[0]} failed"
            fix = self.fix or remote_fix(answer)
            raise RepositoryError(f"{refusal}: {complaint(answer)}", fix=fix)


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """A tag of this clone goes.

    Attributes:
        tag: Its name.
        note: What a person should know.
    """

    tag: str
    note: str = ""

    @property
    def action(self) -> str:
        """What is done."""
        return "remove"

    @property
    def target(self) -> str:
        """The tag."""
        return f"tag {self.tag}"

    @property
    def files(self) -> tuple[str, ...]:
        """None."""
        return ()

    def carry_out(self, repository: Repository) -> None:
        """Remove the tag."""
        repository.delete_tag(self.tag)


def rehearse(repository: Repository, steps: Iterable[Step]) -> None:
    """Refuse a plan that cannot be carried out, as far as that is known beforehand.

    Raises:
        RepositoryError: Git would not add one of its files.
    """
    require_addable(repository, [file for step in steps for file in step.files])


def carry_out(repository: Repository, steps: Sequence[Step]) -> None:
    """Do all steps in turn; where one fails, the files of those before it are put back.

    Args:
        repository: Where.
        steps: What an operation planned.

    Raises:
        ConflictError: A file is not as it was when the plan was made.
        RepositoryError: Git refused, or would not add one of the files.
    """
    rehearse(repository, steps)
    with contextlib.ExitStack() as undo:
        for step in steps:
            back = step.carry_out(repository)
            if back is None:
                # What cannot be taken back must find the files that led to it.
                undo.pop_all()
            else:
                undo.callback(back)
        undo.pop_all()


def _top(repository: Repository) -> Path:
    top = repository.paths.work_tree
    if top is None:
        raise RepositoryError("the repository is bare", fix="git clone it and work there")
    return top
