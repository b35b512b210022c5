"""`yank` and `delete`: withdrawing a version, in the work tree and among the tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, NotFoundError, RepositoryError
from promptreg.history.withdrawn import released_name
from promptreg.history.yanked import Yank, parse_yanked, write_yanked, yanked_path
from promptreg.operations.planning import RemoveTag, RunGit, Step, WriteFile
from promptreg.values import dataclass, replace

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Withdrawal", "plan_deletion", "plan_unyank", "plan_yank"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What becomes of one version.

    Attributes:
        name: The prompt, as it was called when the version was released.
        version: The version.
        path: The file that records it.
        yank: The entry; None when it is taken back.
        tag: The tag that goes; None if none does.
        labels: The labels that name the version.
        records: Whether the file changes.
        steps: What brings that about; nothing where it is so already.
    """

    name: str
    version: Version
    path: str
    yank: Yank | None
    tag: str | None
    labels: tuple[str, ...]
    records: bool
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "prompt": self.name,
            "version": str(self.version),
            "path": self.path,
            "yanked": self.yank is not None and not self.yank.deleted,
            "deleted": self.yank is not None and self.yank.deleted,
            "reason": self.yank.reason if self.yank else None,
            "tag_removed": self.tag,
            "labels": list(self.labels),
        }


def plan_yank(registry: Registry, name: str, version: Version, reason: str) -> Withdrawal:
    """Plan to withdraw a released version: ranges and latest skip it, exact references warn.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: It is deleted already.
    """
    owner = _owner(registry, name, version)
    known = _entries(registry).get((owner, version))
    if known is not None and known.deleted:
        raise ConflictError(f"{name} {version} is deleted already")
    if _tag(registry, owner, version) is None:
        raise NotFoundError(
            f"{name} has no released version {version}",
            fix=f"promptreg versions {name}, or git fetch --tags",
        )
    return _withdraw(registry, Yank(owner, version, reason), name)


def plan_unyank(registry: Registry, name: str, version: Version) -> Withdrawal:
    """Plan to take a yank back.

    Raises:
        NotFoundError: The version is not yanked.
        ConflictError: It is deleted, which is for ever.
    """
    known = _entries(registry).get((_owner(registry, name, version), version))
    if known is None:
        raise NotFoundError(f"{name} {version} is not yanked", fix=f"promptreg versions {name}")
    if known.deleted:
        raise ConflictError(f"{name} {version} is deleted, which is for ever")
    return _withdraw(registry, known, name, undo=True)


def plan_deletion(
    registry: Registry, name: str, version: Version, reason: str | None, *, push: bool = False
) -> Withdrawal:
    """Plan to delete a version: asking for it fails then, and its number is never used again.

    Run again, it changes nothing.

    Args:
        registry: The registry.
        name: The prompt.
        version: The version.
        reason: Why; what is recorded already by default.
        push: Remove the tag from origin too.

    Raises:
        NotFoundError: There is no such release.
        ConflictError: A label names it, or no reason is known.
        RepositoryError: The deletion is to be pushed and is not on the release branch yet, so the
            next release there would make the tag again.
    """
    owner = _owner(registry, name, version)
    tag = _tag(registry, owner, version)
    known = _entries(registry).get((owner, version))
    if tag is None and known is None:
        raise NotFoundError(
            f"{name} has no released version {version}",
            fix=f"promptreg versions {name}, or git fetch --tags",
        )
    labels = _labels(registry, {name, owner}, version)
    if labels:
        raise ConflictError(
            f"label {labels[0]} names {name} {version}",
            fix=f"promptreg label set {labels[0]} {name} OTHER, merge, then delete",
        )
    why = reason or (known.reason if known else None)
    if why is None:
        raise ConflictError("a deletion needs a reason", fix="--reason TEXT")
    if push:
        _require_merged(registry, owner, version)
        tag = tag or registry.config.tags[0].tag(owner, str(version))
    result = _withdraw(registry, Yank(owner, version, why, deleted=True), name)
    return replace(result, tag=tag, steps=(*result.steps, *_tag_steps(tag, push=push)))


def _tag_steps(tag: str | None, *, push: bool) -> Iterator[Step]:
    if tag is None:
        return
    if push:
        yield RunGit(
            ("push", "--quiet", "origin", f":refs/tags/{tag}"),
            refusal=f"origin keeps tag {tag}",
            tolerated="remote ref does not exist",
        )
    yield RemoveTag(tag)


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


def _withdraw(registry: Registry, yank: Yank, name: str, *, undo: bool = False) -> Withdrawal:
    path = yanked_path(registry.config.root)
    data = registry.worktree.read(path)
    entries = dict(parse_yanked(data, path))
    identity = (yank.name, yank.version)
    before = entries.pop(identity, None)
    after = None if undo else yank
    if after is not None:
        entries[identity] = after
    steps: tuple[Step, ...] = ()
    if before != after:
        note = f"{yank.key}: {'nothing' if undo else yank.reason}"
        steps = (WriteFile(path, data, write_yanked(entries, data), note),)
    labels = _labels(registry, {name, yank.name}, yank.version)
    return Withdrawal(*identity, path, after, None, labels, bool(steps), steps)


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


def _labels(registry: Registry, names: set[str], version: Version) -> tuple[str, ...]:
    found = (
        label for n in sorted(names) for label, v in registry.labels_of(n).items() if v == version
    )
    return tuple(dict.fromkeys(found))


def _owner(registry: Registry, name: str, version: Version) -> str:
    """Return the name that a version has in its tag, or had: the prompt may be renamed since."""
    owner = released_name(registry.tags, name, version)
    if owner != name or _tag(registry, name, version) is not None:
        return owner
    entries = _entries(registry)
    names = registry.tags.lineage(name)
    return next((each for each in names if (each, version) in entries), name)
