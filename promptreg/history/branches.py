"""Which branch's merges become versions."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["release_ref"]


def release_ref(repository: Repository, branches: Iterable[str]) -> str | None:
    """Return the ref of the release branch, remote-tracking first, or None.

    Args:
        repository: The repository.
        branches: The configured branch names; patterns count only for what is checked out.
    """
    plain = [branch for branch in branches if not any(c in branch for c in "*?[")]
    default = repository.refs.symbolic("refs/remotes/origin/HEAD")
    on_origin = [f"refs/remotes/origin/{branch}" for branch in plain]
    if default is not None:
        on_origin.insert(0, default)
    checked_out = repository.head.branch
    if checked_out and any(fnmatch.fnmatchcase(checked_out, b) for b in branches):
        # On release/1.x the line's own branch decides, not main.
        on_origin.insert(0, f"refs/remotes/origin/{checked_out}")
        plain.insert(0, checked_out)
    for ref in (*on_origin, *(f"refs/heads/{branch}" for branch in plain)):
        if repository.refs.read(ref) is not None:
            return ref
    return None
