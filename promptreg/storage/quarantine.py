"""The quarantine: what is no row, damaged files and left-over ones, each with its reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.metrics.columns import NAMES
from promptreg.metrics.summary import Filter
from promptreg.storage.engine import calls_sql, connect
from promptreg.storage.segments import sync_file
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    import duckdb

    from promptreg.storage.store import Store

__all__ = [
    "QuarantinePurge",
    "count_quarantined",
    "file_sql",
    "keep_aside",
    "purge_quarantine",
]

_NOTES = "files.txt"


@dataclass(frozen=True, slots=True)
class QuarantinePurge:
    """What a purge removed from the quarantine, or would remove.

    Attributes:
        rows: Broken lines, and rows of left-over files.
        unreadable: Damaged files, which may hold such rows and cannot be searched.
    """

    rows: int = 0
    unreadable: tuple[str, ...] = ()


def count_quarantined(store: Store) -> int:
    """Return how many lines lie in quarantine."""
    return sum(path.read_bytes().count(b"\n") for path in _files(store, "jsonl"))


def keep_aside(store: Store, name: str, reason: str) -> Path:
    """Move a file of the table's folder into the quarantine and note why; return where it is now.

    Args:
        store: The store.
        name: The file's name in the table's folder.
        reason: One line.
    """
    store.quarantine.mkdir(parents=True, exist_ok=True)
    # Noted first: a file without a note would be a riddle, a note without a file is none.
    moment = datetime.now(UTC).isoformat(" ", "seconds")
    with (store.quarantine / _NOTES).open("a", encoding="utf-8") as notes:
        notes.write(f"{moment} {name}: {reason}\n")
        notes.flush()
        os.fsync(notes.fileno())
    target = store.quarantine / name
    store.table.place.take(name, target)
    sync_file(target)
    sync_file(store.quarantine)
    return target


def purge_quarantine(store: Store, chosen: Filter, *, dry_run: bool) -> QuarantinePurge:
    """Remove what may be a chosen row from the quarantine.

    Args:
        store: The store.
        chosen: Which rows.
        dry_run: Only count.
    """
    import duckdb

    rows = sum(_purge_lines(path, chosen, dry_run=dry_run) for path in _files(store, "jsonl"))
    unreadable = []
    connection = connect()
    try:
        for path in _files(store, "parquet"):
            try:
                rows += _purge_rows(connection, path, chosen, dry_run=dry_run)
            except duckdb.Error:
                unreadable.append(str(path))
    finally:
        connection.close()
    return QuarantinePurge(rows, tuple(unreadable))


def _files(store: Store, ending: str) -> Iterator[Path]:
    return (path for path in sorted(store.quarantine.glob(f"[!.]*.{ending}")) if path.is_file())


def _purge_lines(path: Path, chosen: Filter, *, dry_run: bool) -> int:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not _is_about(json.loads(line)["text"], chosen)]
    if len(kept) < len(lines) and not dry_run:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text("".join(kept), "utf-8")
        _replace(temporary, path, is_empty=not kept)
    return len(lines) - len(kept)


def _is_about(text: str, chosen: Filter) -> bool:
    """Tell whether a broken line may hold a chosen row: by its text, since it is no JSON."""
    wanted = [
        json.dumps(value, ensure_ascii=False)
        for name in Filter.COLUMNS
        if (value := getattr(chosen, name)) is not None
    ]
    return bool(wanted) and all(value in text for value in wanted)


def _purge_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, chosen: Filter, *, dry_run: bool
) -> int:
    where, values = condition(chosen)
    source = file_sql(connection, path)
    total, found = _counts(connection, source, where, values)
    if found and not dry_run:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        target = str(temporary).replace("'", "''")
        columns = ", ".join(f'"{name}"' for name in NAMES)
        connection.execute(
            f"COPY (SELECT {columns} FROM ({source}) WHERE ({where}) IS NOT TRUE) "  # noqa: S608 - our columns
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)",
            values,
        )
        _replace(temporary, path, is_empty=found == total)
    return found


def file_sql(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return a query for the rows of one file in our columns, whatever release wrote it."""
    quoted = str(path).replace("'", "''")
    described = connection.execute(f"DESCRIBE FROM read_parquet('{quoted}')").fetchall()
    return calls_sql([str(path)], [name for name, *_ in described], tail=None)


def _counts(
    connection: duckdb.DuckDBPyConnection, source: str, where: str, values: Sequence[Any]
) -> tuple[int, int]:
    ((total, found),) = connection.execute(
        f"SELECT count(*), count(CASE WHEN {where} THEN 1 END) FROM ({source})",  # noqa: S608
        list(values),
    ).fetchall()
    return total, found


def _replace(temporary: Path, path: Path, *, is_empty: bool) -> None:
    sync_file(temporary)
    temporary.replace(path)
    if is_empty:
        path.unlink()
    sync_file(path.parent)
