"""The release tags of a repository, by prompt: its own and those of the names it had before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, NotFoundError, PromptError
from promptreg.history.branches import release_ref
from promptreg.history.lineage import deleted_versions, deletions_key, former_names
from promptreg.history.tags import Release, release_of
from promptreg.sources import CommitSource, locate
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.config import Config
    from promptreg.git import Repository
    from promptreg.history.claims import Claim
    from promptreg.history.contents import Contents
    from promptreg.naming import TagFormat
    from promptreg.prompt import Prompt
    from promptreg.prompt.blocks import BlockParser
    from promptreg.prompt.content import Content

__all__ = ["TagIndex"]

_MAX_PARSED = 1_000


class TagIndex:
    """The release tags of a repository, by prompt.

    Args:
        repository: Where the tags are.
        config: The tag formats and the layout.
    """

    def __init__(self, repository: Repository, config: Config) -> None:
        self.repository = repository
        self.config = config
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._only_committed = False
        self._inheritances: dict[tuple[str, str], bool] = {}
        self._deleted: Mapping[str, frozenset[Version]] = {}
        self._deleted_key: object = None
        self._release_branch: str | None = None
        self._formats = config.tags
        self._layout = config.layout
        self._parsed: dict[str, tuple[Mapping[str, str], dict[Version, tuple[str, str]]]] = {}
        self._versions: dict[str, tuple[Sequence[str], frozenset[Version]]] = {}
        # A tag object never changes, so what was read of it once holds for ever.
        self._release_at = lru_cache(maxsize=8192)(self._read_release)
        # One commit often releases many prompts.
        self._author_of = lru_cache(maxsize=1024)(self._read_author)

    def leave_edits_out(self) -> None:
        """Take former names from HEAD's commit alone, as whatever describes that commit does.

        The work tree may change while several processes read it.
        """
        self._only_committed = True
        self._lineages.clear()

    def lineage(self, name: str, *, edited: bool = True) -> tuple[str, ...]:
        """Return a prompt's name and those it had before, newest first.

        Args:
            name: The prompt's name.
            edited: Whether its file may differ from HEAD's; who knows that it does not spares a
                read.
        """
        if name not in self._lineages:
            former = former_names(
                self.repository, self.config, name, edited=edited, committed=self._only_committed
            )
            self._lineages[name] = (name, *former)
        return self._lineages[name]

    def deleted(self, name: str) -> frozenset[Version]:
        """Return the versions of a prompt that were deleted for good."""
        key = deletions_key(self.repository, self.config, self._release_branch)
        if key != self._deleted_key:
            # An application runs for weeks: a version that is deleted meanwhile must stop loading.
            self._deleted = deleted_versions(self.repository, self.config)
            self._release_branch = release_ref(self.repository, self.config.release_branches)
            self._deleted_key = deletions_key(self.repository, self.config, self._release_branch)
            self._lineages.clear()
        if not self._deleted:
            return frozenset()
        names = self.lineage(name)
        return frozenset().union(*(self._deleted.get(each, frozenset()) for each in names))

    def oids(self, name: str) -> dict[Version, tuple[str, str]]:
        """Return the tag's name and object id for each version of a prompt that has a tag.

        The tags of the names it had before count; deleted versions do not.
        """
        found: dict[Version, tuple[str, str]] = {}
        name, *former = self.lineage(name)
        for each in reversed(former):
            found.update(self._inherited(name, each))
        found.update(self.own_oids(name))
        for version in self.deleted(name):
            found.pop(version, None)
        return found

    def versions(self, name: str) -> AbstractSet[Version]:
        """Return the versions of a prompt that have a tag, without reading what the tags say.

        The tags of the names it had before count; deleted versions do not.
        """
        name, *former = self.lineage(name)
        if former:
            return self.oids(name).keys()
        own, deleted = self._own_versions(name), self.deleted(name)
        return own - deleted if deleted else own

    def _own_versions(self, name: str) -> AbstractSet[Version]:
        found: AbstractSet[Version] = frozenset()
        for tag_format in self._formats:
            prefix, ending = f"refs/tags/{tag_format.prefix(name)}", tag_format.ending
            refs = self.repository.refs.names(prefix)
            if not refs:
                continue
            known = self._versions.get(prefix)
            if known is None or known[0] is not refs:
                first, last = len(prefix), -len(ending) or None
                ours = [ref for ref in refs if ref.endswith(ending)] if ending else refs
                texts = [ref[first:last] for ref in ours]
                known = (refs, frozenset(filter(None, map(_version, texts))))
                if len(self._versions) >= _MAX_PARSED:
                    self._versions.clear()
                self._versions[prefix] = known
            found = found | known[1] if found else known[1]
        return found

    def _inherited(self, name: str, former: str) -> dict[Version, tuple[str, str]]:
        """Return the tags of a former name from before the rename.

        Somebody may have used the old name again, and what that prompt says must never be served
        under the new name of this one.
        """
        tags = self.own_oids(former)
        for _, oid in tags.values():
            if (name, oid) not in self._inheritances:
                self._inheritances[name, oid] = not self._existed(name, oid)
        return {v: (tag, oid) for v, (tag, oid) in tags.items() if self._inheritances[name, oid]}

    def _existed(self, name: str, oid: str) -> bool:
        """Tell whether a prompt had its file at the commit of a tag already."""
        tag = self.repository.tag(oid)
        if tag is None or tag.target_kind != "commit":
            return False
        try:
            found = (
                self.repository.entry_at(tag.target, path) for path in self._layout.candidates(name)
            )
            return any(entry is not None for entry in found)
        except HistoryError:
            return False

    def own_oids(self, name: str) -> dict[Version, tuple[str, str]]:
        """Return what `oids` does for the tags with just this name, deleted versions too."""
        found: dict[Version, tuple[str, str]] = {}
        for tag_format in reversed(self._formats):
            found.update(self._in_format(tag_format, name))
        return found

    def _in_format(self, tag_format: TagFormat, name: str) -> dict[Version, tuple[str, str]]:
        """Return the tags of a prompt in one format."""
        prefix, ending = f"refs/tags/{tag_format.prefix(name)}", tag_format.ending
        refs = self.repository.refs.with_prefix(prefix)
        known = self._parsed.get(prefix)
        if known is not None and known[0] is refs:
            return known[1]
        first, last, tag = len(prefix), -len(ending) or None, len("refs/tags/")
        found: dict[Version, tuple[str, str]] = {}
        for ref, oid in refs.items():
            version = _version(ref[first:last]) if ref.endswith(ending) else None
            if version is not None:
                found[version] = (ref[tag:], oid)
        if len(self._parsed) >= _MAX_PARSED:
            self._parsed.clear()
        self._parsed[prefix] = (refs, found)
        return found

    def names(self) -> dict[str, dict[Version, tuple[str, str]]]:
        """Return the tags of all prompts, as `own_oids` does for one."""
        found: dict[str, dict[Version, tuple[str, str]]] = {}
        refs = self.repository.refs.with_prefix("refs/tags/")
        for tag_format in reversed(self.config.tags):
            for ref, oid in refs.items():
                tag = ref[len("refs/tags/") :]
                parsed = tag_format.parse(tag)
                if parsed is not None and (version := _version(parsed[1])) is not None:
                    found.setdefault(parsed[0], {})[version] = (tag, oid)
        return found

    def release(self, name: str, version: Version) -> Release:
        """Return one released version.

        Raises:
            NotFoundError: There is no such tag, it is not ours, or the version was deleted.
        """
        if version in self.deleted(name):
            raise NotFoundError(
                f"{name} {version} was deleted",
                fix=f"promptreg versions {name}; {self.config.root}/yanked.yaml says why",
            )
        tag = self._formats[0].tag(name, str(version))
        oid = self.repository.refs.read(f"refs/tags/{tag}")
        if oid is None:
            entry = self.oids(name).get(version)
            if entry is None and version in self.versions(name):
                raise HistoryError(
                    f"tag {tag} is broken: its file names no object",
                    fix=f"git tag -d {tag}, then git fetch origin tag {tag}",
                )
            if entry is None:
                raise NotFoundError(
                    f"{name} has no released version {version}",
                    fix=f"promptreg versions {name}, or git fetch --tags",
                )
            tag, oid = entry
        return self._release(tag, oid)

    def releases(self, name: str) -> list[Release]:
        """Return all released versions of a prompt, oldest first; foreign tags are left out."""
        found = []
        for _, (tag, oid) in sorted(self.oids(name).items(), key=itemgetter(0)):
            release = self._release_at(oid)
            if release is not None and self._says(release, tag):
                found.append(release)
        return found

    def _says(self, release: Release, tag: str) -> bool:
        """Tell whether a release is what the name of its tag says; a copied tag is not."""
        said = release.trailers.prompt, str(release.version)
        return any(tag_format.tag(*said) == tag for tag_format in self._formats)

    def _read_release(self, oid: str) -> Release | None:
        tag = self.repository.tag(oid)
        return release_of(tag) if tag is not None else None

    def _release(self, tag: str, oid: str) -> Release:
        release = self._release_at(oid)
        if release is None:
            raise NotFoundError(
                f"tag {tag} was not made by promptreg: it lacks our trailers",
                fix=f"git tag -d {tag} and promptreg release, if nobody uses it",
            )
        if not self._says(release, tag):
            raise NotFoundError(
                f"tag {tag} says it is {release.trailers.prompt} {release.version}",
                fix="promptreg verify tells what is wrong with the tags",
            )
        return release

    def author(self, release: Release) -> str:
        """Return who wrote a release's commit.

        Its tag names the committer, which is GitHub where somebody pressed a button to merge.
        """
        # A shallow clone may not have the commit.
        return self._author_of(release.commit) or release.tagger.name

    def _read_author(self, commit: str) -> str | None:
        try:
            return self.repository.commit(commit).author.name
        except HistoryError:
            return None

    def missing(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the tags of a prompt whose own object or commit is not here, and that object's id.

        No clone is made without them, but an interrupted copy or a disk that is gone may be.
        """
        for tag, oid in self.oids(name).values():
            release = self._release_at(oid)
            if release is None and not self.repository.holds(oid):
                yield tag, oid
            elif release is not None and self._author_of(release.commit) is None:
                yield tag, release.commit

    @cached_property
    def _contents(self) -> Contents:
        # Listing versions reads no content, so it does not load the parser either.
        from promptreg.history.contents import Contents

        return Contents(self.repository, self.config.layout)

    def content(self, release: Release) -> Content:
        """Return what a release holds.

        Raises:
            HistoryError: Its blob was not fetched.
        """
        return self._contents.of(release)

    def texts(self, release: Release, parser: BlockParser) -> tuple[Prompt, Mapping[str, str]]:
        """Return the prompt and the fragments of a release, as `Contents.texts` does."""
        return self._contents.texts(release, parser)

    def claim(self, name: str, version: Version, tag: str, oid: str) -> Claim:
        """Return the claim that a tag makes, whoever made it."""
        from promptreg.history.claims import Claim
        from promptreg.prompt.content import content_of

        def load() -> Content:

            if (release := self._release_at(oid)) is not None:
                return self.content(release)
            commit = self.repository.resolve_commit(f"refs/tags/{tag}")
            if commit is None:
                raise _not_fetched(self.config.tags[0].prefix(name), f"commit of tag {tag}")
            source = CommitSource(self.repository, commit)
            path = locate(source, self._layout, name)
            return content_of(source.read(path) or b"", path, source, self._layout)

        return Claim(version, f"tag {tag}", load)


def _not_fetched(prefix: str, what: str) -> HistoryError:
    return HistoryError(
        f"{what} was not fetched", fix=f"git fetch origin 'refs/tags/{prefix}*:refs/tags/{prefix}*'"
    )


@lru_cache(maxsize=65536)
def _version(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except PromptError:
        return None
