"""Purging: rows leave the table, its old files, the segments and the quarantine for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.metrics.summary import Filter
from promptreg.storage.engine import calls_sql, connect
from promptreg.storage.leftovers import uncommitted
from promptreg.storage.quarantine import keep_aside, purge_quarantine
from promptreg.storage.rewrite import exclusive, write_part
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["PurgeReport", "purge"]


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge removed, or would remove in a dry run.

    Attributes:
        rows: Rows removed from the table.
        files: Files rewritten or removed.
        quarantined: Lines and rows removed from the quarantine.
        held: Matching rows in segments of running processes, which no other process may change;
            they go with a purge after these segments have been closed.
        unreadable: Damaged files in quarantine, which cannot be searched.
    """

    rows: int
    files: int
    quarantined: int
    held: int
    unreadable: tuple[str, ...] = ()


def purge(store: Store, chosen: Filter, *, dry_run: bool = False) -> PurgeReport:
    """Remove every chosen row, from old versions of the table too.

    Args:
        store: The store.
        chosen: Which rows; an empty filter is refused.
        dry_run: Only count.

    Raises:
        MetricsError: The filter is empty, or a file cannot be read.
        ConflictError: Another process rewrites the same files.
    """
    if chosen == Filter():
        raise MetricsError("a purge needs to be told which rows", fix="name a prompt, unit or time")
    if not dry_run:
        store.seal()
    where, values = condition(chosen)
    with store.pin():
        affected = _affected(store, where, values)
        ((total,),) = store.sql(f"SELECT count(*) FROM calls WHERE {where}", values)  # noqa: S608 - our columns
    rows = sum(count for _, count in affected)
    if not dry_run:
        with exclusive(store):
            if affected:
                _rewrite(store, [part for part, _ in affected], where, values)
            # Nothing older may stay: a purge that left rows in replaced files would be none.
            store.table.vacuum(grace_hours=0)
            # What no commit names may hold such rows too; in quarantine it is searched.
            for entry in uncommitted(store):
                keep_aside(store, entry.name, "in no commit; set aside by a purge")
    aside = purge_quarantine(store, chosen, dry_run=dry_run)
    return PurgeReport(rows, len(affected), aside.rows, total - rows, aside.unreadable)


def _affected(store: Store, where: str, values: list[Any]) -> list[tuple[Part, int]]:
    """Return the files that hold chosen rows, with how many."""
    columns = store.table.column_names()
    found = []
    connection = connect()
    try:
        for part in store.table.parts():
            files, relation = store.table.relation(connection, [part])
            source = calls_sql(files, columns, tail=None, sealed=relation)
            ((count,),) = connection.execute(
                f"SELECT count(*) FROM ({source}) WHERE {where}",  # noqa: S608 - our columns
                values,
            ).fetchall()
            if count:
                found.append((part, count))
    finally:
        connection.close()
    return found


def _rewrite(store: Store, parts: list[Part], where: str, values: list[Any]) -> None:
    # Rows where the condition is NULL stay: only what is known to match goes.
    new = write_part(store, parts, where=f"({where}) IS NOT TRUE", values=values)
    store.table.replace(parts, [] if new is None else [new.action], changes_data=True)
    store.table.checkpoint()
