"""Where prompt files come from: the work tree, or a commit."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from promptreg.errors import NotFoundError, PromptError, RepositoryError
from promptreg.naming import MAX_BYTES, NAME, Layout
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["CommitSource", "Source", "WorktreeSource", "locate"]


class Source(Protocol):
    """A place that holds files: the work tree, or a commit."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes by its path in the repository, or None."""
        ...

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        ...


@dataclass(frozen=True, slots=True)
class WorktreeSource:
    """The files as they lie on the disk."""

    top: Path

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None; at most one byte more than a prompt may have."""
        target = f"{self.top}/{path}"
        try:
            handle = self._open(target, path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return None
            return os.read(handle, min(status.st_size, MAX_BYTES) + 1)
        finally:
            os.close(handle)

    def _open(self, target: str, path: str) -> int:
        try:
            return os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        if not Path(target).resolve().is_relative_to(self.top.resolve()):
            raise RepositoryError(f"{path} links out of the repository", fix="copy the file")
        return os.open(target, os.O_RDONLY | os.O_CLOEXEC)

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        found: list[str] = []
        for parent, folders, files in os.walk(self.top / folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            prefix = Path(parent).relative_to(self.top).as_posix()
            found.extend(f"{prefix}/{name}" for name in files)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class CommitSource:
    """The files of one commit."""

    repository: Repository
    commit: str

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None.

        Raises:
            HistoryError: It is there but was not fetched.
        """
        return self.repository.file_at(self.commit, path)

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        return sorted(self.repository.files_at(self.commit, folder))


def locate(source: Source, layout: Layout, name: str) -> str:
    """Return the path of a prompt.

    Raises:
        NotFoundError: The source has no such prompt.
        PromptError: Two files have that name.
    """
    if not NAME.fullmatch(name):
        raise NotFoundError(
            f"{name!r} is not a prompt name",
            fix="names are lower case with digits, - and _, folders separated by /",
        )
    found = [path for path in layout.candidates(name) if source.read(path) is not None]
    if len(found) > 1:
        raise PromptError(
            f"two files have the name {name}: {found[0]} and {found[1]}",
            rule="duplicate-name",
            fix="remove or rename one of them",
        )
    if not found:
        raise NotFoundError(f"no prompt {name!r} below {layout.root}/")
    return found[0]
