"""Columns of numbers and tables of rows as the page gets them."""

from __future__ import annotations

import math
import random

import pytest

from promptreg.report.columns import Pool, fixed, numbers
from promptreg.report.model import MetricSummary
from promptreg.report.tables import by_metric, columns_of


def _steps(column: object) -> list[int | None]:
    """Read a column's text as ``assets/columns.js`` does, but for the division by its scale."""
    assert isinstance(column, str)
    _, start, *digits = column.split(" ")
    found = [int("".join(own)) for own in zip(*digits, strict=True)]
    return [None if step == 0 else int(start) + step for step in found]


@pytest.mark.parametrize("decimals", [-2, 0, 1, 3])
@pytest.mark.parametrize("base", [0.0, -700.0, 123_456.0, 2.0**39])
def test_numbers_are_rounded_as_python_rounds_them(decimals: int, base: float) -> None:
    """A column has what `round` makes of each number, also halfway between two steps."""
    rng = random.Random(11)
    size = 10.0**-decimals
    halves = [base + (step + 0.5) * size for step in range(-20, 20)]
    values = [*halves, *(base + rng.uniform(-999, 999) * size for _ in range(200)), None]
    expected = [None if v is None else round(v * 10.0**decimals) for v in values]
    assert _steps(fixed(values, decimals)) == expected
    assert _steps(fixed(values[:-1], decimals)) == expected[:-1]


def test_numbers_too_large_to_be_rounded_that_way_keep_their_digits() -> None:
    """Beyond what a float can tell apart, each number is written by itself."""
    assert fixed([1e14, 1e14 + 1, None], 4) == [1e14, 1e14, None]
    assert numbers([1.0, math.inf, math.nan, None]) == [1, None, None, None]
    assert numbers([math.nan, math.nan]) in (None, [None, None])


def test_metrics_are_put_together_whether_all_have_them_or_not() -> None:
    """A metric's table has each row with the place of the group that it is from."""
    first, second = MetricSummary("latency", 3, 1.5), MetricSummary("cost", 2, 0.25)
    again = MetricSummary("latency", 9, 2.5)
    names, alike = by_metric(MetricSummary, [(first, second), (again, second)], Pool())
    assert names == 0
    assert [*alike["latency"].places] == [0, 1]
    assert alike["latency"].of["n"] == (3, 9)
    pool = Pool()
    names, uneven = by_metric(MetricSummary, [(second, first), (), (again, first)], pool)
    assert pool.values == [["cost", "latency"], [], ["latency", "latency"]]
    assert names == "0 -1 123"
    assert [*uneven["latency"].places] == [0, 2, 2]
    assert uneven["latency"].of["mean"] == (1.5, 2.5, 1.5)
    assert columns_of(MetricSummary, []) == dict.fromkeys(MetricSummary._fields, ())
