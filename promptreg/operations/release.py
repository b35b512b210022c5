"""Turning merged versions into tags: find what has none, oldest first, and create it."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promptreg.changes import Change, compare, level_of
from promptreg.errors import ConflictError, HistoryError, PromptError, RepositoryError
from promptreg.git import TagOutcome
from promptreg.history.tagindex import TagIndex
from promptreg.history.tags import Release, Trailers, release_message, release_of
from promptreg.naming import NAME, is_fragment
from promptreg.prompt.content import Content, includes_of, read_content
from promptreg.sources import CommitSource
from promptreg.versioning import Level, Version

if TYPE_CHECKING:
    from promptreg.config import Config
    from promptreg.git import Commit, Repository

__all__ = [
    "Candidate",
    "ReleasePlan",
    "Released",
    "describe_candidate",
    "find_candidates",
    "release_candidate",
    "require_release_branch",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that is merged and has no tag yet.

    Attributes:
        name: The prompt's name.
        version: The version its file states.
        content: The content.
        commit: The first-parent commit that brought the content.
    """

    name: str
    version: Version
    content: Content
    commit: Commit


@dataclass(frozen=True, slots=True)
class Released:
    """A tag that `release_candidate` made, or found to say the same already."""

    tag: str
    commit: str
    level: Level
    changes: tuple[Change, ...]
    created: bool


@dataclass(slots=True)
class ReleasePlan:
    """What a release would do.

    Attributes:
        candidates: Versions without tag, oldest commit first.
        warnings: What a person should know.
        conflicts: Versions whose tag holds other content; nothing is tagged for these.
    """

    candidates: list[Candidate] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


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
            raise RepositoryError(
                "HEAD is detached, no release branch is known", fix="git switch main"
            )
        return head.oid
    tip = repository.refs.read(remote)
    if tip is None or not repository.is_ancestor(head.oid, tip):
        shown = remote.removeprefix("refs/remotes/")
        raise RepositoryError(
            f"HEAD is not on {shown}: only what is merged there becomes a version",
            fix="git push, then promptreg release",
        )
    return head.oid


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


def find_candidates(repository: Repository, config: Config, tip: str) -> ReleasePlan:
    """Find every version that is merged and has no tag.

    Args:
        repository: The repository.
        config: Layout and tag formats.
        tip: The commit of the release branch to start from.

    Raises:
        HistoryError: History is cut before the commit that brought an untagged version.
    """
    return _Walk(repository, config).run(tip)


class _Walk:
    """The walk from the tip along first parents, until all it meets is tagged."""

    def __init__(self, repository: Repository, config: Config) -> None:
        self.repository = repository
        self.config = config
        self.layout = config.layout
        self.index = TagIndex(repository, config)
        self.plan = ReleasePlan()
        self.open: set[str] = set()
        self.done: set[str] = set()
        self.stops: set[str] = set()

    def run(self, tip: str) -> ReleasePlan:
        self._look_at_tip(tip)
        last: Commit | None = None
        ages: dict[str, int] = {}
        for age, commit in enumerate(self.repository.first_parents(tip)):
            last = commit
            ages[commit.oid] = age
            for path in self._introduced(commit):
                self._consider(commit, path)
            if not self.open and commit.oid in self.stops:
                break
        if last is not None and last.oid in self.repository.shallow_commits:
            self._refuse_cut_history()
        self.plan.candidates.sort(key=lambda c: (-ages[c.commit.oid], c.name, c.version))
        return self.plan

    def _look_at_tip(self, tip: str) -> None:
        source = CommitSource(self.repository, tip)
        for path, blob in sorted(self.repository.files_at(tip, self.layout.root).items()):
            name = self.layout.name_of(path)
            if name is None or not NAME.fullmatch(name):
                continue
            if (release := self._released_blob(name, path, blob)) is not None:
                self.done.add(name)
                self.stops.add(release.commit)
                continue
            content = self._content(source, path)
            if content is None or content.prompt.version is None:
                self._warn_unstated(name, path, content)
                continue
            if content.prompt.version in self.index.deleted(name):
                self.plan.warnings.append(
                    f"{path} states {content.prompt.version}, which was deleted: promptreg bump it"
                )
                continue
            if self._settled(name, content, at_tip=True) is None:
                self.open.add(name)

    def _released_blob(self, name: str, path: str, blob: str) -> Release | None:
        """Return the release whose recorded blob is this one, without parsing the file."""
        for version, (_, oid) in sorted(self.index.oids(name).items(), reverse=True):
            tag = self.repository.tag(oid)
            release = release_of(tag) if tag is not None else None
            if release is None or release.trailers.blob != blob:
                continue
            if release.version == version and not release.trailers.includes:
                return release
            content = self._content(CommitSource(self.repository, release.commit), path)
            return release if content and content.digest == release.digest else None
        return None

    def _warn_unstated(self, name: str, path: str, content: Content | None) -> None:
        if content is not None and content.prompt.digest is not None:
            self.plan.warnings.append(f"{path}: {name} states a digest but no version")

    def _content(self, source: CommitSource, path: str) -> Content | None:
        try:
            return read_content(source, self.layout, path)
        except PromptError:
            return None  # a broken file is never released; check tells its author

    def _introduced(self, commit: Commit) -> Iterator[str]:
        """Yield the prompts whose content a commit brought to the branch."""
        cut = commit.oid in self.repository.shallow_commits
        parent = commit.parents[0] if commit.parents and not cut else None
        changes = self.repository.changes_between(parent, commit.oid, self.layout.root)
        changed = {change.path for change in changes if change.new is not None}
        yield from sorted(path for path in changed if self.layout.is_prompt(path))
        fragments = {
            self.layout.relative(change.path) for change in changes if is_fragment(change.path)
        }
        if fragments and parent is not None:
            yield from self._dependents(commit, fragments, changed)

    def _dependents(
        self, commit: Commit, fragments: set[str | None], changed: set[str]
    ) -> Iterator[str]:
        source = CommitSource(self.repository, commit.oid)
        for path in source.paths(self.layout.root):
            name = self.layout.name_of(path)
            if name is None or path in changed or name in self.done:
                continue
            content = self._content(source, path)
            if content is not None and fragments & content.includes.keys():
                yield path

    def _consider(self, commit: Commit, path: str) -> None:
        name = self.layout.name_of(path)
        if name is None or name in self.done or not NAME.fullmatch(name):
            return
        content = self._content(CommitSource(self.repository, commit.oid), path)
        if content is None or content.prompt.version is None or not content.states_its_digest:
            return
        if content.prompt.version in self.index.deleted(name):
            return
        if self._settled(name, content, at_tip=False) is not None:
            return
        version = content.prompt.version
        newer = [c for c in self.plan.candidates if (c.name, c.version) == (name, version)]
        if not newer:
            self.plan.candidates.append(Candidate(name, version, content, commit))
        elif newer[0].content.digest != content.digest:
            self.plan.warnings.append(
                f"{name} {version} has two contents on the branch: that of "
                f"{newer[0].commit.oid[:7]} wins over that of {commit.oid[:7]}"
            )
        else:
            # The same content, brought earlier: the oldest commit carries the tag.
            place = self.plan.candidates.index(newer[0])
            self.plan.candidates[place] = replace(newer[0], commit=commit)

    def _settled(self, name: str, content: Content, *, at_tip: bool) -> Release | str | None:
        """Return the release of this version, or the conflict with it; None if it has no tag.

        A rebase merge brings commits that state a version which their own branch gave up again:
        only what stands at the tip can be in conflict, the rest is worth a warning.
        """
        version = content.prompt.version
        assert version is not None
        entry = self.index.oids(name).get(version)
        if entry is None:
            return None
        tag, oid = entry
        found = self.repository.tag(oid)
        release = release_of(found) if found is not None else None
        if release is None:
            conflict = (
                f"tag {tag} was not made by promptreg, so {name} {version} cannot be released"
            )
        elif release.digest != content.digest:
            if not content.states_its_digest:
                self._finish(name)
                return release  # an edit that was never bumped is no version
            conflict = f"tag {tag} holds other content than {content.prompt.path}"
        else:
            self._finish(name)
            self.stops.add(release.commit)
            return release
        if at_tip:
            self._finish(name)
            self.plan.conflicts.append(conflict)
        else:
            self.plan.warnings.append(conflict)
        return conflict

    def _finish(self, name: str) -> None:
        self.open.discard(name)
        self.done.add(name)

    def _refuse_cut_history(self) -> None:
        names = sorted({c.name for c in self.plan.candidates} | self.open)
        if names:
            raise HistoryError(
                f"history is cut, so the commit that brought {names[0]} cannot be known",
                fix="git fetch --unshallow --tags",
            )


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
    below = [v for v in index.oids(candidate.name) if v < candidate.version]
    if not below:
        return (), Level.NONE
    tag, oid = index.oids(candidate.name)[max(below)]
    before = index.claim(candidate.name, max(below), tag, oid).load()
    after = candidate.content
    changes = compare(
        before.prompt,
        after.prompt,
        old_includes=before.includes,
        new_includes=after.includes,
        levels=config.levels,
    )
    return changes, level_of(changes, same_digest=before.digest == after.digest)
