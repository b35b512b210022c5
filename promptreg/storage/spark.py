"""Spark over one consistent snapshot: the table's files and the live tails as the view `calls`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from promptreg.errors import MetricsError
from promptreg.metrics.columns import COLUMNS, NAMES, Kind
from promptreg.storage.schema import arrow_schema
from promptreg.storage.spark_session import open_session, quiet, require_spark, spark_errors
from promptreg.storage.spark_sql import bind, translate, translate_query

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from promptreg.config import SparkConfig
    from promptreg.storage.store import Store

__all__ = ["SparkEngine", "spark_location"]

T = TypeVar("T")
_DAMAGE = ("FAILED_READ_FILE", "PATH_NOT_FOUND", "CANNOT_READ_FILE_FOOTER", "not a Parquet file")
_SCHEMES = {"s3": "s3a", "gs": "gs", "abfss": "abfss", "file": "file", "hdfs": "hdfs"}
_TYPES = {
    Kind.TIME: "timestamp_ntz",
    Kind.TEXT: "string",
    Kind.COUNT: "bigint",
    Kind.MEASURE: "double",
    Kind.NUMBER: "double",
    Kind.FRACTION: "double",
    Kind.FLAG: "boolean",
    Kind.SCORES: "map<string, double>",
    Kind.JSON: "string",
}
# Named in full, so that a file which lacks a column reads as nulls, in this release's order.
_SCHEMA = ", ".join(f"`{column.name}` {_TYPES[column.kind]}" for column in COLUMNS)


class SparkEngine:
    """Answers questions about a store on Spark; safe to share between threads.

    Args:
        store: The store.
        config: The `[spark]` table.

    Raises:
        ConfigError: The extra `spark` is not installed, or Java for a local Spark.
    """

    def __init__(self, store: Store, config: SparkConfig) -> None:
        require_spark(config)
        self._store = store
        self._config = config
        self._session: SparkSession | None = None
        self._seen: tuple[list[str], pa.Table | None] | None = None
        self._kept: tuple[str, ...] = ()

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query on `calls` with rows of Python values; see `Engine.sql`."""
        table = self.arrow(query, parameters)
        columns = [column.to_pylist(maps_as_pydicts="strict") for column in table.columns]
        return list(zip(*columns, strict=True))

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Answer a query on `calls` with an Arrow table; see `Engine.arrow`."""
        text, values = translate(query, parameters, self._kept), bind(parameters)
        return self._answer(lambda session: session.sql(text, args=values).toArrow())

    def select(self, query: str) -> pa.Table:
        """Answer anybody's query, which may read `calls` and nothing else; see `Engine.select`."""
        text = translate_query(query)
        return self._answer(lambda session: session.sql(text).toArrow())

    def pin(self) -> AbstractContextManager[object]:
        """Answer every query of a block from the same snapshot."""
        return self._store.pin()

    @contextmanager
    def keep(self, name: str, query: str, parameters: Sequence[Any] = ()) -> Iterator[SparkEngine]:
        """Hold an answer as a view of this session, in Spark's memory or on its disks."""
        with self.pin():
            text, values = translate(query, parameters, self._kept), bind(parameters)
            held = self._answer(lambda session: _hold(session.sql(text, args=values), name))
            self._kept = (*self._kept, name)
            try:
                yield self
            finally:
                self._kept = self._kept[:-1]
                with quiet():
                    held.sparkSession.catalog.dropTempView(name)
                    held.unpersist()

    def close(self) -> None:
        """Give up the session; the next question opens another.

        A local Spark runs on until the process ends, because another takes seconds to start.
        """
        if self._session is None:
            return
        with quiet():
            if self._config.is_remote:
                self._session.stop()
            else:
                self._session.catalog.dropTempView("calls")
        self._session = self._seen = None

    def _answer(self, ask: Callable[[SparkSession], T]) -> T:
        # Opened before the store is locked: it takes seconds.
        session = self._session or open_session(self._config)
        self._session = session
        try:
            with quiet():
                return self._store.persist(
                    lambda: ask(self._refresh(session)), is_about_a_file=_is_about_a_file
                )
        except spark_errors() as error:
            raise MetricsError(f"the query failed on Spark: {_one_line(error)}") from error

    def _refresh(self, session: SparkSession) -> SparkSession:
        """Bring the view up to date and return the session that has it."""
        files, tail = self._store.snapshot()
        if self._seen is None or self._seen[0] != files or self._seen[1] is not tail:
            self._define(session, files, tail)
            self._seen = files, tail
        return session

    def _define(self, session: SparkSession, files: list[str], tail: pa.Table | None) -> None:
        parts: list[DataFrame] = []
        if files:
            here = self._store.table.location
            paths = [spark_location(file, here, self._config.store) for file in files]
            # The files are named one by one: brackets in their paths are no patterns.
            reader = session.read.schema(_SCHEMA).option("__globPaths__", "false")
            parts.append(reader.parquet(*paths))
        if tail is not None or not parts:
            rows = arrow_schema().empty_table() if tail is None else tail.select(list(NAMES))
            parts.append(session.createDataFrame(rows, schema=_SCHEMA))
        whole = parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1])
        whole.createOrReplaceTempView("calls")


def _hold(answer: DataFrame, name: str) -> DataFrame:
    """Compute an answer now, while it is known that the files are there, and name it."""
    held = answer.persist()
    held.count()
    held.createOrReplaceTempView(name)
    return held


def spark_location(file: str, table: str, store: str | None) -> str:
    """Return where Spark finds a file of the table.

    Args:
        file: As deltalake names it: an absolute path or a URL.
        table: Where the table lies here.
        store: Where Spark sees the store, None where it sees it as this process does.

    Raises:
        MetricsError: Spark has another kind of name for this place.
    """
    if store is not None:
        name = file.removeprefix(table.rstrip("/")).lstrip("/")
        return f"{store.rstrip('/')}/calls/{name}"
    scheme, found, rest = file.partition("://")
    if not found:
        return f"file://{file}"
    if scheme not in _SCHEMES:
        raise MetricsError(
            f"Spark has no {scheme}:// files", fix="set store under [spark], such as abfss://..."
        )
    return f"{_SCHEMES[scheme]}://{rest}"


def _is_about_a_file(error: Exception) -> bool:
    return isinstance(error, spark_errors()) and any(word in str(error) for word in _DAMAGE)


def _one_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
