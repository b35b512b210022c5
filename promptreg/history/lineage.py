"""What a prompt was called before, and which versions are gone for good."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, PromptError
from promptreg.history.yanked import parse_yanked, yanked_path
from promptreg.naming import NAME
from promptreg.sources import CommitSource, Source, WorktreeSource

if TYPE_CHECKING:
    from promptreg.config import Config
    from promptreg.git import Repository
    from promptreg.versioning import Version

__all__ = ["deleted_versions", "deletions_key", "former_names"]


def former_names(
    repository: Repository,
    config: Config,
    name: str,
    *,
    edited: bool = True,
    committed: bool = False,
) -> tuple[str, ...]:
    """Return the names a prompt had before, as its file records them, then those HEAD's adds.

    What the work tree leaves out counts until that is committed: conflict markers, or a line that
    somebody took away, must not make a prompt look as if it had never been released.

    Args:
        repository: The repository.
        config: Where the prompts are.
        name: The prompt's name.
        edited: Whether its file in the work tree may differ from HEAD's.
        committed: Whether only HEAD's file counts.
    """
    names: list[str] = []
    paths = tuple(config.layout.candidates(name))
    head = repository.head.oid
    for source in _sources(repository, head, committed=committed):
        for path in paths:
            data = source.read(path)
            found = None if data is None else _formerly(data, path)
            if found is not None and data is not None:
                names += found
                # HEAD's own file surely is HEAD's, and does not outdo what is edited.
                if not edited or (
                    head
                    and isinstance(source, WorktreeSource)
                    and repository.surely_holds(head, path, data)
                ):
                    return tuple(each for each in found if each != name)
                paths = (path,)  # three questions less for each prompt of a long list
                break
    return tuple(dict.fromkeys(each for each in names if each != name))


def _formerly(data: bytes, path: str) -> tuple[str, ...] | None:
    """Return the former names in a file; None when it cannot be read."""
    if b"formerly" not in data:
        return ()
    from promptreg.prompt.yamldoc import load

    try:
        value = load(data, path).value.get("formerly")
    except PromptError:
        return None
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(each for each in names if isinstance(each, str) and NAME.fullmatch(each))


def deleted_versions(repository: Repository, config: Config) -> Mapping[str, frozenset[Version]]:
    """Return the deleted versions by prompt: as the work tree, HEAD or the release branch say.

    One of them is enough, because a deleted number must never come back.
    """
    from promptreg.history.branches import release_ref

    path = yanked_path(config.root)
    sources = list(_sources(repository, repository.head.oid))
    ref = release_ref(repository, config.release_branches)
    if ref is not None and (commit := repository.refs.read(ref)):
        sources.append(CommitSource(repository, commit))
    found: dict[str, frozenset[Version]] = {}
    for source in sources:
        try:
            entries = parse_yanked(source.read(path), path)
        except (PromptError, HistoryError):
            continue  # check tells its author; another source may still be good
        for yank in entries.values():
            if yank.deleted:
                found[yank.name] = found.get(yank.name, frozenset()) | {yank.version}
    return found


def deletions_key(repository: Repository, config: Config, release_branch: str | None) -> object:
    """Return a value that changes whenever `deleted_versions` might.

    Args:
        repository: The repository.
        config: Where the prompts are.
        release_branch: The ref of the release branch, if there is one.
    """
    refs, top = repository.refs, repository.paths.work_tree
    try:
        status = os.stat(f"{top}/{yanked_path(config.root)}") if top is not None else None  # noqa: PTH116 - at every read
    except OSError:
        status = None
    file = (status.st_mtime_ns, status.st_size, status.st_ino) if status is not None else ()
    head = refs.symbolic("HEAD") or "HEAD"
    at_head = refs.read(head)
    at_branch = at_head if release_branch == head else release_branch and refs.read(release_branch)
    return (file, head, at_head, at_branch)


def _sources(
    repository: Repository, head: str | None, *, committed: bool = False
) -> Iterator[Source]:
    if repository.paths.work_tree is not None and not committed:
        yield WorktreeSource(repository.paths.work_tree)
    if head is not None:
        yield CommitSource(repository, head)
