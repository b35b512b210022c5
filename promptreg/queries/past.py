"""Released versions that files no longer hold: which of them may say what is searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.queries.sifting import Sieve
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["past_versions"]

_BLOB = re.compile(rb"\nBlob: ([0-9a-f]{40})\n")
# So many prompts are read together: a process takes three milliseconds, and the first find waits.
_TOGETHER = 50


def past_versions(
    registry: Registry, names: Sequence[str], sieve: Sieve
) -> Iterator[tuple[str, list[Version]]]:
    """Yield the released versions of each prompt that may hold it, newest first.

    Tags and files are read in one go for many prompts, and none is parsed.

    Args:
        registry: The registry.
        names: The prompts.
        sieve: Tells by its bytes whether a file may hold what is searched for.
    """
    waiting = iter(names)
    while part := list(islice(waiting, _TOGETHER)):
        tags = {name: registry.tags.oids(name) for name in part}
        blobs = _blobs(registry, [oid for found in tags.values() for _, oid in found.values()])
        data = {found.oid: found.data for found in registry.repository.objects([*blobs.values()])}
        for name, found in tags.items():
            ours = ((v, data.get(blobs[oid])) for v, (_, oid) in found.items() if oid in blobs)
            # What was not fetched says so when it is read.
            kept = [v for v, file in ours if file is None or sieve.may_match(name, file)]
            yield name, sorted(kept, reverse=True)


def _blobs(registry: Registry, oids: list[str]) -> dict[str, str]:
    """Return the object id of the file that each of our tags names."""
    found = {}
    for tag in registry.repository.objects(oids):
        named = _BLOB.findall(tag.data)
        if tag.kind == "tag" and named:
            found[tag.oid] = named[-1].decode()
    return found
