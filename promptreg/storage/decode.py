"""Write-ahead lines to Arrow: strict line by line, fast where every line is in order.

Rows that promptreg wrote itself pass a check of whole columns. Only when a column does not pass
is each line judged on its own, by the same function that judged it when it was logged.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.metrics.checks import check_row
from promptreg.metrics.columns import COLUMNS, NAMES, Kind
from promptreg.metrics.row import load_line, parse_line
from promptreg.storage.schema import arrow_schema
from promptreg.values import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.pricing import Pricer

__all__ = ["BadLine", "Decoded", "decode_lines", "rows_to_arrow"]

_KNOWN = frozenset(NAMES)
_REQUIRED = frozenset({"ts", "prompt", "version"})
_TYPES: Mapping[Kind, frozenset[type]] = {
    Kind.TIME: frozenset({str}),
    Kind.TEXT: frozenset({str, type(None)}),
    Kind.COUNT: frozenset({int, type(None)}),
    Kind.MEASURE: frozenset({float, int, type(None)}),
    Kind.NUMBER: frozenset({float, int, type(None)}),
    Kind.FRACTION: frozenset({float, int, type(None)}),
    Kind.FLAG: frozenset({bool, type(None)}),
    Kind.SCORES: frozenset({dict, type(None)}),
    Kind.JSON: frozenset({str, type(None)}),
}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no row: its number from 1, its bytes, and why."""

    number: int
    line: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """The good rows of some lines and the bad lines among them."""

    table: pa.Table
    bad: tuple[BadLine, ...]


def decode_lines(lines: Sequence[bytes], pricer: Pricer | None = None) -> Decoded:
    """Return the rows of complete lines as Arrow; good and bad together are all lines.

    Args:
        lines: Lines without their ends.
        pricer: Fills empty costs.
    """
    rows, bad = _load(lines, load_line)
    try:
        return Decoded(_convert(rows, pricer), tuple(bad))
    except (MetricsError, ValueError, TypeError, KeyError, OverflowError):
        rows, bad = _load(lines, parse_line)
        return Decoded(_convert(rows, pricer), tuple(bad))


def rows_to_arrow(rows: Sequence[Mapping[str, Any]], pricer: Pricer | None = None) -> pa.Table:
    """Return checked rows as Arrow.

    Raises:
        MetricsError: A row is wrong.
    """
    return _convert([check_row(row) for row in rows], pricer)


def _load(lines: Sequence[bytes], parse: Any) -> tuple[list[dict[str, Any]], list[BadLine]]:
    rows, bad = [], []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(parse(line))
        except MetricsError as error:
            bad.append(BadLine(number, line, error.message))
    return rows, bad


def _convert(rows: list[dict[str, Any]], pricer: Pricer | None) -> pa.Table:
    import pyarrow as pa

    if pricer is not None:
        for row in rows:
            pricer.fill(row)
    present = set().union(*rows) if rows else set()
    if not present <= _KNOWN:
        raise MetricsError("a row has an unknown column")
    if rows and not present >= _REQUIRED:
        raise MetricsError("a row lacks a required column")
    schema = arrow_schema()
    arrays = []
    for column in COLUMNS:
        kind = schema.field(column.name).type
        if column.name not in present:
            arrays.append(pa.nulls(len(rows), kind))
            continue
        values = [row.get(column.name) for row in rows]
        _check_column(column.name, column.kind, values)
        arrays.append(_array(column.kind, values, kind))
    return pa.Table.from_arrays(arrays, schema=schema)


def _check_column(name: str, kind: Kind, values: list[Any]) -> None:
    if not _TYPES[kind].issuperset(map(type, values)):
        raise MetricsError(f"{name} has a value of the wrong type")
    if kind in {Kind.COUNT, Kind.MEASURE, Kind.FRACTION}:
        numbers = [value for value in values if value is not None]
        # JSON holds no NaN, so the two comparisons see every wrong value (1e400 reads as inf).
        limit = 1.0 if kind is Kind.FRACTION else sys.float_info.max
        if numbers and not (min(numbers) >= 0 and max(numbers) <= limit):
            raise MetricsError(f"{name} is out of range")
    elif name in {"prompt", "version", "digest"}:
        for value in set(values) - ({None} if name == "digest" else set()):
            check_row({"prompt": "p", "version": "1.0.0", "ts": _ANY_TS, name: value})


_ANY_TS = "2000-01-01 00:00:00.000000"


def _array(kind: Kind, values: list[Any], type_: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if kind is Kind.TIME:
        return pa.array(values, pa.string()).cast(type_)
    if kind is Kind.SCORES:
        return pa.array([None if v is None else list(v.items()) for v in values], type_)
    return pa.array(values, type_)
