"""`yank` and `delete`: withdrawing a version, in the work tree and among the tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import ConflictError, NotFoundError, RepositoryError
from promptreg.history.yanked import Yank, parse_yanked, write_yanked, yanked_path
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Withdrawal", "delete_version", "remove_tag", "unyank_version", "yank_version"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What became of one version's entry.

    Attributes:
        path: The file that was written.
        yank: The entry; None when it was taken back.
        tag: The version's tag here; None if there is none.
        labels: The labels that name the version.
        wrote: Whether the file changed.
    """

    path: str
    yank: Yank | None
    tag: str | None
    labels: tuple[str, ...]
    wrote: bool


def yank_version(registry: Registry, name: str, version: Version, reason: str) -> Withdrawal:
    """Withdraw a released version: ranges and latest skip it, exact references warn.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: It is deleted already.
    """
    tag = _tag(registry, name, version)
    known = _entries(registry).get((name, version))
    if known is not None and known.deleted:
        raise ConflictError(f"{name} {version} is deleted already")
    if tag is None:
        raise NotFoundError(
            f"{name} has no released version {version}",
            fix=f"promptreg versions {name}, or git fetch --tags",
        )
    return _record(registry, name, version, Yank(name, version, reason), tag)


def unyank_version(registry: Registry, name: str, version: Version) -> Withdrawal:
    """Take a yank back.

    Raises:
        NotFoundError: The version is not yanked.
        ConflictError: It is deleted, which is for ever.
    """
    known = _entries(registry).get((name, version))
    if known is None:
        raise NotFoundError(f"{name} {version} is not yanked")
    if known.deleted:
        raise ConflictError(f"{name} {version} is deleted, which is for ever")
    return _record(registry, name, version, None, _tag(registry, name, version))


def delete_version(
    registry: Registry, name: str, version: Version, reason: str | None
) -> Withdrawal:
    """Record that a version is deleted: exact references fail, its number is never used again.

    Run again, it changes nothing. The tag is removed by `remove_tag`.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: A label names it, or no reason is known.
    """
    tag = _tag(registry, name, version)
    known = _entries(registry).get((name, version))
    if tag is None and known is None:
        raise NotFoundError(
            f"{name} has no released version {version}",
            fix=f"promptreg versions {name}, or git fetch --tags",
        )
    labels = _labels(registry, name, version)
    if labels:
        raise ConflictError(
            f"label {labels[0]} names {name} {version}",
            fix=f"promptreg label set {labels[0]} {name} OTHER, merge, then delete",
        )
    why = reason or (known.reason if known else None)
    if why is None:
        raise ConflictError("a deletion needs a reason", fix="--reason TEXT")
    return _record(registry, name, version, Yank(name, version, why, deleted=True), tag)


def remove_tag(registry: Registry, name: str, version: Version, tag: str, *, push: bool) -> None:
    """Remove the tag of a deleted version here, and from origin when asked.

    Raises:
        RepositoryError: The deletion is not on the release branch yet, so the next release there
            would make the tag again; or the remote refuses.
    """
    repository = registry.repository
    if push:
        from promptreg.git.process import complaint, try_git

        _require_merged(registry, name, version)
        folder = repository.paths.remote_folder
        answer = try_git(folder, "push", "--quiet", "origin", f":refs/tags/{tag}")
        if answer.returncode != 0 and b"remote ref does not exist" not in answer.stderr:
            raise RepositoryError(f"origin keeps tag {tag}: {complaint(answer)}")
    repository.delete_tag(tag)


def _require_merged(registry: Registry, name: str, version: Version) -> None:
    commit = registry.release_commit()
    path = yanked_path(registry.config.root)
    data = registry.repository.file_at(commit, path) if commit is not None else None
    entry = parse_yanked(data, path).get((name, version))
    if entry is None or not entry.deleted:
        raise RepositoryError(
            f"{path} with {name}@{version} is not merged, so a release would tag it again",
            fix=f"merge it, git fetch, then promptreg delete {name}@{version} --push",
        )


def _record(
    registry: Registry, name: str, version: Version, yank: Yank | None, tag: str | None
) -> Withdrawal:
    path = yanked_path(registry.config.root)
    data = registry.worktree.read(path)
    entries = dict(parse_yanked(data, path))
    before = entries.pop((name, version), None)
    if yank is not None:
        entries[name, version] = yank
    wrote = before != yank
    if wrote:
        target = registry.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write_yanked(entries, data))
    return Withdrawal(path, yank, tag, _labels(registry, name, version), wrote)


def _entries(registry: Registry) -> dict[tuple[str, Version], Yank]:
    path = yanked_path(registry.config.root)
    return dict(parse_yanked(registry.worktree.read(path), path))


def _tag(registry: Registry, name: str, version: Version) -> str | None:
    """Return the version's tag, deleted or not: looked up by its name alone."""
    for tag_format in registry.config.tags:
        tag = tag_format.tag(name, str(version))
        if registry.repository.refs.read(f"refs/tags/{tag}") is not None:
            return tag
    return None


def _labels(registry: Registry, name: str, version: Version) -> tuple[str, ...]:
    return tuple(label for label, v in registry.labels_of(name).items() if v == version)
