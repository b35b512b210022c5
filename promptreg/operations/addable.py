"""Refusing to write files that git would not add.

They are left out of a sparse checkout, or lie behind a link or in a repository of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from promptreg.errors import RepositoryError

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["require_addable"]


def require_addable(repository: Repository, files: Sequence[str], wish: str = "") -> None:
    """Refuse to change or create files that git would not add.

    Args:
        repository: Where.
        files: The files, below the top of the work tree.
        wish: What they need, to say so: "needs 1.3.0".

    Raises:
        RepositoryError: One is left out of a sparse checkout, or would be as soon as it is
            committed; or a folder on the way to it is a symbolic link, which leads anywhere, or a
            repository of its own, such as a submodule.
    """
    top = repository.paths.work_tree
    if top is None:
        return
    _refuse_strange_folders(top, files)
    if repository.is_sparse:
        _refuse_left_out(repository, top, files, wish)


def _refuse_strange_folders(top: Path, files: Iterable[str]) -> None:
    folders = {str(folder) for file in files for folder in PurePosixPath(file).parents}
    for folder in sorted(folders - {"."}):
        if (top / folder).is_symlink():
            raise RepositoryError(
                f"{folder} is a symbolic link, and git adds nothing behind it",
                fix="name the folder that it leads to, or make it a folder",
            )
        if os.path.lexists(top / folder / ".git"):
            raise RepositoryError(
                f"{folder} is a repository of its own, and this one adds nothing in it",
                fix=f"cd {folder}, and run it there",
            )


def _refuse_left_out(repository: Repository, top: Path, files: Sequence[str], wish: str) -> None:
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
    if not files:
        return []
    from promptreg.git.sparse import outside

    return outside(repository.paths, files)


def _folders(files: Iterable[str]) -> list[str]:
    """Return what to add; a folder comes with the files, but not the folders, of those above it."""
    folders = {file.rpartition("/")[0] or file for file in files}
    return sorted(f for f in folders if not any(each.startswith(f"{f}/") for each in folders))
