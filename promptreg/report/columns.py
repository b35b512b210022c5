"""Writes columns of numbers as short texts, and values that come again and again by their numbers.

A report holds ten million numbers, and as JSON each is five or six characters, a comma and nothing
that deflate could find again. A column is one text instead: how many decimals its numbers have, the
number that all of them are counted from, and then the first digits of all, the second digits of
all, and so on. Nothing stands between them, a digit takes 3.3 bits, and first digits come in runs:
a third less than JSON, also for the browser. A column of equal values is the value alone.
``assets/columns.js`` reads them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from promptreg.report.schema import as_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = [
    "Column",
    "Pool",
    "decimals_for",
    "fixed",
    "numbers",
    "short",
    "whole",
]

Column = str | list[Any] | float | None
"""A text, the value that all have, or all values where they are too far apart for a text."""
_WIDEST = 9
_NEARLY = 1e-9
# So large a float has no decimals: whatever is added to it is rounded, as `round` does it, in half
# of its time. Ten million numbers are rounded.
_ROUNDER = 1.5 * 2.0**52
_ROUNDED = 2**50
_SAFE = 15  # digits that JavaScript's numbers hold
_Number = TypeVar("_Number", int, float)


class Pool:
    """Gives equal values one number.

    Rows are equal to any tuple of the same values: no two kinds of them that meet in one pool may
    have fields of the same types.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers = _Numbers(self.values)

    def column(self, values: Sequence[Hashable]) -> Column:
        """Write the numbers of values: of texts, of None, or of rows."""
        if _are_equal(values):
            return self._numbers[values[0]] if values else None
        return whole([*map(self._numbers.__getitem__, values)])


class _Numbers(dict[Any, int]):
    """Counts values when they are asked for for the first time."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Hashable) -> int:
        number = self[value] = len(self)
        self._values.append(as_json(value))
        return number


def numbers(values: Sequence[float | None], digits: int = 4) -> Column:
    """Write numbers so that each keeps some significant digits.

    Args:
        values: The numbers; None where there is none.
        digits: How many digits the one nearest to zero keeps; larger ones keep more.
    """
    if _are_equal(values):
        return short(values[0], digits) if values else None
    low, high = _ends(values)
    size = low if low > 0 else min(map(abs, filter(None, values)), default=1.0)
    decimals = decimals_for(size, digits) if math.isfinite(size) else 0
    return _rounded(values, (low, high), decimals, digits)


def fixed(values: Sequence[float | None], decimals: int, digits: int = 4) -> Column:
    """Write numbers with as many decimals for all.

    Args:
        values: The numbers; None where there is none.
        decimals: How many; negative ones round to tens and hundreds.
        digits: How many digits each keeps where the numbers are too far apart for one text.
    """
    if _are_equal(values):
        return short(values[0], digits) if values else None
    return _rounded(values, _ends(values), decimals, digits)


def whole(values: Sequence[int | None]) -> Column:
    """Write whole numbers; None where there is none."""
    if _are_equal(values):
        return values[0] if values else None
    low, high = _ends(values)
    start, width = _span(low, high)
    if width > _SAFE:
        return list(values)
    lift = 10**width - start
    return _text([10**width if v is None else v + lift for v in values], width, 0, start)


def decimals_for(size: float, digits: int) -> int:
    """Return with how many decimals a number of some size has so many significant digits."""
    # A share of 0.01 may come as 0.00999999999999998, and must not change a whole column by that.
    return digits - 1 - math.floor(math.log10(size) + _NEARLY)


def short(value: float | None, digits: int = 4) -> float | int | None:
    """Round to significant digits; a whole number loses its point, what is no number is None."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(format(value, f".{digits}g"))
    return int(rounded) if rounded.is_integer() else rounded


def _are_equal(values: Sequence[Any]) -> bool:
    return not values or (values[0] == values[-1] and values.count(values[0]) == len(values))


def _ends(values: Sequence[_Number | None]) -> tuple[_Number, _Number]:
    """Return the lowest and the highest of numbers, of which there is one at least."""
    # Nearly no column has gaps, and a look for them would take as long as finding an end.
    try:
        return min(values), max(values)  # type: ignore[type-var, return-value]
    except TypeError:
        known = [value for value in values if value is not None]
        return min(known), max(known)


def _span(low: int, high: int) -> tuple[int, int]:
    """Return from where steps are counted, and how many digits they take."""
    # 0 stands for None, so that the lowest is 1.
    start = low - 1
    return start, len(str(high - start))


def _rounded(
    values: Sequence[float | None], ends: tuple[float, float], decimals: int, digits: int
) -> Column:
    """Write numbers that are not all equal; see `fixed`.

    Args:
        values: The numbers.
        ends: The lowest and the highest.
        decimals: How many for all.
        digits: How many for each otherwise.
    """
    try:
        scale = 10.0**decimals
        start, width = _span(round(ends[0] * scale), round(ends[1] * scale))
        if width > _WIDEST or abs(start) > _ROUNDED:
            return [short(value, digits) for value in values]
        gap, back = 10**width, _ROUNDER - (10**width - start)
        steps = [
            gap if value is None else math.floor(value * scale + _ROUNDER - back)
            for value in values
        ]
    except (OverflowError, ValueError):
        # Infinite, or no number.
        return [short(value, digits) for value in values]
    return _text(steps, width, decimals, start)


def _text(steps: list[int], width: int, decimals: int, start: int) -> str:
    """Write the first digits of all steps, the second digits of all, and so on.

    Args:
        steps: Each with a 1 before its digits.
        width: How many digits each has without that 1.
        decimals: How many decimals the numbers have.
        start: The number that the steps are counted from.
    """
    text = "%d" * len(steps) % tuple(steps)
    return " ".join(
        [str(decimals), str(start), *[text[at :: width + 1] for at in range(1, width + 1)]]
    )
