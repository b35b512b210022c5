"""Turning merged versions into tags: what may be released, and the tag of one version."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptreg.changes import Change, compare, level_of
from promptreg.errors import ConflictError, RepositoryError
from promptreg.git.tagging import TagOutcome
from promptreg.history.branches import release_ref
from promptreg.history.tagindex import TagIndex
from promptreg.history.tags import Trailers, release_message, release_of
from promptreg.prompt.content import includes_of
from promptreg.sources import CommitSource
from promptreg.versioning import Level, Version

if TYPE_CHECKING:
    from promptreg.config import Config
    from promptreg.git import Repository
    from promptreg.operations.walking import Candidate
    from promptreg.prompt.content import Content

__all__ = [
    "Released",
    "changes_since",
    "describe_candidate",
    "release_candidate",
    "require_release_branch",
]


@dataclass(frozen=True, slots=True)
class Released:
    """A tag that `release_candidate` made, or found to say the same already."""

    tag: str
    commit: str
    level: Level
    changes: tuple[Change, ...]
    created: bool


def require_release_branch(repository: Repository, config: Config) -> str:
    """Return the commit to release from.

    Raises:
        RepositoryError: HEAD is not on a release branch, or not pushed to the remote one.
    """
    head = repository.head
    if head.oid is None:
        raise RepositoryError("nothing is committed yet", fix="git commit")
    remote = _remote_branch(repository, config, head.branch)
    if head.branch is not None and not _is_release_branch(repository, config, head.branch):
        raise RepositoryError(
            f"branch {head.branch} is not a release branch",
            fix=f"git switch one of {', '.join(config.release_branches)}, or configure [release]",
        )
    if remote is None:
        if head.branch is None:
            raise _detached(repository, config)
        return head.oid
    tip = repository.refs.read(remote)
    if tip is None or not repository.is_ancestor(head.oid, tip):
        shown = remote.removeprefix("refs/remotes/")
        raise RepositoryError(
            f"HEAD is not on {shown}: only what is merged there becomes a version",
            fix="git push, then promptreg release",
        )
    return head.oid


def _detached(repository: Repository, config: Config) -> RepositoryError:
    known = release_ref(repository, config.release_branches, main_line=True)
    if known is None:
        return RepositoryError(
            "HEAD is detached, no release branch is known", fix="git switch main"
        )
    local = known.removeprefix("refs/heads/")
    if local != known:
        return RepositoryError(f"HEAD is detached, not on {local}", fix=f"git switch {local}")
    shown = known.removeprefix("refs/remotes/")
    return RepositoryError(
        f"HEAD is detached and not on {shown}: only what is merged there becomes a version",
        fix="git push, then promptreg release",
    )


def _is_release_branch(repository: Repository, config: Config, branch: str) -> bool:
    default = repository.refs.symbolic("refs/remotes/origin/HEAD")
    if default == f"refs/remotes/origin/{branch}":
        return True
    return any(fnmatch.fnmatchcase(branch, pattern) for pattern in config.release_branches)


def _remote_branch(repository: Repository, config: Config, branch: str | None) -> str | None:
    refs = repository.refs
    if branch is not None:
        ref = f"refs/remotes/origin/{branch}"
        return ref if refs.read(ref) is not None else None
    head = repository.head.oid
    for ref, oid in refs.with_prefix("refs/remotes/origin/").items():
        name = ref.removeprefix("refs/remotes/origin/")
        if name == "HEAD" or head is None or not _is_release_branch(repository, config, name):
            continue
        if repository.is_ancestor(head, oid):
            return ref
    return None


def release_candidate(repository: Repository, config: Config, candidate: Candidate) -> Released:
    """Create the tag of one version.

    Raises:
        ConflictError: Meanwhile somebody gave the version other content.
    """
    trailers, changes = _describe(repository, config, candidate)
    tag = config.tags[0].tag(candidate.name, str(candidate.version))
    outcome, oid = repository.create_tag(
        tag,
        target=candidate.commit.oid,
        tagger=candidate.commit.committer.raw,
        message=release_message(trailers, changes),
    )
    if outcome is TagOutcome.EXISTED:
        found = repository.tag(oid)
        release = release_of(found) if found is not None else None
        if release is None or release.digest != candidate.content.digest:
            raise ConflictError(
                f"tag {tag} was made meanwhile with other content",
                fix=f"promptreg bump {candidate.content.prompt.path}",
            )
    created = outcome is TagOutcome.CREATED
    return Released(tag, candidate.commit.oid, trailers.level, changes, created)


def describe_candidate(repository: Repository, config: Config, candidate: Candidate) -> Released:
    """Return what `release_candidate` would make, and make nothing."""
    trailers, changes = _describe(repository, config, candidate)
    tag = config.tags[0].tag(candidate.name, str(candidate.version))
    return Released(tag, candidate.commit.oid, trailers.level, changes, created=False)


def _describe(
    repository: Repository, config: Config, candidate: Candidate
) -> tuple[Trailers, tuple[Change, ...]]:
    content, layout = candidate.content, config.layout
    changes, level = _changes(repository, config, candidate)
    blob = repository.entry_at(candidate.commit.oid, content.prompt.path)
    assert blob is not None
    source = CommitSource(repository, candidate.commit.oid)
    includes = {}
    for include in includes_of(content.prompt, source, layout):
        entry = repository.entry_at(candidate.commit.oid, layout.fragment(include))
        assert entry is not None
        includes[include] = entry.oid
    trailers = Trailers(
        candidate.name, candidate.version, level, blob.oid, content.digest, includes
    )
    return trailers, changes


def _changes(
    repository: Repository, config: Config, candidate: Candidate
) -> tuple[tuple[Change, ...], Level]:
    index = TagIndex(repository, config)
    followed = _followed(candidate.version, index.oids(candidate.name))
    if followed is None:
        return (), Level.NONE
    return changes_since(index, candidate.name, followed, candidate.content)


def changes_since(
    index: TagIndex, name: str, followed: Version, after: Content
) -> tuple[tuple[Change, ...], Level]:
    """Return the changes since a released version, and their level.

    Args:
        index: The tags.
        name: The prompt.
        followed: The version before.
        after: The content now.

    Raises:
        HistoryError: The version's content was not fetched.
        NotFoundError: Its tag is none of ours.
    """
    before = index.claim(name, followed, *index.oids(name)[followed]).load()
    changes = compare(
        before.prompt,
        after.prompt,
        old_includes=before.includes,
        new_includes=after.includes,
        levels=index.config.levels,
    )
    return changes, level_of(changes, same_digest=before.digest == after.digest)


def _followed(version: Version, tags: Iterable[Version]) -> Version | None:
    """Return the version whose content the change list compares with: the last stable one.

    Who uses a version comes from a stable one, also where release candidates lay between. Before
    the first of these a candidate follows the one before it.
    """
    below = [each for each in tags if each < version]
    stable = max((each for each in below if each.is_stable), default=None)
    return stable if stable is not None or version.is_stable else max(below, default=None)
