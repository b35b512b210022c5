"""Answers by column: numbers as arrays, rounded to the digits that no order of adding changes."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import random
import subprocess
import sys
from array import array

import pyarrow as pa  # noqa: TID251 - plays an engine
import pytest

from promptreg.storage.columns import as_columns


def _doubles(values: list[float | None]) -> list[float]:
    (column,) = as_columns(pa.table({"x": pa.array(values, pa.float64())}))
    assert isinstance(column, array)
    return list(column)


def _added(values: list[float]) -> float:
    """Add one after the other as an engine does; from Python 3.12 on `sum` makes up for errors."""
    return functools.reduce(operator.add, values)


def test_numbers_are_arrays_and_texts_lists_whatever_their_pieces() -> None:
    """Chunks and slices are put together, a missing double is NaN, anything else stays as it is."""
    pieces = [
        pa.table({"n": [9, 1, 2], "x": [9.0, 1.5, None], "name": ["z", "a", None]}).slice(1),
        pa.table({"n": [3], "x": [2.5], "name": ["b"]}),
    ]
    whole, double, text = as_columns(pa.concat_tables(pieces))
    assert whole == array("q", [1, 2, 3])
    assert list(double)[::2] == [1.5, 2.5]
    assert math.isnan(double[1])
    assert text == ["a", None, "b"]


def test_the_order_of_a_sum_does_not_show() -> None:
    """Nearly every sum comes out the same however it is added up, and exactly where it is money."""
    chance = random.Random(2)
    sums, money = [], []
    for _ in range(200):
        values = [chance.lognormvariate(0, 3) for _ in range(100)]
        sums.append([_added(values), _added(values[::-1])])
        prices = [chance.randint(1, 10**6) / 10**6 for _ in range(100)]
        money.append([_added(prices), _added(sorted(prices)), math.fsum(prices)])
    different = sum(len(set(_doubles(each))) > 1 for each in sums)
    assert different < sum(len(set(each)) > 1 for each in sums) / 10
    assert all(_doubles(each) == _doubles([round(each[-1], 6)]) * 3 for each in money)


@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0, 1.0, -0.43, 1e-12, 2.0 / 3.0, -123456.789012345678, 1e12 / 3, 1e15 / 7],
        [10.0**exponent / 3 for exponent in range(-30, 30)],
        [sign * math.pi * 2.0**exponent for exponent in range(-40, 40) for sign in (1, -1)],
    ],
)
def test_thirteen_digits_remain(values: list[float]) -> None:
    """A double comes out as the one that thirteen of its digits are read as, give or take one."""
    for value, rounded in zip(values, _doubles([*values]), strict=True):
        expected = float(f"{value:.13g}")
        assert rounded == pytest.approx(expected, rel=1e-15)


def test_what_has_no_such_digits_stays_a_number() -> None:
    """Infinities stay, the greatest doubles stay finite, the least may become 0, none is NaN."""
    extremes = [math.inf, -math.inf, 1.7e308, -1e300, 5e-324, 1e-310]
    found = _doubles([*extremes])
    assert found[:2] == extremes[:2]
    assert found[2:4] == pytest.approx(extremes[2:4], rel=1e-12)
    assert all(0 <= value < 1e-300 for value in found[4:])
    assert list(itertools.filterfalse(math.isfinite, found)) == extremes[:2]


def test_columns_do_not_import_pandas() -> None:
    """Rounding an answer must not import pandas, which takes a quarter of a second."""
    # A table of Python's own values would import it itself.
    program = """
import sys
from array import array
import pyarrow as pa
from promptreg.storage.columns import as_columns
values = pa.py_buffer(array("d", [0.1 + 0.2, 2.0]))
column = pa.Array.from_buffers(pa.float64(), 2, [None, values])
found = as_columns(pa.Table.from_arrays([column], names=["x"]))
print(found, "pandas" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert found.stdout == "(array('d', [0.3, 2.0]),) False\n"
