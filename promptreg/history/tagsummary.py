"""The latest version and the number of versions of every prompt, without reading every tag again.

Reading 100,000 tag names takes half a second, so what packed-refs holds is summarized once and kept
in the git folder, keyed by the file's time, size and inode; tags with a file of their own are few
and come on top. The cache may be deleted at any time and is not written where that is refused.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import PromptError
from promptreg.values import dataclass
from promptreg.versioning import Version

if TYPE_CHECKING:
    from promptreg.git import Repository
    from promptreg.naming import TagFormat

__all__ = ["TagSummary", "summarize_tags"]

_PREFIX = "refs/tags/"
_SCHEME = 1


@dataclass(frozen=True, slots=True)
class TagSummary:
    """What the tags of one prompt come to; None where it has no stable version."""

    latest: str | None
    versions: int


def summarize_tags(repository: Repository, formats: tuple[TagFormat, ...]) -> dict[str, TagSummary]:
    """Return the summary of every prompt that has tags.

    Args:
        repository: Where the tags are.
        formats: The tag formats that are read.
    """
    refs = repository.refs
    loose = [ref for ref in refs.loose_names(_PREFIX) if not refs.is_packed(ref)]
    packed = _packed(repository, formats)
    return _merge(packed, _summarize(loose, formats)) if loose else packed


def _packed(repository: Repository, formats: tuple[TagFormat, ...]) -> dict[str, TagSummary]:
    path = repository.paths.common_dir / "promptreg" / "tags.json"
    key = [_SCHEME, *repository.refs.packed_fingerprint(), *(f.template for f in formats)]
    cached = _load(path, key)
    if cached is not None:
        return cached
    found = _summarize(repository.refs.packed_with_prefix(_PREFIX), formats)
    if found:
        # Read-only repositories and full disks answer as well, only slower.
        with contextlib.suppress(OSError):
            _store(path, key, found)
    return found


def _load(path: Path, key: list[Any]) -> dict[str, TagSummary] | None:
    try:
        stored = json.loads(path.read_bytes())
        if stored["key"] != key:
            return None
        return {name: TagSummary(*entry) for name, entry in stored["prompts"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no cache, or one that somebody cut short


def _store(path: Path, key: list[Any], found: Mapping[str, TagSummary]) -> None:
    import tempfile

    path.parent.mkdir(exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            prompts = {name: [entry.latest, entry.versions] for name, entry in found.items()}
            json.dump({"key": key, "prompts": prompts}, file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _summarize(refs: Iterable[str], formats: tuple[TagFormat, ...]) -> dict[str, TagSummary]:
    versions: dict[str, set[Version]] = {}
    for ref in refs:
        tag = ref[len(_PREFIX) :]
        for tag_format in formats:
            parsed = tag_format.parse(tag)
            if parsed is None:
                continue
            with contextlib.suppress(PromptError):
                versions.setdefault(parsed[0], set()).add(Version.parse(parsed[1]))
    return {name: _summary(found) for name, found in versions.items() if found}


def _summary(versions: set[Version]) -> TagSummary:
    latest = max((v for v in versions if v.is_stable), default=None)
    return TagSummary(str(latest) if latest else None, len(versions))


def _merge(one: dict[str, TagSummary], other: dict[str, TagSummary]) -> dict[str, TagSummary]:
    merged = dict(one)
    for name, entry in other.items():
        known = one.get(name, TagSummary(None, 0))
        latest = max(
            (t for t in (known.latest, entry.latest) if t), key=Version.parse, default=None
        )
        merged[name] = TagSummary(latest, known.versions + entry.versions)
    return merged
