"""Paths that git can hold and other file systems cannot; pure.

Some keep no letter case and no Unicode forms apart, and Windows refuses names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding
from promptreg.naming import windows_refuses

if TYPE_CHECKING:
    from promptreg.naming import Layout

__all__ = ["find_clashes", "find_refused", "require_portable"]


def find_clashes(
    layout: Layout, paths: Collection[str], everything: Iterable[str]
) -> Iterator[Finding]:
    """Yield a finding for each path that clashes with another one.

    Args:
        layout: Which files are prompts: these clash by their names, whatever their endings.
        paths: The paths to look at.
        everything: All paths below the prompts folder.
    """
    if not paths:
        return
    wanted = {_folded(layout, path) for path in paths}
    alike: dict[str, list[str]] = {}
    for path in everything:
        if (key := _folded(layout, path)) in wanted:
            alike.setdefault(key, []).append(path)
    for path in sorted(paths):
        others = [o for o in alike.get(_folded(layout, path), ()) if not _same(layout, o, path)]
        if others:
            yield Finding(
                "case-clash",
                "error",
                f"{others[0]} differs from it only in letter case, and to many file systems not"
                " at all",
                Location(path, 1, 1),
                layout.name_of(path),
                f"git mv {path} to another name",
            )


def find_refused(
    layout: Layout, paths: Iterable[str], is_committed: Callable[[str], bool]
) -> Iterator[Finding]:
    """Yield a finding for each path that nobody could check out on Windows.

    Args:
        layout: Which files are prompts.
        paths: The paths to look at.
        is_committed: Tells of such a path whether it was there before: then a registry with users
            elsewhere lives with it, and it fails no check.
    """
    for path in paths:
        part = windows_refuses(layout.relative(path) or "")
        if part is not None:
            yield Finding(
                "windows-name",
                "warning" if is_committed(path) else "error",
                f"Windows can have no file or folder {part!r}, so nobody can clone this there",
                Location(path, 1, 1),
                layout.name_of(path),
                f"git mv {path} to another name",
            )


def require_portable(name: str) -> None:
    """Refuse a name for a new file that Windows could not have.

    Args:
        name: The file, as seen from the prompts folder.

    Raises:
        PromptError: Windows refuses it.
    """
    if (part := windows_refuses(name)) is not None:
        raise PromptError(
            f"Windows can have no file or folder {part!r}",
            rule="windows-name",
            fix="choose another name, so that everybody can clone this",
        )


def _same(layout: Layout, one: str, other: str) -> bool:
    """Tell whether two paths are one prompt or one file, which is no matter of letter case."""
    return (layout.name_of(one) or one) == (layout.name_of(other) or other)


def _folded(layout: Layout, path: str) -> str:
    name = layout.name_of(path)
    text = path if name is None else f"{layout.root}/{name}"
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFC", text)
    return text.casefold()
