"""Under which names the rows of a prompt were logged: its own, and those it had before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.metrics.summary import Rename

if TYPE_CHECKING:
    from promptreg.history.tagindex import TagIndex
    from promptreg.sources import Source

__all__ = ["find_renames"]


def find_renames(
    index: TagIndex, source: Source, paths: Callable[[], Mapping[str, str]], name: str | None
) -> tuple[Rename, ...]:
    """Return the former names of a prompt, or of all prompts, with the versions it had under them.

    A row of a former name belongs to the prompt that has it now. Where the former name is in use
    again, only the versions from before the rename do.

    Args:
        index: The release tags.
        source: The files.
        paths: Finds the file of every prompt by its name; not asked where nothing was renamed.
        name: The prompt; None for all.
    """
    if name is not None:
        return tuple(_renames_of(index, paths, name)) if len(index.lineage(name)) > 1 else ()
    known = paths()
    names = list(_renamed(source, known))
    return tuple(rename for each in names for rename in _renames_of(index, lambda: known, each))


def _renamed(source: Source, paths: Mapping[str, str]) -> Iterator[str]:
    for name, path in paths.items():
        if b"formerly" in (source.read(path) or b""):
            yield name


def _renames_of(
    index: TagIndex, paths: Callable[[], Mapping[str, str]], name: str
) -> Iterator[Rename]:
    _, *former = index.lineage(name)
    present = paths()
    tags = {tag for tag, _ in index.oids(name).values()}
    for each in former:
        released = index.own_oids(each)
        inherited = sorted(version for version, (tag, _) in released.items() if tag in tags)
        used_again = each in present or len(inherited) < len(released)
        yield Rename(name, each, tuple(map(str, inherited)) if used_again else None)
