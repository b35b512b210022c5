"""The list of prompts: the version a file claims, the latest release and the labels."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptreg.errors import PromptError
from promptreg.history.tagsummary import TagSummary, summarize_tags
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["ListedPrompt", "left_out_names", "list_all"]

_PLAIN_VERSION = re.compile(rb": ([0-9][0-9A-Za-z.-]*)[ \t]*\r?")
_QUOTED = (b'\n"', b"\n'", b"\n{", b"\n\xef\xbb\xbf")


@dataclass(frozen=True, slots=True)
class ListedPrompt:
    """One line of the list; None where there is nothing to show."""

    name: str
    path: str | None
    claimed: str | None
    released: str | None
    versions: int
    labels: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the line as JSON types."""
        return {
            "prompt": self.name,
            "path": self.path,
            "file": self.claimed,
            "released": self.released,
            "versions": self.versions,
            "labels": dict(self.labels),
        }


def list_all(registry: Registry, pattern: str = "") -> list[ListedPrompt]:
    """Return every prompt of the work tree, or of HEAD in a bare repository, sorted by name.

    Args:
        registry: The registry.
        pattern: Only names that hold this text or match it as a shell pattern.
    """
    labels = {label: registry.label(label) for label in registry.label_names()}
    tagged = summarize_tags(registry.repository, registry.config.tags)
    # The quick look at all tags knows neither yanks nor former names, in the work tree or at HEAD.
    withdrawn = {name for name, _ in registry.yanked}
    edits = _Edits(registry)
    found, files = [], registry.files
    for name, path in registry.paths(files).items():
        if not _fits(name, pattern):
            continue
        data = files.read(path) or b""
        tags = tagged.get(name, TagSummary(None, 0))
        claimed = claimed_version(data, path)
        unknown = claimed is not None and not tags.versions and edits.is_edited(path, data)
        # What the quick look takes for the latest may be a tag that somebody made by hand.
        unsure = tags.latest is not None and tags.latest != claimed
        if unknown or unsure or name in withdrawn or b"formerly" in data:
            latest = registry.latest(name)
            tags = TagSummary(str(latest) if latest else None, len(registry.tags.versions(name)))
        found.append(
            ListedPrompt(
                name=name,
                path=path,
                claimed=claimed,
                released=tags.latest,
                versions=tags.versions,
                labels={k: str(v[name]) for k, v in labels.items() if name in v},
            )
        )
    return found


def left_out_names(registry: Registry, pattern: str = "") -> list[str]:
    """Return the prompts that a sparse checkout keeps from the list, sorted.

    Args:
        registry: The registry.
        pattern: Only names that hold this text or match it as a shell pattern.
    """
    left_out = registry.named(registry.repository.left_out)
    present = registry.paths()
    return [name for name in left_out if name not in present and _fits(name, pattern)]


def _fits(name: str, pattern: str) -> bool:
    return not pattern or pattern in name or fnmatch.fnmatchcase(name, pattern)


class _Edits:
    """Tells which files are not as HEAD has them; looks at its tree when it is asked."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def _head(self) -> Mapping[str, str]:
        repository = self._registry.repository
        head = repository.head.oid
        return repository.files_at(head, self._registry.config.root) if head else {}

    def is_edited(self, path: str, data: bytes) -> bool:
        from promptreg.git.model import blob_ids

        return path in self._head and self._head[path] not in blob_ids(data)


def claimed_version(data: bytes, path: str) -> str | None:
    """Return the version a file states, or None; a broken file states none.

    Parsing a thousand files takes half a second, so the line that bump writes is looked for first.
    """
    if b"version" not in data:
        return None
    if (plain := _plain_version(data)) is not None:
        return plain
    from promptreg.prompt.yamldoc import load

    try:
        return load(data, path).scalar("version")
    except PromptError:
        return None


def _plain_version(data: bytes) -> str | None:
    """Read the line as bump writes it; None for anything else, quotes and flow style included.

    Searching for bytes takes a tenth of the time of a pattern, which would look at every one.
    """
    lines = b"\n" + data
    if lines.count(b"\nversion") != 1 or any(map(lines.__contains__, _QUOTED)):
        return None
    start = lines.find(b"\nversion") + len(b"\nversion")
    end = lines.find(b"\n", start)
    found = _PLAIN_VERSION.fullmatch(lines, start, end if end >= 0 else len(lines))
    return found[1].decode("ascii") if found else None
