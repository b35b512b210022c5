"""Refusing to write what a sparse checkout leaves out, as git would not add it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from promptreg.errors import RepositoryError

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["require_checked_out"]


def require_checked_out(repository: Repository, files: Iterable[str], wish: str = "") -> None:
    """Refuse to change or create files that a sparse checkout leaves out.

    Args:
        repository: Where.
        files: The files; what lies outside the work tree, as hooks may, is nobody's concern.
        wish: What they need, to say so: "needs 1.3.0".

    Raises:
        RepositoryError: One is left out, or would be as soon as it is committed.
    """
    top = repository.paths.work_tree
    if top is None or not repository.is_sparse:
        return
    absent = [file for file in files if not os.path.lexists(top / file)]
    found = [file for file in absent if file in repository.left_out]
    found += _outside(repository, [file for file in absent if file not in found])
    if not found:
        return
    others = f", as are {len(found) - 1} more" if len(found) > 1 else ""
    raise RepositoryError(
        f"{found[0]} {wish}{' and ' if wish else ''}is left out of this sparse checkout{others}",
        fix=f"git sparse-checkout add {' '.join(_folders(found))}, then run it again",
    )


def _outside(repository: Repository, files: Sequence[str]) -> list[str]:
    # Hooks lie elsewhere, or in git's own folder.
    inside = [file for file in files if file.partition("/")[0] not in ("", "..", ".git")]
    if not inside:
        return []
    from promptreg.git.sparse import outside

    return outside(repository.paths, inside)


def _folders(files: Iterable[str]) -> list[str]:
    """Return what to add; a folder comes with the files, but not the folders, of those above it."""
    folders = {file.rpartition("/")[0] or file for file in files}
    return sorted(f for f in folders if not any(each.startswith(f"{f}/") for each in folders))
