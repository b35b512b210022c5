"""What a store holds: files, rows, bytes, segments, and what waits to be done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from promptreg.metrics.columns import NAMES
from promptreg.storage.compact import choose_parts
from promptreg.storage.quarantine import count_quarantined
from promptreg.storage.segments import is_alive, list_segments, split_lines

if TYPE_CHECKING:
    from promptreg.storage.store import Store

__all__ = ["Status", "read_status"]


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a store; sizes in bytes, ages in seconds.

    Attributes:
        version: Number of the newest commit, -1 without any.
        files: Parquet files.
        rows: Rows in them.
        live_segments: Segments whose owner runs.
        closed_segments: Segments that wait to be sealed.
        unsealed_rows: Complete lines in all of these.
        oldest_unsealed: Age of the oldest segment, None without any.
        oldest_row: Time of the oldest row that is in a segment alone, None without any.
        quarantined: Lines set aside because they are no rows.
        to_merge: Files that a compaction would merge.
        unknown_columns: Columns that a newer release added, which this one does not show.
    """

    location: str
    version: int
    files: int
    rows: int
    bytes: int
    first: datetime | None
    last: datetime | None
    live_segments: int
    closed_segments: int
    unsealed_rows: int
    unsealed_bytes: int
    oldest_unsealed: float | None
    oldest_row: datetime | None
    quarantined: int
    to_merge: int
    unknown_columns: tuple[str, ...]


def read_status(store: Store) -> Status:
    """Look at a store without changing it."""
    import pyarrow.compute as pc

    segments = list_segments(store.wal)
    live = sum(is_alive(segment) for segment in segments)
    rows = 0
    for segment in segments:
        if segment.path.exists():
            rows += len(split_lines(segment.path.read_bytes())[0])
    with store.pin():
        parts = store.table.parts()
        version, columns = store.table.version, store.table.column_names()
        ((first, last),) = store.sql("SELECT min(ts), max(ts) FROM calls")
        _, tail = store.snapshot()
    ages = [time.time() - segment.modified for segment in segments]
    return Status(
        location=store.location,
        version=version,
        files=len(parts),
        rows=sum(part.rows for part in parts),
        bytes=sum(part.size for part in parts),
        first=first,
        last=last,
        live_segments=live,
        closed_segments=len(segments) - live,
        unsealed_rows=rows,
        unsealed_bytes=sum(segment.size for segment in segments),
        oldest_unsealed=max(ages, default=None),
        oldest_row=None if tail is None else pc.min(tail["ts"]).as_py(),
        quarantined=count_quarantined(store),
        to_merge=len(choose_parts(parts)),
        unknown_columns=tuple(name for name in columns if name not in NAMES),
    )
