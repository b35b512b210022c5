"""Sealing: whole closed segments become rows of the table, each exactly once.

The commit that appends a segment's rows carries the segment's id as an application transaction.
So it does not matter how many processes seal at once, or where one of them dies: a segment whose
id is in the table is only deleted, any other is appended and then deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConflictError
from promptreg.storage.decode import BadLine, decode_lines
from promptreg.storage.segments import Claim, Segment, claim, list_segments, split_lines, sync_file
from promptreg.values import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.pricing import Pricer
    from promptreg.storage.table import Table

__all__ = ["SealReport", "seal_segments"]

_BATCH_BYTES = 64 << 20
# Each is held open, and a process may have no more than 256 files open on some systems.
_BATCH_SEGMENTS = 100
_TRIES = 20
_ABANDONED_SECONDS = 3600
_FORGOTTEN_SECONDS = 60 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a sealing did."""

    segments: int = 0
    rows: int = 0
    quarantined: int = 0
    torn: int = 0
    live: int = 0

    def __add__(self, other: SealReport) -> SealReport:
        return SealReport(
            self.segments + other.segments,
            self.rows + other.rows,
            self.quarantined + other.quarantined,
            self.torn + other.torn,
            self.live + other.live,
        )


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A claimed segment with its rows."""

    claim: Claim
    rows: pa.Table
    bad: tuple[BadLine, ...]
    torn: bytes


def seal_segments(
    table: Table,
    wal: Path,
    quarantine: Path,
    *,
    pricer: Pricer | None = None,
    progress: Callable[[int], None] | None = None,
) -> SealReport:
    """Move every closed segment into the table.

    Args:
        table: Where to.
        wal: The folder of segments.
        quarantine: Where lines go that are no rows.
        pricer: Fills empty costs.
        progress: Called with the bytes done so far.
    """
    report = SealReport()
    done = 0
    _clear_abandoned(wal)
    waiting = list_segments(wal)
    while waiting:
        batch: list[Segment] = []
        size = 0
        while waiting and len(batch) < _BATCH_SEGMENTS:
            if batch and size + waiting[0].size > _BATCH_BYTES:
                break
            batch.append(waiting.pop(0))
            size += batch[-1].size
        with ExitStack() as stack:
            claims = [stack.enter_context(claim(segment)) for segment in batch]
            held = [found for found in claims if found is not None]
            report += SealReport(live=len(batch) - len(held))
            report += _seal(table, held, quarantine, pricer)
        done += size
        if progress is not None:
            progress(done)
    return report


def _seal(
    table: Table, claims: Sequence[Claim], quarantine: Path, pricer: Pricer | None
) -> SealReport:
    for _ in range(_TRIES):
        # Refreshed while the locks are held: a segment sealed before that is seen as sealed.
        table.refresh()
        fresh = [found for found in claims if not _is_sealed(table, found)]
        sealed = [_decode(found, pricer) for found in fresh]
        try:
            _commit(table, sealed, quarantine)
        except ConflictError:
            continue
        for found in claims:
            with contextlib.suppress(FileNotFoundError):
                found.segment.path.unlink()
        return SealReport(
            segments=len(sealed),
            rows=sum(item.rows.num_rows for item in sealed),
            quarantined=sum(len(item.bad) for item in sealed),
            torn=sum(bool(item.torn) for item in sealed),
        )
    raise ConflictError("other processes keep sealing the same segments", fix="run it again")


def _is_sealed(table: Table, found: Claim) -> bool:
    if table.holds(found.segment.name):
        return True
    # Transactions are remembered for 90 days. A segment left over from before that is compared
    # by content, so that a crash between commit and deletion never counts rows twice.
    if time.time() - found.segment.modified < _FORGOTTEN_SECONDS:
        return False
    from promptreg.storage.engine import table_has_rows

    return table_has_rows(table, _decode(found, None).rows)


def _decode(found: Claim, pricer: Pricer | None) -> _Sealed:
    lines, torn = split_lines(found.content)
    decoded = decode_lines(lines, pricer)
    return _Sealed(found, decoded.table, decoded.bad, torn)


def _commit(table: Table, sealed: Sequence[_Sealed], quarantine: Path) -> None:
    import pyarrow as pa

    for item in sealed:
        if item.bad or item.torn:
            _set_aside(quarantine, item)
    full = [item for item in sealed if item.rows.num_rows]
    if full:
        rows = pa.concat_tables([item.rows for item in full])
        table.append(rows, [item.claim.segment.name for item in full])


def _set_aside(quarantine: Path, item: _Sealed) -> None:
    """Save what is no row, on the disk before the commit; the same bytes whoever does it."""
    quarantine.mkdir(parents=True, exist_ok=True)
    records = [(bad.number, bad.reason, bad.line) for bad in item.bad]
    if item.torn:
        records.append((len(records) + item.rows.num_rows + 1, "torn: not acknowledged", item.torn))
    text = "".join(
        json.dumps(
            {"segment": item.claim.segment.name, "line": number, "reason": reason}
            | {"text": line.decode("utf-8", "surrogateescape")}
        )
        + "\n"
        for number, reason, line in records
    )
    target = quarantine / item.claim.segment.name
    temporary = quarantine / f".{target.name}.{os.getpid()}"
    temporary.write_text(text, "utf-8")
    sync_file(temporary)
    temporary.replace(target)
    sync_file(quarantine)


def _clear_abandoned(wal: Path) -> None:
    """Delete what a process left that died between creating a segment and naming it."""
    if not wal.is_dir():
        return
    for path in wal.glob(".*.jsonl"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()
