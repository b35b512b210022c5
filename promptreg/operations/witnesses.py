"""What others say about the tags: origin, and the digests that logged calls carry.

A tag that was moved or deleted stays unnoticed in clones that have it, and in those that never had
the first one. Origin and the metrics remember.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.errors import NotFoundError, PromptError, RepositoryError
from promptreg.operations.verifying import Fault
from promptreg.versioning import Version
from promptreg.versioning.pseudo import is_pseudo

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["compare_metrics", "compare_remote"]

Tags = Mapping[str, Mapping[Version, tuple[str, str]]]


def compare_remote(registry: Registry, tags: Tags, *, only: bool) -> tuple[list[Fault], list[str]]:
    """Compare the release tags with origin's.

    Args:
        registry: The registry.
        tags: The tags here: name and object id by prompt and version.
        only: Leave out the tags of other prompts.

    Returns:
        What is wrong, and the tags that only origin has.

    Raises:
        RepositoryError: Origin cannot be asked.
    """
    theirs = _remote_tags(registry, tags if only else None)
    ours = {tag: oid for versions in tags.values() for tag, oid in versions.values()}
    faults = []
    for tag, oid in sorted(ours.items()):
        other = theirs.get(tag)
        if other is None:
            message = "is not on origin: never pushed, or deleted there"
            faults.append(Fault(tag, "tag-not-on-origin", message))
        elif other != oid:
            message = f"is {oid[:12]} here and {other[:12]} on origin: one of them was moved"
            faults.append(Fault(tag, "tag-moved", message))
    unfetched = []
    for tag in sorted(theirs.keys() - ours.keys()):
        prompt, version = _parse(registry, tag) or ("", None)
        if only and prompt != next(iter(tags)) and prompt in registry.paths():
            continue  # a former name that another prompt has now
        if version is not None and version in registry.tags.deleted(prompt):
            message = f"was deleted and is still on origin: promptreg delete {tag} --push"
            faults.append(Fault(tag, "tag-undeleted", message))
        else:
            unfetched.append(tag)
    return faults, unfetched


def _remote_tags(registry: Registry, names: Collection[str] | None) -> dict[str, str]:
    from promptreg.git.process import complaint, remote_fix, try_git

    answer = try_git(registry.repository.paths.remote_folder, "ls-remote", "--tags", "origin")
    if answer.returncode != 0:
        raise RepositoryError(
            f"origin cannot be asked: {complaint(answer)}", fix=remote_fix(answer)
        )
    found = {}
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        oid, _, ref = line.partition("\t")
        tag = ref.removeprefix("refs/tags/")
        parsed = _parse(registry, tag)
        if parsed is not None and (names is None or parsed[0] in names):
            found[tag] = oid
    return found


def _parse(registry: Registry, tag: str) -> tuple[str, Version] | None:
    for tag_format in registry.config.tags:
        parsed = tag_format.parse(tag)
        if parsed is not None:
            try:
                return parsed[0], Version.parse(parsed[1])
            except PromptError:
                continue
    return None


def compare_metrics(registry: Registry, tags: Tags, *, only: bool) -> list[Fault]:
    """Compare the release tags with the digests of logged calls.

    Args:
        registry: The registry.
        tags: The tags here: name and object id by prompt and version.
        only: Leave out the calls of other prompts.

    Raises:
        MetricsError: The store cannot be read.
    """
    rows = [
        row
        for row in registry.metrics.sql(
            "SELECT prompt, version, digest, count(*) FROM calls WHERE digest IS NOT NULL"
            " GROUP BY prompt, version, digest ORDER BY prompt, version, digest"
        )
        if not only or row[0] in tags
    ]
    known = {(prompt, str(version)) for prompt, found in tags.items() for version in found}
    return list(_row_faults(registry, rows, known))


def _row_faults(
    registry: Registry, rows: list[tuple[object, ...]], known: set[tuple[str, str]]
) -> Iterator[Fault]:
    for row in rows:
        prompt, text, digest, calls = str(row[0]), str(row[1]), str(row[2]), row[3]
        version = _released(text)
        if version is None or version in registry.tags.deleted(prompt):
            continue  # a pseudo-version was never released; a deleted one keeps its metrics
        tag = registry.config.tags[0].tag(prompt, text)
        try:
            release = registry.tags.release(prompt, version)
        except NotFoundError:
            if (prompt, text) not in known:
                message = f"has no tag, and {calls:,} logged calls: deleted, or never fetched"
                yield Fault(tag, "tag-deleted", message)
            continue
        if release.digest != digest:
            message = (
                f"says digest {release.digest[:12]}, and {calls:,} logged calls say {digest[:12]}:"
                " the tag was moved, or they were logged by hand"
            )
            yield Fault(release.tag, "metrics-digest", message)


def _released(text: str) -> Version | None:
    """Return a version that may have a tag; None for a pseudo-version and for what is none."""
    try:
        version = Version.parse(text)
    except PromptError:
        return None
    return None if is_pseudo(version) else version
