"""The rows of segments that are not sealed yet, parsed once and then only from where they grew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.storage.decode import decode_lines
from promptreg.storage.segments import Segment, list_segments

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.pricing import Pricer
    from promptreg.storage.table import Table

__all__ = ["Tail", "Tails"]


@dataclass(slots=True)
class Tail:
    """What was read of one segment so far; `checked` is the table version without it."""

    inode: int
    offset: int
    chunks: list[pa.Table]
    bad: int
    checked: int = -2


class Tails:
    """The unsealed segments of a folder, kept between reads.

    Args:
        wal: The folder of segments.
        pricer: Fills empty costs.
    """

    def __init__(self, wal: Path, pricer: Pricer | None) -> None:
        self._wal = wal
        self._pricer = pricer
        self._tails: dict[str, Tail] = {}
        self._table: pa.Table | None = None

    @property
    def bad_lines(self) -> int:
        """How many complete lines of the segments are no rows."""
        return sum(tail.bad for tail in self._tails.values())

    def read(self) -> bool:
        """Read what was appended since the last time; tell whether anything changed.

        Must run before the table is refreshed: then a segment that is sealed in between is seen
        twice and dropped by `drop_sealed`, instead of being seen by neither.
        """
        segments = list_segments(self._wal)
        changed = bool(self._tails.keys() - {segment.name for segment in segments})
        self._tails = {
            segment.name: self._tails[segment.name]
            for segment in segments
            if segment.name in self._tails and self._tails[segment.name].inode == segment.inode
        }
        for segment in segments:
            changed |= self._grow(segment)
        if changed:
            self._table = None
        return changed

    def _grow(self, segment: Segment) -> bool:
        tail = self._tails.setdefault(segment.name, Tail(segment.inode, 0, [], 0))
        if segment.size <= tail.offset:
            return False
        try:
            with segment.path.open("rb") as file:
                file.seek(tail.offset)
                content = file.read()
        except FileNotFoundError:
            # Sealed since the listing: the table has it.
            self._tails.pop(segment.name, None)
            return True
        end = content.rfind(b"\n") + 1
        if not end:
            return False
        decoded = decode_lines(content[: end - 1].split(b"\n"), self._pricer)
        tail.offset += end
        tail.bad += len(decoded.bad)
        if decoded.table.num_rows:
            tail.chunks.append(decoded.table)
        return True

    def drop_sealed(self, table: Table) -> bool:
        """Forget the segments that the refreshed table holds; tell whether there were any."""
        sealed = []
        for name, tail in self._tails.items():
            if tail.checked == table.version:
                continue
            if table.holds(name):
                sealed.append(name)
            tail.checked = table.version
        for name in sealed:
            # Kept as read, so that the next listing does not parse it again before it is deleted.
            self._tails[name].chunks.clear()
            self._tails[name].bad = 0
        if sealed:
            self._table = None
        return bool(sealed)

    def arrow(self) -> pa.Table | None:
        """Return all rows of the tails, None when there are none."""
        chunks = [chunk for tail in self._tails.values() for chunk in tail.chunks]
        if self._table is None and chunks:
            # Not before there are rows: pyarrow and numpy are a tenth of a second, a sixth of the
            # time of a gate whose rows are all sealed.
            import pyarrow as pa

            self._table = pa.concat_tables(chunks)
        return self._table
