"""Files that a sparse checkout leaves out of the work tree: they are not there, and not deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from promptreg.git.process import run_git, try_git

if TYPE_CHECKING:
    from promptreg.git.discovery import GitPaths

__all__ = ["left_out", "outside"]


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


def outside(paths: GitPaths, files: Sequence[str]) -> list[str]:
    """Return those of some new files that a sparse checkout would leave out.

    Before 2.41 git has no question for that, so it is told to add them, for show, from another
    work tree where they are: it names those that it would add.

    Args:
        paths: Where the repository is.
        files: Paths from the top of the work tree; nothing lies there yet.

    Raises:
        RepositoryError: There is no git program.
    """
    with TemporaryDirectory(prefix="promptreg-") as folder:
        for file in files:
            target = Path(folder, file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        where = f"--git-dir={paths.git_dir.absolute()}", f"--work-tree={folder}"
        words = "--literal-pathspecs", "add", "--dry-run", "--force", "--", *files
        answer = try_git(Path(folder), *where, *words, index=Path(folder, ".git-index"))
    if answer.returncode != 1:
        return []  # it takes all of them, or has another reason, which it tells by itself
    added = answer.stdout.decode("utf-8", "surrogateescape").splitlines()
    return [file for file in files if f"add '{file}'" not in added]
