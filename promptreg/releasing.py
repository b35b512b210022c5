"""A whole release run: plan, tag, push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, RepositoryError
from promptreg.release import (
    Released,
    describe_candidate,
    find_candidates,
    release_candidate,
    require_release_branch,
)

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


def _push(registry: Registry) -> tuple[list[str], list[str]]:
    """Push every release tag that origin does not have; those of one prompt in one transaction."""
    from promptreg.git.process import complaint, run_git, try_git

    git_dir = registry.repository.paths.git_dir
    listed = run_git(git_dir, "ls-remote", "--tags", "origin").decode("utf-8", "replace")
    remote = {ref: oid for oid, _, ref in (line.partition("\t") for line in listed.splitlines())}
    pushed: list[str] = []
    conflicts: list[str] = []
    for name, versions in sorted(registry.tags.names().items()):
        wanted = []
        for _, (tag, oid) in sorted(versions.items()):
            theirs = remote.get(f"refs/tags/{tag}")
            if theirs is None:
                wanted.append(tag)
            elif theirs != oid and (trouble := _settle(registry, tag, name)):
                conflicts.append(trouble)
        if not wanted:
            continue
        specs = [f"refs/tags/{tag}:refs/tags/{tag}" for tag in wanted]
        answer = try_git(git_dir, "push", "--quiet", "--atomic", "origin", *specs)
        if answer.returncode == 0:
            pushed += wanted
            continue
        troubles = [t for tag in wanted if (t := _settle(registry, tag, name))]
        if not troubles:
            raise RepositoryError(f"tags of {name} could not be pushed: {complaint(answer)}")
        conflicts += troubles
    return pushed, conflicts


def _settle(registry: Registry, tag: str, name: str) -> str | None:
    """Compare with the remote's tag of that name; return the conflict, None if it says the same."""
    from promptreg.git.process import try_git
    from promptreg.tags import release_of

    repository = registry.repository
    git_dir = repository.paths.git_dir
    probe = "refs/promptreg/remote-tag"
    fetched = try_git(
        git_dir, "fetch", "--quiet", "--no-tags", "origin", f"+refs/tags/{tag}:{probe}"
    )
    if fetched.returncode != 0:
        return None
    theirs_oid = repository.refs.read(probe)
    try_git(git_dir, "update-ref", "-d", probe)
    ours_oid = repository.refs.read(f"refs/tags/{tag}")
    theirs = repository.tag(theirs_oid) if theirs_oid else None
    ours = repository.tag(ours_oid) if ours_oid else None
    their_release = release_of(theirs) if theirs else None
    our_release = release_of(ours) if ours else None
    if their_release and our_release and their_release.digest == our_release.digest:
        return None
    repository.delete_tag(tag)
    return f"origin has tag {tag} with other content; the local one is dropped, bump {name} again"
