"""Refs that have a file of their own, read again only when a file or its folder has changed.

A folder's time changes when an entry comes, goes or is replaced, which is how git writes a ref; a
file's changes also when another program writes into it. Both clocks tick: two changes within one
tick leave one time. So what was younger than a few seconds when it was read is read again, as git
does with its index, and nothing stale is ever answered.
"""

from __future__ import annotations

import os
import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

__all__ = ["LooseRefs"]

# Some programs create the file first and fill it later: what says nothing is not remembered.
_WHOLE = re.compile(r"[0-9a-f]{40}|ref: refs/.+")
_MAX_REF = 4096
_MAX_FILES = 200_000
_MAX_SLICES = 1_000
# The coarsest clock of a file system that people use ticks every two seconds.
_SETTLED_NS = 3_000_000_000

_Key = tuple[int, int, int, int]


class LooseRefs:
    """The files below ``refs`` of one repository.

    Args:
        common_dir: The folder that holds ``refs``.
        clock: The time in nanoseconds, on the clock of the file system.
    """

    def __init__(self, common_dir: str, clock: Callable[[], int] = time.time_ns) -> None:
        self._common_dir = common_dir
        self._clock = clock
        self._folders: dict[str, tuple[_Key, list[str]]] = {}
        self._files: dict[str, tuple[_Key, str]] = {}
        self._slices: dict[str, tuple[list[str], list[str]]] = {}

    def names(self, prefix: str) -> Sequence[str]:
        """Return the full name of every ref that begins so, sorted; no ref's file is read.

        The very same sequence comes back only while their folder has not changed.
        """
        folder, _, beginning = prefix.rpartition("/")
        names = self._names(f"{self._common_dir}/{folder}")
        if not names:
            return ()
        known = self._slices.get(prefix)
        if known is not None and known[0] is names:
            return known[1]
        found: list[str] = []
        is_flat = True
        for name in self._beginning(names, beginning):
            if name.endswith("/"):
                is_flat = False
                found.extend(self.names(f"{folder}/{name}"))
            else:
                found.append(f"{folder}/{name}")
        if is_flat:
            if len(self._slices) >= _MAX_SLICES:
                self._slices.clear()
            self._slices[prefix] = (names, found)
        return found

    def texts(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of every ref whose full name begins so."""
        folder, _, beginning = prefix.rpartition("/")
        names = self._names(f"{self._common_dir}/{folder}")
        for name in self._beginning(names, beginning):
            ref = f"{folder}/{name}"
            if name.endswith("/"):
                yield from self.texts(ref)
            elif (text := self.text(f"{self._common_dir}/{ref}")) is not None:
                yield ref, text

    @staticmethod
    def _beginning(names: list[str], beginning: str) -> list[str]:
        size = len(beginning)
        first = bisect_left(names, beginning)
        return names[first : bisect_right(names, beginning, first, key=lambda name: name[:size])]

    def _names(self, path: str) -> list[str]:
        """Return the sorted entries of a folder; those of folders end in a slash."""
        key = _key(path)
        if key is None:
            return []
        known = self._folders.get(path)
        if known is not None and known[0] == key:
            return known[1]
        now = self._clock()
        try:
            with os.scandir(path) as entries:
                found = sorted(f"{e.name}/" if e.is_dir() else e.name for e in entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = [name for name in found if not name.endswith(".lock")]
        if _is_settled(key, now):
            self._folders[path] = (key, names)
        return names

    def text(self, path: str) -> str | None:
        """Return what the file of a ref says, or None where there is none."""
        key = _key(path)
        if key is None:
            return None
        known = self._files.get(path)
        if known is not None and known[0] == key:
            return known[1]
        now = self._clock()
        text = read_ref(path)
        if text is not None and _WHOLE.fullmatch(text) and _is_settled(key, now):
            if len(self._files) >= _MAX_FILES:
                self._files.clear()
            self._files[path] = (key, text)
        return text


def read_ref(path: str) -> str | None:
    """Return what a ref's file says, or None where there is none."""
    # os.open: a registry may have 10,000 of these files, and pathlib takes four times as long.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return os.read(handle, _MAX_REF).decode("utf-8", "replace").strip()
    except IsADirectoryError:
        return None
    finally:
        os.close(handle)


def _key(path: str) -> _Key | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib takes longer than the call
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _is_settled(key: _Key, now: int) -> bool:
    return max(key[0], key[1]) + _SETTLED_NS < now
