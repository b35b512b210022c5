"""Files that a sparse checkout leaves out of the work tree: they are not there, and not deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptreg.git.process import run_git

if TYPE_CHECKING:
    from promptreg.git.discovery import GitPaths

__all__ = ["left_out"]


def left_out(paths: GitPaths) -> Mapping[str, str]:
    """Return the blobs, by path, of all files that a sparse checkout leaves out.

    Only the index knows them, because its entries say so each by itself; git reads it, as a sparse
    index holds a whole folder in one entry.

    Args:
        paths: Where the repository is.

    Raises:
        RepositoryError: There is no git program.
    """
    if paths.work_tree is None:
        return {}
    listed = run_git(paths.work_tree, "ls-files", "-t", "-s", "-z")
    # Such as `S 100644 4f1a... 0\tprompts/a.yaml`; S says: skipped in the work tree.
    entries = (
        entry.partition("\t") for entry in listed.decode("utf-8", "surrogateescape").split("\0")
    )
    return {path: facts.split()[2] for facts, _, path in entries if facts.startswith("S ")}
