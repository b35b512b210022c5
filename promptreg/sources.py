"""Where prompt files come from: the work tree, or a commit."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from promptreg.errors import HistoryError, Location, NotFoundError, PromptError
from promptreg.naming import MAX_BYTES, NAME, Layout, is_fragment
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["CommitSource", "OverlaySource", "Source", "SparseSource", "WorktreeSource", "locate"]

# A pipe among the prompts must not keep a command waiting for its writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Longer than any path that a file system would follow.
_MAX_LINK = 4096


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
        """Return a file's bytes, or None; at most one byte more than a prompt may have.

        Raises:
            PromptError: It is a symbolic link, or a fragment in a folder that is one.
        """
        target = f"{self.top}/{path}"
        try:
            handle = os.open(target, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            # ENXIO is what a socket says, which is no file either.
            if error.errno == errno.ENXIO:
                return None
            if error.errno != errno.ELOOP:
                raise
            raise _linked(path) from error
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return None
            if is_fragment(path) and self._is_behind_link(path):
                raise _linked(path)
            return os.read(handle, min(status.st_size, MAX_BYTES) + 1)
        finally:
            os.close(handle)

    def _is_behind_link(self, path: str) -> bool:
        """Tell whether a folder on the way is a link, which may lead anywhere."""
        folder = os.path.dirname(path)  # noqa: PTH120 - a text like those it is compared with
        top = os.path.realpath(self.top)
        return os.path.realpath(f"{top}/{folder}") != os.path.normpath(f"{top}/{folder}")

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        return sorted(_files_below(f"{self.top}/{folder}", folder))


def _files_below(folder: str, path: str) -> Iterator[str]:
    """Yield the paths of all files in a folder and its visible folders, as git would add them.

    Links are not followed, nor are repositories within this one, such as submodules.
    """
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = entry.name
        if entry.is_symlink():
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield f"{path}/{name}"
        elif not name.startswith(".") and not os.path.lexists(f"{folder}/{name}/.git"):
            yield from _files_below(f"{folder}/{name}", f"{path}/{name}")


def _linked(path: str) -> PromptError:
    return PromptError(
        "a symbolic link leads here, which a commit holds as a path and not as a text",
        location=Location(path, 1, 1),
        rule="symbolic-link",
        fix="copy the file in its place",
    )


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
        data = self.repository.file_at(self.commit, path)
        # A link is stored as the path it leads to: short, and without the line end of a text.
        if data and len(data) < _MAX_LINK and b"\n" not in data:
            entry = self.repository.entry_at(self.commit, path)
            return data if entry is not None and entry.is_file else None
        return data

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        return sorted(self.repository.files_at(self.commit, folder))


@dataclass(frozen=True, slots=True)
class SparseSource:
    """The work tree of a sparse checkout: what that leaves out can be read as it is staged.

    So a prompt that is checked out may include a fragment that is not. `paths` has only what is
    checked out: the rest may be very much, and of a partial clone each file would be fetched.
    """

    worktree: WorktreeSource
    repository: Repository

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None.

        Raises:
            PromptError: It is a symbolic link.
            HistoryError: It is left out and was not fetched.
        """
        data = self.worktree.read(path)
        oid = self.repository.left_out.get(path)
        if data is not None or oid is None:
            return data
        if (staged := self.repository.blob(oid)) is not None:
            return staged
        raise HistoryError(f"content of {path} was not fetched", fix=f"git fetch origin {oid}")

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder that are checked out."""
        return self.worktree.paths(folder)


@dataclass(frozen=True, slots=True)
class OverlaySource:
    """Another source as it would be with some files changed.

    Attributes:
        source: The other source.
        files: The changed files: their bytes by path.
    """

    source: Source
    files: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        found = self.files.get(path)
        return self.source.read(path) if found is None else found

    def paths(self, folder: str) -> list[str]:
        """Return the sorted paths of all files below a folder."""
        added = (path for path in self.files if path.startswith(f"{folder}/"))
        return sorted({*self.source.paths(folder), *added})


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
        raise NotFoundError(f"no prompt {name!r} below {layout.root}/", fix="promptreg list")
    return found[0]
