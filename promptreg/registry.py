"""The library's front door: prompts by reference, their versions, and what their calls cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from promptreg.config import DEFAULT_STORE, Config, load_config
from promptreg.errors import ConfigError, NotFoundError, PromptregError, RepositoryError
from promptreg.git import Repository
from promptreg.history.branches import release_ref
from promptreg.history.labels import is_label, label_of_path, label_path, parse_label
from promptreg.history.tagindex import TagIndex
from promptreg.history.withdrawn import yanks_of
from promptreg.history.yanked import Yank, Yanks, parse_yanked, yanked_path
from promptreg.naming import NAME
from promptreg.sources import CommitSource, Source, SparseSource, WorktreeSource, locate
from promptreg.values import dataclass
from promptreg.versioning import Version
from promptreg.versioning.references import Reference, ReferenceKind, parse_reference

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.loaded import LoadedPrompt
    from promptreg.metrics import Metrics
    from promptreg.metrics.summary import Rename
    from promptreg.prompt.content import Content

__all__ = ["Registry", "Resolved", "config_of"]


def _greatest_stable(versions: Iterable[Version]) -> Version | None:
    stable = (version for version in versions if version.prerelease is None)
    return max(stable, key=attrgetter("key"), default=None)


def _log_warning(text: str) -> None:
    import logging

    logging.getLogger("promptreg").warning(text)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference turned out to mean.

    Attributes:
        reference: The reference.
        content: The content.
        version: The released version, or a pseudo-version for content without a tag.
        release: The release; None for content without a tag.
        commit: The commit it was read from; None for the work tree.
    """

    reference: Reference
    content: Content
    version: Version
    release: Release | None
    commit: str | None


def config_of(repository: Repository) -> Config:
    """Return a repository's configuration: its work tree's, or HEAD's where it is bare.

    Raises:
        ConfigError: The configuration is wrong.
    """
    if (top := repository.paths.work_tree) is not None:
        return load_config(top)
    if (head := repository.head.oid) is None:
        return load_config(None)
    return load_config(None, committed=lambda path: repository.file_at(head, path))


class Registry:
    """A prompt registry in a git repository.

    Args:
        path: A folder inside the work tree.
        fast_start: Prefer a quick start over quick reads, as commands do.

    Raises:
        RepositoryError: There is no repository, or it cannot be read.
        ConfigError: The configuration is wrong.
    """

    def __init__(self, path: str | Path = ".", *, fast_start: bool = False) -> None:
        self.repository = Repository.open(path, fast_start=fast_start)
        try:
            self.config: Config = config_of(self.repository)
        except PromptregError:
            self.close()  # a bare repository's configuration is read by a process
            raise
        self.tags = TagIndex(self.repository, self.config)
        self.on_warning: Callable[[str], None] = _log_warning
        self._warned: set[str] = set()
        self._yanked: tuple[str | None, Yanks] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back processes and files."""
        self.repository.close()

    @property
    def root(self) -> Path:
        """The top of the work tree.

        Raises:
            RepositoryError: The repository is bare.
        """
        if self.repository.paths.work_tree is None:
            raise RepositoryError("the repository is bare", fix="git clone it and work there")
        return self.repository.paths.work_tree

    @property
    def files(self) -> Source:
        """The files of the work tree; in a bare repository those of HEAD's commit.

        Raises:
            RepositoryError: The repository is bare and its HEAD names no commit.
        """
        if self.repository.paths.work_tree is not None:
            return self.worktree
        head = self.repository.head
        if head.oid is None:
            raise RepositoryError(
                f"HEAD of this bare repository names {head.branch}, which has no commit",
                fix="git symbolic-ref HEAD refs/heads/BRANCH",
            )
        return CommitSource(self.repository, head.oid)

    @property
    def worktree(self) -> Source:
        """The files on the disk; what a sparse checkout leaves out is read as it is staged.

        Raises:
            RepositoryError: The repository is bare.
        """
        files = WorktreeSource(self.root)
        return SparseSource(files, self.repository) if self.repository.left_out else files

    # Prompts

    def paths(self, source: Source | None = None) -> dict[str, str]:
        """Return the file of every prompt by its name, sorted; ill-named files are left out."""
        return self.named((source or self.files).paths(self.config.layout.root))

    def named(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the prompts among files by their names, sorted; ill-named files are left out."""
        found: dict[str, str] = {}
        for path in paths:
            name = self.config.layout.name_of(path)
            if name is not None and NAME.fullmatch(name):
                found.setdefault(name, path)
        return dict(sorted(found.items()))

    def get(self, reference: str, selector: str | None = None) -> LoadedPrompt:
        """Return a prompt at one version, ready to render.

        Args:
            reference: ``NAME`` or ``NAME@REF``: a version, range, label, HEAD, branch:NAME,
                commit:ID or worktree; the latest stable version without any.
            selector: ``REF``, when it is given apart.

        Raises:
            NotFoundError: There is no such prompt or version.
        """
        from promptreg.loaded import LoadedPrompt

        if self._version_fault:
            self._warn_once(self._version_fault)
        return LoadedPrompt.from_resolved(self.resolve(reference, selector), self)

    def resolve(self, reference: str, selector: str | None = None) -> Resolved:
        """Return what a reference means, never anything it does not say.

        Raises:
            NotFoundError: There is no such prompt or version.
            HistoryError: It is there but was not fetched.
        """
        parsed = parse_reference(reference, selector)
        match parsed.kind:
            case ReferenceKind.WORKTREE:
                return self._untagged(parsed, self.worktree, None)
            case ReferenceKind.COMMIT:
                return self._at_revision(parsed, parsed.value)
            case ReferenceKind.BRANCH:
                return self._at_branch(parsed)
            case _:
                release = self._release(parsed)
                if parsed.kind in (ReferenceKind.VERSION, ReferenceKind.LABEL):
                    self._warn_of_yank(parsed.name, release.version)
                content = self.tags.content(release)
                return Resolved(parsed, content, release.version, release, release.commit)

    def _release(self, reference: Reference) -> Release:
        name = reference.name
        if reference.kind is ReferenceKind.VERSION:
            return self.tags.release(name, Version.parse(reference.value))
        if reference.kind is ReferenceKind.LABEL:
            return self.tags.release(name, self._labelled(name, reference.value))
        choose = _greatest_stable
        if reference.kind is ReferenceKind.RANGE:
            from promptreg.versioning.ranges import Range

            choose = Range.parse(reference.value).best
        release, foreign = self._choose(name, choose)
        for error in foreign:
            self._warn_once(f"{error.message}; it is passed over")
        if release is None:
            raise foreign[0] if foreign else self._unreleased(reference)
        return release

    def _choose(
        self, name: str, choose: Callable[[list[Version]], Version | None]
    ) -> tuple[Release | None, list[NotFoundError]]:
        """Return the release that is chosen, and what is wrong with the tags passed over for it.

        A tag that somebody made by hand is no released version, and stops no service.
        """
        versions = self.choosable(name)
        foreign: list[NotFoundError] = []
        while (best := choose(versions)) is not None:
            try:
                return self.tags.release(name, best), foreign
            except NotFoundError as error:
                versions.remove(best)
                foreign.append(error)
        return None, foreign

    def choosable(self, name: str) -> list[Version]:
        """Return the released versions that ranges and latest may choose: none that is yanked."""
        versions, yanked = self.tags.versions(name), self.yanks_of(name)
        return [version for version in versions if version not in yanked] if yanked else [*versions]

    def latest(self, name: str) -> Version | None:
        """Return the greatest stable version that is not yanked, or None."""
        release, _ = self._choose(name, _greatest_stable)
        return release.version if release is not None else None

    @property
    def yanked(self) -> Yanks:
        """The withdrawn versions by name and version, as committed."""
        commit = self.labels_commit
        if self._yanked is None or self._yanked[0] != commit:
            path = yanked_path(self.config.root)
            data = self.repository.file_at(commit, path) if commit else None
            self._yanked = (commit, parse_yanked(data, path))
        return self._yanked[1]

    def yanks_of(self, name: str) -> Mapping[Version, Yank]:
        """Return the withdrawn versions of a prompt, as committed."""
        return yanks_of(self.tags, self.yanked, name)

    def _warn_of_yank(self, name: str, version: Version) -> None:
        """Say once that a version somebody asks for by its number is withdrawn."""
        yank = self.yanks_of(name).get(version)
        if yank is not None:
            self._warn_once(f"{name} {version} is yanked: {yank.reason}")

    @cached_property
    def _version_fault(self) -> str:
        """What is wrong with this version of promptreg, if anything is; commands refuse.

        An application that is running must not stop because a repository moved on.
        """
        try:
            self.config.require_version()
        except ConfigError as error:
            return str(error)
        return ""

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self.on_warning(text)

    def _labelled(self, name: str, label: str) -> Version:
        found = self.label(label).get(name)
        if found is None:
            raise NotFoundError(
                f"label {label} names no version of {name}",
                fix=f"promptreg label set {label} {name} VERSION",
            )
        return found

    def _unreleased(self, reference: Reference) -> NotFoundError:
        name = reference.name
        if reference.kind is ReferenceKind.RANGE and self.tags.versions(name):
            return NotFoundError(
                f"no version of {name} is in {reference.value}", fix=f"promptreg versions {name}"
            )
        if any(version.is_stable for version in self.tags.versions(name)):
            return NotFoundError(
                f"every stable version of {name} is yanked", fix=f"promptreg versions {name}"
            )
        claimed = name in self.paths()
        if claimed and self.repository.is_shallow:
            prefix = self.config.tags[0].prefix(name)
            return NotFoundError(
                f"{name} has no tag in this shallow clone",
                fix=f"git fetch origin 'refs/tags/{prefix}*:refs/tags/{prefix}*'",
            )
        if claimed:
            return NotFoundError(
                f"{name} has no released version yet",
                fix=f"promptreg release after the merge, or {name}@worktree for the file as it is",
            )
        return self._no_prompt(name)

    def _no_prompt(self, name: str) -> NotFoundError:
        from promptreg.history.missing import nearest

        fix = nearest(name, self.paths()) or "promptreg list"
        return NotFoundError(f"no prompt {name!r}", fix=fix)

    def _at_branch(self, reference: Reference) -> Resolved:
        # Only a branch: a tag or commit of that name would be something else than was asked for.
        for ref in (f"refs/heads/{reference.value}", f"refs/remotes/{reference.value}"):
            if (commit := self.repository.refs.read(ref)) is not None:
                return self._untagged(reference, CommitSource(self.repository, commit), commit)
        from promptreg.history.missing import explain_missing

        missing = explain_missing(self.repository, reference.value)
        raise NotFoundError(f"no branch {reference.value!r}", fix=missing.fix)

    def _at_revision(self, reference: Reference, revision: str) -> Resolved:
        commit = self.repository.resolve_commit(revision)
        if commit is None:
            from promptreg.history.missing import explain_missing

            missing = explain_missing(self.repository, revision)
            raise NotFoundError(f"{revision!r} {missing.why}", fix=missing.fix)
        return self._untagged(reference, CommitSource(self.repository, commit), commit)

    def _untagged(self, reference: Reference, source: Source, commit: str | None) -> Resolved:
        from promptreg.prompt.content import read_content

        path = locate(source, self.config.layout, reference.name)
        content = read_content(source, self.config.layout, path)
        release = self._release_of(reference.name, content)
        version = release.version if release else self._pseudo(reference.name, content, commit)
        return Resolved(reference, content, version, release, commit)

    def _release_of(self, name: str, content: Content) -> Release | None:
        """Return the release with just this content, looking at the version the file states."""
        claimed = content.prompt.version
        if claimed is None or claimed not in self.tags.versions(name):
            return None
        try:
            release = self.tags.release(name, claimed)
        except NotFoundError:
            return None
        return release if release.digest == content.digest else None

    def _pseudo(self, name: str, content: Content, commit: str | None) -> Version:
        from datetime import UTC, datetime

        from promptreg.versioning.pseudo import pseudo_version

        versions, own = self.tags.versions(name), content.prompt.version
        # On an older line content follows that line, as it does for bump.
        below = [version for version in versions if own is not None and version <= own]
        base = max(below or versions, default=None)
        when = self.repository.commit(commit).committer.when if commit else datetime.now(UTC)
        return pseudo_version(base, when, content.digest)

    # Versions and labels

    def releases(self, name: str) -> list[Release]:
        """Return all released versions of a prompt, oldest first.

        Raises:
            NotFoundError: There is no such prompt.
        """
        found = self.tags.releases(name)
        if not found and name not in self.paths():
            raise self._no_prompt(name)
        return found

    @property
    def labels_commit(self) -> str | None:
        """The commit that labels are read from: HEAD's as it is now; None on an unborn branch."""
        return self.repository.head.oid

    def label_names(self) -> list[str]:
        """Return all labels, sorted; files whose name is none are left out."""
        if self.labels_commit is None:
            return []
        folder = f"{self.config.root}/labels"
        paths = self.repository.files_at(self.labels_commit, folder)
        found = (label_of_path(self.config.root, path) for path in paths)
        return sorted(label for label in found if label is not None and is_label(label))

    def label(self, label: str) -> Mapping[str, Version]:
        """Return the version of each prompt that a label names, as committed.

        Raises:
            NotFoundError: There is no such label.
        """
        path = label_path(self.config.root, label)
        commit = self.labels_commit
        data = self.repository.file_at(commit, path) if commit is not None else None
        if data is None:
            from promptreg.history.missing import mean_label

            raise NotFoundError(
                f"no label {label!r} in the checked-out commit",
                fix=mean_label(self.repository, self.label_names(), label)
                or f"promptreg label set {label} NAME VERSION, then commit {path}",
            )
        return parse_label(data, path)

    def labels_of(self, name: str) -> dict[str, Version]:
        """Return the labels that name a version of a prompt."""
        return dict(self._labelled_versions(name))

    def _labelled_versions(self, name: str) -> Iterator[tuple[str, Version]]:
        for label in self.label_names():
            version = self.label(label).get(name)
            if version is not None:
                yield label, version

    def release_commit(self) -> str | None:
        """Return the tip of the release branch, or None when there is none."""
        ref = release_ref(self.repository, self.config.release_branches)
        return self.repository.refs.read(ref) if ref else None

    # Metrics

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics store of this registry."""
        from promptreg.metrics import Metrics

        store = self.config.store
        remote = "://" in store
        location: str | Path = store if remote else self.root / store
        # Segments of an object store stay on this disk until they are shipped.
        segments = self.root / DEFAULT_STORE / "wal" if remote else None
        metrics = Metrics(
            location,
            environment=self.config.environment,
            prices=self.config.prices,
            wal=segments,
            ship_seconds=self.config.ship,
            spark=self.config.spark if self.config.engine == "spark" else None,
        )
        metrics.renames = self._renames
        return metrics

    def _renames(self, name: str | None) -> tuple[Rename, ...]:
        from promptreg.history.renames import find_renames

        return find_renames(self.tags, self.files, self.paths, name)

    def log_metrics(self, name: str, version: str | Version, **values: Any) -> None:
        """Log one call of a prompt.

        Args:
            name: The prompt's name.
            version: A released version.
            values: Columns of a metric row, such as ``latency_ms`` or ``input_tokens``.

        Raises:
            NotFoundError: There is no such version.
            MetricsError: A value is wrong or the store cannot be written.
        """
        digest = self._digest_of(name, str(version))
        self.metrics.log(prompt=name, version=str(version), digest=digest, **values)

    def _digest_of(self, name: str, version: str) -> str:
        key = (name, version)
        if key not in self._digests:
            self._digests[key] = self.tags.release(name, Version.parse(version)).digest
        return self._digests[key]

    @cached_property
    def _digests(self) -> dict[tuple[str, str], str]:
        """Digests by name and version: a released version never changes its content."""
        return {}
