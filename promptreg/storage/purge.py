"""Purging: rows leave the table, its old files, the segments and the quarantine for good."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.metrics.summary import Filter
from promptreg.storage.engine import calls_sql, connect
from promptreg.storage.rewrite import exclusive, require_local, write_part
from promptreg.storage.segments import sync_file
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    from pathlib import Path

    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["PurgeReport", "purge"]


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge removed, or would remove in a dry run.

    Attributes:
        rows: Rows removed from the table.
        files: Files rewritten or removed.
        quarantined: Lines removed from the quarantine.
        held: Matching rows in segments of running processes, which no other process may change;
            they go with a purge after these segments have been closed.
    """

    rows: int
    files: int
    quarantined: int
    held: int


def purge(store: Store, chosen: Filter, *, dry_run: bool = False) -> PurgeReport:
    """Remove every chosen row, from old versions of the table too.

    Args:
        store: A store on a disk.
        chosen: Which rows; an empty filter is refused.
        dry_run: Only count.

    Raises:
        MetricsError: The filter is empty, or the store is an object store.
        ConflictError: Another process rewrites the same files.
    """
    if chosen == Filter():
        raise MetricsError("a purge needs to be told which rows", fix="name a prompt, unit or time")
    require_local(store)
    if not dry_run:
        store.seal()
    with store.pin():
        affected = _affected(store, chosen)
        where, values = condition(chosen)
        ((total,),) = store.sql(f"SELECT count(*) FROM calls WHERE {where}", values)  # noqa: S608 - our columns
    rows = sum(count for _, count in affected)
    if dry_run:
        return PurgeReport(
            rows, len(affected), _purge_quarantine(store, chosen, dry_run=True), total - rows
        )
    with exclusive(store):
        if affected:
            _rewrite(store, [part for part, _ in affected], where, values)
        # Nothing older may stay: a purge that left the rows in replaced files would be none.
        store.table.vacuum(grace_hours=0)
    lines = _purge_quarantine(store, chosen, dry_run=False)
    return PurgeReport(rows, len(affected), lines, total - rows)


def _affected(store: Store, chosen: Filter) -> list[tuple[Part, int]]:
    """Return the files that hold chosen rows, with how many."""
    where, values = condition(chosen)
    found = []
    connection = connect()
    try:
        for part, uri in zip(store.table.parts(), _paths(store), strict=True):
            source = calls_sql([uri], store.table.column_names(), tail=None)
            (count,) = connection.execute(
                f"SELECT count(*) FROM ({source}) WHERE {where}",  # noqa: S608 - our columns
                values,
            ).fetchone() or (0,)
            if count:
                found.append((part, count))
    finally:
        connection.close()
    return found


def _paths(store: Store) -> list[str]:
    return [f"{store.table.location}/{part.path}" for part in store.table.parts()]


def _rewrite(store: Store, parts: list[Part], where: str, values: list[Any]) -> None:
    # Rows where the condition is NULL stay: only what is known to match goes.
    new = write_part(store, parts, where=f"({where}) IS NOT TRUE", values=values)
    store.table.replace(parts, [] if new is None else [new.action], changes_data=True)
    store.table.checkpoint()


def _purge_quarantine(store: Store, chosen: Filter, *, dry_run: bool) -> int:
    if not store.quarantine.is_dir():
        return 0
    return sum(
        _purge_file(path, chosen, dry_run=dry_run) for path in store.quarantine.glob("[!.]*.jsonl")
    )


def _purge_file(path: Path, chosen: Filter, *, dry_run: bool) -> int:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not _is_about(json.loads(line)["text"], chosen)]
    if len(kept) < len(lines) and not dry_run:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text("".join(kept), "utf-8")
        sync_file(temporary)
        temporary.replace(path)
        if not kept:
            path.unlink()
        sync_file(path.parent)
    return len(lines) - len(kept)


def _is_about(text: str, chosen: Filter) -> bool:
    """Tell whether a broken line may hold a chosen row: by its text, since it is no JSON."""
    wanted = [
        json.dumps(value, ensure_ascii=False)
        for name in Filter.COLUMNS
        if (value := getattr(chosen, name)) is not None
    ]
    return bool(wanted) and all(value in text for value in wanted)
