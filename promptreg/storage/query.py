"""Read-only SQL for anybody: one statement that reads `calls` and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.storage.engine import connect, define_calls, lock_down, one_line
from promptreg.storage.interrupts import ask_interruptibly

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.storage.engines import Engine
    from promptreg.storage.store import Store

__all__ = ["QueryResult", "run_query", "select_locked"]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a query."""

    table: pa.Table

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.table.column_names)

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples of Python values."""
        columns = [column.to_pylist(maps_as_pydicts="strict") for column in self.table.columns]
        return list(zip(*columns, strict=True)) if columns else []

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as mappings, maps as mappings too."""
        found: list[dict[str, Any]] = self.table.to_pylist(maps_as_pydicts="strict")
        return found

    def write_parquet(self, file: IO[bytes]) -> None:
        """Write the answer as a Parquet file."""
        import pyarrow.parquet as pq

        pq.write_table(self.table, file, compression="zstd")

    def arrow(self) -> pa.Table:
        """Return the answer as an Arrow table."""
        return self.table

    def pandas(self) -> Any:
        """Return the answer as a pandas data frame; pandas must be installed."""
        return self.table.to_pandas()

    def polars(self) -> Any:
        """Return the answer as a Polars data frame; Polars must be installed."""
        import polars as pl  # type: ignore[import-not-found,unused-ignore]

        return pl.from_arrow(self.table)


def run_query(engine: Engine, query: str) -> QueryResult:
    """Answer one SELECT on `calls`.

    Raises:
        MetricsError: It is not one SELECT, it reaches for files, or it is wrong.
    """
    return QueryResult(engine.select(query))


def select_locked(store: Store, query: str) -> pa.Table:
    """Answer one SELECT on `calls` in a DuckDB of its own that can reach nothing else.

    Raises:
        MetricsError: It is not one SELECT, it reaches for files, or it is wrong.
    """
    import duckdb

    try:
        return store.persist(lambda: _answer(store, query))
    except duckdb.PermissionException as error:
        raise MetricsError(
            "a query reads the view calls and no files", fix="use promptreg metrics export"
        ) from error
    except duckdb.Error as error:
        raise MetricsError(f"the query failed: {one_line(error)}") from error


def _answer(store: Store, query: str) -> pa.Table:
    files, tail = store.snapshot()
    connection = connect()
    try:
        _check_statement(connection, query)
        define_calls(connection, store.table, tail)
        lock_down(connection, files if store.table.is_local else [])
        return ask_interruptibly(connection, lambda c: c.sql(query).to_arrow_table())
    finally:
        connection.close()


def _check_statement(connection: Any, query: str) -> None:
    import duckdb

    statements = connection.extract_statements(query)
    allowed = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in allowed:
        raise MetricsError(
            "metrics query takes one SELECT statement",
            fix='promptreg metrics query "SELECT version, count(*) FROM calls GROUP BY ALL"',
        )
