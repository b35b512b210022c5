"""A whole release run: plan, tag, push."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, PromptError, RepositoryError
from promptreg.operations.release import (
    Released,
    describe_candidate,
    release_candidate,
    require_release_branch,
)
from promptreg.operations.walking import find_candidates
from promptreg.values import dataclass
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["ReleaseResult", "release_all"]


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What a release run did.

    Attributes:
        tags: The tags that were made, or would be.
        pushed: Those that reached the remote.
        warnings: What a person should know.
        conflicts: Versions that could not be released, and why.
    """

    tags: tuple[Released, ...]
    pushed: tuple[str, ...]
    warnings: tuple[str, ...]
    conflicts: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "tags": [
                {
                    "tag": tag.tag,
                    "commit": tag.commit,
                    "level": tag.level.label,
                    "changes": [
                        {"rule": c.rule, "level": c.level.label, "detail": c.detail}
                        for c in tag.changes
                    ],
                }
                for tag in self.tags
            ],
            "pushed": list(self.pushed),
            "warnings": list(self.warnings),
            "conflicts": list(self.conflicts),
        }


def release_all(registry: Registry, *, push: bool = False, dry_run: bool = False) -> ReleaseResult:
    """Tag every merged version that has no tag.

    Args:
        registry: The registry.
        push: Push the tags to origin, those of one prompt together.
        dry_run: Make nothing.

    Raises:
        RepositoryError: HEAD is not on a release branch.
        HistoryError: History is cut before the commit that brought an untagged version.
    """
    repository, config = registry.repository, registry.config
    tip = require_release_branch(repository, config)
    plan = find_candidates(repository, config, tip)
    conflicts = list(plan.conflicts)
    made: list[Released] = []
    for candidate in plan.candidates:
        if dry_run:
            made.append(describe_candidate(repository, config, candidate))
            continue
        try:
            released = release_candidate(repository, config, candidate)
        except ConflictError as error:
            conflicts.append(error.message)
            continue
        if released.created:
            made.append(released)
    pushed: list[str] = []
    if push and not dry_run:
        pushed, refused = _push(registry)
        conflicts += refused
    return ReleaseResult(tuple(made), tuple(pushed), tuple(plan.warnings), tuple(conflicts))


class _Theirs(Enum):
    """What the remote has under the name of a tag of ours."""

    NOTHING = "nothing"
    SAME = "the same content"
    OTHER = "other content"


def _push(registry: Registry) -> tuple[list[str], list[str]]:
    """Push every release tag that origin does not have; those of one prompt in one transaction."""
    from promptreg.git.process import run_git

    folder = registry.repository.paths.remote_folder
    listed = run_git(folder, "ls-remote", "--tags", "origin").decode("utf-8", "replace")
    remote = {ref: oid for oid, _, ref in (line.partition("\t") for line in listed.splitlines())}
    pushed: list[str] = []
    conflicts: list[str] = []
    for name, versions in sorted(_not_pushed(registry, remote).items()):
        wanted = []
        for _, tag in sorted(versions.items()):
            if f"refs/tags/{tag}" not in remote:
                wanted.append(tag)
            elif _theirs(registry, tag) is _Theirs.OTHER:
                conflicts.append(_give_way(registry, tag, name))
        pushed += _push_prompt(registry, name, wanted, conflicts)
    return pushed, conflicts


def _not_pushed(registry: Registry, remote: Mapping[str, str]) -> dict[str, dict[Version, str]]:
    """Return the tags that origin does not have as we have them, by prompt and version.

    Only these few are read as versions: reading a hundred thousand names takes half a second.
    """
    ours = registry.repository.refs.with_prefix("refs/tags/")
    refs = [ref for ref, oid in ours.items() if remote.get(ref) != oid]
    found: dict[str, dict[Version, str]] = {}
    for tag_format in reversed(registry.config.tags):
        for tag in (ref.removeprefix("refs/tags/") for ref in refs):
            name, version = tag_format.parse(tag) or ("", "")
            with contextlib.suppress(PromptError):
                found.setdefault(name, {})[Version.parse(version)] = tag
    return {name: versions for name, versions in found.items() if versions}


def _push_prompt(
    registry: Registry, name: str, wanted: list[str], conflicts: list[str]
) -> list[str]:
    """Push a prompt's tags; those that the remote got meanwhile are compared, the rest tried again.

    Raises:
        RepositoryError: The remote refuses the tags although it has none of them.
    """
    from promptreg.git.process import complaint, try_git

    folder = registry.repository.paths.remote_folder
    while wanted:
        specs = [f"refs/tags/{tag}:refs/tags/{tag}" for tag in wanted]
        answer = try_git(folder, "push", "--quiet", "--atomic", "origin", *specs)
        if answer.returncode == 0:
            return wanted
        found = {tag: _theirs(registry, tag) for tag in wanted}
        rest = [tag for tag in wanted if found[tag] is _Theirs.NOTHING]
        if rest == wanted:
            raise RepositoryError(f"tags of {name} could not be pushed: {complaint(answer)}")
        conflicts += [
            _give_way(registry, tag, name) for tag in wanted if found[tag] is _Theirs.OTHER
        ]
        wanted = rest
    return []


def _theirs(registry: Registry, tag: str) -> _Theirs:
    """Fetch the remote's tag of that name and compare what it releases with ours."""
    from promptreg.git.process import try_git

    repository = registry.repository
    folder = repository.paths.remote_folder
    # A name of its own for each process: several release jobs may run in one repository.
    probe = f"refs/promptreg/remote-tag-{os.getpid()}"
    fetched = try_git(
        folder, "fetch", "--quiet", "--no-tags", "origin", f"+refs/tags/{tag}:{probe}"
    )
    if fetched.returncode != 0:
        return _Theirs.NOTHING
    theirs = _released_digest(registry, probe)
    try_git(folder, "update-ref", "-d", probe)
    ours = _released_digest(registry, f"refs/tags/{tag}")
    return _Theirs.SAME if theirs is not None and theirs == ours else _Theirs.OTHER


def _released_digest(registry: Registry, ref: str) -> str | None:
    from promptreg.history.tags import release_of

    oid = registry.repository.refs.read(ref)
    tag = registry.repository.tag(oid) if oid else None
    release = release_of(tag) if tag else None
    return release.digest if release else None


def _give_way(registry: Registry, tag: str, name: str) -> str:
    """Drop the local tag, since the remote's was first, and return the conflict in words."""
    registry.repository.delete_tag(tag)
    return f"origin has tag {tag} with other content; the local one is dropped, bump {name} again"
