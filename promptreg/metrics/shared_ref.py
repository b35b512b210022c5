"""The ref that carries metric rows through the repository: a tree of immutable Parquet parts.

Parts have unique names and never change, so merging two sides is the union of their trees. The
ref lies outside `refs/heads` and `refs/tags`: ordinary clones and fetches leave it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from promptreg.errors import ConflictError, RepositoryError
from promptreg.git.process import complaint, remote_fix, run_git, try_git

__all__ = ["REF", "SharedRef"]

REF = "refs/promptreg/metrics"
_FETCHED = "refs/promptreg/remotes/{}/metrics"
_TRIES = 10
_IDENTITY = (
    "-c", "user.name=promptreg", "-c", "user.email=promptreg@localhost",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SharedRef:
    """The ref in one repository.

    Attributes:
        folder: A folder of the repository.
    """

    folder: Path

    def parts(self, revision: str = REF) -> dict[str, str]:
        """Return the parts of the ref: object ids by name; none when there is no such ref."""
        done = try_git(self.folder, "ls-tree", "-z", f"{revision}^{{tree}}")
        if done.returncode != 0:
            return {}
        found = {}
        for entry in done.stdout.decode().split("\0"):
            if entry:
                head, name = entry.split("\t", 1)
                found[name] = head.split()[2]
        return found

    def read(self, oid: str) -> bytes:
        """Return a part's content."""
        return run_git(self.folder, "cat-file", "blob", oid)

    def add(self, parts: Mapping[str, bytes], message: str) -> None:
        """Add parts on top of the ref, whatever other processes add meanwhile.

        Raises:
            ConflictError: Others keep writing the ref.
        """
        written = {
            name: run_git(self.folder, "hash-object", "-w", "--stdin", stdin=data).decode().strip()
            for name, data in parts.items()
        }
        for _ in range(_TRIES):
            old = self._tip(REF)
            tree = self._tree(self.parts() | written)
            if self._move(old, self._commit(tree, [old] if old else [], message)):
                return
        raise ConflictError(f"other processes keep writing {REF}", fix="run it again")

    def replace(self, parts: Mapping[str, bytes], message: str) -> None:
        """Make the ref hold these parts alone, without any history that still had others.

        Raises:
            ConflictError: Another process wrote the ref meanwhile.
        """
        old = self._tip(REF)
        written = {
            name: run_git(self.folder, "hash-object", "-w", "--stdin", stdin=data).decode().strip()
            for name, data in parts.items()
        }
        if not self._move(old, self._commit(self._tree(written), [], message)):
            raise ConflictError(f"another process wrote {REF}", fix="run it again")

    def fetch(self, remote: str) -> bool:
        """Take the remote's parts in; tell whether the remote has the ref.

        Raises:
            RepositoryError: The remote cannot be reached.
        """
        target = _FETCHED.format(remote)
        listed = run_git(self.folder, "ls-remote", remote, REF).decode().split()
        if not listed:
            return False
        for _ in range(_TRIES):
            done = try_git(self.folder, "fetch", "-q", "--no-tags", remote, f"+{REF}:{target}")
            # Another fetch of this clone may be at the same ref.
            if b"cannot lock ref" not in done.stderr:
                break
        if done.returncode != 0:
            raise RepositoryError(f"fetching {REF} failed: {complaint(done)}", fix=remote_fix(done))
        self._merge(target)
        return True

    def push(self, remote: str) -> None:
        """Send the ref; what others pushed meanwhile is merged first.

        Raises:
            RepositoryError: The remote cannot be reached or refuses.
        """
        if self._tip(REF) is None:
            return
        for _ in range(_TRIES):
            done = try_git(self.folder, "push", "-q", remote, f"{REF}:{REF}")
            if done.returncode == 0:
                return
            # Only "somebody was faster" is worth another try.
            if not any(word in done.stderr for word in (b"rejected", b"fetch first", b"lock")):
                raise RepositoryError(f"pushing {REF} failed: {complaint(done)}")
            self.fetch(remote)
        raise ConflictError(f"others keep pushing {REF}", fix="run it again")

    def _merge(self, other: str) -> None:
        for _ in range(_TRIES):
            ours, theirs = self._tip(REF), self._tip(other)
            if theirs is None or ours == theirs:
                return
            if ours is None:
                merged = theirs
            else:
                ancestor = ["merge-base", "--is-ancestor"]
                if try_git(self.folder, *ancestor, theirs, ours).returncode == 0:
                    return
                if try_git(self.folder, *ancestor, ours, theirs).returncode == 0:
                    merged = theirs
                else:
                    tree = self._tree(self.parts(other) | self.parts())
                    merged = self._commit(tree, [ours, theirs], "Merge metric rows")
            if self._move(ours, merged):
                return
        raise ConflictError(f"other processes keep writing {REF}", fix="run it again")

    def _tip(self, ref: str) -> str | None:
        done = try_git(self.folder, "rev-parse", "-q", "--verify", f"{ref}^{{commit}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def _tree(self, parts: Mapping[str, str]) -> str:
        text = "".join(f"100644 blob {oid}\t{name}\n" for name, oid in sorted(parts.items()))
        return run_git(self.folder, "mktree", stdin=text.encode()).decode().strip()

    def _commit(self, tree: str, parents: list[str], message: str) -> str:
        above = [word for parent in parents for word in ("-p", parent)]
        words = [*_IDENTITY, "commit-tree", tree, *above, "-m", message]
        return run_git(self.folder, *words).decode().strip()

    def _move(self, old: str | None, new: str) -> bool:
        """Compare and swap: git refuses when the ref is not where it was read."""
        before = old or "0" * len(new)
        return try_git(self.folder, "update-ref", REF, new, before).returncode == 0
