"""Reading a file that a merge left in conflict, as far as `bump` can resolve it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.prompt.conflicts import Hunk, open_conflicts, resolve_conflict, split_conflicts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptreg.registry import Registry

__all__ = ["resolve_file"]

_Sides = tuple[bytes, bytes]


def resolve_file(registry: Registry, path: str, data: bytes) -> bytes | None:
    """Return a file without the conflicts of its version and digest lines; None if it has none.

    What the lines beside them were before is known from git's index, whatever style the markers
    are in.

    Args:
        registry: The registry.
        path: The file.
        data: Its bytes.

    Raises:
        PromptError: A conflict is left for a person; the message names its lines.
    """
    if b"<<<<<<<" not in data:
        return None

    @cache
    def known() -> Mapping[_Sides, bytes]:
        return _bases(registry, path)

    def base_of(hunk: Hunk) -> bytes | None:
        return hunk.base if hunk.base is not None else known().get(_sides(hunk))

    resolved = resolve_conflict(data, base_of)
    left = [] if resolved is not None else list(open_conflicts(data, base_of))
    if not left:
        return resolved
    lines = ", ".join(f"{hunk.first}-{hunk.last}" for hunk in left)
    raise PromptError(
        f"file holds an unresolved git conflict in lines {lines}, where both sides changed more"
        " than version and digest",
        location=Location(path, left[0].first, 1),
        rule="conflict-markers",
        fix="resolve these lines; bump resolves those of version and digest",
    )


def _bases(registry: Registry, path: str) -> Mapping[_Sides, bytes]:
    """Return what each conflict of a merge in progress was before, by its two sides."""
    from promptreg.git.process import try_git

    stages = [try_git(registry.root, "cat-file", "blob", f":{n}:{path}") for n in (2, 1, 3)]
    if any(stage.returncode != 0 for stage in stages):
        return {}
    with tempfile.TemporaryDirectory(prefix="promptreg-merge-") as folder:
        names = ("ours", "base", "theirs")
        for name, stage in zip(names, stages, strict=True):
            (Path(folder) / name).write_bytes(stage.stdout)
        # Older programs do not know zdiff3: then the lines before are not known.
        answer = try_git(Path(folder), "merge-file", "-p", "--zdiff3", "--marker-size=7", *names)
    hunks = split_conflicts(answer.stdout) or ()
    return {_sides(h): h.base for h in hunks if isinstance(h, Hunk) and h.base is not None}


def _sides(hunk: Hunk) -> _Sides:
    return hunk.ours.replace(b"\r\n", b"\n"), hunk.theirs.replace(b"\r\n", b"\n")
