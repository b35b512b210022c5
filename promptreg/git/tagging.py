"""Creating and removing annotated tags, so that no two processes can ever claim one name."""

from __future__ import annotations

import errno
import os
import re
import time
from enum import Enum
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, RepositoryError

if TYPE_CHECKING:
    from promptreg.git.discovery import GitPaths
    from promptreg.git.refs import Refs

__all__ = ["TagOutcome", "create_tag", "delete_tag"]

_LOCK_ATTEMPTS = 50
_LOCK_WAIT = 0.02

# libgit2 looks for the lock's file before it makes it, so that a lock of another process is told in
# two ways, and a third where that process takes away the folder of its own last lock in between.
# pygit2 raises them as three kinds of error, of which KeyError puts its text in quotes.
_HELD = "failed to lock file"
_LOST = "failed to create locked file"
_LOST_TO = frozenset({errno.EEXIST, errno.ENOENT})


class TagOutcome(Enum):
    """What came of the wish to create a tag."""

    CREATED = "created"
    EXISTED = "existed"


def create_tag(
    repository: Any,
    paths: GitPaths,
    refs: Refs,
    name: str,
    target: str,
    *,
    tagger: str,
    message: str,
) -> tuple[TagOutcome, str]:
    """Create an annotated tag that no other process can create as well.

    libgit2's own ``create_tag`` checks and writes in two steps and let two of four processes claim
    one name; here the ref is locked before it is looked at.

    Args:
        repository: The pygit2 repository.
        paths: Where its parts lie.
        refs: Its refs.
        name: The tag's name, without ``refs/tags/``.
        target: The commit.
        tagger: The signature line, ``Name <email> SECONDS ZONE``.
        message: The message, ending in a newline.

    Returns:
        Whether it was created or existed before, and the object id the tag has now.

    Raises:
        ConflictError: Another process kept the tag locked all the time.
        RepositoryError: The repository cannot be written.
    """
    import pygit2

    text = f"object {target}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}"
    try:
        oid = str(repository.write(pygit2.enums.ObjectType.TAG, text.encode()))
    except (pygit2.GitError, OSError) as error:
        raise RepositoryError(f"tag {name} cannot be written: {error}") from error
    ref = f"refs/tags/{name}"
    for _ in range(_LOCK_ATTEMPTS):
        if (existing := refs.read(ref)) is not None:
            return TagOutcome.EXISTED, existing
        outcome = _claim(repository, refs, ref, oid)
        if outcome is not None:
            return outcome, refs.read(ref) or oid
        time.sleep(_LOCK_WAIT)
    raise ConflictError(
        f"another process holds the lock of tag {name}",
        fix=f"if none runs, remove {paths.common_dir / ref}.lock",
    )


def delete_tag(paths: GitPaths, name: str) -> None:
    """Remove a tag, loose or packed; nothing happens where there is none.

    The git program does it: libgit2 takes a packed tag for gone from when it first tried, also
    where it could not write ``packed-refs``.

    Args:
        paths: Where the parts of the repository lie.
        name: The tag's name, without ``refs/tags/``.

    Raises:
        ConflictError: Another process kept the tag, or all packed ones, locked all the time.
        RepositoryError: The repository cannot be written, or there is no git program.
    """
    from promptreg.git.process import complaint, try_git

    result = try_git(paths.git_dir, "--git-dir=.", "update-ref", "-d", f"refs/tags/{name}")
    if result.returncode == 0:
        return
    # Git has waited for the lock, which a crash may have left.
    lock = re.search(rb"Unable to create '(.*\.lock)': File exists", result.stderr)
    if lock is None:
        raise RepositoryError(f"tag {name} cannot be removed: {complaint(result)}")
    raise ConflictError(
        f"another process holds the lock of tag {name}",
        fix=f"if none runs, remove {os.path.normpath(os.fsdecode(lock[1]))}",
    )


def _claim(repository: Any, refs: Refs, ref: str, oid: str) -> TagOutcome | None:
    import pygit2

    try:
        with repository.transaction() as transaction:
            transaction.lock_ref(ref)
            if refs.read(ref) is not None:
                return TagOutcome.EXISTED
            transaction.set_target(ref, pygit2.Oid(hex=oid))
    except (pygit2.GitError, OSError) as error:
        message = str(error.args[0] if isinstance(error, KeyError) else error)
        if _is_locked(message):
            return None
        raise RepositoryError(f"tag {ref} cannot be created: {message}") from error
    return TagOutcome.CREATED


def _is_locked(message: str) -> bool:
    """Tell whether libgit2 says that another process has the lock, by all but a name in its words.

    A tag may be called ``clock@1.0.0``, and pygit2 tells the code of an error by its text alone.
    """
    if message.startswith(_HELD):
        return True
    return message.startswith(_LOST) and message.endswith(
        tuple(os.strerror(number) for number in _LOST_TO)
    )
