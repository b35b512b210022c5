"""`verify`: every tag against the file at its commit."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from promptreg.errors import NotFoundError, PromptError
from promptreg.history.tags import release_of
from promptreg.operations.change_lists import contradiction, is_of_content
from promptreg.prompt.content import read_content
from promptreg.sources import CommitSource, locate
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.history.tags import Release
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Fault", "Verification", "loose_tags", "tags_of", "verify_tags"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a tag."""

    tag: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of reading all tags again.

    Attributes:
        verified: Tags whose content is what they say.
        faults: What is wrong.
        foreign: Tags that look like a release and are not ours.
        unfetched: Release tags that origin has and this clone does not.
        loose: How many tags are single files, which slows every command down.
        former: The former names of the prompt whose tags were read as well.
        reworded: Tags whose change list is not what their content gives: edited by hand, or made
            by a promptreg that words it otherwise.
    """

    verified: int
    faults: tuple[Fault, ...]
    foreign: tuple[str, ...]
    unfetched: tuple[str, ...] = ()
    loose: int = 0
    former: tuple[str, ...] = ()
    reworded: tuple[str, ...] = ()

    @property
    def has_warnings(self) -> bool:
        """Whether something is odd, though no fault."""
        return bool(self.foreign or self.reworded or self.unfetched)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "verified": self.verified,
            "former_names": list(self.former),
            "foreign": list(self.foreign),
            "reworded": list(self.reworded),
            "unfetched": list(self.unfetched),
            "loose": self.loose,
            "faults": [
                {"tag": fault.tag, "rule": fault.rule, "message": fault.message}
                for fault in self.faults
            ],
        }


def verify_tags(
    registry: Registry, name: str | None = None, *, remote: bool = False, metrics: bool = False
) -> Verification:
    """Read every release tag again and compare it with the file at its commit.

    Args:
        registry: The registry.
        name: Only the tags of this prompt, those under its former names included.
        remote: Compare with the tags of origin too.
        metrics: Compare with the digests that logged calls carry too.

    Raises:
        HistoryError: A tag's commit was not fetched.
        NotFoundError: There is no such prompt.
        RepositoryError: Origin cannot be asked.
        MetricsError: The store cannot be read.
    """
    tags = registry.tags.names() if name is None else tags_of(registry, name)
    broken = _broken(registry, None if name is None else tags)
    faults = [Fault(tag, "tag-broken", "its file names no object") for tag in broken]
    foreign: list[str] = []
    reworded: list[str] = []
    verified = 0
    for prompt, versions in sorted(tags.items()):
        for version, (tag, oid) in sorted(versions.items()):
            fault = _fault(registry, prompt, version, tag, oid)
            if fault is None or fault.rule == "tag-reworded":
                verified += 1
                reworded += [tag] if fault else []
            elif fault.rule == "tag-foreign":
                foreign.append(tag)
            else:
                faults.append(fault)
    unfetched: list[str] = []
    if remote or metrics:
        from promptreg.operations.witnesses import compare_metrics, compare_remote

        if remote:
            found, unfetched = compare_remote(registry, tags, only=name is not None)
            faults += found
        if metrics:
            faults += compare_metrics(registry, tags, only=name is not None)
    if name is not None and not (verified or faults or foreign or unfetched):
        registry.releases(name)  # a name that nobody has is a slip, not a clean audit
    loose = loose_tags(registry)
    former = tuple(tags)[1:] if name is not None else ()
    return Verification(
        verified,
        tuple(faults),
        tuple(foreign),
        tuple(unfetched),
        loose,
        former,
        tuple(reworded),
    )


def _broken(registry: Registry, names: Collection[str] | None) -> Iterator[str]:
    """Yield the release tags whose files a crash or a full disk left without an id.

    Git leaves them out of every list.

    Args:
        registry: The registry.
        names: Only those of these prompts.
    """
    refs = registry.repository.refs
    # Their names first: a tag that is made meanwhile is then in both or in the second.
    loose = refs.loose_names("refs/tags/")
    readable = refs.with_prefix("refs/tags/")
    broken = (ref for ref in loose if ref not in readable)
    for tag in (ref.removeprefix("refs/tags/") for ref in broken):
        parsed = next(filter(None, (each.parse(tag) for each in registry.config.tags)), None)
        if parsed is not None and (names is None or parsed[0] in names):
            yield tag


def tags_of(registry: Registry, name: str) -> dict[str, dict[Version, tuple[str, str]]]:
    """Return the tags of a prompt by the name they have: its own, then its former ones.

    Somebody else may have a former name by now: then only the tags from before the rename are
    this prompt's.
    """
    index = registry.tags
    inherited = {tag for tag, _ in index.oids(name).values()}
    deleted = index.deleted(name)
    found = {name: index.own_oids(name)}
    for former in index.lineage(name)[1:]:
        found[former] = {
            version: (tag, oid)
            for version, (tag, oid) in index.own_oids(former).items()
            if tag in inherited or version in deleted
        }
    return found


def loose_tags(registry: Registry) -> int:
    """Return how many tags are single files instead of lines of packed-refs."""
    folder = registry.repository.paths.common_dir / "refs" / "tags"
    return sum(len(files) for _, _, files in os.walk(folder))


def _fault(registry: Registry, name: str, version: Version, tag: str, oid: str) -> Fault | None:
    found = registry.repository.tag(oid)
    if found is None:
        if not registry.repository.holds(oid):
            return Fault(tag, "tag-broken", "its object is missing")
        message = "is not annotated, so it says nothing about its content"
        return Fault(tag, "tag-lightweight", message)
    release = release_of(found)
    if release is None:
        return Fault(tag, "tag-foreign", "was not made by promptreg")
    trailers = release.trailers
    if (trailers.prompt, trailers.version) != (name, version):
        return Fault(tag, "tag-edited", f"says it is {trailers.prompt} {trailers.version}")
    if contradicts := contradiction(release):
        return Fault(tag, "tag-edited", contradicts)
    return _content_fault(registry, release)


def _content_fault(registry: Registry, release: Release) -> Fault | None:
    source = CommitSource(registry.repository, release.commit)
    layout = registry.config.layout
    try:
        path = locate(source, layout, release.trailers.prompt)
        content = read_content(source, layout, path)
    except (NotFoundError, PromptError) as error:
        message = f"its commit has no valid file: {error.message}"
        return Fault(release.tag, "tag-without-file", message)
    if content.digest != release.digest:
        message = f"records digest {release.digest[:12]}, its file has {content.short_digest}"
        return Fault(release.tag, "tag-digest", message)
    recorded = registry.tags.content(release)
    if recorded.digest != release.digest:
        return Fault(release.tag, "tag-digest", "its recorded blob has another digest")
    if not is_of_content(registry, release, recorded):
        return Fault(release.tag, "tag-reworded", "lists other changes than its content has")
    return None
