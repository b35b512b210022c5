"""Rows in and out: Parquet, CSV and JSON lines."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.metrics.checks import check_row
from promptreg.metrics.columns import BY_NAME, NAMES, Kind
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    from promptreg.metrics.summary import Filter
    from promptreg.storage.store import Store

__all__ = [
    "FORMATS",
    "export_rows",
    "how_far",
    "how_much",
    "import_rows",
    "read_records",
    "typed_column",
]

FORMATS = ("parquet", "csv", "jsonl")
_BATCH = 100_000
_TRUE, _FALSE = {"true", "1", "yes", "t"}, {"false", "0", "no", "f"}


def read_records(
    file: IO[bytes], kind: str, columns: Mapping[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Read rows from a file as mappings of our columns, not yet checked.

    Args:
        file: An open file; standard input may be given except for Parquet.
        kind: "parquet", "csv" or "jsonl".
        columns: Our column by the file's column; unnamed columns keep their name. A target
            `scores.NAME` makes a custom score, an empty target leaves the column out.

    Raises:
        MetricsError: A line cannot be read, with its number.
    """
    readers = {"jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet}
    for record in readers[kind](file):
        row = _renamed(record, columns) if columns else record
        # Only a CSV has text alone; what it means depends on our column, so renaming comes first.
        yield {n: typed_column(n, v) for n, v in row.items()} if kind == "csv" else row


def _renamed(record: dict[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in record.items():
        target = columns.get(name, name)
        if target.startswith("scores."):
            if value is not None:
                row.setdefault("scores", {})[target.removeprefix("scores.")] = _number(name, value)
        elif target:
            row[target] = value
    return row


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise MetricsError(f"{name} must be a number, not {value!r}") from None


def _read_jsonl(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise MetricsError(f"line {number} is no JSON: {error}") from None
        if not isinstance(record, dict):
            raise MetricsError(f"line {number} is no JSON object")
        yield record


def _read_csv(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    try:
        for record in csv.DictReader(_decoded(file)):
            if None in record:
                raise MetricsError("a line of the CSV has more fields than its header")
            yield {name: text for name, text in record.items() if text}
    except csv.Error as error:
        raise MetricsError(f"the CSV cannot be read: {error}") from None


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise MetricsError(f"line {number} is not UTF-8", fix="convert the file") from None


def typed_column(name: str, text: Any) -> Any:
    """Turn a CSV field into a value of its column's kind; misfits are left for the check."""
    column = BY_NAME.get(name)
    if column is None or not isinstance(text, str):
        return text
    try:
        return _CONVERT.get(column.kind, str)(text)
    except ValueError:
        return text


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(text)
    return text.lower() in _TRUE


_CONVERT: Mapping[Kind, Callable[[str], Any]] = {
    Kind.COUNT: int,
    Kind.MEASURE: float,
    Kind.FRACTION: float,
    Kind.NUMBER: float,
    Kind.FLAG: _flag,
    Kind.SCORES: json.loads,
}


def _read_parquet(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(file).iter_batches(10_000):
            for record in batch.to_pylist(maps_as_pydicts="strict"):
                yield {name: value for name, value in record.items() if value is not None}
    except (pa.ArrowInvalid, OSError) as error:
        raise MetricsError(f"the Parquet file cannot be read: {error}") from None


def import_rows(
    store: Store,
    path: Path,
    kind: str,
    *,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Append a file's rows to the table; a file that was imported before adds nothing.

    Args:
        store: The store.
        path: The file.
        kind: Its format, one of `FORMATS`.
        columns: See `read_records`.
        defaults: Columns that rows of the file lack.
        dry_run: Check every row and write none.
        progress: Called with how much of `how_much` is done.

    Returns:
        How many rows were added, or would be.

    Raises:
        MetricsError: A row is wrong; the batches before it are imported, and a second try after
            mending the file continues behind them.
    """
    from promptreg.storage.decode import rows_to_arrow

    seen: dict[str, int] = {}
    added = done = 0
    with path.open("rb") as file:
        records = read_records(file, kind, columns)
        while batch := list(islice(records, _BATCH)):
            rows = [_checked(record, defaults, done + n) for n, record in enumerate(batch, 1)]
            done += len(rows)
            name = _batch_name(rows, seen)
            store.table.refresh()
            if not store.table.holds(name):
                if not dry_run:
                    store.table.append(rows_to_arrow(rows, store.pricer), [name])
                added += len(rows)
            if progress is not None:
                progress(how_far(file, kind, done))
    return added


def how_much(file: IO[bytes], kind: str) -> int | None:
    """Return how much there is to read: rows of a Parquet file, bytes of any other, if known."""
    if not file.seekable():
        return None
    if kind != "parquet":
        return os.fstat(file.fileno()).st_size
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.ParquetFile(file).metadata.num_rows)
    except (pa.ArrowInvalid, OSError):
        return None  # whoever reads the rows says what is wrong


def how_far(file: IO[bytes], kind: str, rows: int) -> int:
    """Return how much of `how_much` is done when so many rows were read."""
    return rows if kind == "parquet" or not file.seekable() else file.tell()


def _checked(
    record: Mapping[str, Any], defaults: Mapping[str, Any] | None, number: int
) -> dict[str, Any]:
    try:
        return check_row({**(defaults or {}), **record})
    except MetricsError as error:
        raise MetricsError(f"row {number}: {error.message}", fix=error.fix) from error


def _batch_name(rows: list[dict[str, Any]], seen: dict[str, int]) -> str:
    """Return a batch's transaction: its content, and how often the file had it before."""
    text = json.dumps(rows, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()
    seen[digest] = seen.get(digest, 0) + 1
    return f"import-{digest}-{seen[digest]}"


def export_rows(store: Store, path: Path, kind: str, chosen: Filter) -> int:
    """Write the chosen rows to a file, the oldest first; return how many.

    The file appears under its name only when it is whole.

    Args:
        store: The store.
        path: Where to.
        kind: One of `FORMATS`.
        chosen: Which rows.

    Raises:
        MetricsError: The file cannot be written, or the store not be read.
    """
    where, values = condition(chosen)
    names = ", ".join(f'"{name}"' for name in NAMES)
    options = {
        "parquet": "FORMAT parquet, COMPRESSION zstd",
        "csv": "FORMAT csv, HEADER",
        "jsonl": "FORMAT json",
    }[kind]
    if kind == "csv":
        # A map has no CSV form of its own that anybody could read back.
        names = names.replace('"scores"', "to_json(scores) AS scores")
    rows = f"SELECT {names} FROM calls WHERE {where} ORDER BY ts"  # noqa: S608 - our columns
    with _written(path) as file:
        target = str(file).replace("'", "''")
        ((count,),) = store.sql(f"COPY ({rows}) TO '{target}' ({options})", values)
    return int(count)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes a path's place when it is whole.

    A link stays and its target is replaced. A device or a pipe is written to: what is put in the
    place of /dev/null would be missed by the whole machine.
    """
    try:
        if path.exists() and not path.is_file():
            with TemporaryDirectory(prefix="promptreg-") as folder:
                file = Path(folder, "rows")
                yield file
                with file.open("rb") as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
            return
        # A name of its own for each process: two may write one file, of which the last is whole.
        file = path.resolve().with_name(f".{path.name}.{os.getpid()}.part")
        # DuckDB's own words for a folder that is not there would blame the store.
        file.open("wb").close()
        try:
            yield file
            file.replace(path.resolve())
        finally:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise MetricsError(f"{path} cannot be written: {error.strerror}") from None
