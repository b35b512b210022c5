"""Reading refs straight from their files, in time that does not depend on their number.

Git writes ``packed-refs`` sorted and says so in its header, so one prompt's tags are found by
binary search: 0.15 ms among 100,000 tags, where listing them all takes 40 ms.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from promptreg.git.loose import LooseRefs, read_ref

if TYPE_CHECKING:
    from promptreg.git.discovery import GitPaths

__all__ = ["Refs"]

_OID = re.compile(r"[0-9a-f]{40}")
_MAX_SYMBOLIC = 5
_MAX_REMEMBERED = 10_000
_MAX_PREFIXES = 1_000
_PER_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")


class Refs:
    """The refs of one repository; loose refs win over packed ones.

    Args:
        paths: Where the repository keeps its parts.
    """

    def __init__(self, paths: GitPaths) -> None:
        self._git_dir = str(paths.git_dir)
        self._common_dir = str(paths.common_dir)
        self._packed_path = f"{self._common_dir}/packed-refs"
        self._packed: _Packed | None = None
        self._files = LooseRefs(self._common_dir)

    def read(self, ref: str) -> str | None:
        """Return the object id a ref names, symbolic refs followed, or None."""
        for _ in range(_MAX_SYMBOLIC):
            text = self._loose_text(ref)
            if text is None:
                return self._packed_refs().find(ref)
            if not text.startswith("ref:"):
                return text if _OID.fullmatch(text) else None
            ref = text[4:].strip()
        return None

    def symbolic(self, ref: str) -> str | None:
        """Return the ref that a symbolic ref names, or None."""
        text = self._loose_text(ref)
        return text[4:].strip() if text is not None and text.startswith("ref:") else None

    def with_prefix(self, prefix: str) -> Mapping[str, str]:
        """Return every ref whose full name begins so, with its object id (tags unpeeled).

        The very same mapping comes back only while nothing has changed.
        """
        # Loose first: a ref that git packs meanwhile is then seen in one of the two.
        loose = dict(self._loose(prefix))
        packed = self._packed_refs().with_prefix(prefix)
        return {**packed, **loose} if loose else packed

    def loose_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the refs that begin so and have a file of their own."""
        return dict(self._loose(prefix))

    def is_packed(self, ref: str) -> bool:
        """Tell whether packed-refs names a ref, whatever its own file says."""
        return self._packed_refs().find(ref) is not None

    def packed_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return the refs that begin so in packed-refs, also those that a file overrides."""
        return dict(self._packed_refs().with_prefix(prefix))

    def packed_fingerprint(self) -> tuple[int, ...]:
        """Return numbers that change whenever packed-refs does."""
        return self._packed_refs().key

    def _loose_text(self, ref: str) -> str | None:
        own = not ref.startswith("refs/") or ref.startswith(_PER_WORKTREE)
        return read_ref(f"{self._git_dir if own else self._common_dir}/{ref}")

    def _loose(self, prefix: str) -> Iterator[tuple[str, str]]:
        for ref, text in self._files.texts(prefix):
            oid = text if _OID.fullmatch(text) else self.read(ref)
            if oid is not None:
                yield ref, oid

    def _packed_refs(self) -> _Packed:
        key = _stat_key(self._packed_path)
        if self._packed is None or self._packed.key != key:
            self._packed = _Packed(self._packed_path, key)
        return self._packed


def _stat_key(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib takes longer than the call
    except FileNotFoundError:
        return ()
    return (status.st_mtime_ns, status.st_size, status.st_ino)


class _Packed:
    """One snapshot of ``packed-refs``, mapped into memory.

    Git replaces the file by another, which cannot have the same inode while this one is mapped: as
    long as the key is the same, so is the file, and what was found in it.
    """

    def __init__(self, path: str, key: tuple[int, ...]) -> None:
        self.key = key
        self._data: mmap.mmap | bytes = b""
        if key and key[1]:
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes longer than the call
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = self._data[: max(0, self._data.find(b"\n"))]
        self._start = len(header) + 1 if header.startswith(b"#") else 0
        # dulwich writes the header without `sorted`: then read on to the end.
        self._sorted = header.startswith(b"#") and b" sorted" in header
        self._found: dict[str, str | None] = {}
        self._prefixes: dict[str, Mapping[str, str]] = {}

    def find(self, ref: str) -> str | None:
        if ref not in self._found:
            if len(self._found) >= _MAX_REMEMBERED:
                self._found.clear()
            self._found[ref] = self._search(ref.encode())
        return self._found[ref]

    def _search(self, wanted: bytes) -> str | None:
        for name, oid in self._from(wanted):
            if name == wanted:
                return oid
            if self._sorted:
                return None
        return None

    def with_prefix(self, prefix: str) -> Mapping[str, str]:
        found = self._prefixes.get(prefix)
        if found is None:
            found = self._block(prefix) if self._sorted else dict(self._matching(prefix.encode()))
            if len(self._prefixes) >= _MAX_PREFIXES:
                self._prefixes.clear()
            if len(found) <= _MAX_REMEMBERED:
                self._prefixes[prefix] = found
        return found

    def _matching(self, wanted: bytes) -> Iterator[tuple[str, str]]:
        for name, oid in self._from(wanted):
            if name.startswith(wanted):
                yield name.decode("utf-8", "replace"), oid

    def _block(self, prefix: str) -> dict[str, str]:
        """Return the lines between the first name that begins so and the first that does not."""
        wanted = prefix.encode()
        # No name ends in the byte 0xff, for names are UTF-8, so this one sorts behind them all.
        start, end = self._lower_bound(wanted), self._lower_bound(wanted + b"\xff")
        lines = self._data[start:end].decode("utf-8", "replace").split("\n")
        return {line[41:]: line[:40] for line in lines if line and line[0] not in "^#"}

    def _from(self, wanted: bytes) -> Iterator[tuple[bytes, str]]:
        data, size = self._data, len(self._data)
        position = self._lower_bound(wanted) if self._sorted else self._start
        while position < size:
            end = data.find(b"\n", position)
            end = size if end < 0 else end
            line = data[position:end]
            position = end + 1
            if line and line[:1] not in (b"^", b"#"):
                oid, _, name = line.partition(b" ")
                yield name, oid.decode("ascii", "replace")

    def _lower_bound(self, wanted: bytes) -> int:
        """Return the offset of the first entry whose name is not below the wanted one."""
        data, low, high = self._data, self._start, len(self._data)
        while low < high:
            start = self._entry_start((low + high) // 2, low)
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            name = data[start:end].partition(b" ")[2]
            if name < wanted:
                low = self._after(end)
            else:
                high = start
        return low

    def _entry_start(self, offset: int, low: int) -> int:
        data = self._data
        start = data.rfind(b"\n", low, offset) + 1 or low
        while start > low and data[start : start + 1] == b"^":
            start = data.rfind(b"\n", low, start - 1) + 1 or low
        return start

    def _after(self, end: int) -> int:
        data = self._data
        position = end + 1
        while data[position : position + 1] == b"^":
            following = data.find(b"\n", position)
            position = len(data) if following < 0 else following + 1
        return min(position, len(data))
