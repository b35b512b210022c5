"""The Arrow schema of the table, and the same columns for DuckDB."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from promptreg.metrics.columns import COLUMNS, Kind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["STATISTICS_COLUMNS", "arrow_schema", "null_column"]

# What file skipping needs; anything personal (unit, error_message) stays out of the commit log,
# from which a purge could not remove it.
STATISTICS_COLUMNS = ("ts", "prompt", "version", "digest", "environment", "suite", "model")

_SQL_TYPES = {
    Kind.TIME: "TIMESTAMP",
    Kind.TEXT: "VARCHAR",
    Kind.COUNT: "BIGINT",
    Kind.MEASURE: "DOUBLE",
    Kind.NUMBER: "DOUBLE",
    Kind.FRACTION: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.SCORES: "MAP(VARCHAR, DOUBLE)",
    Kind.JSON: "VARCHAR",
}


@cache
def arrow_schema() -> pa.Schema:
    """Return the full schema; every file of the table is written with all of it."""
    import pyarrow as pa

    types = {
        # Naive on purpose: a time zone would move rows to another day in some engines.
        Kind.TIME: pa.timestamp("us"),
        Kind.TEXT: pa.string(),
        Kind.COUNT: pa.int64(),
        Kind.MEASURE: pa.float64(),
        Kind.NUMBER: pa.float64(),
        Kind.FRACTION: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.SCORES: pa.map_(pa.string(), pa.float64()),
        Kind.JSON: pa.string(),
    }
    return pa.schema([pa.field(column.name, types[column.kind]) for column in COLUMNS])


def null_column(name: str) -> str:
    """Return SQL for a column that a table written by an older release does not have."""
    kind = next(column.kind for column in COLUMNS if column.name == name)
    return f'CAST(NULL AS {_SQL_TYPES[kind]}) AS "{name}"'
