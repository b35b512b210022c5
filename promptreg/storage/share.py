"""Rows to and from shared parts: what the other side lacks, by content."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConflictError
from promptreg.metrics.columns import NAMES
from promptreg.storage.engine import calls_sql, connect
from promptreg.storage.schema import arrow_schema, null_column
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.metrics.shared_ref import SharedRef
    from promptreg.metrics.summary import Filter
    from promptreg.storage.store import Store

__all__ = ["PRIVATE", "pull_rows", "purge_shared", "push_rows"]

PRIVATE = ("unit", "metadata", "error_message")
"""Columns that stay at home unless asked for."""

_FOLDER = "shared"


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    path: Path


def push_rows(
    store: Store, ref: SharedRef, chosen: Filter, *, private: bool = False, dry_run: bool = False
) -> int:
    """Add the chosen rows that the ref lacks to it, as one part; return how many.

    Args:
        store: The store.
        ref: The ref, fetched before.
        chosen: Which rows.
        private: Whether `PRIVATE` columns go along.
        dry_run: Only count.
    """
    hidden = () if private else PRIVATE
    rows = _difference(store, _unpack(store, ref), chosen, hidden, local_first=True)
    if rows.num_rows and not dry_run:
        data = _as_parquet(rows)
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.parquet"
        ref.add({name: data}, f"Add {rows.num_rows} metric rows")
    return int(rows.num_rows)


def pull_rows(store: Store, ref: SharedRef, *, dry_run: bool = False) -> int:
    """Append the ref's rows that the store lacks; return how many it lacked.

    A row of one's own that was pushed without its private columns is the same row.
    """
    from promptreg.metrics.summary import Filter

    rows = _difference(store, _unpack(store, ref), Filter(), (), local_first=False)
    if rows.num_rows and not dry_run:
        store.table.refresh()
        # The rows name the commit: two pulls at once append them once.
        name = f"pull-{hashlib.sha256(_as_parquet(rows)).hexdigest()}"
        if not store.table.holds(name):
            try:
                store.table.append(rows, [name])
            except ConflictError:
                if not store.table.holds(name):
                    raise
    return int(rows.num_rows)


def purge_shared(store: Store, ref: SharedRef, chosen: Filter) -> int:
    """Rewrite the ref without the chosen rows, history included; return how many they were."""
    where, values = condition(chosen)
    parts = _unpack(store, ref)
    kept, removed = {}, 0
    for part in parts:
        connection = connect()
        try:
            source = calls_sql([str(part.path)], NAMES, tail=None)
            rows = connection.sql(
                f"SELECT * FROM ({source}) WHERE ({where}) IS NOT TRUE",  # noqa: S608 - our columns
                params=values,
            ).to_arrow_table()
            (total,) = connection.execute(f"SELECT count(*) FROM ({source})").fetchone() or (0,)  # noqa: S608
        finally:
            connection.close()
        removed += total - rows.num_rows
        if rows.num_rows == total:
            kept[part.name] = part.path.read_bytes()
        elif rows.num_rows:
            data = _as_parquet(rows.cast(arrow_schema()))
            kept[f"{hashlib.sha256(data).hexdigest()[:32]}.parquet"] = data
    if removed:
        ref.replace(kept, "Purge metric rows")
        _forget(store)
    return removed


def _unpack(store: Store, ref: SharedRef) -> list[_Part]:
    """Return the ref's parts as files beside the segments, each written once."""
    folder = store.wal.parent / _FOLDER
    parts = []
    for name, oid in sorted(ref.parts().items()):
        if not name.endswith(".parquet") or "/" in name:
            continue
        path = folder / f"{oid}.parquet"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".{oid}.{secrets.token_hex(8)}"
            temporary.write_bytes(ref.read(oid))
            temporary.replace(path)
        parts.append(_Part(name, path))
    return parts


def _forget(store: Store) -> None:
    """Delete unpacked parts: what the ref still holds is unpacked again when it is needed."""
    for path in (store.wal.parent / _FOLDER).glob("*.parquet"):
        path.unlink(missing_ok=True)


def _difference(
    store: Store,
    parts: Sequence[_Part],
    chosen: Filter,
    hidden: Sequence[str],
    *,
    local_first: bool,
) -> pa.Table:
    """Return chosen rows that one side has and the other lacks, hidden columns left empty."""
    columns = ", ".join(null_column(n) if n in hidden else f'"{n}"' for n in NAMES)
    shared = f"({calls_sql([str(part.path) for part in parts], NAMES, tail=None)})"
    mine, other = ("calls", shared) if local_first else (shared, "calls")
    where, values = condition(chosen)
    # A row is the same row with or without its private columns.
    names = ", ".join(f'"{name}"' for name in NAMES if name not in PRIVATE)
    key = f"md5(CAST(row({names}) AS VARCHAR))"
    query = (
        f"SELECT {columns} FROM {mine} WHERE {where} "  # noqa: S608 - our own columns and files
        f"AND {key} NOT IN (SELECT {key} FROM {other}) ORDER BY prompt, version, ts"
    )
    return store.arrow(query, values).cast(arrow_schema())


def _as_parquet(rows: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data
