"""One git repository: refs, commits, and files at any commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError
from promptreg.git.discovery import GitPaths, discover
from promptreg.git.model import (
    Commit,
    Tag,
    TreeEntry,
    blob_ids,
    parse_commit,
    parse_tag,
    parse_tree,
)
from promptreg.git.objects import GitObject, ObjectReader, ProcessReader, Pygit2Reader
from promptreg.git.process import has_git
from promptreg.git.refs import Refs
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git.tagging import TagOutcome

__all__ = ["Commit", "Head", "Repository", "TreeChange"]


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out: a commit (None on an unborn branch) and a branch (None if detached)."""

    oid: str | None
    branch: str | None


@dataclass(frozen=True, slots=True)
class TreeChange:
    """A file that differs between two trees; None where one side does not have it."""

    path: str
    old: str | None
    new: str | None


class Repository:
    """One git repository, opened for reading; only `create_tag` writes.

    Args:
        paths: Where its parts lie; see `discover`.
        fast_start: Read objects through the git program rather than import pygit2, when there is
            one: right for a command, wrong for an application.
    """

    def __init__(self, paths: GitPaths, *, fast_start: bool = False) -> None:
        self.paths = paths
        self.refs = Refs(paths)
        self._pygit2 = Pygit2Reader(paths.git_dir)
        self._reader: ObjectReader = (
            ProcessReader(paths.git_dir) if fast_start and has_git() else self._pygit2
        )
        self._tree = lru_cache(maxsize=512)(self._read_tree)
        self._root = lru_cache(maxsize=512)(self._read_root)

    @classmethod
    def open(cls, start: str | Path = ".", *, fast_start: bool = False) -> Repository:
        """Open the repository around a folder.

        Raises:
            RepositoryError: There is none, or it cannot be read.
        """
        return cls(discover(start), fast_start=fast_start)

    def close(self) -> None:
        """End the process that reads objects, if there is one, and give back files."""
        self._reader.close()
        self.refs.close()

    # Refs

    @property
    def head(self) -> Head:
        """What is checked out now."""
        ref = self.refs.symbolic("HEAD")
        branch = ref.removeprefix("refs/heads/") if ref else None
        return Head(self.refs.read("HEAD"), branch)

    def merge_heads(self) -> tuple[str, ...]:
        """Return the commits being merged, while a merge waits for its commit."""
        try:
            text = (self.paths.git_dir / "MERGE_HEAD").read_text(encoding="ascii")
        except FileNotFoundError:
            return ()
        return tuple(text.split())

    @property
    def is_sparse(self) -> bool:
        """Whether a sparse checkout may leave files out of the work tree."""
        return (self.paths.git_dir / "info" / "sparse-checkout").exists()

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        """The blobs, by path, of files that a sparse checkout leaves out of the work tree."""
        if not self.is_sparse:
            return {}
        from promptreg.git.sparse import left_out

        return left_out(self.paths)

    @cached_property
    def shallow_commits(self) -> frozenset[str]:
        """The commits whose parents were not fetched."""
        try:
            text = (self.paths.common_dir / "shallow").read_text(encoding="ascii")
        except FileNotFoundError:
            return frozenset()
        return frozenset(text.split())

    @property
    def is_shallow(self) -> bool:
        """Whether history is cut."""
        return bool(self.shallow_commits)

    def resolve_commit(self, revision: str) -> str | None:
        """Return the commit that a branch, tag, object id or other revision names, or None."""
        for ref in (revision, f"refs/heads/{revision}", f"refs/remotes/{revision}"):
            if (ref == "HEAD" or ref.startswith("refs/")) and (oid := self.refs.read(ref)):
                return self._peel(oid)
        found = self._reader.read(f"{revision}^{{commit}}")
        return found.oid if found else None

    def _peel(self, oid: str) -> str | None:
        found = self._reader.read(oid)
        while found is not None and found.kind == "tag":
            found = self._reader.read(parse_tag(found.oid, found.data).target)
        return found.oid if found is not None and found.kind == "commit" else None

    # Objects

    def holds(self, oid: str) -> bool:
        """Tell whether an object is here."""
        return self._reader.read(oid) is not None

    def blob(self, oid: str) -> bytes | None:
        """Return a blob's bytes, or None where it was not fetched."""
        found = self._reader.read(oid)
        return found.data if found is not None and found.kind == "blob" else None

    def file_at(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, or None if it is not there.

        Raises:
            HistoryError: The tree names it but its content was not fetched.
        """
        # One question to a process instead of one for each folder; an application asks again and
        # again, and remembers the folders. A name in another encoding is no text that a revision
        # could hold, its tree entry is found.
        if self._reader is not self._pygit2 and not _has_surrogates(path):
            found = self._reader.read(f"{commit}:{path}")
            if found is not None:
                return found.data if found.kind == "blob" else None
        entry = self.entry_at(commit, path)
        if entry is not None and entry.is_file:
            if (data := self.blob(entry.oid)) is not None:
                return data
            raise HistoryError(
                f"content of {path} at {commit[:7]} was not fetched",
                fix=f"git fetch origin {entry.oid}",
            )
        return None

    def entry_at(self, commit: str, path: str) -> TreeEntry | None:
        """Return the tree entry of a path at a commit, or None."""
        entry: TreeEntry | None = TreeEntry("40000", "", self._root(commit))
        for part in path.split("/"):
            if entry is None or not entry.is_folder:
                return None
            entry = self._tree(entry.oid).get(part)
        return entry

    def surely_holds(self, commit: str, path: str, data: bytes) -> bool:
        """Tell whether a commit is known to hold just these bytes, without reading its file.

        False also where finding out takes longer than reading, as by a process.
        """
        if self._reader is not self._pygit2:
            return False
        entry = self.entry_at(commit, path)
        return entry is not None and entry.is_file and entry.oid in blob_ids(data)

    def commit(self, oid: str) -> Commit:
        """Return a commit.

        Raises:
            HistoryError: It was not fetched.
        """
        found = self._reader.read(oid)
        if found is None or found.kind != "commit":
            raise HistoryError(f"commit {oid[:12]} was not fetched", fix="git fetch --unshallow")
        return parse_commit(found.oid, found.data)

    def tag(self, oid: str) -> Tag | None:
        """Return an annotated tag, or None for a lightweight one."""
        found = self._reader.read(oid)
        if found is None or found.kind != "tag":
            return None
        return parse_tag(found.oid, found.data)

    def objects(self, oids: Sequence[str]) -> Iterator[GitObject]:
        """Yield those of many objects that were fetched, in the order asked, quickly."""
        return self._reader.read_many(oids)

    def files_at(self, commit: str, folder: str) -> dict[str, str]:
        """Return the object id of every file below a folder at a commit, by path."""
        entry = self.entry_at(commit, folder)
        if entry is None or not entry.is_folder:
            return {}
        return {
            change.path: change.new or "" for change in self._differences("", entry.oid, folder)
        }

    def changes_between(self, old: str | None, new: str, folder: str) -> list[TreeChange]:
        """Return the files below a folder that differ between two commits.

        Args:
            old: The earlier commit; None for the empty tree.
            new: The later commit.
            folder: The folder, with ``/``.
        """
        before = self.entry_at(old, folder) if old else None
        after = self.entry_at(new, folder)
        old_tree = before.oid if before is not None and before.is_folder else ""
        new_tree = after.oid if after is not None and after.is_folder else ""
        return list(self._differences(old_tree, new_tree, folder))

    def _differences(self, old: str, new: str, folder: str) -> Iterator[TreeChange]:
        if old == new:
            return
        before = self._tree(old) if old else {}
        after = self._tree(new) if new else {}
        for name in sorted(before.keys() | after.keys()):
            left, right = before.get(name), after.get(name)
            if left == right:
                continue
            path = f"{folder}/{name}"
            left_tree = left.oid if left is not None and left.is_folder else ""
            right_tree = right.oid if right is not None and right.is_folder else ""
            if left_tree or right_tree:
                yield from self._differences(left_tree, right_tree, path)
            left_file = left.oid if left is not None and left.is_file else None
            right_file = right.oid if right is not None and right.is_file else None
            if left_file != right_file:
                yield TreeChange(path, left_file, right_file)

    def _read_root(self, commit: str) -> str:
        return self.commit(commit).tree

    def _read_tree(self, oid: str) -> dict[str, TreeEntry]:
        found: GitObject | None = self._reader.read(oid)
        if found is None or found.kind != "tree":
            raise HistoryError(f"tree {oid[:12]} was not fetched", fix="git fetch --refetch")
        return {entry.name: entry for entry in parse_tree(found.data)}

    # History

    def first_parents(self, start: str) -> Iterator[Commit]:
        """Yield a commit and its first parents, newest first, as far as they were fetched."""
        oid: str | None = start
        while oid is not None:
            commit = self.commit(oid)
            yield commit
            cut = oid in self.shallow_commits
            oid = commit.parents[0] if commit.parents and not cut else None

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        return self._reader.merge_base(one, other)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Tell whether a commit is another one or lies in its history."""
        return ancestor == descendant or self.merge_base(ancestor, descendant) == ancestor

    # Tags

    def create_tag(
        self, name: str, *, target: str, tagger: str, message: str
    ) -> tuple[TagOutcome, str]:
        """Create an annotated tag as `promptreg.git.tagging.create_tag` does."""
        from promptreg.git.tagging import create_tag

        return create_tag(
            self._pygit2.repository,
            self.paths,
            self.refs,
            name,
            target,
            tagger=tagger,
            message=message,
        )

    def delete_tag(self, name: str) -> None:
        """Remove a tag as `promptreg.git.tagging.delete_tag` does; nothing if there is none."""
        from promptreg.git.tagging import delete_tag

        delete_tag(self.paths, name)

    def remote_names(self) -> tuple[str, ...]:
        """Return the remotes that have remote-tracking refs or configuration."""
        return tuple(remote.name for remote in self._pygit2.repository.remotes)


def _has_surrogates(path: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in path)
