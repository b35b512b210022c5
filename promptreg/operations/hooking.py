"""What the hooks do when git runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import ConflictError
from promptreg.operations.bumping import BumpRequest, BumpResult, bump_files
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Staged", "bump_staged", "staged_files"]


@dataclass(frozen=True, slots=True)
class Staged:
    """The files below the prompts folder that a commit would change.

    Attributes:
        files: Their paths; files that the commit removes are left out.
        unstaged: Those with further edits that the commit would leave out.
    """

    files: tuple[str, ...]
    unstaged: tuple[str, ...]


def staged_files(registry: Registry) -> Staged:
    """Ask git, which knows the index of ``git commit -a`` and of a partial commit too."""
    from promptreg.git.process import run_git

    def names(*options: str) -> tuple[str, ...]:
        answer = run_git(
            registry.root, "diff", "--name-only", "-z", "--no-renames", *options, "--",
            registry.config.root,
        )  # fmt: skip
        return tuple(
            name.decode("utf-8", "surrogateescape") for name in answer.split(b"\0") if name
        )

    files = names("--cached", "--diff-filter=ACMRT")
    changed = set(names())
    return Staged(files, tuple(name for name in files if name in changed))


def bump_staged(registry: Registry) -> list[BumpResult]:
    """Bump what a commit would change; the index stays as it is.

    Returns:
        What was written.

    Raises:
        ConflictError: A prompt has edits that are not staged, so the digest in the work tree would
            not be that of the commit.
    """
    staged = staged_files(registry)
    if not staged.files:
        return []
    if staged.unstaged:
        raise ConflictError(
            f"{staged.unstaged[0]} has edits that are not staged, so its digest would not be that"
            " of the commit",
            fix=f"git add {staged.unstaged[0]}, or git stash push --keep-index",
        )
    return [result for result in bump_files(registry, staged.files, BumpRequest()) if result.wrote]
