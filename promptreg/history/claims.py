"""Who holds which version of a prompt: tags, the release branch, a merge in progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError, PromptError
from promptreg.history.branches import is_unreleased_branch, release_ref
from promptreg.prompt.content import Content, content_of
from promptreg.sources import CommitSource
from promptreg.values import dataclass

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
        without_file: Whether no branch that counts has the prompt's file: one that appears now is
            new, or comes back.
    """

    by_version: Mapping[Version, Claim]
    deleted: frozenset[Version] = frozenset()
    without_file: bool = False

    @property
    def versions(self) -> frozenset[Version]:
        """The versions."""
        return frozenset(self.by_version) | self.deleted

    def floor(self, own: Version | None) -> Version | None:
        """Return the version above which a file that comes back goes on; None if it needs none.

        Args:
            own: What the file states.
        """
        held = self.by_version or self.deleted
        if own is None or not held or not self.without_file:
            return None
        return max(held) if own < max(held) else None

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

    def is_on_older_line(self, version: Version) -> bool:
        """Tell whether a stable claim of another major and minor number stands above a version."""
        line = (version.major, version.minor)
        return any(
            held > version and held.is_stable and (held.major, held.minor) != line
            for held in self.by_version
        )


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
    tags, deleted = index.oids(name), index.deleted(name)
    sources = [] if base is None else [(base, "the base")]
    if tip is not None:
        sources.append((tip, "the base's tip"))
    own = list(_own_sources(index)) if with_head else []
    head = index.repository.head.oid if with_head else None
    if not sources and not own and not tags and head is not None:
        own.append((head, "HEAD"))
    found = {version: index.claim(name, version, *tag) for version, tag in tags.items()}
    claims = [file_claim(index, name, path, *source) for source in (*sources, *own)]
    for claim in (*claims, _main_line(index, name, path, [commit for commit, _ in sources + own])):
        if claim is not None and claim.version not in deleted:
            found.setdefault(claim.version, claim)
    # The base alone decides where there is one, and otherwise all that could hold the file.
    deciding = [commit for commit, _ in sources or own] + ([] if sources or not head else [head])
    gone = bool(tags or deleted) and not any(
        _file_of(index, name, path, CommitSource(index.repository, commit)) for commit in deciding
    )
    return Claims(found, deleted, without_file=gone)


def _own_sources(index: TagIndex) -> Iterator[tuple[str, str]]:
    """Yield the commits whose files claim versions without being asked for, with their names."""
    repository = index.repository
    ref = release_ref(repository, index.config.release_branches)
    if ref is not None and (commit := repository.refs.read(ref)):
        yield commit, ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    for commit in repository.merge_heads():
        if not is_unreleased_branch(repository, index.config.release_branches, commit):
            yield commit, "the branch being merged"


def _main_line(index: TagIndex, name: str, path: str, known: list[str]) -> Claim | None:
    """Return what the main branch claims while the work is on an older line: it is taken too."""
    ref = release_ref(index.repository, index.config.release_branches, main_line=True)
    commit = None if ref is None else index.repository.refs.read(ref)
    if not known or ref is None or commit is None or commit in known:
        return None
    origin = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    try:
        return file_claim(index, name, path, commit, origin)
    except HistoryError:
        return None  # nobody asked for that branch, so it need not be here


def file_claim(index: TagIndex, name: str, path: str, commit: str, origin: str) -> Claim | None:
    """Return the claim that the file of a commit makes, or None where it makes none."""
    source, layout = CommitSource(index.repository, commit), index.config.layout
    found = _file_of(index, name, path, source)
    if found is None:
        return None
    try:
        content = content_of(found[1], found[0], source, layout)
    except PromptError:
        return None  # a broken file on the branch claims nothing that could be kept
    version = content.prompt.version
    return None if version is None else Claim(version, origin, lambda: content)


def _file_of(
    index: TagIndex, name: str, path: str, source: CommitSource
) -> tuple[str, bytes] | None:
    """Return a prompt's file and its bytes, under any name it had; None where there is none."""
    layout = index.config.layout
    names = index.lineage(name)
    candidates = (path, *(c for each in names for c in layout.candidates(each) if c != path))
    return next(((c, data) for c in candidates if (data := source.read(c)) is not None), None)
