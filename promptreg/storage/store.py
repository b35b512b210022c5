"""The metrics store of one process: write-ahead segments, the table, and questions to both."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from promptreg.errors import MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.storage.engine import (
    check_readable,
    connect,
    define_calls,
    is_about_a_file,
    is_interrupt,
    one_line,
)
from promptreg.storage.extra import require_extra
from promptreg.storage.interrupts import ask_interruptibly
from promptreg.storage.process import check_process, forked
from promptreg.storage.seal import SealReport, seal_segments
from promptreg.storage.segments import list_segments
from promptreg.storage.table import Table
from promptreg.storage.tails import Tails

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from promptreg.pricing import Pricer

__all__ = ["Store"]

T = TypeVar("T")
_log = logging.getLogger("promptreg")
_READ_TRIES = 20
_SEAL_COUNT = 32
_SEAL_BYTES = 1 << 20


class Store:
    """Reads and seals the rows under one location; safe to share between threads.

    Args:
        location: The store's folder, or an object store's URL.
        wal: The folder of segments, always on a local disk; `location/wal` by default.
        pricer: Fills empty costs.
        storage_options: What deltalake needs to reach an object store.
        memory_limit: DuckDB's, such as "2GB".

    Raises:
        ConfigError: The `metrics` extra is not installed.
    """

    def __init__(
        self,
        location: str | Path,
        *,
        wal: Path | None = None,
        pricer: Pricer | None = None,
        storage_options: dict[str, str] | None = None,
        memory_limit: str | None = None,
    ) -> None:
        require_extra()
        text = str(location).rstrip("/")
        is_url = "://" in text
        self.location = text if is_url else os.path.abspath(text)  # noqa: PTH100 - text, not a path
        if is_url and wal is None:
            raise MetricsError(f"{text} needs a local folder for its segments")
        self.wal = wal or Path(self.location, "wal")
        self.quarantine = self.wal.parent / "quarantine"
        self.pricer = pricer
        self.table = Table(f"{self.location}/calls", storage_options)
        self._memory_limit = memory_limit
        self._tails = Tails(self.wal, pricer)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._stale = True
        self._viewed = -2
        self._pinned = 0
        self._warned: set[str] = set()
        self._lock = threading.RLock()

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query on the view `calls`, which has every row acknowledged before the call.

        Args:
            query: DuckDB SQL with `?` or `$1` for parameters.
            parameters: Their values.

        Raises:
            MetricsError: The query is wrong, or a file of the table cannot be read.
        """
        return self._answer(lambda c: c.execute(query, list(parameters)).fetchall())

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Answer a query like `sql`, as an Arrow table."""
        return self._answer(lambda c: c.sql(query, params=list(parameters)).to_arrow_table())

    def _answer(self, ask: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        import duckdb

        try:
            return self.persist(lambda: ask_interruptibly(self.refresh(), ask))
        except duckdb.Error as error:
            raise MetricsError(f"the query failed: {one_line(error)}") from error

    def persist(
        self,
        work: Callable[[], T],
        *,
        is_about_a_file: Callable[[Exception], bool] = is_about_a_file,
    ) -> T:
        """Do what reads files of the table, again when one was deleted since it was listed.

        Compactions leave replaced files for an hour, but a purge deletes them at once.

        Args:
            work: Reads the files.
            is_about_a_file: Tells an error of the work that a file caused from any other.

        Raises:
            MetricsError: A file that is still part of the table cannot be read.
        """
        check_process()
        # Locked throughout: files and live rows must stay of one snapshot until they are read.
        with self._lock:
            for attempt in range(_READ_TRIES):
                try:
                    return work()
                except Exception as error:
                    if is_interrupt(error):
                        raise KeyboardInterrupt from error
                    if not is_about_a_file(error):
                        raise
                    self._stale = True
                    if self._pinned:
                        self._look()
                    # A file that is still listed after a second look is really damaged.
                    if attempt and not self._lost_a_file():
                        raise check_readable(error) from error
        raise MetricsError("the table keeps losing files", fix="promptreg metrics doctor")

    def _lost_a_file(self) -> bool:
        return self.table.is_local and not all(Path(uri).exists() for uri in self.table.uris())

    @contextmanager
    def pin(self) -> Iterator[Store]:
        """Answer every query of a block from the same snapshot."""
        check_process()
        with self._lock:
            if not self._pinned:
                self._look()
            self._pinned += 1
            try:
                yield self
            finally:
                self._pinned -= 1

    @contextmanager
    def keep(self, name: str, query: str, parameters: Sequence[Any] = ()) -> Iterator[Store]:
        """Hold the answer to a query as a table that the queries of a block may select from.

        Args:
            name: The table's name.
            query: DuckDB SQL with `?` or `$1` for parameters.
            parameters: Their values.

        Raises:
            MetricsError: The query is wrong, or a file of the table cannot be read.
        """
        # Pinned, because another snapshot may come with another connection.
        with self.pin():
            self.sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters)
            try:
                yield self
            finally:
                self.sql(f"DROP TABLE IF EXISTS {name}")

    def refresh(self) -> duckdb.DuckDBPyConnection:
        """Bring the view up to date and return the connection that has it."""
        with self._lock:
            if not self._pinned:
                self._look()
            if self._connection is None:
                self._connection = connect(self._memory_limit)
                self._stale = True
            if self._stale:
                define_calls(self._connection, self.table, self._tails.arrow())
                self._viewed, self._stale = self.table.version, False
                self._warn_of_newer_columns()
            return self._connection

    def _warn_of_newer_columns(self) -> None:
        unknown = set(self.table.column_names()) - set(NAMES) - self._warned
        if unknown:
            self._warned |= unknown
            _log.warning(
                "a newer promptreg wrote the columns %s, which this one does not show (fix: "
                "upgrade promptreg)",
                ", ".join(sorted(unknown)),
            )

    def _look(self) -> None:
        self._seal_if_many()
        # Tails first, table second: see Tails.read.
        changed = self._tails.read()
        self.table.refresh()
        changed |= self._tails.drop_sealed(self.table)
        # Sealing and compacting through this object move the table on by themselves.
        self._stale |= changed or self.table.version != self._viewed

    def _seal_if_many(self) -> None:
        segments = list_segments(self.wal)
        size = sum(segment.size for segment in segments)
        if len(segments) < _SEAL_COUNT and size < _SEAL_BYTES:
            return
        # A reader may have no right to write, or no space to; it reads the segments as they are.
        with suppress(OSError, MetricsError):
            self.seal()

    def snapshot(self) -> tuple[list[str], pa.Table | None]:
        """Return the files and the live rows that together are all rows now."""
        with self._lock:
            if not self._pinned:
                self._look()
            return self.table.uris(), self._tails.arrow()

    def seal(self, progress: Callable[[int], None] | None = None) -> SealReport:
        """Move every closed segment into the table; `progress` gets the bytes done so far.

        Raises:
            ConflictError: Other processes keep sealing the same segments.
        """
        check_process()
        with self._lock:
            return seal_segments(
                self.table, self.wal, self.quarantine, pricer=self.pricer, progress=progress
            )

    @property
    def bad_lines(self) -> int:
        """Complete lines in unsealed segments that are no rows."""
        return self._tails.bad_lines

    def close(self) -> None:
        """Free the connection; the next query opens another."""
        if forked():
            return  # the parent's; its threads are not here to be stopped
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
