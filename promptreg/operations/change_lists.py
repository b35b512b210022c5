"""Whether the list of changes in a release tag is that of its content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from promptreg.errors import NotFoundError, PromptError
from promptreg.history.tags import change_lines
from promptreg.operations.release import changes_since
from promptreg.versioning import Level, is_legal_successor

if TYPE_CHECKING:
    from promptreg.history.tagindex import TagIndex
    from promptreg.history.tags import Release
    from promptreg.prompt.content import Content
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["contradiction", "is_of_content"]

_LINE = re.compile(r"- (none|patch|minor|major) ([a-z0-9-]+: .*)")
# Runs that released versions in another order than they were merged are few.
_TRIES = 5


def contradiction(release: Release) -> str:
    """Return where a tag's text contradicts its own trailers; empty where it does not.

    Args:
        release: The tag.
    """
    trailers = release.trailers
    if release.summary != f"{trailers.prompt} {trailers.version}":
        return f"its first line says {release.summary!r}"
    if release.body == change_lines(()):
        return ""
    lines = [_LINE.fullmatch(line) for line in release.body.split("\n")]
    found = [line for line in lines if line is not None]
    if len(found) < len(lines):
        return "its change list has lines that release does not write"
    level = max(Level.from_name(line[1]) for line in found)
    if level is not trailers.level:
        return f"its change list is {level.label}, its trailer says {trailers.level.label}"
    return ""


def is_of_content(registry: Registry, release: Release, content: Content) -> bool:
    """Tell whether the change list is what a release of this content writes.

    Levels may be configured otherwise by now, so only rules and their details are compared. True
    also where nobody can tell, because what it followed was deleted or is not here.

    Args:
        registry: The registry.
        release: The tag.
        content: The content it releases.
    """
    index, name = registry.tags, release.trailers.prompt
    below = [version for version in index.oids(name) if version < release.version]
    wanted = _without_levels(release.body)
    for followed in _predecessors(index, release, below):
        try:
            changes, _ = changes_since(index, name, followed, content)
        except (NotFoundError, PromptError):
            return True  # that tag has a fault of its own
        if _without_levels(change_lines(changes)) == wanted:
            return True
    if release.body == change_lines(()) and not any(version.is_stable for version in below):
        return True
    is_gone = any(version < release.version for version in index.deleted(name))
    return is_gone or not any(is_legal_successor(release.version, v, below) for v in below)


def _predecessors(index: TagIndex, release: Release, below: Iterable[Version]) -> Iterator[Version]:
    """Yield what a list may compare with: the last stable version before all others.

    A hotfix of an older line that was released later was not there, by the dates of the commits;
    it is tried all the same, last, as a clock may have been wrong.
    """
    ordered = sorted(below, key=lambda version: (version.is_stable, version), reverse=True)
    yield from ordered[:1]  # which most lists are of, so that no date needs to be read
    released = index.releases(release.trailers.prompt)
    later = {each.version for each in released if each.when > release.when}
    yield from [version for version in ordered if version not in later][:_TRIES]
    yield from [version for version in ordered if version in later]


def _without_levels(body: str) -> list[str]:
    lines = body.split("\n")
    # Sorted, because the weightiest stands first.
    return sorted(match[2] if (match := _LINE.fullmatch(line)) else line for line in lines)
