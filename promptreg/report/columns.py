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
    return fixed(values, decimals_for(min(_sizes(values), default=1.0), digits), digits)


def fixed(values: Sequence[float | None], decimals: int, digits: int = 4) -> Column:
    """Write numbers with as many decimals for all.

    Args:
        values: The numbers; None where there is none.
        decimals: How many; negative ones round to tens and hundreds.
        digits: How many digits each keeps where the numbers are too far apart for one text.
    """
    if not values or values.count(values[0]) == len(values):
        return short(values[0], digits) if values else None
    try:
        scale = 10.0**decimals
        steps = [None if value is None else round(value * scale) for value in values]
    except (OverflowError, ValueError):
        steps = []
    return _text(steps, decimals, _WIDEST) or [short(value, digits) for value in values]


def whole(values: Sequence[int | None]) -> Column:
    """Write whole numbers; None where there is none."""
    if not values or values.count(values[0]) == len(values):
        return values[0] if values else None
    return _text(values, 0, _SAFE) or list(values)


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


def _sizes(values: Iterable[float | None]) -> list[float]:
    return [abs(value) for value in values if value and math.isfinite(value)]


def _text(steps: Sequence[int | None], decimals: int, widest: int) -> str | None:
    """Write steps from the lowest one, digit by digit; None where that would be too wide."""
    known = [step for step in steps if step is not None]
    if not known:
        return None
    # 0 stands for None, so that the lowest is 1.
    start = min(known) - 1
    width = len(str(max(known) - start))
    if width > widest:
        return None
    counted = [0 if step is None else step - start for step in steps]
    text = f"%0{width}d" * len(counted) % tuple(counted)
    return " ".join([str(decimals), str(start), *(text[at::width] for at in range(width))])
