"""`Metrics`: what an application logs with and asks questions of."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from promptreg.errors import MetricsError
from promptreg.metrics.choosing import choose_rows, rank_models
from promptreg.metrics.options import check_choice, open_shipper, wal_folder
from promptreg.metrics.row import MetricRow, encode_row
from promptreg.metrics.sinks import now_text, to_nowhere, to_stdout
from promptreg.metrics.summary import (
    DEFAULT_PERCENTILES,
    Filter,
    ModelRanking,
    Rename,
    Summary,
)
from promptreg.metrics.wal import (
    Durability,
    SegmentWriter,
)
from promptreg.pricing import Pricer
from promptreg.values import replace

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from promptreg.config import SparkConfig
    from promptreg.storage.compact import CompactReport
    from promptreg.storage.engines import Engine, Kept
    from promptreg.storage.query import QueryResult
    from promptreg.storage.status import Status
    from promptreg.storage.store import Store

__all__ = ["Metrics", "Sink"]

Sink = Literal["file", "stdout", "none"]
_log = logging.getLogger("promptreg")
_CHUNK_BYTES = 1 << 20
_CHUNK_ROWS = 2000


class Metrics:
    """Logs rows and answers questions about them; safe to share between threads and across forks.

    Logging needs the base installation alone; reading needs the extra `metrics`.

    Args:
        store: The store's folder, or an object store's URL.
        environment: What rows say that name no environment of their own.
        durability: "process": a logged row survives the death of the process; "disk": also that
            of the machine, at the price of an fsync a call.
        sink: "file" logs to the store, "stdout" writes JSON lines for `metrics ship` in a sidecar
            or `metrics log --from-jsonl -`, "none" checks rows and drops them.
        on_error: "raise", or "warn" to keep the application alive when a row cannot be logged;
            `dropped` counts these rows.
        prices: The `[prices]` table of the configuration.
        wal: Folder of the segments when the store is an object store.
        storage_options: What deltalake needs to reach an object store.
        ship_seconds: How often a thread of this process has closed segments shipped; 0 never. By
            default every minute to an object store, and never to a folder, which readers seal.
        spark: Where Spark is, which then answers questions instead of DuckDB.

    Raises:
        ConfigError: An option is wrong.
    """

    def __init__(
        self,
        store: str | Path,
        *,
        environment: str = "production",
        durability: Durability = "process",
        sink: Sink = "file",
        on_error: Literal["raise", "warn"] = "raise",
        prices: Mapping[str, Any] | None = None,
        wal: Path | None = None,
        storage_options: dict[str, str] | None = None,
        ship_seconds: float | None = None,
        spark: SparkConfig | None = None,
    ) -> None:
        check_choice("durability", durability, ("process", "disk"))
        check_choice("sink", sink, ("file", "stdout", "none"))
        check_choice("on_error", on_error, ("raise", "warn"))
        self.location = store
        self.environment = environment
        self.dropped = 0
        self._warns = on_error == "warn"
        self._pricer = Pricer(prices)
        self._has_prices = bool(prices)
        self._options = storage_options
        self.renames: Callable[[str | None], tuple[Rename, ...]] | None = None
        self._spark = spark
        self.wal = wal_folder(store, wal)
        self._shipper = (
            open_shipper(store, self.wal, ship_seconds, prices, storage_options)
            if sink == "file"
            else None
        )
        self._writer = SegmentWriter(
            self.wal,
            durability=durability,
            opened=None if self._shipper is None else self._shipper.start,
        )
        sinks: dict[str, Callable[[bytes, int], None]] = {
            "file": self._writer.append,
            "stdout": to_stdout,
            "none": to_nowhere,
        }
        self._append = sinks[sink]
        self._store: Store | None = None
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    # -- writing ---------------------------------------------------------------------------------

    def log(self, *, prompt: str, version: str, digest: str | None = None, **columns: Any) -> None:
        """Log one call; when this returns, a killed process loses nothing.

        Args:
            prompt: Name of the prompt.
            version: Its version.
            digest: Its digest, 64 hex digits.
            **columns: Any other column; `promptreg.metrics.columns` lists them. `ts` is now
                by default.

        Raises:
            MetricsError: A value is wrong or the row could not be written (unless `on_error` is
                "warn").
        """
        columns["prompt"] = prompt
        columns["version"] = version
        if digest is not None:
            columns["digest"] = digest
        try:
            self._append(self._encode(columns), 1)
        except (MetricsError, OSError) as error:
            if not self._warns:
                raise
            self._drop(1, error)

    def log_many(self, rows: Iterable[Mapping[str, Any] | MetricRow]) -> int:
        """Log many rows, a few thousand with each write; return how many were logged.

        Args:
            rows: Mappings of column names to values, or `MetricRow`s. May be a generator.

        Raises:
            MetricsError: A row is wrong; the message has its number, the rows up to the chunk
                before it are logged, which `fix` counts.
        """
        chunk: list[bytes] = []
        logged = size = 0
        for number, row in enumerate(rows, 1):
            columns = row.columns() if isinstance(row, MetricRow) else dict(row)
            try:
                line = self._encode(columns)
            except MetricsError as error:
                if self._warns:
                    self._drop(1, error)
                    continue
                kept = f"the first {logged:,} rows are logged: go on after them" if logged else None
                raise MetricsError(
                    f"row {number}: {error.message}", fix=error.fix or kept
                ) from error
            if chunk and (size + len(line) > _CHUNK_BYTES or len(chunk) >= _CHUNK_ROWS):
                logged += self._append_chunk(chunk)
                chunk, size = [], 0
            chunk.append(line)
            size += len(line)
        return logged + (self._append_chunk(chunk) if chunk else 0)

    def _append_chunk(self, lines: list[bytes]) -> int:
        try:
            self._append(b"".join(lines), len(lines))
        except (MetricsError, OSError) as error:
            if not self._warns:
                raise
            self._drop(len(lines), error)
            return 0
        return len(lines)

    def _encode(self, columns: dict[str, Any]) -> bytes:
        if columns.get("environment") is None:
            columns["environment"] = self.environment
        if self._has_prices:
            self._pricer.fill_own(columns)
        return encode_row(columns, now_text())

    def _drop(self, rows: int, error: Exception) -> None:
        self.dropped += rows
        # Once for the first, then at every power of two: a broken disk must not flood the log.
        if self.dropped & (self.dropped - 1) == 0 or rows > 1:
            _log.warning("metrics: %d rows dropped so far: %s", self.dropped, error)

    def flush(self) -> int:
        """Seal what this process logged so far into the table, and return how many rows were.

        A store on an object store has only what was sealed; until then rows are as durable as
        the local disk of their segments. Needs the extra `metrics`.
        """
        self._writer.close()
        return self.store.seal().rows

    @property
    def ship_errors(self) -> int:
        """How often shipping from the background failed; the rows wait in their segments."""
        return 0 if self._shipper is None else self._shipper.errors

    def close(self) -> None:
        """Give up the current segment, so that it can be sealed; logging may go on."""
        self._writer.close()
        if self._shipper is not None:
            self._shipper.stop()
        if self._engine is not None:
            self._engine.close()
        if self._store is not None:
            self._store.close()

    # -- reading ---------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The store behind; made on first use.

        Raises:
            ConfigError: The extra `metrics` is not installed.
        """
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _open_store(self) -> Store:
        from promptreg.storage.store import Store

        return Store(
            self.location, wal=self.wal, pricer=self._pricer, storage_options=self._options
        )

    @property
    def engine(self) -> Engine:
        """Who answers questions about the store; made on first use.

        Raises:
            ConfigError: The extra `metrics` is not installed.
        """
        store = self.store
        with self._lock:
            if self._engine is None:
                from promptreg.storage.engines import open_engine

                self._engine = open_engine(store, self._spark)
            return self._engine

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer trusted SQL on the view `calls`; see `Engine.sql`."""
        return self.engine.sql(query, parameters)

    def keep(
        self, name: str, query: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Kept]:
        """Give the answer to trusted SQL a name within a block; see `Engine.keep`."""
        return self.engine.keep(name, query, parameters)

    def query(self, query: str) -> QueryResult:
        """Answer one SELECT on `calls`; anything that writes or reads files is refused.

        Raises:
            MetricsError: The statement is refused or wrong.
        """
        from promptreg.storage.query import run_query

        return run_query(self.engine, query)

    def summary(
        self,
        prompt: str | None = None,
        version: str | None = None,
        *,
        by: Sequence[str] = ("prompt", "version"),
        scores: bool = False,
        percentiles: Collection[str] = DEFAULT_PERCENTILES,
        **chosen: Any,
    ) -> list[Summary]:
        """Summarise rows in groups: counts, means, exact percentiles, success rate, cost, tokens.

        Args:
            prompt: Only this prompt.
            version: Only this version.
            by: Columns, or `hour`, `day`, `week`, `month`, to group by.
            scores: Whether to summarise custom scores too.
            percentiles: Columns to give p50 and p95 of, such as `cost` or `quality_score`.
            **chosen: Further fields of `Filter`; `since` and `until` are datetimes.

        Raises:
            MetricsError: A group does not exist, or the table cannot be read.
        """
        from promptreg.storage.summary import summarize

        return summarize(
            self.engine,
            self._choose(prompt, version, chosen),
            by,
            scores=scores,
            percentiles=percentiles,
        )

    def compare_models(
        self, prompt: str | None = None, version: str | None = None, **chosen: Any
    ) -> ModelRanking:
        """Say which model is fastest, cheapest, best and most reliable, each with its n."""
        return rank_models(self.summary(prompt, version, by=("model",), **chosen))

    def rows(
        self,
        prompt: str | None = None,
        version: str | None = None,
        *,
        limit: int | None = None,
        **chosen: Any,
    ) -> list[MetricRow]:
        """Return rows, the newest first.

        Args:
            prompt: Only this prompt.
            version: Only this version.
            limit: At most so many.
            **chosen: Further fields of `Filter`.
        """
        from promptreg.storage.rows import read_rows

        return read_rows(self.engine, self._choose(prompt, version, chosen), limit)

    def _choose(self, prompt: str | None, version: str | None, chosen: dict[str, Any]) -> Filter:
        found = choose_rows(prompt, version, chosen)
        return found if self.renames is None else replace(found, renames=self.renames(prompt))

    def status(self) -> Status:
        """Count files, rows, bytes, segments and what would be sealed and compacted."""
        from promptreg.storage.status import read_status

        return read_status(self.store)

    def compact(self, *, full: bool = False) -> CompactReport:
        """Seal closed segments and merge small files; `full` rewrites all of them sorted."""
        from promptreg.storage.compact import compact

        # In a store of its own, so that questions from other threads need not wait for it.
        return compact(self._open_store(), full=full)
