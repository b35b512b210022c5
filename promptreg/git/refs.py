"""Reading refs straight from their files, in time that does not depend on their number.

Git writes ``packed-refs`` sorted and says so in its header, so one prompt's tags are found by
binary search: 0.15 ms among 100,000 tags, where listing them all takes 40 ms.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from promptreg.git.loose import LooseRefs

if TYPE_CHECKING:
    from promptreg.git.discovery import GitPaths

__all__ = ["Refs"]

_OID = re.compile(r"[0-9a-f]{40}")
_MAX_SYMBOLIC = 5
_MAX_REMEMBERED = 10_000
_MAX_PREFIXES = 1_000
# Every search begins with the same halvings, and 4,000 of them are less than a megabyte.
_MAX_PROBES = 4_000
# One prompt's tags seldom fill more than this many bytes.
_WINDOW = 1 << 14
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
        self._merged: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {}

    def close(self) -> None:
        """Give back the file of packed refs, which the next question opens again.

        Who watches a repository opens it every second, and the collector may not come for hours.
        """
        self._packed = None

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

    def names(self, prefix: str) -> Sequence[str]:
        """Return the full name of every ref that begins so, without reading what it says.

        The very same sequence comes back only while nothing has changed. A ref whose file is
        broken counts, although `with_prefix` and git leave it out.
        """
        loose = self._files.names(prefix)
        packed = self._packed_refs().names(prefix)
        if not loose:
            return packed
        merged = self._merged.get(prefix)
        if merged is None or merged[0] is not loose or merged[1] is not packed:
            if len(self._merged) >= _MAX_PREFIXES:
                self._merged.clear()
            merged = (loose, packed, list(dict.fromkeys([*loose, *packed])))
            self._merged[prefix] = merged
        return merged[2]

    def loose_names(self, prefix: str) -> Sequence[str]:
        """Return the full names of the refs that begin so and have a file of their own."""
        return self._files.names(prefix)

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
        return self._files.text(f"{self._git_dir if own else self._common_dir}/{ref}")

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
        self._names: dict[str, Sequence[str]] = {}
        self._probes: dict[int, tuple[int, bytes, int]] = {}

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

    def names(self, prefix: str) -> Sequence[str]:
        found = self._names.get(prefix)
        if found is None:
            lines = self._lines(prefix) if self._sorted else None
            found = list(self.with_prefix(prefix)) if lines is None else [x[41:] for x in lines]
            if len(self._names) >= _MAX_PREFIXES:
                self._names.clear()
            if len(found) <= _MAX_REMEMBERED:
                self._names[prefix] = found
        return found

    def _block(self, prefix: str) -> dict[str, str]:
        return {line[41:]: line[:40] for line in self._lines(prefix)}

    def _lines(self, prefix: str) -> list[str]:
        """Return the lines between the first name that begins so and the first that does not."""
        wanted = prefix.encode()
        start = self._lower_bound(wanted)
        # No name ends in the byte 0xff, for names are UTF-8, so this one sorts behind them all.
        end = self._lower_bound_near(start, wanted + b"\xff")
        lines = self._data[start:end].decode("utf-8", "replace").split("\n")
        # A line that begins with ^ has no name: it says what the tag above it points at.
        return [line for line in lines if line[40:41] == " "]

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
        return self._bisect(wanted, self._start, len(self._data), self._probes)

    def _lower_bound_near(self, start: int, wanted: bytes) -> int:
        """Return what `_lower_bound` does, given an entry that is a little before it."""
        low, high, step = start, len(self._data), _WINDOW
        while low + step < high:
            begin, name, after = self._probe(low + step, low)
            if name < wanted:
                low, step = after, step * 4
            else:
                high = begin
        return self._bisect(wanted, low, high, {})

    def _bisect(
        self, wanted: bytes, low: int, high: int, probes: dict[int, tuple[int, bytes, int]]
    ) -> int:
        while low < high:
            middle = (low + high) // 2
            probe = probes.get(middle)
            if probe is None:
                probe = self._probe(middle, low)
                if len(probes) < _MAX_PROBES:
                    probes[middle] = probe
            if probe[1] < wanted:
                low = probe[2]
            else:
                high = probe[0]
        return low

    def _probe(self, offset: int, low: int) -> tuple[int, bytes, int]:
        """Return where the entry around an offset begins, its name and where the next begins."""
        data = self._data
        start = self._entry_start(offset, low)
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        return start, data[start:end].partition(b" ")[2], self._after(end)

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
