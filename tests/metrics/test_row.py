"""What a row may hold, and what is refused with which words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.errors import MetricsError
from promptreg.metrics.checks import check_row
from promptreg.metrics.columns import COLUMNS, NAMES
from promptreg.metrics.row import MAX_ROW_BYTES, MetricRow, encode_row, parse_line
from tests.metrics.conftest import DIGEST, row

NOW = "2026-11-22 14:15:00.123456"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
COUNT = st.integers(0, 2**63 - 1)
MEASURE = st.floats(0, allow_nan=False, allow_infinity=False)
ROWS = st.fixed_dictionaries(
    {"prompt": st.just("support/triage"), "version": st.just("2.0.0-rc.1")},
    optional={
        "unit": TEXT,
        "error_message": TEXT,
        "input_tokens": COUNT,
        "latency_ms": MEASURE,
        "cost": MEASURE,
        "accuracy": st.floats(0, 1),
        "success": st.booleans(),
        "scores": st.dictionaries(st.sampled_from(["tone", "länge"]), st.floats(-1e9, 1e9)),
        "metadata": st.dictionaries(TEXT, TEXT),
    },
)


@given(ROWS)
def test_line_round_trip(values: dict[str, Any]) -> None:
    """Reading a written line gives the very values, and the two checkers agree."""
    read = parse_line(encode_row(values, NOW).rstrip(b"\n"))
    assert read == check_row({**values, "ts": NOW})
    assert b"\n" not in encode_row(values, NOW)[:-1]


def test_columns_are_the_agreed_ones() -> None:
    """The table's columns, the row's fields and the documented order are one list."""
    assert tuple(MetricRow.__dataclass_fields__) == NAMES
    assert len(NAMES) == 34
    assert all(column.about.endswith(".") for column in COLUMNS)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("latency_ms", -1.0, "latency_ms must be 0 or more, not -1.0"),
        ("latency_ms", float("nan"), "latency_ms must be finite, not nan"),
        ("latency_ms", float("inf"), "latency_ms must be finite"),
        ("latency_ms", "12", "latency_ms must be a number"),
        ("latency_ms", True, "latency_ms must be a number"),
        ("latency_ms", 10**400, "latency_ms must be a number"),
        ("quality_score", 1.01, "quality_score must be between 0 and 1"),
        ("quality_score", -0.01, "quality_score must be between 0 and 1"),
        ("accuracy", float("nan"), "accuracy must be finite"),
        ("input_tokens", 3.0, "input_tokens must be a whole number"),
        ("input_tokens", True, "input_tokens must be a whole number"),
        ("input_tokens", -1, "input_tokens must be 0 or more"),
        ("input_tokens", 2**63, "fit 64 bits"),
        ("success", 1, "success must be true or false"),
        ("success", "yes", "success must be true or false"),
        ("prompt", "../../etc/x\n", "prompt must be a prompt's name"),
        ("prompt", "Summarizer", "prompt must be a prompt's name"),
        ("prompt", ["x"], "prompt must be text"),
        ("prompt", None, "a metric row needs prompt"),
        ("version", None, "a metric row needs version"),
        ("version", "1.2", "version must be a version"),
        ("version", "1.2.0+build", "version must be a version"),
        ("version", "01.2.0", "version must be a version"),
        ("digest", "4f1a2b3c5d6e", "digest must be 64 hex digits"),
        ("digest", "G" * 64, "digest must be 64 hex digits"),
        ("model", 4, "model must be text"),
        ("unit", "\ud800", "half a surrogate pair"),
        ("ts", "yesterday", "ts must be a datetime or ISO 8601 text"),
        ("ts", "2026-02-30 00:00:00.000000", "ts must be a datetime or ISO 8601 text"),
        ("ts", 1700000000, "ts must be a datetime"),
        ("scores", {"tone": float("nan")}, "scores.tone must be finite"),
        ("scores", {"tone": "good"}, "scores.tone must be a number"),
        ("scores", {3: 1.0}, "a name in scores must be printable text"),
        ("scores", {"": 1.0}, "a name in scores must be printable text"),
        ("scores", [1.0], "scores must be a mapping"),
        ("metadata", "{", "metadata is no JSON"),
        ("metadata", "NaN", "metadata is no JSON"),
        ("metadata", {"x": float("nan")}, "metadata is no JSON"),
        ("metadata", {"x": object()}, "metadata is no JSON"),
        ("latency", 3.0, "no column latency .*did you mean latency_ms"),
        ("tone", 3.0, "no column tone .*put it into scores"),
    ],
)
def test_wrong_values_are_refused(column: str, value: object, words: str) -> None:
    """Each wrong value is refused with a line that names the column, by both checkers."""
    values = row(ts=NOW) | {column: value}
    with pytest.raises(MetricsError, match=words):
        encode_row(values)
    if column != "unit":
        with pytest.raises(MetricsError, match=words):
            check_row(values)


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("input_tokens", np.int64(7), 7),
        ("latency_ms", np.float32(0.5), 0.5),
        ("latency_ms", np.float64(0.25), 0.25),
        ("latency_ms", 3, 3.0),
        ("cost", Decimal("0.0025"), 0.0025),
        ("success", np.bool_(0), False),
        ("metadata", {"k": [1, None]}, '{"k": [1, null]}'),
        ("scores", {"tone": 1}, {"tone": 1.0}),
        ("ts", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00.000000"),
        (
            "ts",
            datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=5))),
            "2026-01-01 22:00:00.000000",
        ),
        ("ts", "2026-01-02T03:04:05+02:00", "2026-01-02 01:04:05.000000"),
        ("version", "1.3.1-0.20261122141500-abcdef123456", "1.3.1-0.20261122141500-abcdef123456"),
    ],
)
def test_values_are_normalised(column: str, value: object, stored: object) -> None:
    """Values of other libraries' types and other time zones are stored as the plain ones."""
    line = encode_row(row(ts=NOW) | {column: value})
    assert json.loads(line)[column] == stored
    assert check_row(row(ts=NOW) | {column: value})[column] == stored


def test_row_limit() -> None:
    """A row over 1 MiB is refused whatever makes it long."""
    with pytest.raises(MetricsError, match="takes 1,048,8"):
        encode_row(row(error_message="x" * MAX_ROW_BYTES), NOW)


def test_half_a_surrogate_in_a_foreign_line() -> None:
    """An escape that JSON accepts and UTF-8 cannot hold is refused when the line is read."""
    line = b'{"ts":"2026-01-01 00:00:00.000000","prompt":"p","version":"1.0.0","unit":"\\ud800"}'
    with pytest.raises(MetricsError, match="surrogate"):
        parse_line(line)


def test_no_value_is_no_column() -> None:
    """None leaves a column out, whatever its kind."""
    values = dict.fromkeys(NAMES) | row(ts=NOW)
    assert json.loads(encode_row(values)) == row(ts=NOW)
    assert DIGEST in encode_row(values).decode()
