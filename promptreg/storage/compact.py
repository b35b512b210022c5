"""Compaction: many small files become few, sorted by prompt, version and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from promptreg.errors import MetricsError
from promptreg.storage.rewrite import exclusive, write_part
from promptreg.storage.seal import SealReport

if TYPE_CHECKING:
    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["CompactReport", "choose_parts", "compact"]

_TARGET_BYTES = 512 << 20
_GROWTH = 4
GRACE_HOURS = 1


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What a compaction did, or would do in a dry run.

    Attributes:
        sealed: The sealing before it.
        merged: How many files became one.
        rows: Rows in them.
        bytes_before: Size of the files merged.
        bytes_after: Size of the file they became.
        deleted: Replaced files deleted after their hour of grace.
    """

    sealed: SealReport = field(default_factory=SealReport)
    merged: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    deleted: int = 0


def choose_parts(
    parts: Sequence[Part], *, full: bool = False, before: datetime | None = None
) -> list[Part]:
    """Return the files worth merging into one; none when that would gain nothing.

    Small files always belong together. A larger one joins only when the smaller ones together
    are at least a quarter of it, so that each row is rewritten about log4(rows) times in its life.

    Args:
        parts: The files of the table.
        full: Take all of them.
        before: Only files whose rows are all older.
    """
    able = [p for p in parts if before is None or (p.last is not None and p.last < before)]
    if full:
        return able
    chosen: list[Part] = []
    total = 0
    for part in sorted(able, key=lambda part: part.size):
        if total + part.size > _TARGET_BYTES or (chosen and part.size > _GROWTH * total):
            break
        chosen.append(part)
        total += part.size
    return chosen if len(chosen) > 1 else []


def compact(
    store: Store,
    *,
    full: bool = False,
    older_than: timedelta | None = None,
    grace_hours: int = GRACE_HOURS,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> CompactReport:
    """Seal closed segments, merge small files, delete what was replaced an hour ago.

    Args:
        store: The store.
        full: Rewrite everything into one sorted file.
        older_than: Leave files with younger rows alone.
        grace_hours: How long replaced files live on for readers with an older list.
        dry_run: Only say what would be done.
        progress: Called with what begins.

    Raises:
        ConflictError: Another process rewrites the same files.
        MetricsError: A file cannot be read.
    """
    say = progress or (lambda _: None)
    before = None
    if older_than is not None:
        before = datetime.now(UTC).replace(tzinfo=None) - older_than
    sealed = SealReport()
    if not dry_run:
        say("sealing segments")
        sealed = store.seal()
    store.table.refresh()
    chosen = choose_parts(store.table.parts(), full=full, before=before)
    report = CompactReport(
        sealed, len(chosen), sum(p.rows for p in chosen), sum(p.size for p in chosen)
    )
    if dry_run:
        return replace(
            report, deleted=len(store.table.vacuum(grace_hours=grace_hours, dry_run=True))
        )
    with exclusive(store):
        if chosen:
            say(f"merging {len(chosen)} files, {report.rows:,} rows")
            report = replace(report, bytes_after=_merge(store, chosen))
        deleted = store.table.vacuum(grace_hours=grace_hours)
    return replace(report, deleted=len(deleted))


def _merge(store: Store, chosen: Sequence[Part]) -> int:
    new = write_part(store, chosen)
    expected = sum(part.rows for part in chosen)
    if new is None or new.rows != expected:
        raise MetricsError(
            f"merging {expected:,} rows gave {0 if new is None else new.rows:,}; nothing changed",
            fix="promptreg metrics doctor",
        )
    try:
        store.table.replace(chosen, [new.action], changes_data=False)
    except BaseException:
        # Whether the commit went through or not is what the log says; never delete a file it names.
        if not _is_named(store, new.action.path):
            store.table.place.remove(new.action.path)
        raise
    store.table.checkpoint()
    return new.action.size


def _is_named(store: Store, name: str) -> bool:
    try:
        store.table.refresh()
    except MetricsError:
        return True
    return any(part.path == name for part in store.table.parts())
