"""Writing new files of the table with DuckDB: sorted, compressed, on the disk before the commit."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConflictError, MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.storage.engine import calls_sql, check_readable, connect, is_about_a_file
from promptreg.storage.segments import sync_file

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["NewPart", "build_folder", "exclusive", "write_part"]

_ABANDONED_SECONDS = 3600
_BUILD = "_build"
# Row groups of DuckDB's own size: small enough to skip by prompt, large enough to compress.
_ROW_GROUP = 122_880
_MEMORY = "2GB"


@dataclass(frozen=True, slots=True)
class NewPart:
    """A file on the disk that no commit names yet."""

    action: AddAction
    rows: int


def _lock_folder(store: Store) -> Path:
    return Path(store.location) if store.table.is_local else store.wal.parent


def build_folder(store: Store) -> Path:
    """Return the local folder where files are written before they go to their place."""
    return Path(store.table.location if store.table.is_local else store.wal.parent) / _BUILD


@contextmanager
def exclusive(store: Store) -> Iterator[None]:
    """Keep other rewrites of this machine out, and clear what a killed one left.

    The commit alone keeps the rows right, also against other machines on an object store; the
    lock only saves work that would be refused.

    Raises:
        ConflictError: Another rewrite runs.
    """
    folder = _lock_folder(store)
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / "rewrite.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                "another process is compacting or purging this store", fix="wait until it is done"
            ) from None
        _clear_builds(build_folder(store))
        yield
    finally:
        os.close(fd)


def _clear_builds(folder: Path) -> None:
    for path in folder.glob("*.parquet"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()


def write_part(
    store: Store, parts: Sequence[Part], *, where: str = "true", values: Sequence[Any] = ()
) -> NewPart | None:
    """Write the rows of some files as one, sorted by prompt, version and time.

    Args:
        store: The store.
        parts: Files of the table.
        where: Which rows to keep.
        values: Parameters of `where`.

    Returns:
        None when no row is kept.

    Raises:
        MetricsError: A file cannot be read, or a newer release wrote columns this one lacks.
    """
    import duckdb

    _refuse_newer_columns(store)
    build = build_folder(store)
    build.mkdir(parents=True, exist_ok=True)
    name = f"part-{uuid.uuid4()}.zstd.parquet"
    connection = connect(_MEMORY)
    try:
        files, relation = store.table.relation(connection, parts)
        source = calls_sql(files, store.table.column_names(), tail=None, sealed=relation)
        connection.execute(f"CREATE TEMP VIEW calls AS {source}")
        connection.execute(
            f"COPY (SELECT * FROM calls WHERE {where} ORDER BY prompt, version, ts) "  # noqa: S608 - built from our own columns
            f"TO '{_quoted(build / name)}' "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})",
            list(values),
        )
        statistics = _statistics(connection, build / name)
    except BaseException as error:
        _discard(build / name)
        if isinstance(error, duckdb.Error) and is_about_a_file(error):
            raise check_readable(error) from error
        raise
    finally:
        connection.close()
    rows: int = statistics["numRecords"]
    if not rows:
        _discard(build / name)
        return None
    sync_file(build / name)
    action = _add(build / name, statistics)
    store.table.place.put(build / name, name)
    return NewPart(action, rows)


def _refuse_newer_columns(store: Store) -> None:
    unknown = [name for name in store.table.column_names() if name not in NAMES]
    if unknown:
        raise MetricsError(
            f"rewriting would drop the columns {', '.join(unknown)} of a newer promptreg",
            fix="upgrade promptreg",
        )


def _statistics(connection: Any, path: Path) -> dict[str, Any]:
    """Return Delta's statistics of a file: its rows, and the range of time and prompt."""
    count, *ends = connection.execute(
        "SELECT count(*), min(prompt), max(prompt), min(version), max(version), min(ts), max(ts) "  # noqa: S608 - a quoted path of ours
        f"FROM read_parquet('{_quoted(path)}')"
    ).fetchone()
    if not count:
        return {"numRecords": 0}
    keys = ("prompt", "version", "ts")
    texts = [end.isoformat(" ") if hasattr(end, "isoformat") else end for end in ends]
    return {
        "numRecords": count,
        "minValues": dict(zip(keys, texts[::2], strict=True)),
        "maxValues": dict(zip(keys, texts[1::2], strict=True)),
        "nullCount": dict.fromkeys(keys, 0),
    }


def _add(path: Path, statistics: dict[str, Any]) -> AddAction:
    from deltalake.transaction import AddAction

    info = path.stat()
    return AddAction(
        path=path.name,
        size=info.st_size,
        partition_values={},
        modification_time=int(info.st_mtime * 1000),
        data_change=False,
        stats=json.dumps(statistics),
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
