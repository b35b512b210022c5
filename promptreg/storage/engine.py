"""DuckDB over one consistent snapshot: the sealed files and the live tails as the view `calls`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from promptreg.errors import MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.storage.schema import null_column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from promptreg.storage.table import Table

__all__ = [
    "calls_sql",
    "check_readable",
    "connect",
    "define_calls",
    "is_about_a_file",
    "is_interrupt",
    "lock_down",
    "one_line",
    "table_has_rows",
]

_SHARE_OF_MEMORY = 0.6
_DAMAGE_WORDS = (".parquet", "tprotocolexception", "decompress", "corrupt", "magic bytes", "thrift")


def connect(memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that looks for no variables of ours and no extensions.

    Args:
        memory_limit: Such as "2GB"; by default 60 % of the machine's memory.
    """
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit or f"{int(memory * _SHARE_OF_MEMORY) >> 20}MB",
            "temp_directory": f"{tempfile.gettempdir()}/promptreg-{os.getuid()}",
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    # The files never change once they exist, so their footers can be kept.
    connection.execute("SET parquet_metadata_cache = true")
    # DuckDB takes a process without a main file, such as a worker, for somebody's terminal.
    connection.execute("SET enable_progress_bar = false")
    return connection


def calls_sql(
    files: Sequence[str], columns: Sequence[str], *, tail: str | None, sealed: str | None = None
) -> str:
    """Return the query behind `calls`, every column of this release in its order.

    Args:
        files: Parquet files.
        columns: The columns the table has; missing ones read as NULL.
        tail: Name of a relation with the live rows.
        sealed: Name of a relation with the rows of the files, when DuckDB cannot read them itself.
    """
    names = ", ".join(f'"{name}"' for name in NAMES)
    sources = []
    if files:
        present = ", ".join(f'"{n}"' if n in columns else null_column(n) for n in NAMES)
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        relation = sealed or f"read_parquet([{listed}], union_by_name = true)"
        sources.append(f"SELECT {present} FROM {relation}")  # noqa: S608 - quoted above
    if tail is not None:
        sources.append(f"SELECT {names} FROM {tail}")  # noqa: S608 - our own names
    if not sources:
        nothing = ", ".join(null_column(name) for name in NAMES)
        sources.append(f"SELECT {nothing} WHERE false")
    return " UNION ALL ".join(sources)


def define_calls(
    connection: duckdb.DuckDBPyConnection, table: Table, tail: pa.Table | None
) -> None:
    """Make the view `calls` of a table's files and the live rows."""
    if tail is not None:
        connection.register("live_rows", tail)
        # Copied into DuckDB's own form once, because many questions read it.
        connection.execute("CREATE OR REPLACE TEMP TABLE tail AS SELECT * FROM live_rows")
        connection.unregister("live_rows")
    files = table.uris()
    is_remote = bool(files) and not table.is_local
    if is_remote:
        # deltalake's object stores need no extension of DuckDB's; filters and columns reach them.
        connection.register("sealed_rows", table.dataset())
    query = calls_sql(
        files,
        table.column_names(),
        tail=None if tail is None else "tail",
        sealed="sealed_rows" if is_remote else None,
    )
    connection.execute(f"CREATE OR REPLACE TEMP VIEW calls AS {query}")


def lock_down(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Let a connection read these files and nothing else, for good."""
    connection.execute("SET allowed_paths = ?", [list(files)])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def one_line(error: Exception) -> str:
    """Return the first line of a DuckDB message without its category."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


def table_has_rows(table: Table, rows: pa.Table) -> bool:
    """Tell whether a table holds all of some rows, by time, prompt, version, case and tokens."""
    if not rows.num_rows:
        return True
    keys = "ts, prompt, version, run_id, case_id, model, input_tokens, output_tokens, latency_ms"
    connection = connect()
    try:
        define_calls(connection, table, None)
        connection.register("segment_rows", rows)
        missing = connection.execute(
            f"SELECT count(*) FROM (SELECT {keys} FROM segment_rows EXCEPT ALL "  # noqa: S608
            f"SELECT {keys} FROM calls)"
        ).fetchone()
    finally:
        connection.close()
    return missing is not None and missing[0] == 0


def is_about_a_file(error: Exception) -> bool:
    """Tell whether DuckDB complains about a file rather than about the query."""
    import duckdb

    if not isinstance(error, duckdb.Error) or isinstance(error, duckdb.PermissionException):
        return False
    # A damaged page or footer comes as any of several kinds of error; their words tell.
    text = str(error).lower()
    return isinstance(error, duckdb.IOException) or any(word in text for word in _DAMAGE_WORDS)


def is_interrupt(error: Exception) -> bool:
    """Tell whether Ctrl-C ended a query: DuckDB catches the signal and raises this instead."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def check_readable(error: Exception) -> MetricsError:
    """Return what to say when a file of the table cannot be read."""
    return MetricsError(
        f"a file of the metrics table cannot be read: {one_line(error)}",
        fix="promptreg metrics doctor",
    )
