"""Which branch's merges become versions."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["is_unreleased_branch", "release_ref"]


def release_ref(
    repository: Repository, branches: Iterable[str], *, main_line: bool = False
) -> str | None:
    """Return the ref of the release branch, remote-tracking first, or None.

    Args:
        repository: The repository.
        branches: The configured branch names; patterns count only for what is checked out.
        main_line: Return the one that work branches go to, also where another is checked out.
    """
    plain = [branch for branch in branches if not any(c in branch for c in "*?[")]
    default = repository.refs.symbolic("refs/remotes/origin/HEAD")
    on_origin = [f"refs/remotes/origin/{branch}" for branch in plain]
    if default is not None:
        on_origin.insert(0, default)
    checked_out = None if main_line else repository.head.branch
    if checked_out and any(fnmatch.fnmatchcase(checked_out, b) for b in branches):
        # On release/1.x the line's own branch decides, not main.
        on_origin.insert(0, f"refs/remotes/origin/{checked_out}")
        plain.insert(0, checked_out)
    for ref in (*on_origin, *(f"refs/heads/{branch}" for branch in plain)):
        if repository.refs.read(ref) is not None:
            return ref
    return None


def is_unreleased_branch(repository: Repository, branches: Iterable[str], commit: str) -> bool:
    """Tell whether a commit is the tip of a branch whose versions are not yet anybody's.

    That is a branch beside the release branches whose tip none of these holds. A commit that no
    branch points at, as after a pull from a URL, may be a release branch's own: it is none.

    Args:
        repository: The repository.
        branches: The configured names of release branches, with patterns.
        commit: The commit, such as the one being merged.
    """
    patterns = tuple(branches)
    refs = {
        **repository.refs.with_prefix("refs/heads/"),
        **repository.refs.with_prefix("refs/remotes/"),
    }
    released = {oid for ref, oid in refs.items() if _is_release(ref, patterns)}
    if commit not in refs.values() or commit in released:
        return False
    return not any(repository.is_ancestor(commit, tip) for tip in released)


def _is_release(ref: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a ref is a release branch, here or on any remote."""
    branch = ref.removeprefix("refs/heads/")
    if branch == ref:
        # A remote's name may itself hold a slash, but few do and none looks like a branch.
        branch = ref.removeprefix("refs/remotes/").partition("/")[2]
    return any(fnmatch.fnmatchcase(branch, pattern) for pattern in patterns)
