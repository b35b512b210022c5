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
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from promptreg.report.schema import as_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

__all__ = ["Column", "Pool", "by_metric", "decimals_for", "fixed", "numbers", "short", "whole"]

Column = str | list[Any] | float | None
"""A text, the value that all have, or all values where they are too far apart for a text."""
_WIDEST = 9
_NEARLY = 1e-9
_SAFE = 15  # digits that JavaScript's numbers hold


class _OfMetric(Protocol):
    @property
    def metric(self) -> str: ...


_Named = TypeVar("_Named", bound=_OfMetric)
_Number = TypeVar("_Number", int, float)


class Pool:
    """Gives equal values one number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def add(self, value: Hashable) -> int:
        """Return the number of a value: of a text, of None, or of rows."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(as_json(value))
        return number

    def column(self, values: Sequence[Hashable]) -> Column:
        """Write the numbers of values."""
        numbers = self._numbers
        try:
            # Most values were there before.
            return whole([numbers[value] for value in values])
        except KeyError:
            return whole([self.add(value) for value in values])


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


def by_metric(
    groups: Iterable[Sequence[_Named]], pool: Pool
) -> tuple[Column, dict[str, list[_Named]]]:
    """Put what is of one metric together.

    Args:
        groups: What each version or pair of versions has of some metrics, in order.
        pool: Takes the metrics' names.

    Returns:
        The names of each group, to deal everything out again, and under each name what bears it.
    """
    found: dict[str, list[_Named]] = {}
    names = []
    for group in groups:
        names.append(tuple([one.metric for one in group]))
        for one in group:
            found.setdefault(one.metric, []).append(one)
    return pool.column(names), found


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
    """Write numbers of which one is no more than the others; see `fixed`."""
    try:
        scale = 10.0**decimals
        start, width = _span(round(ends[0] * scale), round(ends[1] * scale))
        if width > _WIDEST:
            return [short(value, digits) for value in values]
        lift = 10**width - start
        try:
            steps = [round(value * scale) + lift for value in values]  # type: ignore[operator]
        except TypeError:
            steps = [10**width if v is None else round(v * scale) + lift for v in values]
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
    # All are equally long, so that a list's own text, "[1042, 1007]", has them at equal distances.
    text, stride = repr(steps), len("1, ") + width
    return " ".join([str(decimals), str(start), *[text[at::stride] for at in range(2, 2 + width)]])
