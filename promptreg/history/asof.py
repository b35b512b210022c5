"""What a reference meant at a moment of the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError, HistoryError, NotFoundError
from promptreg.history.labels import label_path, parse_label
from promptreg.history.withdrawn import yanks_of
from promptreg.history.yanked import parse_yanked, yanked_path
from promptreg.versioning import Version
from promptreg.versioning.ranges import Range
from promptreg.versioning.references import ReferenceKind, parse_reference

if TYPE_CHECKING:
    from promptreg.git import Commit
    from promptreg.registry import Registry, Resolved

__all__ = ["commit_at", "resolve_at"]


def resolve_at(
    registry: Registry, reference: str, selector: str | None, moment: datetime
) -> Resolved:
    """Return what a reference meant at a moment, by the release branch as it was then.

    Labels and yanks are those of the branch's commit at that time; of the versions, those whose
    commit is not younger count.

    Args:
        registry: The registry.
        reference: ``NAME`` or ``NAME@REF`` with a label, a range, a version or nothing.
        selector: ``REF``, when it is given apart.
        moment: When, as an aware time.

    Raises:
        ConfigError: The reference means a commit or the work tree, which have no past here.
        NotFoundError: It meant nothing at that moment.
        HistoryError: The history of that time was not fetched.
    """
    parsed = parse_reference(reference, selector)
    kinds = (ReferenceKind.COMMIT, ReferenceKind.BRANCH, ReferenceKind.WORKTREE)
    if parsed.kind in kinds:
        raise ConfigError(f"{parsed} has no --at", fix="name a label, a range or a version")
    commit = commit_at(registry, moment)
    if parsed.kind is ReferenceKind.LABEL:
        version = _label(registry, commit.oid, parsed.value).get(parsed.name)
        if version is None:
            raise NotFoundError(
                f"label {parsed.value} named no version of {parsed.name} then",
                fix=f"promptreg label history {parsed.value} {parsed.name}",
            )
    else:
        version = _chosen(registry, parsed.name, parsed.kind, parsed.value, commit, moment)
    return registry.resolve(parsed.name, str(version))


def commit_at(registry: Registry, moment: datetime) -> Commit:
    """Return the commit the release branch, or HEAD without one, was at; along first parents.

    Raises:
        NotFoundError: There was none yet.
        HistoryError: The history of that time was not fetched.
    """
    repository = registry.repository
    tip = registry.release_commit() or repository.head.oid
    last = None
    for commit in repository.first_parents(tip) if tip else ():
        if commit.committer.when <= moment:
            return commit
        last = commit
    if last is not None and last.oid in repository.shallow_commits:
        raise HistoryError("the history of that time was not fetched", fix="git fetch --unshallow")
    raise NotFoundError(f"nothing was committed before {moment:%Y-%m-%d %H:%M %Z}")


def _label(registry: Registry, commit: str, label: str) -> Mapping[str, Version]:
    path = label_path(registry.config.root, label)
    return parse_label(registry.repository.file_at(commit, path) or b"", path)


def _chosen(
    registry: Registry,
    name: str,
    kind: ReferenceKind,
    value: str,
    commit: Commit,
    moment: datetime,
) -> Version:
    path = yanked_path(registry.config.root)
    then = parse_yanked(registry.repository.file_at(commit.oid, path), path)
    yanked = yanks_of(registry.tags, then, name)
    versions = [r.version for r in registry.releases(name) if r.when <= moment]
    if kind is ReferenceKind.VERSION:
        wanted = Version.parse(value)
        best = wanted if wanted in versions else None
    else:
        free = [version for version in versions if version not in yanked]
        best = (
            Range.parse(value).best(free)
            if kind is ReferenceKind.RANGE
            else max((v for v in free if v.is_stable), default=None)
        )
    if best is None:
        raise NotFoundError(
            f"no such version of {name} was there at {moment:%Y-%m-%d %H:%M}",
            fix=f"promptreg versions {name}",
        )
    return best
