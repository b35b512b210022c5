"""Who holds which version of a prompt: tags, the release branch, a merge in progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptreg.errors import PromptError
from promptreg.history.branches import release_ref
from promptreg.prompt.content import Content, content_of
from promptreg.sources import CommitSource

if TYPE_CHECKING:
    from promptreg.history.tagindex import TagIndex
    from promptreg.versioning import Version

__all__ = ["Claim", "Claims", "collect_claims", "file_claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A version that is taken.

    Attributes:
        version: The version.
        origin: Who holds it, in words.
        load: Reads its content; raises HistoryError when that was not fetched.
    """

    version: Version
    origin: str
    load: Callable[[], Content]


@dataclass(frozen=True, slots=True)
class Claims:
    """All taken versions of one prompt.

    Attributes:
        by_version: Those that have content.
        deleted: Those that were deleted: nothing follows them, and nobody may take them again.
    """

    by_version: Mapping[Version, Claim]
    deleted: frozenset[Version] = frozenset()

    @property
    def versions(self) -> frozenset[Version]:
        """The versions."""
        return frozenset(self.by_version) | self.deleted

    def baseline(self, version: Version | None) -> Claim | None:
        """Return the claim that a file follows.

        The greatest version not above the file's own; the greatest of all if the file has no
        version or lies below every claim.
        """
        if not self.by_version:
            return None
        below = [v for v in self.by_version if version is not None and v <= version]
        return self.by_version[max(below or self.by_version)]

    def last_stable(self, version: Version) -> Claim | None:
        """Return the greatest stable claim not above a version."""
        below = [v for v in self.by_version if v <= version and v.is_stable]
        return self.by_version[max(below)] if below else None


def collect_claims(
    index: TagIndex,
    name: str,
    path: str,
    *,
    base: str | None = None,
    tip: str | None = None,
    with_head: bool = True,
) -> Claims:
    """Return all versions of a prompt that are taken, each by its strongest holder.

    Args:
        index: The release tags.
        name: The prompt.
        path: Its file.
        base: A commit whose file counts in place of the release branch's.
        tip: The commit the base's branch has moved on to.
        with_head: Let the release branch, a merge and HEAD claim too; otherwise only tags and base.
    """
    repository, config = index.repository, index.config
    found: dict[Version, Claim] = {}
    sources: list[tuple[str, str]] = []
    if base is not None:
        sources.append((base, "the base"))
    if tip is not None:
        sources.append((tip, "the base's tip"))
    ref = release_ref(repository, config.release_branches) if with_head else None
    if ref is not None and (commit := repository.refs.read(ref)):
        sources.append((commit, ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")))
    sources += [(c, "the branch being merged") for c in repository.merge_heads() if with_head]
    tags = index.oids(name)
    deleted = index.deleted(name)
    if not sources and not tags and with_head and (head := repository.head.oid):
        sources.append((head, "HEAD"))
    for version, (tag, oid) in tags.items():
        found[version] = index.claim(name, version, tag, oid)
    for commit, origin in sources:
        claim = file_claim(index, name, path, commit, origin)
        if claim is not None and claim.version not in deleted:
            found.setdefault(claim.version, claim)
    return Claims(found, deleted)


def file_claim(index: TagIndex, name: str, path: str, commit: str, origin: str) -> Claim | None:
    """Return the claim that the file of a commit makes, or None where it makes none."""
    source, layout = CommitSource(index.repository, commit), index.config.layout
    names = index.lineage(name)
    candidates = (path, *(c for each in names for c in layout.candidates(each) if c != path))
    found = next(((c, data) for c in candidates if (data := source.read(c)) is not None), None)
    if found is None:
        return None
    try:
        content = content_of(found[1], found[0], source, layout)
    except PromptError:
        return None  # a broken file on the branch claims nothing that could be kept
    version = content.prompt.version
    return None if version is None else Claim(version, origin, lambda: content)
