"""Others read the table as it is: no one needs us to get at the rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb  # noqa: TID251 - plays a stranger
import polars as pl
import pytest
from deltalake import DeltaTable  # noqa: TID251 - plays a stranger

from promptreg.metrics import Metrics
from promptreg.metrics.columns import NAMES
from promptreg.storage.compact import compact

ROWS: list[dict[str, Any]] = [
    {
        "prompt": "summarizer",
        "version": f"1.{n}.0",
        "ts": datetime(2026, 1, 2 + n, 23, 59, 59, 999_999),  # noqa: DTZ001 - naive UTC
        "model": None if n == 1 else "claude-über",
        "input_tokens": 100 + n,
        "latency_ms": 12.25 * n,
        "success": n != 2,
        "scores": {"größe": n / 3, "tone": -1.0} if n else None,
        "metadata": {"n": n},
    }
    for n in range(4)
]
EXPECTED = [
    (
        row["version"],
        row["ts"],
        row["model"],
        row["input_tokens"],
        row["latency_ms"],
        row["success"],
        row["scores"],
    )
    for row in ROWS
]
COLUMNS = ["version", "ts", "model", "input_tokens", "latency_ms", "success", "scores"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a table with a compacted file, a replaced one and a file after both."""
    folder = tmp_path_factory.mktemp("store") / "metrics"
    metrics = Metrics(folder)
    for start in (0, 1):
        metrics.log_many(ROWS[start : start + 1])
        metrics.flush()
    compact(metrics.store, full=True)
    metrics.log_many(ROWS[2:])
    metrics.flush()
    metrics.close()
    return folder / "calls"


def files(table: Path) -> list[str]:
    """Return the table's files as its own commit log names them."""
    return DeltaTable(table).file_uris()


def as_rows(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return records as tuples in the order of versions, maps as mappings."""
    found = []
    for record in sorted(records, key=lambda r: r["version"]):
        scores = record["scores"]
        if scores is not None and not isinstance(scores, dict):
            scores = dict(
                (pair["key"], pair["value"]) if isinstance(pair, dict) else pair for pair in scores
            )
        found.append(tuple((record | {"scores": scores})[name] for name in COLUMNS))
    return found


def test_the_table_has_files_that_are_no_part_of_it(table: Path) -> None:
    """Whoever lists the folder instead of the log reads replaced files twice."""
    assert len(files(table)) == 2
    assert len(list(table.glob("*.parquet"))) > 2


def test_polars_reads_the_delta_table(table: Path) -> None:
    """`polars.read_delta` has every row once, with its types, the map among them."""
    frame = pl.read_delta(str(table))
    assert frame.columns == list(NAMES)
    assert frame.schema["ts"] == pl.Datetime("us", None)
    assert as_rows(frame.to_dicts()) == EXPECTED


def test_polars_filters_the_delta_table(table: Path) -> None:
    """`polars.scan_delta` answers a question without reading everything into memory."""
    late = pl.scan_delta(str(table)).filter(pl.col("ts") >= datetime(2026, 1, 4))  # noqa: DTZ001
    assert late.select(pl.col("input_tokens").sum()).collect().item() == 102 + 103


def test_polars_reads_the_files(table: Path) -> None:
    """The files alone are ordinary Parquet."""
    assert as_rows(pl.read_parquet(files(table)).to_dicts()) == EXPECTED


def test_duckdb_reads_the_files(table: Path) -> None:
    """A DuckDB of one's own needs the list of files and nothing else."""
    query = f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?)"
    with duckdb.connect() as connection:
        found = connection.execute(query, [files(table)]).fetchall()
    assert sorted(found, key=lambda row: row[0]) == EXPECTED


def test_pandas_reads_the_table(table: Path) -> None:
    """Rows reach pandas through pyarrow, times without a zone."""
    frame = DeltaTable(table).to_pandas()
    assert str(frame["ts"].dtype).startswith("datetime64")
    assert frame["ts"].dt.tz is None
    records = frame[COLUMNS].astype(object).where(frame[COLUMNS].notna(), None).to_dict("records")
    assert as_rows(records) == EXPECTED
