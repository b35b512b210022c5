"""Finding the versions that are merged and have no tag, along the first parents of the tip.

`release` makes its tags oldest first. So a commit that carries the tag of a version which it
brought tells that all before it was looked at once: below it only those prompts matter that state a
version there that no tag holds, because a run was interrupted or a tag was removed. A run so costs
what has changed since the last one, besides one look at the tags of what stands at the tip.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, PromptError
from promptreg.history.released import released_files
from promptreg.history.tagindex import TagIndex
from promptreg.history.tags import Release, release_of
from promptreg.naming import NAME, is_fragment
from promptreg.prompt.content import Content, read_content
from promptreg.sources import CommitSource

if TYPE_CHECKING:
    from promptreg.config import Config
    from promptreg.git import Commit, Repository
    from promptreg.versioning import Version

__all__ = ["Candidate", "ReleasePlan", "find_candidates"]


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
    """The walk from the tip down to where all that stands is tagged.

    `open` holds the names whose version has no tag, and `passed` all that no tag settles, such as
    an edit that nobody bumped; below a commit that carries a tag only what is open is followed.
    """

    def __init__(self, repository: Repository, config: Config) -> None:
        self.repository = repository
        self.config = config
        self.layout = config.layout
        self.index = TagIndex(repository, config)
        self.plan = ReleasePlan()
        self.found: dict[tuple[str, Version], Candidate] = {}
        self.open: set[str] = set()
        self.passed: set[str] = set()
        self.done: set[str] = set()
        self.is_below = False
        # The names and blobs that tags recorded, by the commit they stand on.
        self.tagged: defaultdict[str, set[tuple[str | None, str]]] = defaultdict(set)
        self.may_include: dict[str, bool] = {}
        self.names: dict[str, str | None] = {}

    def run(self, tip: str) -> ReleasePlan:
        self._look_at_tip(tip)
        last: Commit | None = None
        ages: dict[str, int] = {}
        for age, commit in enumerate(self.repository.first_parents(tip)):
            last = commit
            ages[commit.oid] = age
            brought = dict(self._introduced(commit))
            for path in brought:
                self._consider(commit, path)
            if self._carries_tag_of(commit, brought):
                self.open = self._left_open(tip, commit)
                self.is_below = True
                if not self.open:
                    break
        if last is not None and last.oid in self.repository.shallow_commits:
            self._refuse_cut_history()
        order = lambda c: (-ages[c.commit.oid], c.name, c.version)  # noqa: E731
        self.plan.candidates.extend(sorted(self.found.values(), key=order))
        return self.plan

    def _look_at_tip(self, tip: str) -> None:
        source = CommitSource(self.repository, tip)
        files = self.repository.files_at(tip, self.layout.root)
        prompts = {path: name for path in files if (name := self._name_of(path)) is not None}
        self._pass_over_twins(prompts)
        for found in released_files(self.repository, self.config, prompts, files):
            self.done.add(found.prompt)
            self.tagged[found.commit].add((found.prompt, found.blob))
            del prompts[found.path]
        for path, name in sorted(prompts.items()):
            content = self._content(source, path)
            if content is None or content.prompt.version is None:
                self._warn_unstated(name, path, content)
            elif content.prompt.version in self.index.deleted(name):
                self.plan.warnings.append(
                    f"{path} states {content.prompt.version}, which was deleted: promptreg bump it"
                )
            elif not self._has_tag(name, content, at_tip=True):
                self.open.add(name)
            self.passed.add(name)

    def _pass_over_twins(self, prompts: dict[str, str]) -> None:
        """Leave out each name that two files have: one of them would take the other's version."""
        if len(set(prompts.values())) == len(prompts):
            return
        by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path, name in sorted(prompts.items()):
            by_name[name].append(path)
        for name, paths in by_name.items():
            if len(paths) > 1:
                self.done.add(name)
                self.plan.warnings.append(
                    f"{name} is not released: {' and '.join(paths)} both have that name"
                )
                for path in paths:
                    del prompts[path]

    def _has_twin(self, commit: Commit, name: str, path: str) -> bool:
        others = (other for other in self.layout.candidates(name) if other != path)
        return any(self.repository.entry_at(commit.oid, other) is not None for other in others)

    def _name_of(self, path: str) -> str | None:
        if path not in self.names:
            name = self.layout.name_of(path)
            self.names[path] = name if name is not None and NAME.fullmatch(name) else None
        return self.names[path]

    def _is_followed(self, name: str | None) -> bool:
        return (
            name is not None and name not in self.done and (not self.is_below or name in self.open)
        )

    def _warn_unstated(self, name: str, path: str, content: Content | None) -> None:
        if content is not None and content.prompt.digest is not None:
            self.plan.warnings.append(f"{path}: {name} states a digest but no version")

    def _content(self, source: CommitSource, path: str) -> Content | None:
        try:
            return read_content(source, self.layout, path)
        except PromptError:
            return None  # a broken file is never released; check tells its author

    def _introduced(self, commit: Commit) -> Iterator[tuple[str, str]]:
        """Yield the prompts whose content a commit brought to the branch, with their blobs."""
        cut = commit.oid in self.repository.shallow_commits
        parent = commit.parents[0] if commit.parents and not cut else None
        changes = self.repository.changes_between(parent, commit.oid, self.layout.root)
        changed = {change.path: change.new for change in changes if change.new is not None}
        yield from ((path, changed[path]) for path in sorted(changed) if self._name_of(path))
        fragments = {
            self.layout.relative(change.path) for change in changes if is_fragment(change.path)
        }
        if fragments and parent is not None:
            yield from self._dependents(commit, fragments, changed)

    def _dependents(
        self, commit: Commit, fragments: set[str | None], changed: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        source = CommitSource(self.repository, commit.oid)
        files = self.repository.files_at(commit.oid, self.layout.root)
        followed = {
            path: blob
            for path, blob in sorted(files.items())
            if path not in changed and self._is_followed(self._name_of(path))
        }
        self._sift([blob for blob in followed.values() if blob not in self.may_include])
        for path, blob in followed.items():
            if not self.may_include.get(blob, True):
                continue
            content = self._content(source, path)
            if content is not None and fragments & content.includes.keys():
                yield path, blob

    def _sift(self, blobs: list[str]) -> None:
        """Note which files can include anything: that takes a tag, which YAML may write escaped."""
        for found in self.repository.objects(blobs):
            self.may_include[found.oid] = b"{%" in found.data or b"\\" in found.data

    def _consider(self, commit: Commit, path: str) -> None:
        name = self._name_of(path)
        if name is None or not self._is_followed(name):
            return
        content = self._content(CommitSource(self.repository, commit.oid), path)
        if content is None or content.prompt.version is None:
            return
        if content.prompt.version in self.index.deleted(name):
            return
        if self._has_tag(name, content, at_tip=False) or not content.states_its_digest:
            return
        if self._has_twin(commit, name, path):
            return
        key = (name, content.prompt.version)
        newer = self.found.get(key)
        if newer is None:
            self.found[key] = Candidate(*key, content, commit)
        elif newer.content.digest != content.digest:
            self.plan.warnings.append(
                f"{name} {key[1]} has two contents on the branch: that of "
                f"{newer.commit.oid[:7]} wins over that of {commit.oid[:7]}"
            )
        else:
            # The same content, brought earlier: the oldest commit carries the tag.
            self.found[key] = replace(newer, commit=commit)

    def _carries_tag_of(self, commit: Commit, brought: Mapping[str, str]) -> bool:
        """Tell whether a tag stands on a commit for something that it brought.

        A tag that was moved to a commit that did not bring its content says nothing about it.
        """
        known = self.tagged.get(commit.oid)
        return known is not None and any(
            (self._name_of(path), blob) in known for path, blob in brought.items()
        )

    def _left_open(self, tip: str, commit: Commit) -> set[str]:
        """Return the names to follow below a commit that carries a tag."""
        names = set(self.open)
        if not self.is_below:
            names |= self.passed
            changes = self.repository.changes_between(commit.oid, tip, self.layout.root)
            gone = (self._name_of(change.path) for change in changes if change.new is None)
            names.update(name for name in gone if name is not None)
        return {n for n in names if n not in self.done and self._stands_untagged(n, commit)}

    def _stands_untagged(self, name: str, commit: Commit) -> bool:
        """Tell whether a prompt states at a commit what should have been released by then."""
        source = CommitSource(self.repository, commit.oid)
        for path in self.layout.candidates(name):
            entry = self.repository.entry_at(commit.oid, path)
            content = self._content(source, path) if entry is not None else None
            if content is None or not content.states_its_digest:
                continue
            version = content.prompt.version
            if version is None or version in self.index.deleted(name):
                continue
            if version not in self.index.oids(name):
                return True
        return False

    def _release_of(self, oid: str) -> Release | None:
        tag = self.repository.tag(oid)
        return release_of(tag) if tag is not None else None

    def _has_tag(self, name: str, content: Content, *, at_tip: bool) -> bool:
        """Tell whether the version has a tag; the walk of a name ends where it says the same.

        A rebase merge brings commits that state a version which their own branch gave up again:
        only what stands at the tip can be in conflict, the rest is worth a warning.
        """
        version = content.prompt.version
        assert version is not None
        entry = self.index.oids(name).get(version)
        if entry is None:
            return False
        tag, oid = entry
        release = self._release_of(oid)
        if release is not None and release.digest == content.digest:
            self.open.discard(name)
            self.done.add(name)
            self.tagged[release.commit].add((release.trailers.prompt, release.trailers.blob))
        elif content.states_its_digest:  # an edit that was never bumped is no version
            told = (
                f"tag {tag} holds other content than {content.prompt.path}"
                if release is not None
                else f"tag {tag} {self._strangeness(oid)}, so {name} {version} cannot be released"
            )
            if at_tip:
                self.plan.conflicts.append(told)
            elif told not in self.plan.conflicts:
                self.plan.warnings.append(told)
        return True

    def _strangeness(self, oid: str) -> str:
        is_here = self.repository.holds(oid)
        return "was not made by promptreg" if is_here else "has lost its object"

    def _refuse_cut_history(self) -> None:
        names = sorted({name for name, _ in self.found} | self.open)
        if names:
            raise HistoryError(
                f"history is cut, so the commit that brought {names[0]} cannot be known",
                fix="git fetch --unshallow --tags",
            )
